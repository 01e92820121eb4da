/* Owns the Frechet distance. May call base, moments and dense algebra. */
#include "engine/measure/frechet.h"
#include "engine/base/status.h"
#include "engine/measure/moments.h"
#include "engine/tensor/dense.h"
#include <math.h>
#include <string.h>

/* A normal law: its mean, its covariance's trace, and F (d x rank, row stride d), F F^T = S. */
typedef struct Law {
    double *mean, trace;
    int rank;
    double *factor;
} Law;

static Law law_new(int d, Arena *arena)
{
    return (Law){.mean = arena_new(arena, double, d),
                 .factor = arena_new(arena, double, (size_t)d *(size_t)d)};
}

/* cov is destroyed. */
static void law_fill(Law *law, int d, double *cov, Arena *scratch)
{
    law->trace = 0;
    for (int i = 0; i < d; i++)
        law->trace += cov[(size_t)i * ((size_t)d + 1)];
    law->rank = dense_factor(d, cov, law->factor, scratch);
}

/* ---- Distance ---- */

enum { SIDE = 256 };

/* A product A^T B in tiles: A (k x m), B (k x n), both of row stride d; out (m x n). */
typedef struct Product {
    int m, n, k, lda, ldb;
    const double *a, *b;
    double *out;
} Product;

static void product_tile(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)arena;
    (void)end;
    (void)chunk;
    const Product *p = context;
    int across = (p->n + SIDE - 1) / SIDE, i = begin / across * SIDE, j = begin % across * SIDE;
    dense_columns_product(p->m - i < SIDE ? p->m - i : SIDE, p->n - j < SIDE ? p->n - j : SIDE,
                          p->k, p->a + i, p->lda, p->b + j, p->ldb, false,
                          p->out + (size_t)i * (size_t)p->n + j, p->n);
}

static void multiply(const Product *product, const Work *work)
{
    int down = (product->m + SIDE - 1) / SIDE, across = (product->n + SIDE - 1) / SIDE;
    work_map(work, down * across, product_tile, (void *)product);
}

/* The sum of the singular values of F1^T F2, whose squares are the eigenvalues of its product with
 * itself: of the smaller of the two. */
static double trace_of_root(int d, const Law *a, const Law *b, const Work *work)
{
    if (a->rank < b->rank)
        return trace_of_root(d, b, a, work);
    size_t mark = arena_mark(work->scratch), m = (size_t)a->rank, n = (size_t)b->rank;
    double *both = arena_alloc(work->scratch, sizeof *both * (m * n + 1)),
           *square = arena_alloc(work->scratch, sizeof *square * (n * n + 1)),
           *value = arena_new(work->scratch, double, n + 1), trace = 0;
    multiply(&(Product){(int)m, (int)n, d, d, d, a->factor, b->factor, both}, work);
    multiply(&(Product){(int)n, (int)n, (int)m, (int)n, (int)n, both, both, square}, work);
    if (n > 0)
        dense_eigenvalues((int)n, square, value, work->scratch);
    for (size_t k = 0; k < n; k++)
        trace += sqrt(fmax(value[k], 0));
    arena_rewind(work->scratch, mark);
    return trace;
}

static double distance(int d, const Law *a, const Law *b, const Work *work)
{
    double sum = a->trace + b->trace - 2 * trace_of_root(d, a, b, work);
    for (int i = 0; i < d; i++)
        sum += (a->mean[i] - b->mean[i]) * (a->mean[i] - b->mean[i]);
    return fmax(sum, 0); /* what rounding leaves of equal laws */
}

double frechet_moments(int d, const double *mean1, const double *cov1, const double *mean2,
                       const double *cov2, const Work *work)
{
    const double *mean[2] = {mean1, mean2}, *cov[2] = {cov1, cov2};
    size_t mark = arena_mark(work->scratch), square = (size_t)d * (size_t)d;
    double *copy = arena_new(work->scratch, double, square);
    Law law[2];
    for (int k = 0; k < 2; k++) {
        law[k] = law_new(d, work->scratch);
        memcpy(law[k].mean, mean[k], sizeof(double) * (size_t)d);
        memcpy(copy, cov[k], sizeof *copy * square);
        law_fill(&law[k], d, copy, work->scratch);
    }
    double value = distance(d, &law[0], &law[1], work);
    arena_rewind(work->scratch, mark);
    return value;
}

/* ---- Samples ---- */

/* Near both sets. */
static double *origin_of(const Pair *pair, Arena *arena)
{
    double *origin = arena_new(arena, double, pair->d);
    int rows = pair->m < SIDE ? pair->m : SIDE;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < pair->d; c++)
            origin[c] += (double)pair->y[(size_t)r * (size_t)pair->d + (size_t)c] / rows;
    return origin;
}

/* Laws of two moments side by side; the sums become their covariances. */
typedef struct Filling {
    const Moments *moments;
    Law *law;
} Filling;

static void fill_one(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Filling *filling = context;
    const Moments *moments = &filling->moments[begin];
    moments_finish(moments, filling->law[begin].mean, moments->two);
    law_fill(&filling->law[begin], moments->d, moments->two, arena);
}

double frechet(const Pair *pair, const Work *work)
{
    size_t mark = arena_mark(work->scratch);
    must(pair->n >= 2 && pair->m >= 2);
    const double *origin = origin_of(pair, work->scratch);
    Moments moments[2];
    Law law[2];
    for (int k = 0; k < 2; k++) {
        moments[k] = moments_new(pair->d, origin, work->scratch);
        law[k] = law_new(pair->d, work->scratch);
    }
    moments_add(&moments[0], pair->n, pair->x, work);
    moments_add(&moments[1], pair->m, pair->y, work);
    Filling filling = {moments, law};
    work_map(work, 2, fill_one, &filling);
    double value = distance(pair->d, &law[0], &law[1], work);
    arena_rewind(work->scratch, mark);
    return value;
}

/* The moments of x without its rows begin .. end - 1. */
static Moments moments_without(const Moments *all, const Pair *pair, int begin, int end,
                               const Work *work)
{
    Moments part = moments_new(pair->d, all->origin, work->scratch),
            rest = moments_new(pair->d, all->origin, work->scratch);
    moments_add(&part, end - begin, pair->x + (size_t)begin * (size_t)pair->d, work);
    moments_combine(&rest, 1, all);
    moments_combine(&rest, -1, &part);
    return rest;
}

void frechet_blocks(const Pair *pair, int blocks, double *value, const Work *work)
{
    must(pair->n >= 2 && pair->m >= 2);
    size_t mark = arena_mark(work->scratch), d = (size_t)pair->d;
    const double *origin = origin_of(pair, work->scratch);
    double *cov = arena_alloc(work->scratch, sizeof *cov * d * d);
    Moments real = moments_new(pair->d, origin, work->scratch),
            all = moments_new(pair->d, origin, work->scratch);
    Law law = law_new(pair->d, work->scratch), other = law_new(pair->d, work->scratch);
    moments_add(&real, pair->m, pair->y, work);
    moments_add(&all, pair->n, pair->x, work);
    moments_finish(&real, law.mean, cov);
    law_fill(&law, pair->d, cov, work->scratch);
    for (int b = 0; b <= blocks; b++) {
        size_t here = arena_mark(work->scratch);
        int begin = b < blocks ? (int)((long)pair->n * b / blocks) : 0,
            end = b < blocks ? (int)((long)pair->n * (b + 1) / blocks) : 0;
        Moments rest = moments_without(&all, pair, begin, end, work);
        moments_finish(&rest, other.mean, cov);
        law_fill(&other, pair->d, cov, work->scratch);
        value[b] = distance(pair->d, &other, &law, work);
        arena_rewind(work->scratch, here);
    }
    arena_rewind(work->scratch, mark);
}
