/* Owns the port's thread and its connections. */
#include "engine/base/clock.h"
#include "engine/base/thread.h"
#include "engine/port/port_parts.h"
#include "engine/port/port_socket.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const double PATIENCE_S = 10; /* for half a line, and for an answer unread */

/* ---- Connections ---- */

static void hang_up(Port *port, Client *client)
{
    close(client->socket);
    free(client->out);
    if (client->seen)
        port->host.drop(port->host.engine, client->seen);
    *client = (Client){.socket = -1};
    port_count(port);
}

/* Serves the whole lines that have come, one at a time while its answers are taken. */
static bool serve_lines(Port *port, Client *client)
{
    char *end;
    while (client->used == 0 && (end = memchr(client->in, '\n', (size_t)client->filled))) {
        int length = (int)(end + 1 - client->in);
        *end = 0;
        bool whole = strlen(client->in) == (size_t)length - 1; /* no zero inside */
        client_serve(port, client, whole ? client->in : "\001");
        client->filled -= length;
        memmove(client->in, end + 1, (size_t)client->filled);
        client->since = 0;
        if (!client_flush(client))
            return false;
    }
    return true;
}

/* false: there is no room. */
static bool seat(Port *port, int guest)
{
    for (int i = 0; i < CLIENTS && guest <= port->highest; i++) {
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
    int guest;
    port->full = 0;
    while ((guest = accept(port->socket, NULL, NULL)) >= 0) {
        socket_tame(guest);
        if (seat(port, guest))
            continue;
        send(guest, full, sizeof full - 1, MSG_NOSIGNAL);
        close(guest);
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        port->full = clock_s(); /* whoever waits goes on waiting, and so do we */
}

/* Is there room for whoever knocks, as far as is known? */
static bool open_to_guests(const Port *port)
{
    return port->full <= 0 || clock_s() - port->full >= 1;
}

/* false: the connection is over. */
static bool take_bytes(Client *client)
{
    ssize_t n =
        recv(client->socket, client->in + client->filled, (size_t)(LINE_SIZE - client->filled), 0);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    client->filled += (int)n;
    bool endless = client->filled == LINE_SIZE && !memchr(client->in, '\n', (size_t)client->filled);
    if (!endless)
        return true;
    client_error(client, "the line is too long");
    client_flush(client);
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
        alive = client_flush(client) && serve_lines(port, client);
    if (alive && client->used == 0) {
        client_notes(port, client);
        alive = client_flush(client);
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

static void rest_a_while(void)
{
    const struct timespec pause = {.tv_nsec = 10000000};
    nanosleep(&pause, NULL);
}

static struct pollfd wish_of(const Client *client)
{
    bool full = client->filled == LINE_SIZE || client->used > 0;
    short events = (short)((full ? 0 : POLLIN) | (client->used ? POLLOUT : 0));
    return (struct pollfd){client->socket, events, 0};
}

enum { MAIL_MS = 200 }; /* the mailbox is looked at so often; what keeps us waiting too */

/* One wait and what it brings. Only sockets in use are named: the system refuses more than the
 * process may have descriptors. */
static void serve_once(Port *port)
{
    struct pollfd wait[CLIENTS + 2] = {{port->kick[0], POLLIN, 0}, {port->socket, POLLIN, 0}};
    Client *seated[CLIENTS];
    int n = 0;
    if (!open_to_guests(port))
        wait[1].events = 0;
    for (int i = 0; i < CLIENTS; i++) {
        Client *client = &port->client[i];
        if (client->socket < 0)
            continue;
        wait[n + 2] = wish_of(client);
        seated[n++] = client;
    }
    if (poll(wait, (nfds_t)(n + 2), MAIL_MS) < 0) {
        rest_a_while(); /* interrupted, or out of memory: what `wait` says is nothing */
        return;
    }
    drain(port->kick[0]);
    for (int i = 0; i < n; i++)
        attend(port, seated[i], wait[i + 2].revents);
    if (wait[1].revents || (port->full > 0 && open_to_guests(port)))
        welcome(port);
}

static void *serve(void *context)
{
    Port *port = context;
    while (!atomic_load(&port->stop)) {
        serve_once(port);
        mail_turn(port);
    }
    return NULL;
}

void port_note(Port *port, const NoteView *note)
{
    pthread_mutex_lock(&port->lock);
    port->note[port->notes++ % NOTES] = *note;
    pthread_mutex_unlock(&port->lock);
    if (write(port->kick[1], "", 1) < 0)
        return; /* full: it will look */
}

/* ---- Life ---- */

Status port_wake(Port *port, Error *error)
{
    atomic_store(&port->stop, false);
    int reason = thread_start(&port->thread, serve, port);
    port->running = !reason;
    if (!reason)
        return STATUS_OK;
    return fail(error, STATUS_FAILED, "cannot start a thread: %s", strerror(reason));
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
    mail_close(port);
    for (int i = 0; i < CLIENTS; i++) {
        if (port->client[i].socket < 0)
            continue;
        client_notes(port, &port->client[i]); /* the last words */
        client_flush(&port->client[i]);
        hang_up(port, &port->client[i]);
    }
    if (port->socket >= 0) {
        socket_remove(port->runs);
        close(port->socket);
    }
    for (int i = 0; i < 2; i++)
        if (port->kick[i] >= 0)
            close(port->kick[i]);
    pthread_mutex_destroy(&port->lock);
    free(port);
}

/* All but what a checkpoint and its samples are written with. */
static int highest_guest(void)
{
    enum { KEPT = 8 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > INT_MAX)
        return INT_MAX;
    return (int)limit.rlim_cur - KEPT;
}

Status port_open(Port **opened, const PortHost *host, const char *runs, Error *error)
{
    Port *port = calloc(1, sizeof *port);
    need(port);
    *opened = NULL;
    port->host = *host;
    port->highest = highest_guest();
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
    mail_open(port);
    if (!status)
        status = port_wake(port, error);
    if (status) {
        port_close(port);
        return status;
    }
    *opened = port;
    return STATUS_OK;
}

int port_viewers(const Port *port) { return port ? atomic_load(&port->viewers) : 0; }
