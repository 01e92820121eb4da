/* Owns the sender's side of a mailbox. See mailbox.h. */
#include "engine/port/mailbox.h"
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include "engine/base/plain.h"
#include "engine/port/port_lines.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const double REPEAT_S = 1.5;
enum { WAITING = 16, PIECE = 1 << 16 };

typedef struct Letter {
    long tag, ticket;
    int run;
    double sent, first; /* clocks */
    char text[LINE_SIZE + 1];
} Letter;

struct Mailbox {
    char commands[PATH_SIZE], answers[PATH_SIZE];
    off_t read; /* of the answers */
    char *piece, *next;
    Letter letter[WAITING];
    int waiting;
};

Mailbox *mailbox_open(const char *folder, const char *prefix)
{
    Mailbox *mailbox = calloc(1, sizeof *mailbox);
    char name[24];
    struct stat info;
    need(mailbox);
    snprintf(name, sizeof name, "%.8scommands", prefix);
    file_join(mailbox->commands, folder, name);
    snprintf(name, sizeof name, "%.8sanswers", prefix);
    file_join(mailbox->answers, folder, name);
    mailbox->read = stat(mailbox->answers, &info) == 0 ? info.st_size : 0;
    return mailbox;
}

void mailbox_close(Mailbox *mailbox)
{
    if (!mailbox)
        return;
    free(mailbox->piece);
    free(mailbox);
}

int mailbox_waiting(const Mailbox *mailbox) { return mailbox->waiting; }

/* ---- Out ---- */

/* A line's end goes before it too: what another sender left half done ends there. */
static Status append(const Mailbox *mailbox, const char *text, Error *error)
{
    char line[LINE_SIZE + 3];
    int length = snprintf(line, sizeof line, "\n%s", text);
    int file = open(mailbox->commands, O_WRONLY | O_APPEND | O_CLOEXEC);
    ssize_t n = file < 0 ? -1 : write(file, line, (size_t)length);
    int problem = errno;
    if (file >= 0)
        close(file);
    if (n == length)
        return STATUS_OK;
    return fail(error, STATUS_FAILED, "cannot write %s: %s", mailbox->commands,
                n < 0 ? strerror(problem) : "no room");
}

void mailbox_ask(Mailbox *mailbox, const Line *line)
{
    char text[LINE_SIZE + 1];
    line_write(text, line);
    if (append(mailbox, text, NULL))
        return; /* it will be asked again */
}

long mailbox_draw(void)
{
    uint64_t bits = (uint64_t)getpid() << 40 ^ (uint64_t)(clock_s() * 1e9);
    FILE *random = fopen("/dev/urandom", "re");
    if (random) {
        uint64_t more;
        bits = fread(&more, sizeof more, 1, random) == 1 ? more : bits;
        fclose(random);
    }
    return (long)(bits >> 4 | 1);
}

Status mailbox_send(Mailbox *mailbox, long ticket, const Command *command, Error *error)
{
    if (mailbox->waiting == WAITING)
        return fail(error, STATUS_BLOCKED, "%d commands wait for an answer already", WAITING);
    Letter *letter = &mailbox->letter[mailbox->waiting];
    Line line = {.kind = LINE_DO, .tag = mailbox_draw(), .command = *command};
    *letter = (Letter){.tag = line.tag, .ticket = ticket, .run = command->run};
    line_write(letter->text, &line);
    letter->sent = letter->first = clock_s();
    Status status = append(mailbox, letter->text, error);
    mailbox->waiting += !status;
    return status;
}

/* ---- In ---- */

static void read_piece(Mailbox *mailbox)
{
    int file = open(mailbox->answers, O_RDONLY | O_CLOEXEC);
    struct stat info;
    free(mailbox->piece);
    mailbox->piece = mailbox->next = NULL;
    if (file >= 0 && fstat(file, &info) == 0 && info.st_size < mailbox->read)
        mailbox->read = 0; /* another file: tags tell what is ours */
    char *piece = file < 0 ? NULL : malloc(PIECE + 1);
    ssize_t n = piece ? pread(file, piece, PIECE, mailbox->read) : 0;
    if (file >= 0)
        close(file);
    size_t got = n > 0 ? (size_t)n : 0, whole = got;
    while (whole > 0 && piece[whole - 1] != '\n')
        whole--;
    mailbox->read += (off_t)(whole > 0 || got < PIECE ? whole : got); /* no line is so long */
    if (whole == 0) {
        free(piece);
        return;
    }
    plain_zeros(piece, whole);
    piece[whole] = 0;
    mailbox->piece = mailbox->next = piece;
}

static void address(Mailbox *mailbox, NoteView *note)
{
    long tag = note->ticket;
    note->ticket = 0;
    for (int i = 0; i < mailbox->waiting; i++) {
        Letter *letter = &mailbox->letter[i];
        if (letter->tag != tag)
            continue;
        note->ticket = letter->ticket;
        note->run = letter->run;
        *letter = mailbox->letter[--mailbox->waiting];
        return;
    }
}

static bool next_answer(Mailbox *mailbox, Line *line)
{
    if (!mailbox->next || !*mailbox->next)
        read_piece(mailbox);
    while (mailbox->next && *mailbox->next) {
        char *text = mailbox->next, *end = strchr(text, '\n');
        *end = 0;
        mailbox->next = end + 1;
        if (line_read(line, text, NULL) || (line->kind != LINE_NOTE && line->kind != LINE_SAMPLES))
            continue;
        if (line->kind == LINE_NOTE)
            address(mailbox, &line->note);
        return true;
    }
    return false;
}

static bool overdue(Mailbox *mailbox, double patience, Line *line)
{
    NoteView *note = &line->note;
    double now = clock_s();
    for (int i = 0; i < mailbox->waiting; i++) {
        Letter *letter = &mailbox->letter[i];
        if (now - letter->first >= patience) {
            *line = (Line){
                .kind = LINE_NOTE,
                .note = {.ticket = letter->ticket, .status = STATUS_BLOCKED, .run = letter->run}};
            snprintf(note->text, sizeof note->text, "nobody answers");
            *letter = mailbox->letter[--mailbox->waiting];
            return true;
        }
        if (now - letter->sent >= REPEAT_S && !append(mailbox, letter->text, NULL))
            letter->sent = now;
    }
    return false;
}

bool mailbox_next(Mailbox *mailbox, double patience, Line *line)
{
    return next_answer(mailbox, line) || overdue(mailbox, patience, line);
}

bool mailbox_hear(Mailbox *mailbox, double patience, NoteView *note)
{
    Line line;
    bool ours = false;
    while (!ours && mailbox->waiting && mailbox_next(mailbox, patience, &line))
        ours = line.kind == LINE_NOTE && line.note.ticket;
    if (ours)
        *note = line.note;
    return ours;
}
