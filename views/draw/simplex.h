/* The mixture of training states as a point in a triangle: data on top, the teacher's and
 * the student's states at the feet. Pure. */
#ifndef DDIL_SIMPLEX_H
#define DDIL_SIMPLEX_H

#include "views/draw/canvas.h"
#include "views/keys.h"

enum { SIMPLEX_CORNERS = 3, SIMPLEX_WHOLE = 1000, SIMPLEX_STEP = 50 };

/* Thousandths of data, teacher, student. */
typedef struct Mixture {
    int part[SIMPLEX_CORNERS];
} Mixture;

/* The nearest mixture to three weights, whatever they sum to; all zero or not numbers:
 * false. */
bool mixture_of(const double weight[SIMPLEX_CORNERS], Mixture *mixture);
/* Up: towards data. Down: away from it, the others sharing as before. Left: from student
 * to teacher. Right: back. One step, stopping at the edges. */
Mixture mixture_move(Mixture mixture, Action action);

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
