/* Owns the Frechet distance. May call base, moments and dense algebra. */
#include "engine/measure/frechet.h"
#include "engine/base/status.h"
#include "engine/measure/moments.h"
#include "engine/tensor/dense.h"
#include <math.h>
#include <string.h>

/* A normal law: its mean, its covariance's trace, and L (d x rank, row stride d) with
 * S[order[i]][order[j]] = (L L^T)[i][j]. */
typedef struct Law {
    double *mean, trace;
    int rank, *order;
    double *factor;
} Law;

static Law law_new(int d, Arena *arena)
{
    return (Law){.mean = arena_new(arena, double, d), .order = arena_new(arena, int, d)};
}

/* cov becomes the factor. */
static void law_fill(Law *law, int d, double *cov, Arena *scratch)
{
    law->trace = 0;
    for (int i = 0; i < d; i++)
        law->trace += cov[(size_t)i * ((size_t)d + 1)];
    law->factor = cov;
    law->rank = dense_factor(d, cov, law->order, scratch);
}

/* ---- Distance ---- */

enum { SIDE = 512 };

/* Rows of b's factor in the order of a's (d x b->rank). */
static double *in_order_of(int d, const Law *a, const Law *b, Arena *arena)
{
    int n = b->rank, *place = arena_new(arena, int, d);
    double *row = arena_new(arena, double, (size_t)d *(size_t)n + 1);
    for (int i = 0; i < d; i++)
        place[b->order[i]] = i;
    for (int i = 0; i < d; i++) {
        int at = place[a->order[i]], held = at + 1 < n ? at + 1 : n;
        memcpy(row + (size_t)i * (size_t)n, b->factor + (size_t)at * (size_t)d,
               sizeof *row * (size_t)held);
    }
    return row;
}

/* L^T B of L (d x m, lower trapezoid, stride d) in the first m rows of B (d x n). */
typedef struct Product {
    int d, m, n;
    const double *l;
    double *b;
} Product;

static void multiply_columns(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)arena;
    (void)end;
    (void)chunk;
    const Product *p = context;
    int first = begin * SIDE, columns = p->n - first < SIDE ? p->n - first : SIDE;
    size_t below = (size_t)p->m;
    double *b = p->b + first;
    dense_triangle_product(p->m, columns, p->l, p->d, b, p->n);
    if (p->m < p->d)
        dense_columns_product(p->m, columns, p->d - p->m, p->l + below * (size_t)p->d, p->d,
                              b + below * (size_t)p->n, p->n, true, b, p->n);
}

/* The sum of the singular values of F1^T F2, F F^T = S, whose squares are the eigenvalues of its
 * product with itself: of the smaller of the two. */
static double trace_of_root(int d, const Law *a, const Law *b, const Work *work)
{
    if (a->rank < b->rank)
        return trace_of_root(d, b, a, work);
    size_t mark = arena_mark(work->scratch), n = (size_t)b->rank;
    double *both = in_order_of(d, a, b, work->scratch),
           *square = arena_new(work->scratch, double, n *n + 1),
           *value = arena_new(work->scratch, double, n + 1), trace = 0;
    Product product = {d, a->rank, (int)n, a->factor, both};
    if (n > 0) {
        work_map(work, ((int)n + SIDE - 1) / SIDE, multiply_columns, &product);
        tiles_square(work, (int)n, a->rank, both, false, square);
        dense_eigenvalues((int)n, square, value, work->scratch);
    }
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
    Law law[2];
    for (int k = 0; k < 2; k++) {
        double *copy = arena_new(work->scratch, double, square);
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

/* The laws of both sets. Their factors are of `scratch`. */
static void fill_laws(const Pair *pair, const double *origin, bool roughly, Law law[2],
                      const Work *work)
{
    const float *const x[2] = {pair->x, pair->y};
    const int n[2] = {pair->n, pair->m};
    Moments moments[2];
    for (int k = 0; k < 2; k++) {
        moments[k] = moments_new(pair->d, origin, work->scratch);
        law[k] = law_new(pair->d, work->scratch);
        (roughly ? moments_add_roughly : moments_add)(&moments[k], n[k], x[k], work);
    }
    Filling filling = {moments, law};
    work_map(work, 2, fill_one, &filling);
}

/* The least share of a column's square that the columns before it in the factor leave open: what a
 * covariance's rounding must be small beside. 0: it is singular. */
static double open_share(int d, const Law *law)
{
    double least = law->rank < d ? 0 : 1;
    for (int i = 0; i < law->rank && least > 0; i++) {
        const double *row = law->factor + (size_t)i * (size_t)d;
        double mean = law->mean[law->order[i]], square = mean * mean;
        for (int k = 0; k <= i; k++)
            square += row[k] * row[k];
        least = fmin(least, row[i] * row[i] / square);
    }
    return least;
}

double frechet(const Pair *pair, const Work *work)
{
    const int wide = 512;
    const double enough = 1e-3;
    size_t mark = arena_mark(work->scratch);
    must(pair->n >= 2 && pair->m >= 2);
    int d = pair->d, fewest = pair->n < pair->m ? pair->n : pair->m;
    const double *origin = origin_of(pair, work->scratch);
    Law law[2];
    bool roughly = d >= wide && fewest > 2 * d;
    size_t here = arena_mark(work->scratch);
    if (roughly)
        fill_laws(pair, origin, true, law, work);
    if (!roughly || fmin(open_share(d, &law[0]), open_share(d, &law[1])) < enough) {
        arena_rewind(work->scratch, here);
        fill_laws(pair, origin, false, law, work);
    }
    double value = distance(d, &law[0], &law[1], work);
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
        double *left = arena_alloc(work->scratch, sizeof *left * d * d);
        moments_finish(&rest, other.mean, left);
        law_fill(&other, pair->d, left, work->scratch);
        value[b] = distance(pair->d, &other, &law, work);
        arena_rewind(work->scratch, here);
    }
    arena_rewind(work->scratch, mark);
}
