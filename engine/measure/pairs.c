/* Owns the walk over all pairs of rows. May call base, stats and dense products. */
#include "engine/measure/pairs.h"
#include "engine/base/status.h"
#include "engine/measure/stats.h"
#include "engine/tensor/dense.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum { SHORT = 12 }; /* rows below this are compared one by one: as fast, and exact */

void work_map(const Work *work, int n, CrewJob *job, void *context)
{
    if (work->crew) {
        crew_map(work->crew, n, 1, job, context);
        return;
    }
    for (int i = 0; i < n; i++) {
        size_t mark = arena_mark(work->scratch);
        job(context, work->scratch, i, i + 1, i);
        arena_rewind(work->scratch, mark);
    }
}

typedef struct Walk {
    Pair pair;
    PairView view;
    bool below;
    const double *origin; /* d: taken off each row before products are formed */
    PairJob *job;
    void *context;
} Walk;

/* ---- Rows as doubles ---- */

/* A block of rows: what products are formed of, their squares, and how far those may be off. */
typedef struct Block {
    double *row, *square, *slack;
} Block;

static Block block_new(int d, Arena *arena)
{
    return (Block){arena_alloc(arena, sizeof(double) * TILE_SIDE * (size_t)d),
                   arena_new(arena, double, TILE_SIDE), arena_new(arena, double, TILE_SIDE)};
}

/* A product of d terms is off by d eps of the rows' squares at most, a row less its origin by eps
 * of the row itself; twice that, for what squared_distance rounds. */
static double slack_of(int d, double square, double raw)
{
    return 4 * DBL_EPSILON * ((d + 4) * square + 2 * raw);
}

static void fill_block(const Walk *walk, const float *x, int first, int n, Block *block)
{
    int d = walk->pair.d;
    const double *move = walk->origin;
    double scale = walk->view.kind == TILE_PRODUCTS ? walk->view.scale : 1;
    for (int r = 0; r < n; r++) {
        const float *from = x + (size_t)(first + r) * (size_t)d;
        double *to = block->row + (size_t)r * (size_t)d, square = 0, raw = 0;
        for (int c = 0; c < d; c++) {
            to[c] = scale * (double)from[c] + move[c];
            square += to[c] * to[c];
            raw += (double)from[c] * (double)from[c];
        }
        block->square[r] = square;
        block->slack[r] = slack_of(d, square, raw);
    }
}

/* Minus the mean of a few rows: near them all, so that few digits are lost. */
static const double *origin_of(const Pair *pair, const PairView *view, Arena *scratch)
{
    double *origin = arena_new(scratch, double, pair->d);
    int rows = pair->n < TILE_SIDE ? pair->n : TILE_SIDE;
    if (view->kind == TILE_PRODUCTS) {
        if (view->centre)
            memcpy(origin, view->centre, sizeof *origin * (size_t)pair->d);
        return origin;
    }
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < pair->d; c++)
            origin[c] -= (double)pair->x[(size_t)r * (size_t)pair->d + (size_t)c] / rows;
    return origin;
}

/* ---- Tiles ---- */

double tile_exact(const PairTile *tile, int i, int j)
{
    size_t d = (size_t)tile->pair->d;
    return squared_distance(tile->pair->d, tile->pair->x + (size_t)(tile->p + i) * d,
                            tile->pair->y + (size_t)(tile->q + j) * d);
}

bool tile_below(const PairTile *tile, int i, int j, double limit, bool equal)
{
    double value = tile->value[(size_t)i * (size_t)tile->columns + (size_t)j],
           slack = tile->slack_x[i] + tile->slack_y[j];
    if (value + slack < limit)
        return true;
    if (value - slack > limit)
        return false;
    double exact = slack > 0 ? tile_exact(tile, i, j) : value;
    return exact < limit || (equal && exact <= limit);
}

/* Squares from products; where little is left of them, anew. */
static void to_squares(const PairTile *tile, const Block *x, const Block *y)
{
    static const double little = 1e-6;
    for (int i = 0; i < tile->rows; i++) {
        double *value = tile->value + (size_t)i * (size_t)tile->columns;
        for (int j = 0; j < tile->columns; j++) {
            double size = x->square[i] + y->square[j];
            value[j] = size - 2 * value[j];
            if (value[j] < little * size)
                value[j] = tile_exact(tile, i, j);
        }
    }
}

/* Points, the same as tile_exact, without its loops. */
static void fill_by_points(const PairTile *tile)
{
    for (int i = 0; i < tile->rows; i++) {
        const float *p = tile->pair->x + 2 * (size_t)(tile->p + i),
                    *from = tile->pair->y + 2 * (size_t)tile->q;
        double *value = tile->value + (size_t)i * (size_t)tile->columns;
        for (int j = 0; j < tile->columns; j++) {
            double u = (double)p[0] - (double)from[2 * j],
                   v = (double)p[1] - (double)from[2 * j + 1];
            value[j] = u * u + v * v;
        }
    }
}

static void fill_by_rows(const PairTile *tile)
{
    if (tile->pair->d == 2) {
        fill_by_points(tile);
        return;
    }
    for (int i = 0; i < tile->rows; i++)
        for (int j = 0; j < tile->columns; j++)
            tile->value[(size_t)i * (size_t)tile->columns + (size_t)j] = tile_exact(tile, i, j);
}

static void walk_strip(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Walk *walk = context;
    const Pair *pair = &walk->pair;
    int d = pair->d, last = walk->below ? begin * TILE_SIDE + TILE_SIDE : pair->m;
    bool by_rows = walk->view.kind == TILE_SQUARES && d < SHORT;
    Block x = block_new(d, arena), y = block_new(d, arena);
    PairTile tile = {.pair = pair,
                     .strip = begin,
                     .p = begin * TILE_SIDE,
                     .slack_x = x.slack,
                     .slack_y = y.slack,
                     .value = arena_alloc(arena, sizeof(double) * TILE_SIDE * TILE_SIDE)};
    tile.rows = pair->n - tile.p < TILE_SIDE ? pair->n - tile.p : TILE_SIDE;
    if (!by_rows)
        fill_block(walk, pair->x, tile.p, tile.rows, &x);
    for (; tile.q < pair->m && tile.q < last; tile.q += TILE_SIDE) {
        tile.columns = pair->m - tile.q < TILE_SIDE ? pair->m - tile.q : TILE_SIDE;
        if (by_rows) {
            fill_by_rows(&tile);
        } else {
            fill_block(walk, pair->y, tile.q, tile.columns, &y);
            dense_rows_product(tile.rows, tile.columns, d, x.row, y.row, false, tile.value,
                               tile.columns);
            if (walk->view.kind == TILE_SQUARES)
                to_squares(&tile, &x, &y);
        }
        walk->job(walk->context, arena, &tile);
    }
}

void pairs_walk(const Work *work, const Pair *pair, const PairView *view, bool below, PairJob *job,
                void *context)
{
    must(!below || (pair->x == pair->y && pair->n == pair->m));
    size_t mark = arena_mark(work->scratch);
    Walk walk = {*pair, *view, below, origin_of(pair, view, work->scratch), job, context};
    work_map(work, pair_strips(pair), walk_strip, &walk);
    arena_rewind(work->scratch, mark);
}
