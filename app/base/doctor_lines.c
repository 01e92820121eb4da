/* Owns how doctor writes a line. */
#include "app/base/doctor_lines.h"
#include "app/base/say.h"
#include <stdarg.h>
#include <stdio.h>

void doctor_say(bool good, const char *what, const char *format, ...)
{
    va_list arguments;
    char text[1024];
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    say(stdout, "%s %-10s %s\n", good ? "ok " : "-- ", what, text);
}

void doctor_remedy(const char *text) { say(stdout, "               -> %s\n", text); }
