/* Maximum mean discrepancy (Gretton et al. 2012; methods.md 8.1 a) with Gaussian kernels
 * exp(-|a-b|^2 / (2 h^2)) averaged over h = {0.25, 0.5, 1, 2, 4} x a base bandwidth. Fix
 * the base once per sampling step, from reference states, so that values are comparable
 * over training. Any thread with its own Work. */
#ifndef DDIL_MMD_H
#define DDIL_MMD_H

#include "engine/measure/sums.h"
#include <stdint.h>

typedef struct MmdKernel {
    double bandwidth; /* the base, h = 1 x this */
    bool median;      /* it is the median distance; else that is nought, see mmd_kernel */
    PairKernel pairs; /* the unbiased MMD^2 is pair_statistic of it; may be negative */
} MmdKernel;

/* Base bandwidth = the median of the distances within x (n x d), n >= 2, to a part in 10^7, for
 * squared distances that a float holds; in two passes over the pairs. When at least half of the
 * pairs coincide the median is 0: the base is then the root of the mean squared distance, and 1
 * when all rows are equal. */
MmdKernel mmd_kernel(int n, const float *x, int d, const Work *work);
MmdKernel mmd_kernel_fixed(double bandwidth);

typedef struct MmdTest {
    double mmd2, null; /* null: the `level` quantile over permutations of the pooled sample */
} MmdTest;

/* The `level` quantile of the statistic between x (n x d), which stays, and batches of n rows drawn
 * from y, a pool of m > n rows of the same law. within_x: pair_sum_within of x. Scratch: m^2
 * floats. */
double mmd_null_given(const MmdKernel *kernel, const Pair *pair, double within_x, int draws,
                      double level, uint64_t seed, const Work *work);

/* The statistic and its null band from one kernel matrix ((n+m)^2 floats of scratch).
 * Permutation k uses rng_at(seed, STREAM_NULL, k). n = m = 512, 200 permutations, d = 2:
 * about 50 ms. */
MmdTest mmd_test(const MmdKernel *kernel, const Pair *pair, int permutations, double level,
                 uint64_t seed, const Work *work);

#endif
