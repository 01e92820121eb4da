/* Owns MMD^2 and its permutation null. May call base, stats and kernels. */
#include "engine/measure/mmd.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include <math.h>
#include <string.h>

/* ---- Bandwidth ---- */

/* Squared distances are ranked by their bits, whose order is theirs (none is negative),
 * in two passes over all pairs: first by the upper half, then by the lower half of those
 * that share it. No array of pairs is kept. */
static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

enum { HALVES = 1 << 16 };

/* Counts pairs by the upper halves of their bits, or, with upper >= 0, by the lower
 * halves of those whose upper half that is. */
static void count_pairs(int n, const float *x, int d, long upper, long *count)
{
    memset(count, 0, HALVES * sizeof *count);
    for (int p = 1; p < n; p++)
        for (int q = 0; q < p; q++) {
            double d2 = squared_distance(d, x + (size_t)p * (size_t)d, x + (size_t)q * (size_t)d);
            uint32_t bits = bits_of((float)d2);
            if (upper < 0)
                count[bits >> 16]++;
            else if ((long)(bits >> 16) == upper)
                count[bits & 0xffff]++;
        }
}

/* The bin in which rank k falls; *before gets how many lie in earlier bins. */
static uint32_t bin_of(const long *count, long k, long *before)
{
    *before = 0;
    for (uint32_t bin = 0;; bin++) {
        must(bin < HALVES);
        if (*before + count[bin] > k)
            return bin;
        *before += count[bin];
    }
}

static double distance_from_bits(uint32_t bits)
{
    float d2;
    memcpy(&d2, &bits, sizeof d2);
    return sqrt(d2);
}

/* The distance of rank k among all pairs, given the counts by upper half. */
static double ranked_distance(int n, const float *x, int d, long k, const long *uppers,
                              long *lowers)
{
    long before, within;
    uint32_t upper = bin_of(uppers, k, &before);
    count_pairs(n, x, d, upper, lowers);
    uint32_t lower = bin_of(lowers, k - before, &within);
    return distance_from_bits(upper << 16 | lower);
}

static double median_distance(int n, const float *x, int d, Arena *scratch)
{
    must(n >= 2);
    size_t mark = arena_mark(scratch);
    long *uppers = arena_new(scratch, long, HALVES), *lowers = arena_new(scratch, long, HALVES);
    long pairs = (long)n * (n - 1) / 2;
    count_pairs(n, x, d, -1, uppers);
    double median = ranked_distance(n, x, d, pairs / 2, uppers, lowers);
    if (pairs % 2 == 0)
        median = (median + ranked_distance(n, x, d, pairs / 2 - 1, uppers, lowers)) / 2;
    arena_rewind(scratch, mark);
    return median;
}

MmdKernel mmd_kernel_fixed(double bandwidth)
{
    must(bandwidth > 0);
    return (MmdKernel){bandwidth, 1 / (32 * bandwidth * bandwidth)};
}

MmdKernel mmd_kernel(int n, const float *x, int d, Arena *scratch)
{
    double median = median_distance(n, x, d, scratch);
    return mmd_kernel_fixed(median > 0 ? median : 1);
}

/* ---- Statistic ---- */

static double gaussians(const MmdKernel *kernel, double squared)
{
    double wide = exp(-squared * kernel->rate); /* 4 h; halving h is the fourth power */
    double sum = wide, k = wide;
    for (int j = 0; j < 4; j++) {
        k = k * k;
        k = k * k;
        sum += k;
    }
    return sum / 5;
}

double kernel_gaussians(const void *context, int d, const float *a, const float *b)
{
    return gaussians(context, squared_distance(d, a, b));
}

/* Squared distances from one point to n, as squared_distance has them. */
static void distances(int d, const float *point, int n, const float *x, double *value)
{
    if (d != 2) {
        for (int q = 0; q < n; q++)
            value[q] = squared_distance(d, point, x + (size_t)q * (size_t)d);
        return;
    }
    for (int q = 0; q < n; q++) {
        double u = (double)point[0] - (double)x[2 * q];
        double v = (double)point[1] - (double)x[2 * q + 1];
        value[q] = u * u + v * v;
    }
}

/* Sum of the kernel between one point and n others. */
static double sum_over(const MmdKernel *kernel, const float *point, int n, const float *x, int d)
{
    enum { BLOCK = 256 };
    double value[BLOCK], sum = 0;
    for (int from = 0, count; from < n; from += count) {
        count = n - from < BLOCK ? n - from : BLOCK;
        distances(d, point, count, x + (size_t)from * (size_t)d, value);
        kernel_five_gaussians((size_t)count, kernel->rate, value);
        for (int q = 0; q < count; q++)
            sum += value[q];
    }
    return sum;
}

double mmd_within(const MmdKernel *kernel, int n, const float *x, int d)
{
    double sum = 0;
    for (int p = 0; p < n; p++)
        sum += sum_over(kernel, x + (size_t)p * (size_t)d, p, x, d);
    return sum;
}

double mmd2_given(const MmdKernel *kernel, int n, const float *x, double within_x, int m,
                  const float *y, double within_y, int d)
{
    PairSums sums = {.n = n, .m = m, .xx = within_x, .yy = within_y};
    for (int p = 0; p < n; p++)
        sums.xy += sum_over(kernel, x + (size_t)p * (size_t)d, m, y, d);
    return pair_unbiased(&sums);
}

double mmd2(const MmdKernel *kernel, int n, const float *x, int m, const float *y, int d)
{
    return mmd2_given(kernel, n, x, mmd_within(kernel, n, x, d), m, y, mmd_within(kernel, m, y, d),
                      d);
}

/* ---- Null band ---- */

/* The kernel between all rows of the pooled sample, zero on the diagonal, and its row
 * sums. */
typedef struct Pooled {
    int n, m;
    const float *k;    /* (n+m) x (n+m) */
    const double *sum; /* [n+m] */
    double total;
} Pooled;

static const float *pooled_row(int r, int n, const float *x, const float *y, int d)
{
    return r < n ? x + (size_t)r * (size_t)d : y + (size_t)(r - n) * (size_t)d;
}

static Pooled pool(const MmdKernel *kernel, int n, const float *x, int m, const float *y, int d,
                   Arena *scratch)
{
    size_t all = (size_t)(n + m);
    float *k = arena_floats(scratch, all * all);
    double *sum = arena_new(scratch, double, all), total = 0;
    for (int p = 0; p < n + m; p++) {
        const float *row = pooled_row(p, n, x, y, d);
        k[(size_t)p * all + (size_t)p] = 0;
        for (int q = 0; q < p; q++) {
            double value = kernel_gaussians(kernel, d, row, pooled_row(q, n, x, y, d));
            k[(size_t)p * all + (size_t)q] = k[(size_t)q * all + (size_t)p] = (float)value;
            sum[p] += value;
            sum[q] += value;
        }
    }
    for (size_t p = 0; p < all; p++)
        total += sum[p];
    return (Pooled){n, m, k, sum, total};
}

/* The statistic when the rows order[0..n-1] are x and the rest y. Sums over y follow from
 * those over x by the row sums, so only n^2 / 2 entries are visited. */
static double statistic(const Pooled *pooled, const int *order)
{
    size_t all = (size_t)(pooled->n + pooled->m);
    double within = 0, rows = 0; /* sum over p != q in x; row sums of x */
    for (int p = 0; p < pooled->n; p++) {
        const float *row = pooled->k + (size_t)order[p] * all;
        double sum = 0;
        for (int q = 0; q < p; q++)
            sum += row[order[q]];
        within += 2 * sum;
        rows += pooled->sum[order[p]];
    }
    double across = rows - within;
    double n = pooled->n, m = pooled->m, rest = pooled->total - within - 2 * across;
    return within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m);
}

static void shuffle(int n, int first, Rng *rng, int *order)
{
    for (int k = 0; k < first; k++) {
        int other = k + (int)rng_below(rng, (uint32_t)(n - k)), swap = order[k];
        order[k] = order[other];
        order[other] = swap;
    }
}

MmdTest mmd_test(const MmdKernel *kernel, int n, const float *x, int m, const float *y, int d,
                 int permutations, double level, uint64_t seed, Arena *scratch)
{
    must(n >= 2 && m >= 2 && permutations >= 1);
    size_t mark = arena_mark(scratch);
    Pooled pooled = pool(kernel, n, x, m, y, d, scratch);
    int *order = arena_new(scratch, int, n + m);
    double *null = arena_new(scratch, double, permutations);
    for (int k = 0; k < n + m; k++)
        order[k] = k;
    MmdTest test = {.mmd2 = statistic(&pooled, order)};
    for (int b = 0; b < permutations; b++) {
        Rng rng = rng_at(seed, STREAM_NULL, (uint64_t)b);
        for (int k = 0; k < n + m; k++)
            order[k] = k;
        shuffle(n + m, n, &rng, order);
        null[b] = statistic(&pooled, order);
    }
    test.null = quantile_of(permutations, null, level);
    arena_rewind(scratch, mark);
    return test;
}
