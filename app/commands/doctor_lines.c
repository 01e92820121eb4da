/* Owns how doctor writes a line. */
#include "app/commands/doctor_lines.h"
#include <stdarg.h>
#include <stdio.h>

void doctor_say(bool good, const char *what, const char *format, ...)
{
    va_list arguments;
    printf("%s %-10s ", good ? "ok " : "-- ", what);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void doctor_remedy(const char *text) { printf("               -> %s\n", text); }
