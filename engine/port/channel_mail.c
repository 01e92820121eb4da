/* Owns the channel that is the mailbox of a folder of runs: commands go into `.commands`, answers
 * and news come out of `.answers`, and `.owner`, which the owner writes every second, holds who it
 * is and its whole status. Only what changed there is heard. */
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/port/channel_parts.h"
#include "engine/port/mailbox.h"
#include "engine/store/folder.h"
#include <stdlib.h>
#include <string.h>

static const double LOOK_S = 0.2, PATIENCE_S = 10, PRESENT_S = 3;
enum { STATUS_BYTES = 1 << 20 };

typedef struct MailChannel {
    Channel channel;
    char runs[PATH_SIZE];
    Mailbox *mailbox;
    TrainerWatch *watch;
    Trainer owner;
    char *told, *next, *before; /* what `.owner` says, the line to be heard next; what it said */
    long beat;                  /* of `told` */
    double looked;              /* clock */
    Line present;               /* says that this viewer is still there */
    double presented;           /* clock */
    Line refused;               /* answers what could not be sent, while `is_refused` */
    bool is_refused;
} MailChannel;

static void close_mail(Channel *channel)
{
    MailChannel *mine = (MailChannel *)channel;
    mailbox_close(mine->mailbox);
    free(mine->told);
    free(mine->before);
    free(mine);
}

/* The owner counts who looks on, and stays for them. */
static void present(MailChannel *mine)
{
    double now = clock_s();
    if (mine->presented > 0 && now - mine->presented < PRESENT_S)
        return;
    mine->presented = now;
    mailbox_ask(mine->mailbox, &mine->present);
}

static bool takes(const Channel *channel) { return !((const MailChannel *)channel)->is_refused; }

static void say(Channel *channel, const Line *line)
{
    MailChannel *mine = (MailChannel *)channel;
    Error error;
    if (line->kind == LINE_SAMPLES)
        mailbox_ask(mine->mailbox, line);
    if (line->kind == LINE_STATUS)
        present(mine);
    if (line->kind != LINE_DO)
        return; /* the status comes unasked */
    Status status = mailbox_send(mine->mailbox, line->tag, &line->command, &error);
    mine->is_refused = status;
    mine->refused = (Line){
        .kind = LINE_NOTE,
        .note = {.ticket = line->tag, .status = status ? status : 0, .run = line->command.run}};
    if (status)
        snprintf(mine->refused.note.text, sizeof mine->refused.note.text, "%.200s", error.text);
}

/* ---- The owner's status ---- */

/* Half written otherwise: its last line counts what its first one counts. */
static bool is_whole(char *text, long beat)
{
    char *end = strrchr(text, '\n'), last[64];
    Line line;
    if (!end || end == text || end[1])
        return false;
    *end = 0;
    char *begin = strrchr(text, '\n');
    bool good = begin && strlen(begin) < sizeof last && !line_read(&line, begin + 1, NULL) &&
                line.kind == LINE_END && line.serial == beat;
    *end = '\n';
    return good;
}

static void read_status(MailChannel *mine)
{
    char path[PATH_SIZE], *text;
    size_t size;
    Trainer owner;
    if (file_read(file_join(path, mine->runs, ".owner"), STATUS_BYTES, &text, &size, NULL))
        return;
    if (!trainer_parse(text, &owner) || owner.beat == mine->beat || !is_whole(text, owner.beat)) {
        free(text);
        return;
    }
    free(mine->before);
    mine->before = mine->told;
    mine->told = text;
    mine->beat = owner.beat;
    mine->owner = owner;
    mine->next = strchr(text, '\n') + 1;
}

/* Was it said the last time? */
static bool stood_before(const MailChannel *mine, const char *text)
{
    size_t length = strlen(text);
    const char *at = mine->before;
    while (at && (at = strstr(at, text)) && !(at[-1] == '\n' && at[length] == '\n'))
        at++;
    return at;
}

/* The next line that is news; false: there is none. */
static bool take_line(MailChannel *mine, Line *line, ChannelNews *news)
{
    while (mine->next && *mine->next) {
        char *text = mine->next, *end = strchr(text, '\n');
        *end = 0;
        mine->next = end + 1;
        bool old = strncmp(text, "run ", 4) == 0 && stood_before(mine, text);
        *news = old ? CHANNEL_QUIET : channel_read(line, text);
        *end = '\n';
        if (old)
            continue;
        if (line->kind == LINE_OWNER && !trainer_is_of_this_host(&mine->owner))
            memcpy(line->owner.host, mine->owner.host, sizeof line->owner.host);
        return true;
    }
    return false;
}

static bool is_there(MailChannel *mine)
{
    Trainer owner;
    return owner_read(mine->runs, &owner) && trainer_watch(mine->watch, &owner);
}

static ChannelNews hear(Channel *channel, Line *line)
{
    MailChannel *mine = (MailChannel *)channel;
    ChannelNews news;
    if (mine->is_refused) {
        *line = mine->refused;
        mine->is_refused = false;
        return CHANNEL_LINE;
    }
    if (take_line(mine, line, &news))
        return news;
    if (mailbox_next(mine->mailbox, PATIENCE_S, line))
        return CHANNEL_LINE;
    if (clock_s() - mine->looked < LOOK_S)
        return CHANNEL_QUIET;
    mine->looked = clock_s();
    if (!is_there(mine))
        return CHANNEL_GONE;
    read_status(mine);
    return take_line(mine, line, &news) ? news : CHANNEL_QUIET;
}

static struct pollfd wish(const Channel *channel)
{
    (void)channel;
    return (struct pollfd){.fd = -1};
}

static const ChannelKind BY_MAIL = {close_mail, takes, say, hear, wish, .wait = 0.1};

Channel *channel_by_mail(const char *runs, TrainerWatch *watch)
{
    Trainer owner;
    if (!owner_read(runs, &owner) || !trainer_watch(watch, &owner) ||
        (trainer_is_of_this_host(&owner) && !folder_owned(runs)))
        return NULL;
    MailChannel *mine = calloc(1, sizeof *mine);
    need(mine);
    *mine =
        (MailChannel){.channel = {&BY_MAIL}, .mailbox = mailbox_open(runs, "."), .watch = watch};
    mine->present = (Line){.kind = LINE_STATUS, .tag = mailbox_draw()};
    snprintf(mine->runs, sizeof mine->runs, "%s", runs);
    return &mine->channel;
}
