/* The mailbox of a folder of runs from both ends. Form feeds divide the input: what the owner says
 * of itself, its answers, what others ask it. The line of an owner alone is read, too. */
#include "engine/base/file.h"
#include "engine/port/channel.h"
#include "engine/port/port_parts.h"
#include "tests/fuzz/fuzz.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAID, ANSWERED, ASKED, PARTS };
static const char *const NAMES[PARTS] = {".owner", ".answers", ".commands"};

static void append(int part, const uint8_t *data, size_t size)
{
    char path[PATH_SIZE];
    FILE *file = fopen(file_join(path, fuzz_runs(), NAMES[part]), "a");
    if (!file || fwrite(data, 1, size, file) != size)
        abort();
    fclose(file);
}

/* ---- Who asks ---- */

static void listen_to(const uint8_t *answers, size_t size)
{
    enum { LINES_MOST = 300 };
    static const Line ask = {.kind = LINE_DO, .tag = 3, .command = {COMMAND_PAUSE, 1, 0, ""}};
    TrainerWatch watch = {.since = 0};
    Channel *channel = channel_open(fuzz_runs(), &watch);
    Line line;
    if (!channel)
        return;
    channel_say(channel, &ask);
    append(ANSWERED, answers, size);
    for (int i = 0; i < LINES_MOST; i++) {
        ChannelNews news = channel_hear(channel, &line);
        if (news == CHANNEL_QUIET || news == CHANNEL_GONE)
            break;
    }
    channel_close(channel);
}

/* ---- Who is asked ---- */

static const Snapshot nothing = {.serial = 1};

static OwnerView owner(const Engine *engine)
{
    (void)engine;
    return (OwnerView){.kind = OWNER_HEADLESS, .process = 1};
}

static const Snapshot *take(Engine *engine)
{
    (void)engine;
    return &nothing;
}

static void drop(Engine *engine, const Snapshot *snapshot) { (void)engine, (void)snapshot; }

static long obey(Engine *engine, const Command *command)
{
    static long ticket;
    (void)engine;
    if (command->kind == COMMAND_NEW && !memchr(command->text, 0, sizeof command->text))
        abort();
    return ++ticket;
}

static void stir(Engine *engine) { (void)engine; }

static Status save_samples(const RunView *view, const char *runs, Error *error)
{
    (void)view, (void)runs, (void)error;
    return STATUS_OK;
}

static void answer(const uint8_t *commands, size_t size)
{
    static Port port;
    port = (Port){.host = {NULL, owner, take, drop, obey, stir, save_samples}};
    snprintf(port.runs, sizeof port.runs, "%s", fuzz_runs());
    pthread_mutex_init(&port.lock, NULL);
    mail_open(&port);
    append(ASKED, commands, size);
    mail_turn(&port);
    mail_close(&port);
    pthread_mutex_destroy(&port.lock);
}

int fuzz_mail(const uint8_t *data, size_t size)
{
    const uint8_t *part[PARTS + 1] = {data};
    size_t length[PARTS];
    char path[PATH_SIZE], *first;
    for (int i = 0; i < PARTS; i++) {
        size_t left = size - (size_t)(part[i] - data);
        const uint8_t *end = left && i < ASKED ? memchr(part[i], '\f', left) : NULL;
        length[i] = end ? (size_t)(end - part[i]) : left;
        part[i + 1] = part[i] + length[i] + (end ? 1 : 0);
    }
    Trainer trainer;
    trainer_parse(first = fuzz_text(part[SAID], length[SAID]), &trainer);
    free(first);
    append(SAID, part[SAID], length[SAID]);
    append(ASKED, data, 0);
    listen_to(part[ANSWERED], length[ANSWERED]);
    answer(part[ASKED], length[ASKED]);
    for (int i = 0; i < PARTS; i++)
        remove(file_join(path, fuzz_runs(), NAMES[i]));
    return 0;
}
