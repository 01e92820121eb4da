/* The decimated history of one quantity (see Series in engine.h). */
#ifndef DDIL_SERIES_H
#define DDIL_SERIES_H

#include "engine/engine.h"

/* A series that grows, with its running EMA. */
typedef struct Growing {
    Series series;
    double average; /* EMA (0.98) with its bias still in it */
    long count;     /* values that entered it */
} Growing;

void series_init(Growing *growing);
/* The value logged at `step`, steps never falling. NaN leaves no trace; infinities count
 * as values. */
void series_add(Growing *growing, long step, double value);
/* The debiased EMA now; NaN before the first value. */
double series_smooth(const Growing *growing);

#endif
