/* Owns what the port answers: status, samples, notes. */
#include "engine/base/clock.h"
#include "engine/port/port_parts.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* ---- Lines out ---- */

static char *room_for_line(Client *client)
{
    if (client->room - client->used < LINE_SIZE + 1) {
        client->room = client->room ? 2 * client->room : 4 * LINE_SIZE;
        client->out = realloc(client->out, client->room);
        need(client->out);
    }
    return client->out + client->used;
}

static void put_line(Client *client, const Line *line)
{
    client->used += (size_t)line_write(room_for_line(client), line);
}

void client_text(Client *client, const char *text)
{
    client->used += (size_t)snprintf(room_for_line(client), LINE_SIZE, "%.1000s\n", text);
}

void client_error(Client *client, const char *text)
{
    Line line = {.kind = LINE_ERROR};
    snprintf(line.text, sizeof line.text, "%.255s", text);
    put_line(client, &line);
}

bool client_flush(Client *client)
{
    while (client->sent < client->used) {
        ssize_t n = send(client->socket, client->out + client->sent, client->used - client->sent,
                         MSG_NOSIGNAL);
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
        client->sent += (size_t)n;
        client->since = 0;
    }
    client->sent = client->used = 0;
    return true;
}

/* ---- Status ---- */

static void put_owner(Port *port, Client *client)
{
    Line line = {.kind = LINE_OWNER, .owner = port->host.owner(port->host.engine)};
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
    memcpy(line.about.prior, view->prior, sizeof view->prior);
    memcpy(line.about.drawn, view->share, sizeof view->share);
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

static void put_end(Client *client, const Snapshot *now, long serial)
{
    Line line = {
        .kind = LINE_END, .serial = serial, .cpu_share = now->cpu_share, .rss_mib = now->rss_mib};
    put_line(client, &line);
}

void client_whole_status(Port *port, Client *client, long serial)
{
    const Snapshot *now = port->host.take(port->host.engine);
    put_owner(port, client);
    put_changes(client, NULL, now);
    put_end(client, now, serial);
    port->host.drop(port->host.engine, now);
}

static void put_status(Port *port, Client *client)
{
    const Snapshot *now = port->host.take(port->host.engine);
    put_owner(port, client);
    put_changes(client, client->seen, now);
    put_end(client, now, now->serial);
    if (client->seen)
        port->host.drop(port->host.engine, client->seen);
    client->seen = now;
}

/* ---- Samples ---- */

static Status save_samples(Port *port, const RunView *view, Error *error)
{
    for (int i = 0; i < SAVED; i++)
        if (port->saved[i].run == view->id && port->saved[i].step == view->samples.step)
            return STATUS_OK;
    Status status = port->host.save_samples(view, port->runs, error);
    if (!status)
        port->saved[port->next_saved++ % SAVED] = (Saved){view->id, view->samples.step};
    return status;
}

static void put_samples(Port *port, Client *client, int run)
{
    Line line = {.kind = LINE_SAMPLES, .run = run, .step = -1};
    Error error = {{0}};
    const Snapshot *now = port->host.take(port->host.engine);
    for (int i = 0; i < now->runs; i++)
        if (now->run[i]->id == run && save_samples(port, now->run[i], &error) == STATUS_OK)
            line.step = now->run[i]->samples.step;
    port->host.drop(port->host.engine, now);
    if (line.step >= 0)
        put_line(client, &line);
    else
        client_error(client, *error.text ? error.text : "this run has no samples yet");
}

/* ---- Notes ---- */

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
void client_notes(Port *port, Client *client)
{
    Line line = {.kind = LINE_NOTE};
    while (next_note(port, client, &line.note)) {
        line.note.ticket = line.note.ticket ? tag_of(client, line.note.ticket) : 0;
        if (line.note.ticket || client->viewer)
            put_line(client, &line);
    }
}

/* ---- Requests ---- */

void port_count(Port *port)
{
    int n = port->post.viewers;
    for (int i = 0; i < CLIENTS; i++)
        n += port->client[i].socket >= 0 && port->client[i].viewer;
    if (atomic_exchange(&port->viewers, n) != n)
        port->host.stir(port->host.engine);
}

static void refuse(Client *client, const Line *line, const char *why)
{
    Line answer = {.kind = LINE_NOTE, .note = {.ticket = line->tag, .status = STATUS_BAD_INPUT}};
    snprintf(answer.note.text, sizeof answer.note.text, "%s", why);
    put_line(client, &answer);
}

/* One more than a second may hold? */
static bool too_many_notes(Port *port, const Command *command)
{
    double now = clock_s();
    if (command->kind != COMMAND_NOTE)
        return false;
    if (now - port->noted_from >= 1) {
        port->noted_from = now;
        port->noted = 0;
    }
    return ++port->noted > NOTES_A_SECOND;
}

static void pass_on(Port *port, Client *client, const Line *line)
{
    if (client->looks) {
        refuse(client, line, "this is a viewer (--readonly): it sends no commands");
        return;
    }
    if (too_many_notes(port, &line->command)) {
        refuse(client, line, "too many notes: at most 10 a second");
        return;
    }
    long ticket =
        client->pendings < PENDING ? port->host.send(port->host.engine, &line->command) : 0;
    if (ticket)
        client->pending[client->pendings++] = (Pending){ticket, line->tag};
    else
        refuse(client, line, "the engine is busy: send it again in a moment");
}

static void greet(Port *port, Client *client, const Line *line)
{
    char text[200];
    if (line->version > PORT_VERSION) {
        snprintf(
            text, sizeof text,
            "this ddil understands viewers up to version %d, not %d: use the same ddil for both",
            PORT_VERSION, line->version);
        client_error(client, text);
        return;
    }
    client->viewer = true;
    client->looks = line->looks;
    port_count(port);
    put_owner(port, client);
}

void client_serve(Port *port, Client *client, const char *text)
{
    Line line;
    Error error;
    if (line_read(&line, text, &error)) {
        client_error(client, error.text);
        return;
    }
    switch (line.kind) {
    case LINE_HELLO: greet(port, client, &line); break;
    case LINE_STATUS: put_status(port, client); break;
    case LINE_SAMPLES: put_samples(port, client, line.run); break;
    case LINE_DO: pass_on(port, client, &line); break;
    default: client_error(client, "this is what the owner says, not what it is asked"); break;
    }
}
