/* Printing what comes from outside: names of folders, notes, titles, headers. */
#ifndef DDIL_SAY_H
#define DDIL_SAY_H

#include <stdio.h>

/* fprintf of a piece of one line: all but the line ends that it closes with is made plain
 * (engine/base/plain.h); of over 4,000 bytes the rest is left out. */
void say(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A stream that nobody reads any more (`ddil run ... | head -2`) gets no more, and that is no
 * error. For commands that a reader's leaving must not end (SIGPIPE ignored). */
void say_to_nobody(FILE *stream);

#endif
