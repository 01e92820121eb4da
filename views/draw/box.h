/* The box of a popup. */
#ifndef DDIL_BOX_H
#define DDIL_BOX_H

#include "views/draw/canvas.h"

/* The inside of a box of that size in the middle of the body. */
Rect box_inside(Rect body, int width, int height);
/* An empty box with a title in the middle of the body; returns its inside. */
Rect box_draw(Canvas *canvas, Rect body, int width, int height, const char *title);

#endif
