/* Owns sums of kernels over pairs. May call base and the walk. */
#include "engine/measure/sums.h"
#include "engine/base/status.h"
#include <math.h>

/* ---- Kernels ---- */

static void energy(double unused, size_t n, double *value)
{
    (void)unused;
    for (size_t i = 0; i < n; i++)
        value[i] = -sqrt(value[i]);
}

static void cubic(double d, size_t n, double *value)
{
    for (size_t i = 0; i < n; i++) {
        double base = value[i] / d + 1;
        value[i] = base * base * base;
    }
}

PairKernel kernel_energy(void) { return (PairKernel){{TILE_SQUARES, NULL, 1}, energy, 0}; }

PairKernel kernel_cubic(int d, const double *centre, double scale)
{
    return (PairKernel){{TILE_PRODUCTS, centre, scale}, cubic, d};
}

/* ---- Sums ---- */

void block_rows(int n, int blocks, int *block)
{
    for (int r = 0; r < n; r++)
        block[r] = -1;
    for (int b = 0; b < blocks; b++)
        for (long r = (long)n * b / blocks; r < (long)n * (b + 1) / blocks; r++)
            block[r] = b;
}

/* The sums of a walk: strip by strip, over all pairs and over those that touch each block of x.
 * sum[strip * (blocks + 1) + b]; [blocks]: all. */
typedef struct Summing {
    const PairKernel *kernel;
    bool below;
    int blocks;
    const int *block; /* NULL without blocks */
    double *sum;
} Summing;

/* How many of row i's columns count: those before itself within a set. */
static int columns_of(const PairTile *tile, bool below, int i)
{
    int before = tile->p + i - tile->q;
    if (!below || before >= tile->columns)
        return tile->columns;
    return before > 0 ? before : 0;
}

/* Pairs within x touch the blocks of both their rows, pairs across that of the first. */
static void add_to_blocks(const Summing *s, const PairTile *tile, int i, int columns, double *sum)
{
    const double *value = tile->value + (size_t)i * (size_t)tile->columns;
    int own = s->block[tile->p + i];
    for (int j = 0; j < columns; j++) {
        int other = s->below ? s->block[tile->q + j] : own;
        sum[own] += value[j];
        if (other != own)
            sum[other] += value[j];
    }
}

static void add_tile(void *context, Arena *arena, const PairTile *tile)
{
    (void)arena;
    const Summing *s = context;
    double *sum = s->sum + (size_t)tile->strip * (size_t)(s->blocks + 1);
    s->kernel->apply(s->kernel->parameter, (size_t)tile->rows * (size_t)tile->columns, tile->value);
    for (int i = 0; i < tile->rows; i++) {
        const double *value = tile->value + (size_t)i * (size_t)tile->columns;
        int columns = columns_of(tile, s->below, i);
        double row = 0;
        for (int j = 0; j < columns; j++)
            row += value[j];
        sum[s->blocks] += row;
        if (s->block)
            add_to_blocks(s, tile, i, columns, sum);
    }
}

/* total[blocks + 1] */
static void sum_pairs(const PairKernel *kernel, const Pair *pair, bool below, int blocks,
                      const int *block, double *total, const Work *work)
{
    size_t mark = arena_mark(work->scratch);
    int strips = pair_strips(pair), width = blocks + 1;
    Summing summing = {kernel, below, blocks, block,
                       arena_new(work->scratch, double, (size_t)strips *(size_t)width)};
    pairs_walk(work, pair, &kernel->view, below, add_tile, &summing);
    for (int b = 0; b < width; b++) {
        total[b] = 0;
        for (int s = 0; s < strips; s++)
            total[b] += summing.sum[(size_t)s * (size_t)width + (size_t)b];
    }
    arena_rewind(work->scratch, mark);
}

/* ---- Statistics ---- */

static double unbiased(double n, double xx, double m, double yy, double xy)
{
    return 2 * xx / (n * (n - 1)) + 2 * yy / (m * (m - 1)) - 2 * xy / (n * m);
}

double pair_sum_within(const PairKernel *kernel, int n, const float *x, int d, const Work *work)
{
    double sum;
    Pair pair = pair_of(n, x, n, x, d);
    sum_pairs(kernel, &pair, true, 0, NULL, &sum, work);
    return sum;
}

double pair_statistic_given(const PairKernel *kernel, const Pair *pair, double within_x,
                            double within_y, const Work *work)
{
    must(pair->n >= 2 && pair->m >= 2);
    double across;
    sum_pairs(kernel, pair, false, 0, NULL, &across, work);
    return unbiased(pair->n, within_x, pair->m, within_y, across);
}

double pair_statistic(const PairKernel *kernel, const Pair *pair, const Work *work)
{
    double xx = pair_sum_within(kernel, pair->n, pair->x, pair->d, work),
           yy = pair_sum_within(kernel, pair->m, pair->y, pair->d, work);
    return pair_statistic_given(kernel, pair, xx, yy, work);
}

void pair_statistic_blocks(const PairKernel *kernel, const Pair *pair, int blocks, double *value,
                           const Work *work)
{
    size_t mark = arena_mark(work->scratch);
    int n = pair->n, *block = arena_new(work->scratch, int, n);
    double *xx = arena_new(work->scratch, double, blocks + 1),
           *xy = arena_new(work->scratch, double, blocks + 1);
    double yy = pair_sum_within(kernel, pair->m, pair->y, pair->d, work);
    Pair within = pair_within_x(pair);
    block_rows(n, blocks, block);
    sum_pairs(kernel, &within, true, blocks, block, xx, work);
    sum_pairs(kernel, pair, false, blocks, block, xy, work);
    for (int b = 0; b < blocks; b++) {
        long gone = (long)n * (b + 1) / blocks - (long)n * b / blocks;
        value[b] =
            unbiased((double)(n - gone), xx[blocks] - xx[b], pair->m, yy, xy[blocks] - xy[b]);
    }
    value[blocks] = unbiased(n, xx[blocks], pair->m, yy, xy[blocks]);
    arena_rewind(work->scratch, mark);
}
