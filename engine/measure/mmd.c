/* Owns the bandwidth of MMD^2 and its permutation null. May call base, sums and kernels. */
#include "engine/measure/mmd.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include "engine/measure/stats.h"
#include "engine/tensor/kernels.h"
#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* ---- Bandwidth ---- */

/* Squared distances are ranked by their bits as floats, whose order is theirs (none is negative),
 * in two passes over all pairs: first by the upper half, then by the lower half of those that share
 * it. No array of pairs is kept. */
static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

enum { HALVES = 1 << 16 };

/* Counts by the upper halves of the bits, or, with upper >= 0, by the lower halves of those whose
 * upper half that is. Whole numbers: the order of adding does not matter. */
typedef struct Counting {
    long upper;
    _Atomic long *count; /* [HALVES] */
} Counting;

static void count_tile(void *context, Arena *arena, const PairTile *tile)
{
    size_t mark = arena_mark(arena);
    const Counting *counting = context;
    int *count = arena_new(arena, int, HALVES); /* a tile holds fewer pairs than an int */
    for (int i = 0; i < tile->rows; i++)
        for (int j = 0; j < tile->columns && tile->q + j < tile->p + i; j++) {
            uint32_t bits = bits_of((float)tile->value[(size_t)i * (size_t)tile->columns + j]);
            if (counting->upper < 0)
                count[bits >> 16]++;
            else if ((long)(bits >> 16) == counting->upper)
                count[bits & 0xffff]++;
        }
    for (int k = 0; k < HALVES; k++)
        if (count[k])
            atomic_fetch_add_explicit(&counting->count[k], count[k], memory_order_relaxed);
    arena_rewind(arena, mark);
}

static _Atomic long *count_pairs(const Pair *within, long upper, const Work *work)
{
    Counting counting = {upper, arena_new(work->scratch, _Atomic long, HALVES)};
    PairView squares = {.kind = TILE_SQUARES};
    pairs_walk(work, within, &squares, true, count_tile, &counting);
    return counting.count;
}

/* The bin in which rank k falls; *before gets how many lie in earlier bins. */
static uint32_t bin_of(_Atomic long *count, long k, long *before)
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
    return sqrt((double)d2);
}

/* The distances of ranks low <= high among all pairs: of neighbours, mostly of one upper half. */
static void ranked_distances(const Pair *within, long low, long high, double distance[2],
                             const Work *work)
{
    const long rank[2] = {low, high};
    long before, rest;
    _Atomic long *uppers = count_pairs(within, -1, work), *lowers = NULL;
    long counted = -1;
    for (int k = 0; k < 2; k++) {
        long upper = bin_of(uppers, rank[k], &before);
        if (upper != counted)
            lowers = count_pairs(within, upper, work);
        counted = upper;
        distance[k] =
            distance_from_bits((uint32_t)upper << 16 | bin_of(lowers, rank[k] - before, &rest));
    }
}

static double median_distance(const Pair *within, const Work *work)
{
    size_t mark = arena_mark(work->scratch);
    double distance[2];
    long pairs = (long)within->n * (within->n - 1) / 2;
    ranked_distances(within, (pairs - 1) / 2, pairs / 2, distance, work);
    arena_rewind(work->scratch, mark);
    return (distance[0] + distance[1]) / 2;
}

/* Mean over the pairs of |a - b|^2: twice the trace of the covariance. */
static double mean_square(int n, const float *x, int d)
{
    double sum = 0;
    for (int c = 0; c < d; c++) {
        double mean = 0;
        for (int r = 0; r < n; r++)
            mean += (double)x[(size_t)r * (size_t)d + (size_t)c] / n;
        for (int r = 0; r < n; r++) {
            double off = (double)x[(size_t)r * (size_t)d + (size_t)c] - mean;
            sum += 2 * off * off / (n - 1);
        }
    }
    return sum;
}

static void gaussians(double rate, size_t n, double *value)
{
    kernel_five_gaussians(n, rate, value);
}

MmdKernel mmd_kernel_fixed(double bandwidth)
{
    must(bandwidth > 0);
    double rate = 1 / (32 * bandwidth * bandwidth); /* of the widest: the others are its powers */
    return (MmdKernel){bandwidth, true, {{TILE_SQUARES, NULL, 1}, gaussians, rate}};
}

MmdKernel mmd_kernel(int n, const float *x, int d, const Work *work)
{
    must(n >= 2);
    Pair within = pair_of(n, x, n, x, d);
    double median = median_distance(&within, work), root = 0;
    if (median > 0)
        return mmd_kernel_fixed(median);
    root = sqrt(mean_square(n, x, d));
    MmdKernel kernel = mmd_kernel_fixed(root > 0 ? root : 1);
    kernel.median = false;
    return kernel;
}

/* ---- Null band ---- */

/* The kernel between all rows of one set, zero on the diagonal. */
typedef struct KernelMatrix {
    const PairKernel *kernel;
    size_t n;
    float *k; /* n x n */
} KernelMatrix;

/* The same of the pooled sample, and its row sums. */
typedef struct Pooled {
    int n, m;
    const float *k; /* (n+m) x (n+m) */
    double *sum;    /* [n+m] */
    double total;
} Pooled;

/* Both halves of the matrix, from the pairs p > q. */
static void fill_matrix(void *context, Arena *arena, const PairTile *tile)
{
    (void)arena;
    const KernelMatrix *matrix = context;
    matrix->kernel->apply(matrix->kernel->parameter, (size_t)tile->rows * (size_t)tile->columns,
                          tile->value);
    for (int i = 0; i < tile->rows; i++)
        for (int j = 0; j < tile->columns && tile->q + j < tile->p + i; j++) {
            size_t p = (size_t)(tile->p + i), q = (size_t)(tile->q + j);
            matrix->k[p * matrix->n + q] = matrix->k[q * matrix->n + p] =
                (float)tile->value[(size_t)i * (size_t)tile->columns + (size_t)j];
        }
}

static const float *kernel_matrix(const MmdKernel *kernel, int n, const float *x, int d,
                                  const Work *work)
{
    size_t all = (size_t)n;
    KernelMatrix matrix = {&kernel->pairs, all, arena_floats(work->scratch, all * all)};
    Pair within = pair_of(n, x, n, x, d);
    pairs_walk(work, &within, &kernel->pairs.view, true, fill_matrix, &matrix);
    for (size_t p = 0; p < all; p++)
        matrix.k[p * all + p] = 0;
    return matrix.k;
}

static Pooled pool(const MmdKernel *kernel, const Pair *pair, const Work *work)
{
    size_t all = (size_t)(pair->n + pair->m), d = (size_t)pair->d, n = (size_t)pair->n;
    float *rows = arena_floats(work->scratch, all * d);
    memcpy(rows, pair->x, sizeof *rows * n * d);
    memcpy(rows + n * d, pair->y, sizeof *rows * (all - n) * d);
    Pooled pooled = {pair->n, pair->m, kernel_matrix(kernel, (int)all, rows, pair->d, work),
                     arena_new(work->scratch, double, all), 0};
    for (size_t p = 0; p < all; p++) {
        for (size_t q = 0; q < all; q++)
            pooled.sum[p] += (double)pooled.k[p * all + q];
        pooled.total += pooled.sum[p];
    }
    return pooled;
}

/* The statistic when the rows order[0..n-1] are x and the rest y. Sums over y follow from
 * those over x by the row sums, so only n^2 / 2 entries are visited. */
static double statistic(const void *context, const int *order)
{
    const Pooled *pooled = context;
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

/* Draws from a pool, side by side. */
typedef struct Drawing {
    int pool, n; /* n rows of `pool` come first */
    uint64_t seed;
    double *null;
    const void *context;
    double (*statistic)(const void *context, const int *order);
} Drawing;

static void draw_one(void *context, Arena *arena, int b, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Drawing *drawing = context;
    int *order = arena_new(arena, int, drawing->pool);
    Rng rng = rng_at(drawing->seed, STREAM_NULL, (uint64_t)b);
    for (int k = 0; k < drawing->pool; k++)
        order[k] = k;
    shuffle(drawing->pool, drawing->n, &rng, order);
    drawing->null[b] = drawing->statistic(drawing->context, order);
}

static double quantile_of_draws(Drawing *drawing, int draws, double level, const Work *work)
{
    drawing->null = arena_new(work->scratch, double, draws);
    work_map(work, draws, draw_one, drawing);
    return quantile_of(draws, drawing->null, level);
}

MmdTest mmd_test(const MmdKernel *kernel, const Pair *pair, int permutations, double level,
                 uint64_t seed, const Work *work)
{
    int n = pair->n, m = pair->m;
    must(n >= 2 && m >= 2 && permutations >= 1);
    size_t mark = arena_mark(work->scratch);
    Pooled pooled = pool(kernel, pair, work);
    int *order = arena_new(work->scratch, int, n + m);
    for (int k = 0; k < n + m; k++)
        order[k] = k;
    Drawing drawing = {n + m, n, seed, NULL, &pooled, statistic};
    MmdTest test = {.mmd2 = statistic(&pooled, order)};
    test.null = quantile_of_draws(&drawing, permutations, level, work);
    arena_rewind(work->scratch, mark);
    return test;
}

/* The kernel's sum between each row of y and all of x. */
typedef struct Across {
    const PairKernel *kernel;
    double *sum; /* [m] */
} Across;

static void add_across(void *context, Arena *arena, const PairTile *tile)
{
    (void)arena;
    const Across *across = context;
    across->kernel->apply(across->kernel->parameter, (size_t)tile->rows * (size_t)tile->columns,
                          tile->value);
    for (int i = 0; i < tile->rows; i++)
        for (int j = 0; j < tile->columns; j++)
            across->sum[tile->p + i] += tile->value[(size_t)i * (size_t)tile->columns + (size_t)j];
}

/* A set that stays, and a pool of another. */
typedef struct Given {
    int n, m;
    double within_x;
    const float *k;    /* m x m: of the pool */
    const double *sum; /* [m]: of the pool with the set */
} Given;

static double statistic_given(const void *context, const int *order)
{
    const Given *given = context;
    double within = 0, between = 0, n = given->n;
    for (int p = 0; p < given->n; p++) {
        const float *row = given->k + (size_t)order[p] * (size_t)given->m;
        between += given->sum[order[p]];
        for (int q = 0; q < p; q++)
            within += (double)row[order[q]];
    }
    return 2 * (given->within_x + within) / (n * (n - 1)) - 2 * between / (n * n);
}

double mmd_null_given(const MmdKernel *kernel, const Pair *pair, double within_x, int draws,
                      double level, uint64_t seed, const Work *work)
{
    size_t mark = arena_mark(work->scratch);
    must(pair->n >= 2 && pair->m > pair->n && draws >= 1);
    const float *k = kernel_matrix(kernel, pair->m, pair->y, pair->d, work);
    Across across = {&kernel->pairs, arena_new(work->scratch, double, pair->m)};
    Pair turned = pair_of(pair->m, pair->y, pair->n, pair->x, pair->d);
    pairs_walk(work, &turned, &kernel->pairs.view, false, add_across, &across);
    Given given = {pair->n, pair->m, within_x, k, across.sum};
    Drawing drawing = {pair->m, pair->n, seed, NULL, &given, statistic_given};
    double quantile = quantile_of_draws(&drawing, draws, level, work);
    arena_rewind(work->scratch, mark);
    return quantile;
}
