/* The mixture of training states: how much of data, the teacher's and the student's. Pure. */
#ifndef DDIL_VIEWS_MODEL_MIXTURE_H
#define DDIL_VIEWS_MODEL_MIXTURE_H

#include "views/model/keys.h"

enum { SIMPLEX_CORNERS = 3, SIMPLEX_WHOLE = 1000, SIMPLEX_STEP = 50 };
enum { MIXTURE_DATA, MIXTURE_TEACHER, MIXTURE_STUDENT };

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

#endif
