/* Small statistics: means, quantiles, the distance of two rows.
 * Pure functions, double sums in a fixed order: the same bits everywhere. Any thread,
 * each with its own scratch arena (rewound on return). */
#ifndef DDIL_STATS_H
#define DDIL_STATS_H

#include "engine/base/arena.h"
#include <stdint.h>

double mean_of(int n, const double *x);
/* Linear interpolation between order statistics at p (n - 1), numpy's default. n >= 1, p
 * in [0, 1]. Reorders x. */
double quantile_of(int n, double *x, double p);

/* Sum over d coordinates of (a - b)^2. */
double squared_distance(int d, const float *a, const float *b);

#endif
