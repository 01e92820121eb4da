/* Owns the descriptor of the trace: what may be called from anywhere has no context to keep it in.
 */
#include "engine/base/trace.h"
#include "engine/base/clock.h"
#include "engine/base/plain.h"
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRACE_LINE = 512 };

static int trace_file; /* 0: off; standard input is never it */

Status trace_open(Error *error)
{
    const char *path = getenv("DDIL_TRACE");
    if (!path || !*path)
        return STATUS_OK;
    int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0)
        return fail(error, status_of(errno), "DDIL_TRACE=%s: %s", path, strerror(errno));
    trace_file = file;
    char now[32];
    clock_stamp(now, sizeof now);
    trace_event("start", "%s, ddil " DDIL_VERSION, now);
    return STATUS_OK;
}

void trace_event(const char *event, const char *format, ...)
{
    if (!trace_file)
        return;
    char line[TRACE_LINE];
    int before = errno;
    int used = snprintf(line, sizeof line, "%.6f %ld %s ", clock_s(), (long)getpid(), event);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, sizeof line - 1 - (size_t)used, format, arguments);
    va_end(arguments);
    size_t n = strlen(plain_text(line));
    line[n++] = '\n';
    ssize_t ignored = write(trace_file, line, n);
    (void)ignored;
    errno = before;
}
