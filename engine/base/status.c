/* Owns the texts of errors and the one way to die. May call plain.h and libc only. */
#include "engine/base/status.h"
#include "engine/base/plain.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

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

void must_fail(const char *file, int line, const char *condition)
{
    void (*restore)(void) = atomic_exchange(&terminal_restore, NULL);
    if (restore)
        restore();
    fprintf(stderr, "%s:%d: this must hold: %s\n", file, line, condition);
    abort();
}
