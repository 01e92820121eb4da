/* Owns the non-blocking descriptor. See wire.h. */
#include "app/terminal/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void wire_open(Wire *wire, int out)
{
    char name[256];
    *wire = (Wire){.fd = -1};
    if (ttyname_r(out, name, sizeof name) == 0)
        wire->fd = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    wire->own = wire->fd >= 0;
    wire->fd = wire->own ? wire->fd : out;
}

void wire_close(Wire *wire)
{
    if (wire->own)
        close(wire->fd);
    bytes_done(&wire->pending);
}

void wire_write(Wire *wire, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t done = write(wire->fd, data, n);
        if (done > 0) {
            data += done;
            n -= (size_t)done;
        } else if (errno == EAGAIN) {
            struct pollfd writable = {wire->fd, POLLOUT, 0};
            if (poll(&writable, 1, 1000) <= 0)
                return;
        } else if (errno != EINTR) {
            return;
        }
    }
}

void wire_write_bytes(Wire *wire, Bytes *bytes)
{
    wire_write(wire, bytes->data, bytes->n);
    bytes_done(bytes);
}

bool wire_busy(const Wire *wire) { return wire->pending.n > wire->taken; }

void wire_push(Wire *wire)
{
    while (wire_busy(wire)) {
        ssize_t done =
            write(wire->fd, wire->pending.data + wire->taken, wire->pending.n - wire->taken);
        if (done <= 0 && errno != EINTR)
            return;
        wire->taken += done > 0 ? (size_t)done : 0;
    }
    wire->pending.n = wire->taken = 0;
}

/* As much of a picture as saves the cursor, and paints nothing. */
enum { HEAD = 10 };

void wire_cut(Wire *wire)
{
    /* the picture ends, the cursor goes back, synchronised output is over (unknown modes
     * are ignored) */
    static const char cut[] = "\030\033\\\0338\033[?2026l";
    if (wire->taken > 0) { /* what has not begun has saved no cursor either */
        size_t head = wire->taken < HEAD ? HEAD - wire->taken : 0;
        wire_write(wire, wire->pending.data + wire->taken, head);
        wire_write(wire, cut, sizeof cut - 1);
    }
    wire->pending.n = wire->taken = 0;
}

bool wire_end(Wire *wire)
{
    size_t left = wire->pending.n - wire->taken;
    bool cut_off = left >= 4096;
    if (cut_off)
        wire_cut(wire);
    else if (left > 0)
        wire_write(wire, wire->pending.data + wire->taken, left);
    wire->pending.n = wire->taken = 0;
    return cut_off;
}
