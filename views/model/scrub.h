/* What keys and the mouse do to the cursor and to the choices all charts share. */
#ifndef DDIL_SCRUB_H
#define DDIL_SCRUB_H

#include "views/model/axis.h"
#include "views/model/overlay.h"

/* The axis of the runs laid over one another, around the cursor. */
Axis scrub_axis(const Scene *scene, const Overlay *overlay);
/* The training step of the cursor for chart_draw, -1: the chart is live and has none. */
long scrub_cursor(const Scene *scene);
/* Moves the cursor, zooms, pans, changes choices; REPLY_UNKNOWN for another action.
 * `plot`: cells across. */
Reply scrub_act(const Scene *scene, const Overlay *overlay, int plot, Action action);
/* A click sets the cursor to a column of the plot, the wheel zooms in on it. */
Reply scrub_mouse(const Scene *scene, const Overlay *overlay, int plot, int column, MouseKind kind);

#endif
