/* Owns the way of untrusted text to a stream. See say.h. */
#include "app/base/say.h"

#include "engine/base/plain.h"
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

void say(FILE *out, const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t n = strlen(text), ends = 0;
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = '\0', ends++;
    fputs(plain_text(text), out);
    while (ends-- > 0)
        fputc('\n', out);
}

void say_to_nobody(FILE *stream)
{
    bool left = fflush(stream) != 0 && errno == EPIPE;
    if ((left || (stream == stderr && ferror(stream))) && !freopen("/dev/null", "w", stream))
        clearerr(stream);
}
