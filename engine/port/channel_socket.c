/* Owns the channel that is a connection to the owner's socket. */
#include "engine/port/channel_parts.h"
#include "engine/port/port_socket.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct SocketChannel {
    Channel channel;
    int socket;
    char in[LINE_SIZE + 1];
    int filled, taken;       /* lines not yet heard: [taken, filled) */
    char out[LINE_SIZE + 1]; /* one line at a time: [sent, used) */
    int sent, used;
} SocketChannel;

static void hang_up(Channel *channel)
{
    SocketChannel *mine = (SocketChannel *)channel;
    close(mine->socket);
    free(mine);
}

static void send_rest(SocketChannel *mine)
{
    while (mine->sent < mine->used) {
        ssize_t n = send(mine->socket, mine->out + mine->sent, (size_t)(mine->used - mine->sent),
                         MSG_NOSIGNAL);
        if (n < 0)
            return; /* no room yet, or the end, which reading will tell */
        mine->sent += (int)n;
    }
    mine->sent = mine->used = 0;
}

static bool takes(const Channel *channel) { return ((const SocketChannel *)channel)->used == 0; }

static void say(Channel *channel, const Line *line)
{
    SocketChannel *mine = (SocketChannel *)channel;
    must(mine->used == 0);
    mine->used = line_write(mine->out, line);
    send_rest(mine);
}

static bool take_line(SocketChannel *mine, Line *line, ChannelNews *news)
{
    char *next = mine->in + mine->taken;
    char *end = memchr(next, '\n', (size_t)(mine->filled - mine->taken));
    if (!end)
        return false;
    *end = 0;
    *news = channel_read(line, next);
    mine->taken = (int)(end + 1 - mine->in);
    return true;
}

static ChannelNews hear(Channel *channel, Line *line)
{
    SocketChannel *mine = (SocketChannel *)channel;
    ChannelNews news;
    send_rest(mine);
    while (!take_line(mine, line, &news)) {
        mine->filled -= mine->taken;
        memmove(mine->in, mine->in + mine->taken, (size_t)mine->filled);
        mine->taken = 0;
        mine->filled = mine->filled == LINE_SIZE ? 0 : mine->filled; /* no line of ours */
        ssize_t n =
            recv(mine->socket, mine->in + mine->filled, (size_t)(LINE_SIZE - mine->filled), 0);
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return CHANNEL_QUIET;
        if (n <= 0)
            return CHANNEL_GONE;
        mine->filled += (int)n;
    }
    return news;
}

static struct pollfd wish(const Channel *channel)
{
    const SocketChannel *mine = (const SocketChannel *)channel;
    return (struct pollfd){mine->socket, (short)(POLLIN | (mine->used ? POLLOUT : 0)), 0};
}

static const ChannelKind BY_SOCKET = {hang_up, takes, say, hear, wish, .wait = (double)INFINITY};

Channel *channel_by_socket(const char *runs)
{
    int socket = socket_connect(runs);
    if (socket < 0)
        return NULL;
    SocketChannel *mine = calloc(1, sizeof *mine);
    need(mine);
    mine->channel.kind = &BY_SOCKET;
    mine->socket = socket;
    return &mine->channel;
}
