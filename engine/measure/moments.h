/* Means and covariances of many rows. */
#ifndef DDIL_MOMENTS_H
#define DDIL_MOMENTS_H

#include "engine/measure/pairs.h"

/* C (n x n), on and below the diagonal, = [C if add +] A^T A of A (k x n): a job a tile of C. */
void tiles_square(const Work *work, int n, int k, const double *a, bool add, double *c);

/* Sums over rows of x - origin and of its products: what can be taken apart again by blocks. */
typedef struct Moments {
    int d;
    double n;
    const double *origin; /* d; near the rows, or digits are lost */
    double *one;          /* d */
    double *two;          /* d x d, on and below the diagonal */
} Moments;

/* Nothing summed yet; from `arena`. The origin is borrowed. */
Moments moments_new(int d, const double *origin, Arena *arena);
/* Adds n rows of x, stride 1: in double, by matrix products over tiles of the result, the same bits
 * on any number of threads. */
void moments_add(Moments *moments, int n, const float *x, const Work *work);
/* The same in float over 1,024 rows at a time, those in double: in half of the time, each product
 * off by about 1e-8 of what the columns reach from the origin. */
void moments_add_roughly(Moments *moments, int n, const float *x, const Work *work);
/* sum += sign part */
void moments_combine(Moments *sum, double sign, const Moments *part);
/* mean - origin (d), and the covariance over n - 1 (d x d, on and below the diagonal; may be `two`
 * itself); n >= 2. */
void moments_finish(const Moments *moments, double *mean, double *cov);

#endif
