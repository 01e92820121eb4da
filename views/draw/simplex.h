/* The mixture of training states as a point in a triangle: data on top, the teacher's and
 * the student's states at the feet. */
#ifndef DDIL_SIMPLEX_H
#define DDIL_SIMPLEX_H

#include "views/draw/canvas.h"
#include "views/model/mixture.h"

typedef struct SimplexSpec {
    const Mixture *now, *staged; /* as written; NULL: none */
    const Mixture *in_force;     /* what the schedule makes of `now` at the present step */
    const Mixture *drawn;        /* what the last batches were made of */
} SimplexSpec;
/* The mixture at a cell of the triangle that simplex_draw puts into `rect`; false: the
 * cell lies outside. */
bool simplex_at(Rect rect, int x, int y, Mixture *mixture);
/* Triangle and figures. */
void simplex_draw(Canvas *canvas, Rect rect, const SimplexSpec *spec);

#endif
