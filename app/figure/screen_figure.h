/* A screen as a drawing: cells, their text, and the pictures among them. */
#ifndef DDIL_SCREEN_FIGURE_H
#define DDIL_SCREEN_FIGURE_H

#include "app/figure/drawing.h"
#include "views/draw/canvas.h"

/* Everything on the canvas, 8 x 16 points a cell, in its own colours on its own ground. NULL: no
 * memory. */
Drawing *screen_figure(const Canvas *canvas);

#endif
