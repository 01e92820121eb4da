/* The numbers under a chart. */
#ifndef DDIL_AXIS_TICKS_H
#define DDIL_AXIS_TICKS_H

#include "views/draw/canvas.h"
#include "views/model/axis.h"

/* Numbers under a plot whose first column is x. */
void axis_draw(Canvas *canvas, Axis axis, int x, int y, int width);

#endif
