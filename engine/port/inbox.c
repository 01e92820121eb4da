/* Owns a trainer's side of its run's mailbox. See inbox.h. */
#include "engine/port/inbox.h"

#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/port/port_lines.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const double LOOK_S = 0.2, BEAT_S = 1;
enum { PIECE = 1 << 16, TAGS = 64 };

struct Inbox {
    char commands[PATH_SIZE], answers[PATH_SIZE], owner[PATH_SIZE];
    off_t read; /* of the commands */
    char piece[PIECE + 1], *next;
    long tag[TAGS], beats;
    unsigned tags;
    double looked, beat; /* clocks */
};

Inbox *inbox_open(const char *folder)
{
    Inbox *inbox = need(calloc(1, sizeof *inbox));
    struct stat info;
    file_join(inbox->commands, folder, "commands");
    file_join(inbox->answers, folder, "answers");
    file_join(inbox->owner, folder, "owner");
    int file = open(inbox->commands, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || fstat(file, &info) != 0) {
        if (file >= 0)
            close(file);
        free(inbox);
        return NULL;
    }
    inbox->read = info.st_size; /* what stands there was meant for another */
    close(file);
    return inbox;
}

void inbox_close(Inbox *inbox)
{
    if (inbox)
        unlink(inbox->owner);
    free(inbox);
}

/* Whole lines that are new. */
static void read_piece(Inbox *inbox)
{
    struct stat info;
    ssize_t n = 0;
    int file = open(inbox->commands, O_RDONLY | O_CLOEXEC);
    if (file >= 0 && fstat(file, &info) == 0) {
        inbox->read = info.st_size < inbox->read ? 0 : inbox->read;
        n = info.st_size > inbox->read ? pread(file, inbox->piece, PIECE, inbox->read) : 0;
    }
    if (file >= 0)
        close(file);
    ssize_t whole = n > 0 ? n : 0;
    while (whole > 0 && inbox->piece[whole - 1] != '\n')
        whole--;
    inbox->read += whole > 0 || n < PIECE ? whole : n;
    inbox->piece[whole] = 0;
    inbox->next = inbox->piece;
}

/* A sender repeats what was not answered. */
static bool is_new(Inbox *inbox, long tag)
{
    for (int i = 0; i < TAGS; i++)
        if (inbox->tag[i] == tag)
            return false;
    inbox->tag[inbox->tags++ % TAGS] = tag;
    return true;
}

static bool take_line(Inbox *inbox, Command *command, long *tag)
{
    Line line;
    char *text = inbox->next, *end = strchr(text, '\n');
    *end = 0;
    inbox->next = end + 1;
    if (line_read(&line, text, NULL) || line.kind != LINE_DO || !is_new(inbox, line.tag))
        return false;
    *command = line.command;
    *tag = line.tag;
    return true;
}

bool inbox_next(Inbox *inbox, Command *command, long *tag)
{
    double now = clock_s();
    if (!inbox)
        return false;
    if ((!inbox->next || !*inbox->next) && now - inbox->looked >= LOOK_S) {
        inbox->looked = now;
        read_piece(inbox);
    }
    while (inbox->next && *inbox->next)
        if (take_line(inbox, command, tag))
            return true;
    return false;
}

void inbox_answer(Inbox *inbox, long tag, int run, Status status, const char *text)
{
    char said[LINE_SIZE + 1];
    Line line = {.kind = LINE_NOTE, .note = {.ticket = tag, .status = status, .run = run}};
    snprintf(line.note.text, sizeof line.note.text, "%.250s", text);
    strcpy(line.note.time, "-");
    line_write(said, &line);
    int file = inbox ? open(inbox->answers, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (file < 0)
        return; /* nobody hears it */
    ssize_t ignored = write(file, said, strlen(said));
    (void)ignored;
    close(file);
}

void inbox_beat(Inbox *inbox, RunState state, long step, long checkpoint)
{
    char line[256], host[64] = "";
    double now = clock_s();
    if (!inbox || now - inbox->beat < BEAT_S || gethostname(host, sizeof host - 1) != 0 || !host[0])
        return;
    inbox->beat = now;
    int n = snprintf(line, sizeof line, "ddil-owner 1 %s %ld %lx %ld %s %ld nan %ld\n", host,
                     (long)getpid(), (unsigned long)getpid(), ++inbox->beats,
                     RUN_STATE_WORDS[state], step, checkpoint);
    int file = open(inbox->owner, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0)
        return;
    if (pwrite(file, line, (size_t)n, 0) != n || ftruncate(file, n) != 0)
        inbox->beat = 0; /* again at once */
    close(file);
}
