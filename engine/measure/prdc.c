/* Owns the measures by neighbours' balls. May call base, stats and the walk over pairs. */
#include "engine/measure/prdc.h"
#include "engine/base/status.h"
#include "engine/measure/sums.h"
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { BLOCKS_MAX = 16 };

static const PairView squares = {.kind = TILE_SQUARES};

/* Keeps the k least values seen, in order. */
static void keep_least(int k, double *least, double value)
{
    int at = k - 1;
    if (value >= least[at])
        return;
    for (; at > 0 && least[at - 1] > value; at--)
        least[at] = least[at - 1];
    least[at] = value;
}

/* ---- Radii ---- */

/* The k least squares from each row to the others of its set, without the rows of each block, and
 * without none: least[(row * (blocks + 1) + b) * k]. */
typedef struct Nearest {
    int k, blocks;
    const int *block;
    double *least;
} Nearest;

static double farthest(const Nearest *nearest, const double *least)
{
    double most = 0;
    for (int b = 0; b <= nearest->blocks; b++)
        most = fmax(most, least[(b + 1) * nearest->k - 1]);
    return most;
}

static void keep_nearest(void *context, Arena *arena, const PairTile *tile)
{
    (void)arena;
    const Nearest *nearest = context;
    int lists = nearest->blocks + 1, k = nearest->k;
    for (int i = 0; i < tile->rows; i++) {
        double *least = nearest->least + (size_t)(tile->p + i) * (size_t)(lists * k),
               most = farthest(nearest, least);
        for (int j = 0; j < tile->columns; j++) {
            int q = tile->q + j;
            if (q == tile->p + i || !tile_below(tile, i, j, most, false))
                continue;
            double square = tile_exact(tile, i, j);
            for (int b = 0; b < lists; b++)
                if (b != nearest->block[q])
                    keep_least(k, least + (size_t)b * (size_t)k, square);
            most = farthest(nearest, least);
        }
    }
}

/* least: n x (blocks + 1) x k, from work's scratch. */
static const double *nearest_rows(int n, const float *x, int d, int k, int blocks, const Work *work)
{
    size_t size = (size_t)n * (size_t)(blocks + 1) * (size_t)k;
    int *block = arena_new(work->scratch, int, n);
    Nearest nearest = {k, blocks, block, arena_new(work->scratch, double, size)};
    Pair within = pair_of(n, x, n, x, d);
    for (size_t i = 0; i < size; i++)
        nearest.least[i] = INFINITY;
    block_rows(n, blocks, block);
    pairs_walk(work, &within, &squares, false, keep_nearest, &nearest);
    return nearest.least;
}

int prdc_points(int n, const float *x, int d, int k, const Work *work)
{
    size_t mark = arena_mark(work->scratch);
    const double *least = nearest_rows(n, x, d, k, 0, work);
    int points = 0;
    for (int r = 0; r < n; r++)
        points += least[(size_t)r * (size_t)k + (size_t)k - 1] <= 0;
    arena_rewind(work->scratch, mark);
    return points;
}

/* ---- Counts ---- */

/* Everything the last pass shares. Squares of radii: of real row i, small and wide; of sample j
 * among those without block b, sample[(j * (blocks + 1) + b) * ball + ball - 1]. */
typedef struct Balls {
    int ball, density, widest, blocks;
    const int *block;
    const double *real;       /* m x widest */
    const double *sample;     /* n x (blocks + 1) x ball */
    _Atomic bool *inside;     /* n: in a small ball */
    _Atomic int *inside_wide; /* n: of how many wide ones */
    bool *recalled;           /* m x (blocks + 1) */
    int *near; /* m x (blocks + 1): samples of block b strictly inside; the last: all */
} Balls;

static void see_sample(const Balls *balls, const PairTile *tile, int i, int j)
{
    int all = balls->blocks + 1, real = tile->p + i, sample = tile->q + j;
    int block = balls->block[sample];
    const double *radius = balls->real + (size_t)real * (size_t)balls->widest;
    const double *own = balls->sample + (size_t)sample * (size_t)(all * balls->ball);
    bool *recalled = balls->recalled + (size_t)real * (size_t)all;
    int *near = balls->near + (size_t)real * (size_t)all;
    if (tile_below(tile, i, j, radius[balls->ball - 1], true))
        atomic_store_explicit(&balls->inside[sample], true, memory_order_relaxed);
    if (tile_below(tile, i, j, radius[balls->density - 1], false)) {
        atomic_fetch_add_explicit(&balls->inside_wide[sample], 1, memory_order_relaxed);
        near[balls->blocks]++;
        if (block >= 0)
            near[block]++;
    }
    for (int b = 0; b < all; b++)
        if (b != block && !recalled[b])
            recalled[b] = tile_below(tile, i, j, own[(b + 1) * balls->ball - 1], true);
}

/* Rows: real; columns: samples. */
static void see_tile(void *context, Arena *arena, const PairTile *tile)
{
    (void)arena;
    for (int i = 0; i < tile->rows; i++)
        for (int j = 0; j < tile->columns; j++)
            see_sample(context, tile, i, j);
}

/* ---- Shares ---- */

/* Over the samples that block b leaves. */
static void share_samples(const Balls *balls, int n, int b, Prdc *value)
{
    long left = 0, precise = 0, dense = 0;
    for (int j = 0; j < n; j++) {
        if (balls->block[j] == b)
            continue;
        left++;
        precise += balls->inside[j];
        dense += balls->inside_wide[j];
    }
    value->precision = (double)precise / (double)left;
    value->density = (double)dense / ((double)left * balls->density);
}

static void share_real(const Balls *balls, int m, int b, Prdc *value)
{
    long recalled = 0, covered = 0;
    size_t all = (size_t)balls->blocks + 1;
    for (size_t i = 0; i < (size_t)m; i++) {
        const int *near = balls->near + i * all;
        recalled += balls->recalled[i * all + (size_t)b];
        covered += near[balls->blocks] - (b < balls->blocks ? near[b] : 0) > 0;
    }
    value->recall = (double)recalled / m;
    value->coverage = (double)covered / m;
}

void prdc_blocks(const Pair *pair, int ball, int density, int blocks, Prdc *value, const Work *work)
{
    int n = pair->n, m = pair->m, widest = ball > density ? ball : density;
    must(ball >= 1 && density >= 1 && widest <= PRDC_K_MAX && blocks >= 0 && blocks <= BLOCKS_MAX);
    must(n > ball && m > widest);
    size_t mark = arena_mark(work->scratch), cells = (size_t)m * (size_t)(blocks + 1);
    int *block = arena_new(work->scratch, int, n);
    block_rows(n, blocks, block);
    Balls balls = {ball,
                   density,
                   widest,
                   blocks,
                   block,
                   nearest_rows(m, pair->y, pair->d, widest, 0, work),
                   nearest_rows(n, pair->x, pair->d, ball, blocks, work),
                   arena_new(work->scratch, _Atomic bool, n),
                   arena_new(work->scratch, _Atomic int, n),
                   arena_new(work->scratch, bool, cells),
                   arena_new(work->scratch, int, cells)};
    Pair from_real = pair_of(m, pair->y, n, pair->x, pair->d);
    pairs_walk(work, &from_real, &squares, false, see_tile, &balls);
    for (int b = 0; b <= blocks; b++) {
        share_samples(&balls, n, b, &value[b]);
        share_real(&balls, m, b, &value[b]);
    }
    arena_rewind(work->scratch, mark);
}

Prdc prdc(const Pair *pair, int ball, int density, const Work *work)
{
    Prdc value;
    prdc_blocks(pair, ball, density, 0, &value, work);
    return value;
}
