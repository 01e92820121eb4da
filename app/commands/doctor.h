/* What the parts of ddil doctor share. */
#ifndef DDIL_DOCTOR_H
#define DDIL_DOCTOR_H

#include <stdbool.h>

/* One line: is it good, what, and in which way. */
void doctor_say(bool good, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* What to do about the line before. */
void doctor_remedy(const char *text);
/* The lines about the terminal; asks it what it can do when there is one. */
void doctor_terminal(void);

#endif
