/* How ddil doctor says what it found. */
#ifndef DDIL_DOCTOR_LINES_H
#define DDIL_DOCTOR_LINES_H

#include <stdbool.h>

/* One line: is it good, what, and in which way. */
void doctor_say(bool good, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What to do about the line before. */
void doctor_remedy(const char *text);

#endif
