/* What must hold of a canvas whatever is drawn on it, for tests. */
#ifndef DDIL_SOUND_H
#define DDIL_SOUND_H

#include "views/draw/canvas.h"

/* Pictures inside, apart, never in the last row, never under text; every rune and colour
 * within the look. */
void assert_sound(const Canvas *canvas);

#endif
