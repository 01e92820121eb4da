/* Frechet distance between the normal laws with two samples' moments (Heusel et al. 2017;
 * methods.md 9). Pure; any thread with its own scratch arena. */
#ifndef DDIL_FRECHET_H
#define DDIL_FRECHET_H

#include "engine/base/arena.h"

/* |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^1/2) of x (n x d) and y (m x d), n, m >= 2, covariances over
 * n - 1. Biased up by O(1/n): compare values of equal n and m. */
double frechet(int n, const float *x, int m, const float *y, int d, Arena *scratch);
/* frechet for the jackknife: value[b], b = 0 .. blocks-1, is that of x without the b-th of
 * `blocks` equal runs of rows; value[blocks] is the whole's. */
void frechet_blocks(int n, const float *x, int m, const float *y, int d, int blocks, double *value,
                    Arena *scratch);

/* frechet from moments: means (d) and covariances (d x d). The trace of the root is that of (R S2
 * R)^1/2 with R = S1^1/2: symmetric all the way. */
double frechet_moments(int d, const double *mean1, const double *cov1, const double *mean2,
                       const double *cov2, Arena *scratch);

#endif
