/* Owns the Frechet distance. May call base and eigen. */
#include "engine/measure/frechet.h"
#include "engine/base/status.h"
#include "engine/measure/eigen.h"
#include <math.h>
#include <string.h>

/* ---- Moments ---- */

/* Sums over rows of x - origin and of its products: what can be taken apart again by blocks. */
typedef struct Sums {
    double n;
    double *one; /* d */
    double *two; /* d x d, lower triangle */
} Sums;

static Sums sums_new(int d, Arena *arena)
{
    return (Sums){0, arena_new(arena, double, d), arena_new(arena, double, (size_t)d *d)};
}

static void add_rows(Sums *sums, int d, const double *origin, int n, const float *x, double *row)
{
    sums->n += n;
    for (int r = 0; r < n; r++, x += d) {
        for (int i = 0; i < d; i++)
            row[i] = (double)x[i] - origin[i];
        for (int i = 0; i < d; i++) {
            sums->one[i] += row[i];
            for (int j = 0; j <= i; j++)
                sums->two[(size_t)i * d + j] += row[i] * row[j];
        }
    }
}

static void add_sums(Sums *sums, int d, const Sums *part, double sign)
{
    sums->n += sign * part->n;
    for (int i = 0; i < d; i++)
        sums->one[i] += sign * part->one[i];
    for (size_t i = 0; i < (size_t)d * d; i++)
        sums->two[i] += sign * part->two[i];
}

/* mean - origin, and the covariance over n - 1. */
static void moments(const Sums *sums, int d, double *mean, double *cov)
{
    must(sums->n >= 2);
    for (int i = 0; i < d; i++)
        mean[i] = sums->one[i] / sums->n;
    for (int i = 0; i < d; i++)
        for (int j = 0; j <= i; j++) {
            double value =
                (sums->two[(size_t)i * d + j] - sums->n * mean[i] * mean[j]) / (sums->n - 1);
            cov[(size_t)i * d + j] = cov[(size_t)j * d + i] = value;
        }
}

/* ---- Distance ---- */

/* root (d x d) of a symmetric positive matrix; a is destroyed. */
static void matrix_root(int d, double *a, double *root, Arena *scratch)
{
    size_t mark = arena_mark(scratch);
    double *value = arena_new(scratch, double, d),
           *vector = arena_new(scratch, double, (size_t)d *d);
    eigen_symmetric(d, a, value, vector);
    memset(root, 0, sizeof *root * (size_t)d * (size_t)d);
    for (int k = 0; k < d; k++) {
        const double *v = vector + (size_t)k * d;
        double s = sqrt(fmax(value[k], 0));
        for (int i = 0; i < d; i++)
            for (int j = 0; j < d; j++)
                root[(size_t)i * d + j] += s * v[i] * v[j];
    }
    arena_rewind(scratch, mark);
}

static void multiply(int d, const double *a, const double *b, double *out)
{
    memset(out, 0, sizeof *out * (size_t)d * (size_t)d);
    for (int i = 0; i < d; i++)
        for (int k = 0; k < d; k++)
            for (int j = 0; j < d; j++)
                out[(size_t)i * d + j] += a[(size_t)i * d + k] * b[(size_t)k * d + j];
}

/* tr (R S R)^1/2. */
static double trace_of_root(int d, const double *root, const double *cov, Arena *scratch)
{
    size_t mark = arena_mark(scratch), square = (size_t)d * d;
    double *half = arena_new(scratch, double, square), *both = arena_new(scratch, double, square);
    double *value = arena_new(scratch, double, d), trace = 0;
    multiply(d, root, cov, half);
    multiply(d, half, root, both);
    eigen_symmetric(d, both, value, half);
    for (int k = 0; k < d; k++)
        trace += sqrt(fmax(value[k], 0));
    arena_rewind(scratch, mark);
    return trace;
}

/* root: the square root of cov1. */
static double distance(int d, const double *mean1, const double *cov1, const double *root,
                       const double *mean2, const double *cov2, Arena *scratch)
{
    double sum = -2 * trace_of_root(d, root, cov2, scratch);
    for (int i = 0; i < d; i++) {
        double apart = mean1[i] - mean2[i];
        sum += apart * apart + cov1[(size_t)i * (d + 1)] + cov2[(size_t)i * (d + 1)];
    }
    return sum;
}

double frechet_moments(int d, const double *mean1, const double *cov1, const double *mean2,
                       const double *cov2, Arena *scratch)
{
    size_t mark = arena_mark(scratch), square = (size_t)d * d;
    double *root = arena_new(scratch, double, square), *copy = arena_new(scratch, double, square);
    memcpy(copy, cov1, sizeof *copy * square);
    matrix_root(d, copy, root, scratch);
    double value = distance(d, mean1, cov1, root, mean2, cov2, scratch);
    arena_rewind(scratch, mark);
    return value;
}

/* x without the rows begin .. end-1. */
static Sums sums_without(const Sums *all, int d, const double *origin, int begin, int end,
                         const float *x, double *row, Arena *scratch)
{
    Sums rest = sums_new(d, scratch), part = sums_new(d, scratch);
    add_rows(&part, d, origin, end - begin, x + (size_t)begin * d, row);
    add_sums(&rest, d, all, 1);
    add_sums(&rest, d, &part, -1);
    return rest;
}

void frechet_blocks(int n, const float *x, int m, const float *y, int d, int blocks, double *value,
                    Arena *scratch)
{
    must(n >= 2 && m >= 2);
    size_t mark = arena_mark(scratch), square = (size_t)d * d;
    double *origin = arena_new(scratch, double, d), *row = arena_new(scratch, double, d);
    double *mean1 = arena_new(scratch, double, d), *mean2 = arena_new(scratch, double, d);
    double *cov1 = arena_new(scratch, double, square), *cov2 = arena_new(scratch, double, square);
    double *root = arena_new(scratch, double, square);
    for (int i = 0; i < d; i++) /* near both: no digits are lost in the sums of squares */
        origin[i] = (double)y[i];
    Sums reference = sums_new(d, scratch), all = sums_new(d, scratch);
    add_rows(&reference, d, origin, m, y, row);
    moments(&reference, d, mean1, cov1);
    memcpy(cov2, cov1, sizeof *cov1 * square);
    matrix_root(d, cov2, root, scratch);
    add_rows(&all, d, origin, n, x, row);
    for (int b = 0; b <= blocks; b++) {
        size_t here = arena_mark(scratch);
        int begin = b < blocks ? (int)((long)n * b / blocks) : 0,
            end = b < blocks ? (int)((long)n * (b + 1) / blocks) : 0;
        Sums rest = sums_without(&all, d, origin, begin, end, x, row, scratch);
        moments(&rest, d, mean2, cov2);
        value[b] = distance(d, mean1, cov1, root, mean2, cov2, scratch);
        arena_rewind(scratch, here);
    }
    arena_rewind(scratch, mark);
}

double frechet(int n, const float *x, int m, const float *y, int d, Arena *scratch)
{
    double value;
    frechet_blocks(n, x, m, y, d, 0, &value, scratch);
    return value;
}
