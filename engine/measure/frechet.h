/* Frechet distance between the normal laws with two samples' moments (Heusel et al. 2017;
 * methods.md 9). The trace of the root of S1 S2 is the sum of the singular values of F1^T F2, with
 * F F^T = S: no root of a matrix is taken, and singular covariances (n <= d, columns that depend on
 * each other) lose no digits. Memory: 8 d^2 doubles and 1024 rows of d. Any thread with its own
 * Work. */
#ifndef DDIL_FRECHET_H
#define DDIL_FRECHET_H

#include "engine/measure/pairs.h"

/* |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2) of x and y, n, m >= 2, covariances over n - 1. Never
 * below nought. From 512 columns and twice as many rows on, covariances are first summed in float;
 * where they turn out too near to singular for that, in double. Biased up by O(1/n): compare values
 * of equal n and m. */
double frechet(const Pair *pair, const Work *work);
/* frechet for the jackknife: value[b], b = 0 .. blocks-1, is that of x without the b-th of
 * `blocks` equal runs of rows; value[blocks] is the whole's. */
void frechet_blocks(const Pair *pair, int blocks, double *value, const Work *work);

/* frechet from moments: means (d) and covariances (d x d). */
double frechet_moments(int d, const double *mean1, const double *cov1, const double *mean2,
                       const double *cov2, const Work *work);

#endif
