/* Owns the asking of an owner by somebody who only wants one thing. */
#include "engine/port/tell.h"
#include "engine/base/clock.h"
#include "engine/port/mailbox.h"
#include "engine/port/port_lines.h"
#include "engine/port/port_socket.h"
#include "engine/store/external.h"
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct Talk {
    int socket, filled;
    char in[LINE_SIZE + 1];
} Talk;

/* Takes a line off what has come; false: there is no whole one. */
static bool take_line(Talk *talk, Line *line)
{
    char *end = memchr(talk->in, '\n', (size_t)talk->filled);
    if (!end) {
        talk->filled = talk->filled == LINE_SIZE ? 0 : talk->filled;
        return false;
    }
    *end = 0;
    if (line_read(line, talk->in, NULL))
        *line = (Line){.kind = LINE_ERROR};
    talk->filled -= (int)(end + 1 - talk->in);
    memmove(talk->in, end + 1, (size_t)talk->filled);
    return true;
}

/* false: the owner hung up. */
static bool receive(Talk *talk, double left)
{
    struct pollfd wait = {talk->socket, POLLIN, 0};
    poll(&wait, 1, (int)(left * 1000) + 1);
    ssize_t n = recv(talk->socket, talk->in + talk->filled, (size_t)(LINE_SIZE - talk->filled), 0);
    if (n > 0)
        talk->filled += (int)n;
    return n > 0 || (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR));
}

/* The owner is on another host, or has no socket. */
static Status tell_by_mail(const char *runs, const Command *command, double wait, NoteView *answer,
                           Error *error)
{
    Trainer owner;
    bool known = owner_read(runs, &owner);
    if (!known || (trainer_is_of_this_host(&owner) && !trainer_is_here(&owner)))
        return fail(error, STATUS_BLOCKED, "nobody trains in %.200s now", runs);
    Mailbox *mailbox = mailbox_open(runs, ".");
    Status status = mailbox_send(mailbox, 1, command, error);
    while (!status && !mailbox_hear(mailbox, wait, answer))
        poll(NULL, 0, 20);
    mailbox_close(mailbox);
    return status;
}

Status tell_owner(const char *runs, const Command *command, double wait, NoteView *answer,
                  Error *error)
{
    Talk talk = {.socket = socket_connect(runs)};
    Line line = {.kind = LINE_DO, .tag = 1, .command = *command};
    char text[LINE_SIZE + 1];
    double until = clock_s() + wait;
    if (talk.socket < 0)
        return tell_by_mail(runs, command, wait, answer, error);
    int length = line_write(text, &line);
    bool alive = send(talk.socket, text, (size_t)length, MSG_NOSIGNAL) == length, heard = false;
    while (alive && !heard && clock_s() < until) {
        while (!heard && take_line(&talk, &line))
            heard = line.kind == LINE_NOTE && line.note.ticket == 1;
        if (!heard)
            alive = receive(&talk, until - clock_s());
    }
    close(talk.socket);
    *answer = line.note;
    return heard ? STATUS_OK : fail(error, STATUS_BLOCKED, "nobody answers in %.200s", runs);
}
