/* The title of a chart of several runs. */
#ifndef DDIL_OVERLAY_TITLE_H
#define DDIL_OVERLAY_TITLE_H

#include "views/draw/canvas.h"
#include "views/model/overlay.h"

/* "loss  ─ 05  ╌ 04", each run in its colour, as the title of a chart. */
void overlay_title(Canvas *canvas, Rect *rect, const char *before, const Overlay *overlay,
                   const char *after, const char *right);

#endif
