/* What curses writes, gathered in memory, so that a frame leaves in one piece. curses itself writes
 * after every move of the cursor: hundreds of small packets on an SSH line for a new view, and a
 * switch to the reader of the terminal for each. */
#ifndef DDIL_GATHER_H
#define DDIL_GATHER_H

#include <stdio.h>

/* A stream for newterm: what its descriptor is given is held in memory. NULL: the system has no
 * room for one. fclose frees it. */
FILE *gather_open(void);
/* Writes all that was gathered to `out` and begins anew; waits as long as the terminal does, and
 * gives up only when it is gone. Returns how many bytes that was. */
size_t gather_send(FILE *gathered, int out);

#endif
