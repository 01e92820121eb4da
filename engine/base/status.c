/* Owns the texts of errors and the two ways to die. May call plain.h and libc only. */
#include "engine/base/status.h"
#include "engine/base/plain.h"
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

Status status_of(int reason)
{
    switch (reason) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL:
    case ENXIO:
    case ENODEV: return STATUS_BAD_INPUT;
    default: return STATUS_FAILED;
    }
}

Status fail(Error *error, Status status, const char *format, ...)
{
    if (!error)
        return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    plain_text(error->text);
    return status;
}

/* A dying thread cannot be handed a context. */
static _Atomic(void (*)(void)) terminal_restore;

void must_restore(void (*restore)(void)) { atomic_store(&terminal_restore, restore); }

static void restore_terminal(void)
{
    void (*restore)(void) = atomic_exchange(&terminal_restore, NULL);
    if (restore)
        restore();
}

void give_up(const char *format, ...)
{
    char text[sizeof(Error)];
    va_list arguments;
    restore_terminal();
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "ddil: %s\n", text);
    _exit(STATUS_FAILED);
}

void *need(void *block)
{
    if (!block)
        give_up("out of memory; what was saved is whole, and runs resume from there");
    return block;
}

void *need_bytes(size_t size) { return need(malloc(size ? size : 1)); }

void must_fail(const char *file, int line, const char *condition)
{
    restore_terminal();
    fprintf(stderr, "%s:%d: this must hold: %s\n", file, line, condition);
    abort();
}
