/* Owns the file in memory that stands between curses and the terminal. See curses_buffer.h. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* memfd_create */
#endif
#include "app/terminal/curses_buffer.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

FILE *gather_open(void)
{
#ifdef __linux__
    int fd = memfd_create("ddil-screen", MFD_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w+");
    if (fd >= 0 && !file)
        close(fd);
    if (file)
        return file;
#endif
    return tmpfile();
}

/* False: the terminal is gone. */
static bool write_all(int out, const char *data, ssize_t n)
{
    while (n > 0) {
        ssize_t done = write(out, data, (size_t)n);
        if (done > 0) {
            data += done;
            n -= done;
        } else if (errno == EAGAIN) {
            poll(&(struct pollfd){out, POLLOUT, 0}, 1, -1);
        } else if (errno != EINTR) {
            return false;
        }
    }
    return true;
}

size_t gather_send(FILE *gathered, int out)
{
    char part[1 << 14];
    fflush(gathered);
    int fd = fileno(gathered);
    off_t end = lseek(fd, 0, SEEK_CUR), at = 0;
    while (at < end) {
        size_t want = end - at < (off_t)sizeof part ? (size_t)(end - at) : sizeof part;
        ssize_t n = pread(fd, part, want, at);
        if (n <= 0 || !write_all(out, part, n))
            break;
        at += n;
    }
    lseek(fd, 0, SEEK_SET);
    return (size_t)at;
}
