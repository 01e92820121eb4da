/* Owns the classifier two-sample test. May call base. */
#include "engine/measure/auc.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include <math.h>
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
    double *x;
    double *label;
} Rows;

static void take_rows(Rows *rows, const float *x, int begin, int end, const int *order,
                      double label)
{
    int d = rows->width - 1;
    for (int k = begin; k < end; k++, rows->n++) {
        double *to = rows->x + (size_t)rows->n * rows->width;
        for (int c = 0; c < d; c++)
            to[c] = (double)x[(size_t)order[k] * d + c];
        to[d] = 1;
        rows->label[rows->n] = label;
    }
}

/* Coordinates to mean 0 and deviation 1 over `by`; constant ones stay 0. */
static void standardise(const Rows *by, Rows *rows, double *mean, double *scale)
{
    int d = by->width - 1;
    for (int c = 0; c < d; c++) {
        double sum = 0, square = 0;
        for (int r = 0; r < by->n; r++)
            sum += by->x[(size_t)r * by->width + c] / by->n;
        for (int r = 0; r < by->n; r++)
            square += pow(by->x[(size_t)r * by->width + c] - sum, 2) / by->n;
        mean[c] = sum;
        scale[c] = square > 0 ? 1 / sqrt(square) : 0;
    }
    for (int r = 0; r < rows->n; r++)
        for (int c = 0; c < d; c++) {
            double *value = &rows->x[(size_t)r * rows->width + c];
            *value = (*value - mean[c]) * scale[c];
        }
}

static double dot(int n, const double *a, const double *b)
{
    double lane[4] = {0};
    int k = 0;
    for (; k + 4 <= n; k += 4)
        for (int i = 0; i < 4; i++)
            lane[i] += a[k + i] * b[k + i];
    for (; k < n; k++)
        lane[0] += a[k] * b[k];
    return lane[0] + lane[1] + lane[2] + lane[3];
}

/* ---- The fit ---- */

/* log(1 + e^s) - label s, without overflow. */
static double log_loss(double s, double label)
{
    return fmax(s, 0) + log1p(exp(-fabs(s))) - label * s;
}

static double objective(const Rows *rows, const double *w)
{
    double sum = 0, ridge = AUC_RIDGE / 2 * dot(rows->width - 1, w, w);
    for (int r = 0; r < rows->n; r++)
        sum += log_loss(dot(rows->width, rows->x + (size_t)r * rows->width, w), rows->label[r]);
    return sum / rows->n + ridge;
}

/* The gradient at w, and each row's curvature p (1 - p) / n. */
static void slopes(const Rows *rows, const double *w, double *gradient, double *curvature)
{
    int width = rows->width;
    for (int c = 0; c < width; c++)
        gradient[c] = c < width - 1 ? AUC_RIDGE * w[c] : 0;
    for (int r = 0; r < rows->n; r++) {
        const double *x = rows->x + (size_t)r * width;
        double p = 1 / (1 + exp(-dot(width, x, w))), error = (p - rows->label[r]) / rows->n;
        curvature[r] = p * (1 - p) / rows->n;
        for (int c = 0; c < width; c++)
            gradient[c] += error * x[c];
    }
}

/* out = H v */
static void curve(const Rows *rows, const double *curvature, const double *v, double *out)
{
    int width = rows->width;
    for (int c = 0; c < width; c++)
        out[c] = (c < width - 1 ? AUC_RIDGE : 1e-12) * v[c];
    for (int r = 0; r < rows->n; r++) {
        const double *x = rows->x + (size_t)r * width;
        double along = curvature[r] * dot(width, x, v);
        for (int c = 0; c < width; c++)
            out[c] += along * x[c];
    }
}

/* step = -H^-1 gradient, by conjugate gradients. */
static void newton_step(const Rows *rows, const double *curvature, const double *gradient,
                        double *step, Arena *scratch)
{
    size_t mark = arena_mark(scratch);
    int width = rows->width;
    double *left = arena_new(scratch, double, width), *way = arena_new(scratch, double, width);
    double *curved = arena_new(scratch, double, width);
    for (int c = 0; c < width; c++) {
        step[c] = 0;
        left[c] = way[c] = -gradient[c];
    }
    double square = dot(width, left, left), enough = 1e-20 * square;
    for (int i = 0; i < GRADIENT_STEPS && square > enough; i++) {
        curve(rows, curvature, way, curved);
        double reach = square / dot(width, way, curved), before = square;
        for (int c = 0; c < width; c++) {
            step[c] += reach * way[c];
            left[c] -= reach * curved[c];
        }
        square = dot(width, left, left);
        for (int c = 0; c < width; c++)
            way[c] = left[c] + square / before * way[c];
    }
    arena_rewind(scratch, mark);
}

static void fit(const Rows *rows, double *w, Arena *scratch)
{
    int width = rows->width;
    double *gradient = arena_new(scratch, double, width), *step = arena_new(scratch, double, width);
    double *curvature = arena_new(scratch, double, rows->n),
           *next = arena_new(scratch, double, width);
    double value = objective(rows, w);
    for (int i = 0; i < NEWTON_STEPS; i++) {
        slopes(rows, w, gradient, curvature);
        if (dot(width, gradient, gradient) < 1e-18)
            return;
        newton_step(rows, curvature, gradient, step, scratch);
        double reach = 1, better = value;
        for (int h = 0; h < HALVINGS; h++, reach /= 2) {
            for (int c = 0; c < width; c++)
                next[c] = w[c] + reach * step[c];
            better = objective(rows, next);
            if (better < value)
                break;
        }
        if (!(better < value)) /* as low as rounding allows */
            return;
        memcpy(w, next, sizeof *w * (size_t)width);
        value = better;
    }
}

double auc_split(int n, const float *x, const int *order_x, int m, const float *y,
                 const int *order_y, int d, Arena *scratch)
{
    must(n >= 4 && m >= 4);
    size_t mark = arena_mark(scratch);
    Rows half[2];
    for (int h = 0; h < 2; h++) {
        half[h] = (Rows){0, d + 1, arena_new(scratch, double, (size_t)(n + m) * (d + 1)),
                         arena_new(scratch, double, n + m)};
        take_rows(&half[h], x, h ? n / 2 : 0, h ? n : n / 2, order_x, 0);
        take_rows(&half[h], y, h ? m / 2 : 0, h ? m : m / 2, order_y, 1);
    }
    double *mean = arena_new(scratch, double, d), *scale = arena_new(scratch, double, d);
    double *w = arena_new(scratch, double, d + 1), *score = arena_new(scratch, double, n + m);
    Rows *train = &half[0], *test = &half[1];
    standardise(train, test, mean, scale);
    standardise(train, train, mean, scale);
    fit(train, w, scratch);
    for (int r = 0; r < test->n; r++)
        score[r] = dot(test->width, test->x + (size_t)r * test->width, w);
    int first = n - n / 2;
    double auc = auc_of(first, score, test->n - first, score + first);
    arena_rewind(scratch, mark);
    return auc;
}

double auc_logistic(int n, const float *x, int m, const float *y, int d, uint64_t seed,
                    Arena *scratch)
{
    size_t mark = arena_mark(scratch);
    int *order_x = arena_new(scratch, int, n), *order_y = arena_new(scratch, int, m);
    draw_order(n, seed, 0, order_x);
    draw_order(m, seed, 1, order_y);
    double auc = auc_split(n, x, order_x, m, y, order_y, d, scratch);
    arena_rewind(scratch, mark);
    return auc;
}
