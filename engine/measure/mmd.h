/* Maximum mean discrepancy (Gretton et al. 2012; methods.md 8.1 a) with Gaussian kernels
 * exp(-|a-b|^2 / (2 h^2)) averaged over h = {0.25, 0.5, 1, 2, 4} x a base bandwidth. Fix
 * the base once per sampling step, from reference states, so that values are comparable
 * over training. Double sums, fixed order. Any thread with its own scratch arena. */
#ifndef DDIL_MMD_H
#define DDIL_MMD_H

#include "engine/base/arena.h"
#include "engine/measure/stats.h"
#include <stdint.h>

typedef struct MmdKernel {
    double bandwidth; /* the base, h = 1 x this */
    double rate;      /* 1 / (2 (4 h)^2): of the widest kernel, whose powers are the others */
} MmdKernel;

/* Base bandwidth = the exact median of the distances within x (n x d), n >= 2; O(n^2 d),
 * little memory. When at least half the rows coincide the median is 0 and the base falls
 * back to 1. */
MmdKernel mmd_kernel(int n, const float *x, int d, Arena *scratch);
MmdKernel mmd_kernel_fixed(double bandwidth);

/* The kernel itself, as a PairKernel; context: MmdKernel. */
double kernel_gaussians(const void *context, int d, const float *a, const float *b);

/* Unbiased MMD^2 of x (n x d) and y (m x d); may be negative. */
double mmd2(const MmdKernel *kernel, int n, const float *x, int m, const float *y, int d);

/* mmd2 for who compares one set with several: the sums within each, of mmd_within. */
double mmd_within(const MmdKernel *kernel, int n, const float *x, int d);
double mmd2_given(const MmdKernel *kernel, int n, const float *x, double within_x, int m,
                  const float *y, double within_y, int d);

typedef struct MmdTest {
    double mmd2, null; /* null: the `level` quantile over permutations of the pooled sample */
} MmdTest;

/* The statistic and its null band from one kernel matrix ((n+m)^2 floats of scratch).
 * Permutation k uses rng_at(seed, STREAM_NULL, k). n = m = 512, 200 permutations, d = 2:
 * about 50 ms. */
MmdTest mmd_test(const MmdKernel *kernel, int n, const float *x, int m, const float *y, int d,
                 int permutations, double level, uint64_t seed, Arena *scratch);

#endif
