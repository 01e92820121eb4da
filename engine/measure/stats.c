/* Owns the small statistics. May call base. */
#include "engine/measure/stats.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

double mean_of(int n, const double *x)
{
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += x[k];
    return sum / n;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double quantile_of(int n, double *x, double p)
{
    must(n >= 1 && p >= 0 && p <= 1);
    qsort(x, (size_t)n, sizeof *x, ascending);
    double at = p * (n - 1);
    int below = (int)at;
    return below + 1 < n ? x[below] + (at - below) * (x[below + 1] - x[below]) : x[below];
}

static double resampled_ratio(int n, const double *a, const double *b, Rng *rng)
{
    double over = 0, under = 0;
    for (int k = 0; k < n; k++) {
        uint32_t row = rng_below(rng, (uint32_t)n);
        over += a[row];
        under += b ? b[row] : 1;
    }
    return over / under;
}

Interval bootstrap_ratio(int n, const double *a, const double *b, int draws, double level,
                         uint64_t seed, Arena *scratch)
{
    must(n >= 1 && draws >= 1);
    size_t mark = arena_mark(scratch);
    double *ratio = arena_new(scratch, double, draws);
    for (int k = 0; k < draws; k++) {
        Rng rng = rng_at(seed, STREAM_NULL, (uint64_t)k);
        ratio[k] = resampled_ratio(n, a, b, &rng);
    }
    Interval interval = {.value = mean_of(n, a) / (b ? mean_of(n, b) : 1)};
    interval.low = quantile_of(draws, ratio, (1 - level) / 2);
    interval.high = quantile_of(draws, ratio, (1 + level) / 2);
    arena_rewind(scratch, mark);
    return interval;
}

/* Both sums of one set: over p < q, and over p = p. */
static double sum_within(PairKernel *kernel, const void *context, int n, const float *x, int d,
                         double *self)
{
    double total = 0;
    *self = 0;
    for (int p = 0; p < n; p++) {
        const float *row = x + (size_t)p * (size_t)d;
        double sum = 0;
        for (int q = 0; q < p; q++)
            sum += kernel(context, d, row, x + (size_t)q * (size_t)d);
        total += sum;
        *self += kernel(context, d, row, row);
    }
    return total;
}

PairSums pair_sums(PairKernel *kernel, const void *context, int n, const float *x, int m,
                   const float *y, int d)
{
    PairSums sums = {.n = n, .m = m};
    sums.xx = sum_within(kernel, context, n, x, d, &sums.x_self);
    sums.yy = sum_within(kernel, context, m, y, d, &sums.y_self);
    for (int p = 0; p < n; p++) {
        double sum = 0;
        for (int q = 0; q < m; q++)
            sum += kernel(context, d, x + (size_t)p * (size_t)d, y + (size_t)q * (size_t)d);
        sums.xy += sum;
    }
    return sums;
}

double pair_unbiased(const PairSums *sums)
{
    double n = sums->n, m = sums->m;
    must(n >= 2 && m >= 2);
    return 2 * sums->xx / (n * (n - 1)) + 2 * sums->yy / (m * (m - 1)) - 2 * sums->xy / (n * m);
}

void block_rows(int n, int blocks, int *block)
{
    for (int r = 0; r < n; r++)
        block[r] = -1;
    for (int b = 0; b < blocks; b++)
        for (long r = (long)n * b / blocks; r < (long)n * (b + 1) / blocks; r++)
            block[r] = b;
}

/* Sums over pairs by the blocks they touch; [blocks]: all. */
typedef struct BlockSums {
    int blocks;
    const int *block;
    double *xx, *xy;
} BlockSums;

static void add_within(BlockSums *sums, int p, int q, double k)
{
    int b = sums->block[p], c = sums->block[q];
    sums->xx[sums->blocks] += k;
    if (b >= 0)
        sums->xx[b] += k;
    if (c >= 0 && c != b)
        sums->xx[c] += k;
}

static void add_across(BlockSums *sums, int p, double k)
{
    sums->xy[sums->blocks] += k;
    if (sums->block[p] >= 0)
        sums->xy[sums->block[p]] += k;
}

static void add_pairs(BlockSums *sums, PairKernel *kernel, const void *context, int n,
                      const float *x, int m, const float *y, int d)
{
    size_t width = (size_t)d;
    for (int p = 0; p < n; p++) {
        const float *row = x + (size_t)p * width;
        double across = 0;
        for (int q = 0; q < p; q++)
            add_within(sums, p, q, kernel(context, d, row, x + (size_t)q * width));
        for (int q = 0; q < m; q++)
            across += kernel(context, d, row, y + (size_t)q * width);
        add_across(sums, p, across);
    }
}

void pair_blocks(PairKernel *kernel, const void *context, int n, const float *x, int m,
                 const float *y, int d, int blocks, double *value, Arena *scratch)
{
    size_t mark = arena_mark(scratch);
    int *block = arena_new(scratch, int, n);
    BlockSums sums = {blocks, block, arena_new(scratch, double, blocks + 1),
                      arena_new(scratch, double, blocks + 1)};
    double self, yy = sum_within(kernel, context, m, y, d, &self);
    block_rows(n, blocks, block);
    add_pairs(&sums, kernel, context, n, x, m, y, d);
    for (int b = 0; b <= blocks; b++) {
        bool whole = b == blocks;
        int gone = whole ? 0 : (int)((long)n * (b + 1) / blocks - (long)n * b / blocks);
        PairSums rest = {.n = n - gone,
                         .m = m,
                         .xx = sums.xx[blocks] - (whole ? 0 : sums.xx[b]),
                         .xy = sums.xy[blocks] - (whole ? 0 : sums.xy[b]),
                         .yy = yy};
        value[b] = pair_unbiased(&rest);
    }
    arena_rewind(scratch, mark);
}

double pair_biased(const PairSums *sums)
{
    double n = sums->n, m = sums->m;
    must(n >= 1 && m >= 1);
    return (2 * sums->xx + sums->x_self) / (n * n) + (2 * sums->yy + sums->y_self) / (m * m) -
           2 * sums->xy / (n * m);
}

enum { LANES = 8 };

static double sum_lanes(const double lane[LANES])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

double squared_distance(int d, const float *a, const float *b)
{
    double sum = 0, lane[LANES] = {0};
    int k = 0;
    for (; k + LANES <= d; k += LANES)
        for (int i = 0; i < LANES; i++) {
            double difference = (double)a[k + i] - b[k + i];
            lane[i] += difference * difference;
        }
    for (; k < d; k++) {
        double difference = (double)a[k] - b[k];
        sum += difference * difference;
    }
    return sum + sum_lanes(lane);
}

double kernel_energy(const void *unused, int d, const float *a, const float *b)
{
    (void)unused;
    return -sqrt(squared_distance(d, a, b));
}

double kernel_cubic(const void *unused, int d, const float *a, const float *b)
{
    (void)unused;
    double dot = 0, lane[LANES] = {0};
    int k = 0;
    for (; k + LANES <= d; k += LANES)
        for (int i = 0; i < LANES; i++)
            lane[i] += (double)a[k + i] * b[k + i];
    for (; k < d; k++)
        dot += (double)a[k] * b[k];
    dot += sum_lanes(lane);
    double base = dot / d + 1;
    return base * base * base;
}
