/* Small statistics: quantiles, bootstrap intervals, and two-sample statistics over pairs.
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

/* A symmetric function of two rows of d coordinates. */
typedef double PairKernel(const void *context, int d, const float *a, const float *b);

/* Sums of a kernel over the pairs of x (n x d) and y (m x d): p < q within a set, all
 * pairs across, and p = p. */
typedef struct PairSums {
    int n, m;
    double xx, yy, xy, x_self, y_self;
} PairSums;

PairSums pair_sums(PairKernel *kernel, const void *context, int n, const float *x, int m,
                   const float *y, int d);
/* mean_{p != q} k(x,x) + mean_{p != q} k(y,y) - 2 mean k(x,y): U-statistic, may be
 * negative; n, m >= 2. */
double pair_unbiased(const PairSums *sums);
/* pair_unbiased with the pairs p = q too: V-statistic, never negative for a kernel. */
double pair_biased(const PairSums *sums);

/* The blocks of a delete-a-block jackknife: runs of rows, block b being the rows n b / blocks
 * up to n (b + 1) / blocks. block[r]: that of row r; -1 for all when blocks = 0. */
void block_rows(int n, int blocks, int *block);
/* pair_unbiased for the jackknife: value[b], b = 0 .. blocks-1, is that of x without the
 * b-th of `blocks` equal runs of rows; value[blocks] is the whole's. Costs one pass. */
void pair_blocks(PairKernel *kernel, const void *context, int n, const float *x, int m,
                 const float *y, int d, int blocks, double *value, Arena *scratch);

/* Sum over d coordinates of (a - b)^2. */
double squared_distance(int d, const float *a, const float *b);

/* k = -|a - b|; pair_unbiased gives 2 E|X-Y| - E|X-X'| - E|Y-Y'|, the energy distance. */
double kernel_energy(const void *unused, int d, const float *a, const float *b);
/* k = (a.b / d + 1)^3; pair_unbiased gives the kernel distance (KID, Binkowski et al.
 * 2018). */
double kernel_cubic(const void *unused, int d, const float *a, const float *b);

#endif
