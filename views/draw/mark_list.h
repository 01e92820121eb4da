/* The list of a run's marks, newest first: where, what, and how the loss moved after it.
 */
#ifndef DDIL_MARK_LIST_H
#define DDIL_MARK_LIST_H

#include "views/draw/canvas.h"
#include "views/model/marks.h"

/* A mark of the run, counted from the newest. */
const MarkView *mark_from_newest(const RunView *run, int k);
/* As many rows as fit, with the chosen one (counted from the newest, -1: none) in sight.
 */
void mark_list_draw(Canvas *canvas, Rect rect, const Scene *scene, int chosen);

#endif
