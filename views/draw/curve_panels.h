/* The two panels that follow a run: its loss and its shift, on one axis, with one cursor. */
#ifndef DDIL_CURVE_PANELS_H
#define DDIL_CURVE_PANELS_H

#include "views/draw/canvas.h"
#include "views/model/overlay.h"

/* Each with its title; the runs overlaid as lines, the chosen run's shift as a map. */
void curve_panel_loss(Canvas *canvas, const Scene *scene, const Overlay *overlay, Rect rect);
void curve_panel_shift(Canvas *canvas, const Scene *scene, const Overlay *overlay, Rect rect);
/* The sampling step under the cursor as a row of the map. */
int curve_panel_row(const Session *session, const RunView *run);

#endif
