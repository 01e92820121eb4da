/* A picture as half blocks in any colour: two pixels a cell. Needs no terminal. */
#ifndef DDIL_CELLS_H
#define DDIL_CELLS_H

#include "app/terminal/sixel.h"

/* Appends text for the picture's cells (its width x half its height), with 24-bit colours; entry 0
 * is left to the terminal's own ground. Ends with plain attributes. */
void cells_append(Bytes *bytes, const Picture *picture);

#endif
