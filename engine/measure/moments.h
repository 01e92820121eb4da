/* Means and covariances of many rows. */
#ifndef DDIL_MOMENTS_H
#define DDIL_MOMENTS_H

#include "engine/measure/pairs.h"

/* Sums over rows of x - origin and of its products: what can be taken apart again by blocks. */
typedef struct Moments {
    int d;
    double n;
    const double *origin; /* d; near the rows, or digits are lost */
    double *one;          /* d */
    double *two;          /* d x d, blocks on and below the diagonal */
} Moments;

/* Nothing summed yet; from `arena`. The origin is borrowed. */
Moments moments_new(int d, const double *origin, Arena *arena);
/* Adds n rows of x, stride 1: in double, by matrix products over tiles of the result, the same bits
 * on any number of threads. */
void moments_add(Moments *moments, int n, const float *x, const Work *work);
/* sum += sign part */
void moments_combine(Moments *sum, double sign, const Moments *part);
/* mean - origin (d), and the covariance over n - 1 (d x d; may be `two` itself); n >= 2. */
void moments_finish(const Moments *moments, double *mean, double *cov);

#endif
