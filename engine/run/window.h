/* How much the loss and the gradient norm of successive steps scatter: their variances over the
 * last steps, part of the checkpoint, so that they repeat after a resume. What thresholding does to
 * stability is read off them (methods.md 5.3). */
#ifndef DDIL_WINDOW_H
#define DDIL_WINDOW_H

#include "engine/base/walk.h"
#include <stdint.h>

enum { WINDOW_STEPS = 100 };

typedef struct Window {
    double loss[WINDOW_STEPS], norm[WINDOW_STEPS];
    int64_t steps; /* ever seen; the last one stands at (steps - 1) mod WINDOW_STEPS */
} Window;

void window_add(Window *window, double loss, double norm);
/* Unbiased variances over the last WINDOW_STEPS steps, or as many as there were; NaN for fewer than
 * two. */
void window_variances(const Window *window, double *loss, double *norm);
void window_walk(Window *window, Walk *walk);

#endif
