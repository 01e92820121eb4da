/* Two-sample statistics: U-statistics of a kernel over the pairs of two sets. Any thread with its
 * own Work. */
#ifndef DDIL_SUMS_H
#define DDIL_SUMS_H

#include "engine/measure/pairs.h"

/* A symmetric function of two rows, over many pairs at once: in place, from what `view` shows. */
typedef struct PairKernel {
    PairView view;
    void (*apply)(double parameter, size_t n, double *value);
    double parameter;
} PairKernel;

/* k = -|a - b|; the statistic is 2 E|X-Y| - E|X-X'| - E|Y-Y'|, the energy distance. */
PairKernel kernel_energy(void);
/* k = (a.b / d + 1)^3 of the rows centre + scale x (centre NULL: 0); the statistic is the kernel
 * distance (KID, Binkowski et al. 2018). */
PairKernel kernel_cubic(int d, const double *centre, double scale);

/* mean_{p != q} k(x,x) + mean_{p != q} k(y,y) - 2 mean k(x,y): a U-statistic, may be negative; n, m
 * >= 2. Nought, to the bit, of a set against itself in the same order is not promised. */
double pair_statistic(const PairKernel *kernel, const Pair *pair, const Work *work);
/* Sum over p > q in x (n x d), for who compares one set with several; and the statistic then. */
double pair_sum_within(const PairKernel *kernel, int n, const float *x, int d, const Work *work);
double pair_statistic_given(const PairKernel *kernel, const Pair *pair, double within_x,
                            double within_y, const Work *work);

/* The blocks of a delete-a-block jackknife: runs of rows, block b being the rows n b / blocks
 * up to n (b + 1) / blocks. block[r]: that of row r; -1 for all when blocks = 0. */
void block_rows(int n, int blocks, int *block);
/* pair_statistic for the jackknife: value[b], b = 0 .. blocks-1, is that of x without the
 * b-th of `blocks` equal runs of rows; value[blocks] is the whole's. Costs one pass. */
void pair_statistic_blocks(const PairKernel *kernel, const Pair *pair, int blocks, double *value,
                           const Work *work);

#endif
