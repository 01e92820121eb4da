/* Owns the classifier two-sample test. May call base. */
#include "engine/measure/auc.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { NEWTON_STEPS = 30, GRADIENT_STEPS = 200, HALVINGS = 30 };

/* ---- Area under the curve ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double auc_of(int n, double *a, int m, double *b)
{
    qsort(a, (size_t)n, sizeof *a, ascending);
    qsort(b, (size_t)m, sizeof *b, ascending);
    double pairs = 0;
    int below = 0, upto = 0; /* scores of a: < b[k], <= b[k] */
    for (int k = 0; k < m; k++) {
        while (below < n && a[below] < b[k])
            below++;
        while (upto < n && a[upto] <= b[k])
            upto++;
        pairs += 0.5 * ((double)below + (double)upto);
    }
    return pairs / ((double)n * m);
}

double auc_error(double auc, int n, int m)
{
    double q1 = auc / (2 - auc), q2 = 2 * auc * auc / (1 + auc);
    double variance = auc * (1 - auc) + (n - 1) * (q1 - auc * auc) + (m - 1) * (q2 - auc * auc);
    return sqrt(variance / ((double)n * m));
}

/* ---- The rows ---- */

static void draw_order(int n, uint64_t seed, int side, int *order)
{
    Rng rng = rng_at(seed, STREAM_SPLIT, (uint64_t)side);
    for (int k = 0; k < n; k++)
        order[k] = k;
    for (int k = n - 1; k > 0; k--) {
        int other = (int)rng_below(&rng, (uint32_t)k + 1), swap = order[k];
        order[k] = order[other];
        order[other] = swap;
    }
}

/* Rows with their labels and a column of ones: n x (d + 1). */
typedef struct Rows {
    int n, width;
    float *x;
    double *label;
} Rows;

static const float *row_of(const Rows *rows, int r)
{
    return rows->x + (size_t)r * (size_t)rows->width;
}

static Rows rows_new(int n, int d, Arena *arena)
{
    return (Rows){0, d + 1, arena_floats(arena, (size_t)n * ((size_t)d + 1)),
                  arena_new(arena, double, n)};
}

static void take_rows(Rows *rows, const float *x, int begin, int end, const int *order,
                      double label)
{
    size_t d = (size_t)rows->width - 1;
    for (int k = begin; k < end; k++, rows->n++) {
        float *to = rows->x + (size_t)rows->n * (d + 1);
        memcpy(to, x + (size_t)order[k] * d, d * sizeof *to);
        to[d] = 1;
        rows->label[rows->n] = label;
    }
}

/* Of each coordinate over the rows: its mean, and one over its deviation; 0 for a constant one. */
static void scales_of(const Rows *rows, double *mean, double *scale)
{
    int d = rows->width - 1;
    for (int r = 0; r < rows->n; r++)
        for (int c = 0; c < d; c++)
            mean[c] += (double)row_of(rows, r)[c] / rows->n;
    for (int r = 0; r < rows->n; r++)
        for (int c = 0; c < d; c++) {
            double off = (double)row_of(rows, r)[c] - mean[c];
            scale[c] += off * off / rows->n;
        }
    for (int c = 0; c < d; c++)
        scale[c] = scale[c] > 0 ? 1 / sqrt(scale[c]) : 0;
}

static void standardise(Rows *rows, const double *mean, const double *scale)
{
    for (int r = 0; r < rows->n; r++) {
        float *x = rows->x + (size_t)r * (size_t)rows->width;
        for (int c = 0; c < rows->width - 1; c++)
            x[c] = (float)(((double)x[c] - mean[c]) * scale[c]);
    }
}

static double dot(int n, const double *a, const double *b)
{
    double sum = 0;
    for (int k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

/* A row with weights. */
static double along(int n, const float *x, const double *w)
{
    enum { LANES = 8 };
    double lane[LANES] = {0}, sum = 0;
    int k = 0;
    for (; k + LANES <= n; k += LANES)
        for (int i = 0; i < LANES; i++)
            lane[i] += (double)x[k + i] * w[k + i];
    for (; k < n; k++)
        sum += (double)x[k] * w[k];
    for (int i = 0; i < LANES; i++)
        sum += lane[i];
    return sum;
}

/* ---- Passes over the rows ---- */

enum { CHUNK = 256 };

/* A sum over the rows of factor(row) times the row, chunk by chunk; and of the rows' losses. */
typedef struct Pass Pass;
struct Pass {
    const Rows *rows;
    const double *w;   /* weights, or a direction */
    double *curvature; /* of each row */
    double (*factor)(const Pass *pass, int r, double score, double *loss);
    double *part; /* chunks x (width + 1): sums, then the loss */
};

static void pass_chunk(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)arena;
    (void)end;
    (void)chunk;
    const Pass *pass = context;
    const Rows *rows = pass->rows;
    int width = rows->width, first = begin * CHUNK;
    double *part = pass->part + (size_t)begin * ((size_t)width + 1);
    memset(part, 0, sizeof *part * ((size_t)width + 1));
    for (int r = first; r < rows->n && r < first + CHUNK; r++) {
        const float *x = row_of(rows, r);
        double factor = pass->factor(pass, r, along(width, x, pass->w), &part[width]);
        for (int c = 0; c < width; c++)
            part[c] += factor * (double)x[c];
    }
}

/* out[width] += the sum; returns the loss. */
static double run_pass(Pass *pass, double *out, const Work *work)
{
    size_t mark = arena_mark(work->scratch);
    int width = pass->rows->width, chunks = (pass->rows->n + CHUNK - 1) / CHUNK;
    double loss = 0;
    pass->part =
        arena_alloc(work->scratch, sizeof *pass->part * (size_t)chunks * ((size_t)width + 1));
    work_map(work, chunks, pass_chunk, pass);
    for (int k = 0; k < chunks; k++) {
        const double *part = pass->part + (size_t)k * ((size_t)width + 1);
        for (int c = 0; c < width; c++)
            out[c] += part[c];
        loss += part[width];
    }
    arena_rewind(work->scratch, mark);
    return loss;
}

/* ---- The fit ---- */

/* The mean of log(1 + e^s) - label s, without overflow; its slope; its curvature. */
static double slope_factor(const Pass *pass, int r, double s, double *loss)
{
    double p = 1 / (1 + exp(-s)), n = pass->rows->n, label = pass->rows->label[r];
    pass->curvature[r] = p * (1 - p) / n;
    *loss += (fmax(s, 0) + log1p(exp(-fabs(s))) - label * s) / n;
    return (p - label) / n;
}

static double curve_factor(const Pass *pass, int r, double s, double *loss)
{
    (void)loss;
    return pass->curvature[r] * s;
}

/* The objective at w, its gradient, and each row's curvature p (1 - p) / n. */
static double slopes(const Rows *rows, const double *w, double *gradient, double *curvature,
                     const Work *work)
{
    int d = rows->width - 1;
    Pass pass = {rows, w, curvature, slope_factor, NULL};
    for (int c = 0; c < d; c++)
        gradient[c] = AUC_RIDGE * w[c];
    gradient[d] = 0;
    return run_pass(&pass, gradient, work) + AUC_RIDGE / 2 * dot(d, w, w);
}

/* out = H v */
static void curve(const Rows *rows, double *curvature, const double *v, double *out,
                  const Work *work)
{
    Pass pass = {rows, v, curvature, curve_factor, NULL};
    for (int c = 0; c < rows->width; c++)
        out[c] = (c < rows->width - 1 ? AUC_RIDGE : 1e-12) * v[c];
    run_pass(&pass, out, work);
}

/* step = -H^-1 gradient, by conjugate gradients. */
static void newton_step(const Rows *rows, double *curvature, const double *gradient, double *step,
                        const Work *work)
{
    size_t mark = arena_mark(work->scratch);
    int width = rows->width;
    double *left = arena_new(work->scratch, double, width),
           *way = arena_new(work->scratch, double, width),
           *curved = arena_new(work->scratch, double, width);
    for (int c = 0; c < width; c++) {
        step[c] = 0;
        left[c] = way[c] = -gradient[c];
    }
    double square = dot(width, left, left), enough = 1e-20 * square;
    for (int i = 0; i < GRADIENT_STEPS && square > enough; i++) {
        curve(rows, curvature, way, curved, work);
        double reach = square / dot(width, way, curved), before = square;
        for (int c = 0; c < width; c++) {
            step[c] += reach * way[c];
            left[c] -= reach * curved[c];
        }
        square = dot(width, left, left);
        for (int c = 0; c < width; c++)
            way[c] = left[c] + square / before * way[c];
    }
    arena_rewind(work->scratch, mark);
}

/* A point on the way: weights, and what `slopes` says of them. */
typedef struct Point {
    double value, *w, *gradient, *curvature;
} Point;

static Point point_new(const Rows *rows, Arena *arena)
{
    return (Point){0, arena_new(arena, double, rows->width), arena_new(arena, double, rows->width),
                   arena_new(arena, double, rows->n)};
}

/* Halves the step until it leads down; false: as low as rounding allows. */
static bool descend(const Rows *rows, const Point *from, const double *step, Point *to,
                    const Work *work)
{
    double reach = 1;
    for (int h = 0; h < HALVINGS; h++, reach /= 2) {
        for (int c = 0; c < rows->width; c++)
            to->w[c] = from->w[c] + reach * step[c];
        to->value = slopes(rows, to->w, to->gradient, to->curvature, work);
        if (to->value < from->value)
            return true;
    }
    return false;
}

static const double *fit(const Rows *rows, const Work *work)
{
    Point here = point_new(rows, work->scratch), there = point_new(rows, work->scratch);
    double *step = arena_new(work->scratch, double, rows->width);
    here.value = slopes(rows, here.w, here.gradient, here.curvature, work);
    for (int i = 0; i < NEWTON_STEPS; i++) {
        if (dot(rows->width, here.gradient, here.gradient) < 1e-18)
            break;
        newton_step(rows, here.curvature, here.gradient, step, work);
        if (!descend(rows, &here, step, &there, work))
            break;
        Point swap = here;
        here = there;
        there = swap;
    }
    return here.w;
}

double auc_split(const Pair *pair, const int *order_x, const int *order_y, const Work *work)
{
    int n = pair->n, m = pair->m, d = pair->d;
    must(n >= 4 && m >= 4);
    size_t mark = arena_mark(work->scratch);
    Rows train = rows_new(n / 2 + m / 2, d, work->scratch),
         test = rows_new(n - n / 2 + m - m / 2, d, work->scratch);
    take_rows(&train, pair->x, 0, n / 2, order_x, 0);
    take_rows(&train, pair->y, 0, m / 2, order_y, 1);
    take_rows(&test, pair->x, n / 2, n, order_x, 0);
    take_rows(&test, pair->y, m / 2, m, order_y, 1);
    double *mean = arena_new(work->scratch, double, d),
           *scale = arena_new(work->scratch, double, d),
           *score = arena_new(work->scratch, double, test.n);
    scales_of(&train, mean, scale);
    standardise(&train, mean, scale);
    standardise(&test, mean, scale);
    const double *w = fit(&train, work);
    for (int r = 0; r < test.n; r++)
        score[r] = along(test.width, row_of(&test, r), w);
    int first = n - n / 2;
    double auc = auc_of(first, score, test.n - first, score + first);
    arena_rewind(work->scratch, mark);
    return auc;
}

double auc_logistic(const Pair *pair, uint64_t seed, const Work *work)
{
    size_t mark = arena_mark(work->scratch);
    int *order_x = arena_new(work->scratch, int, pair->n),
        *order_y = arena_new(work->scratch, int, pair->m);
    draw_order(pair->n, seed, 0, order_x);
    draw_order(pair->m, seed, 1, order_y);
    double auc = auc_split(pair, order_x, order_y, work);
    arena_rewind(work->scratch, mark);
    return auc;
}
