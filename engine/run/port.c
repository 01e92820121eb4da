/* Owns the port's thread and its connections. */
#include "engine/run/port.h"
#include "engine/base/clock.h"
#include "engine/run/engine_parts.h"
#include "engine/run/port_lines.h"
#include "engine/run/port_socket.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 32, PENDING = 16, NOTES = 128, SAVED = 8, IN_SIZE = LINE_SIZE + 1 };
static const double PATIENCE_S = 10; /* for half a line, and for an answer unread */

/* A command sent and not yet answered. */
typedef struct Pending {
    long ticket, tag;
} Pending;

typedef struct Client {
    int socket; /* -1: free */
    bool viewer, looks;
    char in[IN_SIZE];
    int filled;
    char *out; /* [room], answers not yet taken: [sent, used) */
    size_t sent, used, room;
    double since; /* half a line, or an answer, waits since then; 0: nothing does */
    uint64_t told;        /* notes up to this number were passed on */
    const Snapshot *seen; /* of its last status, NULL */
    Pending pending[PENDING];
    int pendings;
} Client;

/* Samples that stand in a file already. */
typedef struct Saved {
    int run;
    long step;
} Saved;

struct Port {
    Engine *engine;
    char runs[PATH_SIZE];
    int socket, kick[2];
    pthread_t thread;
    bool running;
    atomic_int viewers;
    atomic_bool stop;
    Client client[CLIENTS]; /* the thread's */
    Saved saved[SAVED];     /* the thread's: the last ones, a ring */
    int next_saved;

    pthread_mutex_t lock;
    /* under lock: the last notes; number n stands at n % NOTES */
    NoteView note[NOTES];
    uint64_t notes; /* so many were ever given */
};

/* ---- Answers ---------------------------------------------------------------------- */

static void count_viewers(Port *port)
{
    int n = 0;
    for (int i = 0; i < CLIENTS; i++)
        n += port->client[i].socket >= 0 && port->client[i].viewer;
    if (atomic_exchange(&port->viewers, n) != n)
        engine_stir(port->engine);
}

static void hang_up(Port *port, Client *client)
{
    close(client->socket);
    free(client->out);
    if (client->seen)
        engine_drop(port->engine, client->seen);
    *client = (Client){.socket = -1};
    count_viewers(port);
}

static void put_line(Client *client, const Line *line)
{
    if (client->room - client->used < LINE_SIZE + 1) {
        client->room = client->room ? 2 * client->room : 4 * LINE_SIZE;
        client->out = realloc(client->out, client->room);
        must(client->out);
    }
    client->used += (size_t)line_write(client->out + client->used, line);
}

static void put_error(Client *client, const char *text)
{
    Line line = {.kind = LINE_ERROR};
    snprintf(line.text, sizeof line.text, "%.255s", text);
    put_line(client, &line);
}

/* false: the connection is dead. */
static bool flush(Client *client)
{
    while (client->sent < client->used) {
        ssize_t n = send(client->socket, client->out + client->sent,
                         client->used - client->sent, MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        client->sent += (size_t)n;
        client->since = 0;
    }
    client->sent = client->used = 0;
    return true;
}

/* ---- Status ----------------------------------------------------------------------- */

static void put_owner(Port *port, Client *client)
{
    Line line = {.kind = LINE_OWNER, .owner = engine_owner(port->engine)};
    line.owner.viewers = atomic_load(&port->viewers);
    put_line(client, &line);
}

static void put_run(Client *client, const RunView *view)
{
    Line line = {.kind = LINE_RUN,
                 .about = {.id = view->id,
                           .state = view->state,
                           .step = view->step,
                           .checkpoint = view->checkpoint,
                           .samples = view->samples.n > 0 ? view->samples.step : -1,
                           .speed = view->steps_per_s,
                           .left = view->seconds_left,
                           .nfe = view->nfe,
                           .share = view->shift_share}};
    snprintf(line.about.name, sizeof line.about.name, "%s", view->name);
    snprintf(line.about.note, sizeof line.about.note, "%s", view->note);
    put_line(client, &line);
}

static void put_gone(Client *client, int id)
{
    Line line = {.kind = LINE_GONE, .run = id};
    put_line(client, &line);
}

/* What differs between two snapshots: views are immutable, so the same address is the same
 * content. Both are by id, ascending. */
static void put_changes(Client *client, const Snapshot *before, const Snapshot *now)
{
    int b = 0, n = 0, was = before ? before->runs : 0;
    while (b < was || n < now->runs) {
        int old = b < was ? before->run[b]->id : INT32_MAX;
        int new = n < now->runs ? now->run[n]->id : INT32_MAX;
        if (old < new)
            put_gone(client, old);
        else if (new < old || before->run[b] != now->run[n])
            put_run(client, now->run[n]);
        b += old <= new;
        n += new <= old;
    }
}

static void put_status(Port *port, Client *client)
{
    const Snapshot *now = snapshot_take(port->engine);
    put_owner(port, client);
    put_changes(client, client->seen, now);
    Line line = {.kind = LINE_END,
                 .serial = now->serial,
                 .cpu_share = now->cpu_share,
                 .rss_mib = now->rss_mib};
    put_line(client, &line);
    if (client->seen)
        engine_drop(port->engine, client->seen);
    client->seen = now;
}

/* ---- Samples ---------------------------------------------------------------------- */

static Status save_samples(Port *port, const RunView *view, Error *error)
{
    for (int i = 0; i < SAVED; i++) {
        if (port->saved[i].run == view->id && port->saved[i].step == view->samples.step)
            return STATUS_OK;
    }
    Status status = run_view_save_samples(view, port->runs, error);
    if (!status)
        port->saved[port->next_saved++ % SAVED] = (Saved){view->id, view->samples.step};
    return status;
}

static void put_samples(Port *port, Client *client, int run)
{
    Line line = {.kind = LINE_SAMPLES, .run = run, .step = -1};
    Error error = {{0}};
    const Snapshot *now = snapshot_take(port->engine);
    for (int i = 0; i < now->runs; i++) {
        if (now->run[i]->id == run &&
            save_samples(port, now->run[i], &error) == STATUS_OK)
            line.step = now->run[i]->samples.step;
    }
    engine_drop(port->engine, now);
    if (line.step >= 0)
        put_line(client, &line);
    else
        put_error(client, *error.text ? error.text : "this run has no samples yet");
}

/* ---- Notes ------------------------------------------------------------------------ */

void port_note(Port *port, const NoteView *note)
{
    pthread_mutex_lock(&port->lock);
    port->note[port->notes++ % NOTES] = *note;
    pthread_mutex_unlock(&port->lock);
    if (write(port->kick[1], "", 1) < 0)
        return; /* full: it will look */
}

/* The tag a viewer gave the command with this ticket; 0: not this viewer's. */
static long tag_of(Client *client, long ticket)
{
    for (int i = 0; i < client->pendings; i++) {
        if (client->pending[i].ticket != ticket)
            continue;
        long tag = client->pending[i].tag;
        client->pending[i] = client->pending[--client->pendings];
        return tag;
    }
    return 0;
}

static bool next_note(Port *port, Client *client, NoteView *note)
{
    pthread_mutex_lock(&port->lock);
    bool any = client->told < port->notes;
    if (any && port->notes - client->told > NOTES)
        client->told = port->notes - NOTES; /* it was too slow: the oldest are lost */
    if (any)
        *note = port->note[client->told++ % NOTES];
    pthread_mutex_unlock(&port->lock);
    return any;
}

/* Everybody hears everything; an answer carries its tag to the one who asked. */
static void put_notes(Port *port, Client *client)
{
    Line line = {.kind = LINE_NOTE};
    while (next_note(port, client, &line.note)) {
        line.note.ticket = line.note.ticket ? tag_of(client, line.note.ticket) : 0;
        if (line.note.ticket || client->viewer)
            put_line(client, &line);
    }
}

/* ---- Requests --------------------------------------------------------------------- */

static void refuse(Client *client, const Line *line, const char *why)
{
    Line answer = {.kind = LINE_NOTE,
                   .note = {.ticket = line->tag, .status = STATUS_BAD_INPUT}};
    snprintf(answer.note.text, sizeof answer.note.text, "%s", why);
    put_line(client, &answer);
}

static void pass_on(Port *port, Client *client, const Line *line)
{
    if (client->looks) {
        refuse(client, line, "this is a viewer (--readonly): it sends no commands");
        return;
    }
    long ticket = client->pendings < PENDING ? engine_send(port->engine, &line->command) : 0;
    if (ticket)
        client->pending[client->pendings++] = (Pending){ticket, line->tag};
    else
        refuse(client, line, "the engine is busy: send it again in a moment");
}

static void serve_line(Port *port, Client *client, const char *text)
{
    Line line;
    Error error;
    if (line_read(&line, text, &error)) {
        put_error(client, error.text);
        return;
    }
    switch (line.kind) {
    case LINE_HELLO:
        client->viewer = true;
        client->looks = line.looks;
        count_viewers(port);
        put_owner(port, client);
        break;
    case LINE_STATUS: put_status(port, client); break;
    case LINE_SAMPLES: put_samples(port, client, line.run); break;
    case LINE_DO: pass_on(port, client, &line); break;
    default: put_error(client, "this is what the owner says, not what it is asked"); break;
    }
}

/* Serves the whole lines that have come, one at a time while its answers are taken. */
static bool serve_lines(Port *port, Client *client)
{
    char *end;
    while (client->used == 0 && (end = memchr(client->in, '\n', (size_t)client->filled))) {
        int length = (int)(end + 1 - client->in);
        *end = 0;
        bool whole = strlen(client->in) == (size_t)length - 1; /* no zero inside */
        serve_line(port, client, whole ? client->in : "\001");
        client->filled -= length;
        memmove(client->in, end + 1, (size_t)client->filled);
        client->since = 0;
        if (!flush(client))
            return false;
    }
    return true;
}

/* ---- Connections ------------------------------------------------------------------ */

/* false: there is no room. */
static bool seat(Port *port, int guest)
{
    for (int i = 0; i < CLIENTS; i++) {
        if (port->client[i].socket >= 0)
            continue;
        pthread_mutex_lock(&port->lock);
        port->client[i] = (Client){.socket = guest, .told = port->notes};
        pthread_mutex_unlock(&port->lock);
        return true;
    }
    return false;
}

static void welcome(Port *port)
{
    static const char full[] = "error the port is full: too many viewers\n";
    for (int guest; (guest = accept(port->socket, NULL, NULL)) >= 0;) {
        socket_tame(guest);
        if (seat(port, guest))
            continue;
        send(guest, full, sizeof full - 1, MSG_NOSIGNAL);
        close(guest);
    }
}

/* false: the connection is over. */
static bool take_bytes(Client *client)
{
    ssize_t n = recv(client->socket, client->in + client->filled,
                     (size_t)(LINE_SIZE - client->filled), 0);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    client->filled += (int)n;
    bool endless = client->filled == LINE_SIZE &&
                   !memchr(client->in, '\n', (size_t)client->filled);
    if (!endless)
        return true;
    put_error(client, "the line is too long");
    flush(client);
    return false;
}

/* Does it keep us waiting, and too long? */
static bool overdue(Client *client, double now)
{
    bool waiting = client->filled > 0 || client->used > 0;
    if (!waiting)
        client->since = 0;
    else if (client->since == 0)
        client->since = now;
    return waiting && now - client->since > PATIENCE_S;
}

static void attend(Port *port, Client *client, short events)
{
    bool alive = true;
    if (events & (POLLIN | POLLHUP | POLLERR) && client->filled < LINE_SIZE)
        alive = take_bytes(client);
    if (alive)
        alive = flush(client) && serve_lines(port, client);
    if (alive && client->used == 0) {
        put_notes(port, client);
        alive = flush(client);
    }
    if (!alive || overdue(client, clock_s()))
        hang_up(port, client);
}

static void drain(int descriptor)
{
    char bytes[256];
    while (read(descriptor, bytes, sizeof bytes) > 0)
        continue;
}

/* One wait and what it brings. */
static void turn(Port *port)
{
    struct pollfd wait[CLIENTS + 2] = {{port->kick[0], POLLIN, 0},
                                       {port->socket, POLLIN, 0}};
    int owing = 0;
    for (int i = 0; i < CLIENTS; i++) {
        const Client *client = &port->client[i];
        bool full = client->filled == LINE_SIZE || client->used > 0;
        wait[i + 2] = (struct pollfd){
            client->socket, (short)((full ? 0 : POLLIN) | (client->used ? POLLOUT : 0)), 0};
        owing += client->socket >= 0 && client->since > 0;
    }
    poll(wait, CLIENTS + 2, owing ? 1000 : -1);
    drain(port->kick[0]);
    for (int i = 0; i < CLIENTS; i++) {
        if (port->client[i].socket >= 0)
            attend(port, &port->client[i], wait[i + 2].revents);
    }
    if (wait[1].revents)
        welcome(port);
}

static void *serve(void *context)
{
    Port *port = context;
    while (!atomic_load(&port->stop))
        turn(port);
    return NULL;
}

/* ---- Life ------------------------------------------------------------------------- */

/* Signals are for the thread that listens to the terminal. */
Status port_wake(Port *port, Error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    atomic_store(&port->stop, false);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    port->running = pthread_create(&port->thread, NULL, serve, port) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return port->running ? STATUS_OK
                         : fail(error, STATUS_FAILED, "cannot start a thread");
}

void port_rest(Port *port)
{
    if (!port || !port->running)
        return;
    atomic_store(&port->stop, true);
    if (write(port->kick[1], "", 1) < 0 && errno != EAGAIN)
        return;
    pthread_join(port->thread, NULL);
    port->running = false;
}

void port_close(Port *port)
{
    if (!port)
        return;
    port_rest(port);
    for (int i = 0; i < CLIENTS; i++) {
        if (port->client[i].socket < 0)
            continue;
        put_notes(port, &port->client[i]); /* the last words */
        flush(&port->client[i]);
        hang_up(port, &port->client[i]);
    }
    if (port->socket >= 0) {
        socket_remove(port->runs);
        close(port->socket);
    }
    for (int i = 0; i < 2; i++) {
        if (port->kick[i] >= 0)
            close(port->kick[i]);
    }
    pthread_mutex_destroy(&port->lock);
    free(port);
}

Status port_open(Port **opened, Engine *engine, const char *runs, Error *error)
{
    Port *port = calloc(1, sizeof *port);
    must(port);
    *opened = NULL;
    port->engine = engine;
    port->socket = port->kick[0] = port->kick[1] = -1;
    snprintf(port->runs, sizeof port->runs, "%s", runs);
    pthread_mutex_init(&port->lock, NULL);
    for (int i = 0; i < CLIENTS; i++)
        port->client[i].socket = -1;
    Status status = pipe(port->kick) == 0
                        ? socket_listen(runs, &port->socket, error)
                        : fail(error, STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    for (int i = 0; i < 2 && port->kick[i] >= 0; i++)
        socket_tame(port->kick[i]);
    if (!status)
        status = port_wake(port, error);
    if (status) {
        port_close(port);
        return status;
    }
    *opened = port;
    return STATUS_OK;
}

int port_viewers(const Port *port)
{
    return port ? atomic_load(&port->viewers) : 0;
}
