/* Small statistics: means, quantiles, intervals, the distance of two rows.
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

typedef struct Interval {
    double value, low, high;
} Interval;

/* mean(a) / mean(b) and its percentile-bootstrap interval at `level` (0.95). Groups
 * (whole roll-outs: states of one roll-out are dependent) are resampled together, a and b
 * with the same draws. Draw k uses rng_at(seed, STREAM_NULL, k), so intervals of one seed
 * and n share their resamples. b == NULL: the mean of a itself. */
Interval bootstrap_ratio(int n, const double *a, const double *b, int draws, double level,
                         uint64_t seed, Arena *scratch);

/* Sum over d coordinates of (a - b)^2. */
double squared_distance(int d, const float *a, const float *b);

#endif
