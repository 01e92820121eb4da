/* Coloured pictures where a terminal takes palettes. */
#ifndef DDIL_PALETTE_H
#define DDIL_PALETTE_H

#include "views/draw/canvas.h"

/* Makes of a coloured picture one of at most `colours` (2 .. PICTURE_PALETTE) entries, in place:
 * the view's own sixteen and a cube of equal steps, six a side where 232 are to be had; with fewer
 * than 43 the background and a cube of 2 x 3 x 2, between whose steps pixels alternate in 4 x 4;
 * with fewer than 16 the corners, the background in the place of the nearest; with fewer than 8
 * greys. Which entries there are depends on `colours` and the background alone: none changes
 * between frames. */
void palette_colours(Picture *picture, int colours);

#endif
