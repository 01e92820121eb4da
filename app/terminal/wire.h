/* A second way to the terminal, past curses, that never waits for long: pictures go out
 * as the line takes them. */
#ifndef DDIL_WIRE_H
#define DDIL_WIRE_H

#include "app/terminal/sixel.h"
#include <stdbool.h>

typedef struct Wire {
    int fd;
    bool own;      /* opened by us, non-blocking */
    Bytes pending; /* a picture: what the terminal has not taken yet */
    size_t taken;  /* bytes of it that it has */
} Wire;

/* To the terminal behind `out`. */
void wire_open(Wire *wire, int out);
void wire_close(Wire *wire);
/* All of it now; a terminal that takes nothing for a second is left alone. */
void wire_write(Wire *wire, const char *data, size_t n);
/* The same, and frees. */
void wire_write_bytes(Wire *wire, Bytes *bytes);

/* Is a picture on its way? */
bool wire_busy(const Wire *wire);
/* As much of it as the terminal takes without waiting. */
void wire_push(Wire *wire);
/* Before anything else is written: a picture that is nearly through goes through; another
 * is cut off, and true is returned. */
bool wire_end(Wire *wire);
/* The same, but none goes through: one that has not begun is never written. */
void wire_cut(Wire *wire);

#endif
