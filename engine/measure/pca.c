/* Owns principal components: subspace iteration with a few spare directions over centred rows, and
 * a small symmetric eigenproblem. May call base and dense algebra. */
#include "engine/measure/pca.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include "engine/tensor/dense.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { SPARE = 8, SUBSPACE_MAX = PCA_MAX + SPARE, ITERATIONS_MAX = 60, WRITTEN_MAX = 1024 };

/* ---- Centred rows ---- */

static void mean_rows(int n, int stride, const float *x, int d, double *mean)
{
    memset(mean, 0, sizeof(double) * (size_t)d);
    for (int r = 0; r < n; r++)
        for (int c = 0; c < d; c++)
            mean[c] += x[(size_t)r * (size_t)stride * (size_t)d + (size_t)c] / n;
}

/* X: its covariance is X^T X / (n - 1), written out where that is less than a round or two. */
typedef struct Centred {
    int n, d;
    const double *x;
    const double *square; /* X^T X, or NULL */
} Centred;

static const double *square_of(int n, int d, const double *x, Arena *scratch)
{
    if (d > WRITTEN_MAX || d > n)
        return NULL;
    double *square = arena_new(scratch, double, (size_t)d *(size_t)d);
    dense_square(d, n, x, d, false, square, d);
    for (int i = 0; i < d; i++)
        for (int j = 0; j < i; j++)
            square[(size_t)j * (size_t)d + (size_t)i] = square[(size_t)i * (size_t)d + (size_t)j];
    return square;
}

static Centred centre(int n, int stride, const float *x, int d, const double *mean, Arena *scratch)
{
    double *row = arena_new(scratch, double, (size_t)n *(size_t)d);
    for (int r = 0; r < n; r++)
        for (int c = 0; c < d; c++)
            row[(size_t)r * (size_t)d + (size_t)c] =
                x[(size_t)r * (size_t)stride * (size_t)d + (size_t)c] - mean[c];
    return (Centred){n, d, row, square_of(n, d, row, scratch)};
}

/* ---- Subspace iteration ---- */

/* Several sums side by side: one alone waits for itself. */
static double dot(int d, const double *a, const double *b)
{
    enum { SUMS = 8 };
    double sum[SUMS] = {0};
    int c = 0;
    for (; c + SUMS <= d; c += SUMS)
        for (int j = 0; j < SUMS; j++)
            sum[j] += a[c + j] * b[c + j];
    for (; c < d; c++)
        sum[0] += a[c] * b[c];
    for (int j = 1; j < SUMS; j++)
        sum[0] += sum[j];
    return sum[0];
}

/* out = basis . covariance; rows of both are vectors of d. */
static void multiply(const Centred *rows, int q, const double *basis, double *out, Arena *scratch)
{
    size_t mark = arena_mark(scratch);
    if (rows->square) {
        dense_rows_product(q, rows->d, rows->d, basis, rows->square, false, out, rows->d);
    } else {
        double *along = arena_new(scratch, double, (size_t)rows->n *(size_t)q);
        dense_rows_product(rows->n, q, rows->d, rows->x, basis, false, along, q);
        dense_columns_product(q, rows->d, rows->n, along, q, rows->x, rows->d, false, out, rows->d);
    }
    for (size_t k = 0; k < (size_t)q * (size_t)rows->d; k++)
        out[k] /= rows->n - 1;
    arena_rewind(scratch, mark);
}

/* Takes out of v what lies along the first n vectors; twice, for full precision. Returns
 * what length is left. */
static double make_orthogonal(int n, int d, const double *basis, double *v)
{
    for (int twice = 0; twice < 2; twice++)
        for (int j = 0; j < n; j++) {
            const double *u = basis + (size_t)j * (size_t)d;
            double along = dot(d, u, v);
            for (int c = 0; c < d; c++)
                v[c] -= along * u[c];
        }
    return sqrt(dot(d, v, v));
}

/* Gram-Schmidt. A vector that vanishes (the covariance's rank is below q) gives way to a
 * unit vector. */
static void orthonormalise(int q, int d, double *basis)
{
    for (int i = 0; i < q; i++) {
        double *v = basis + (size_t)i * (size_t)d;
        double before = sqrt(dot(d, v, v)), length = make_orthogonal(i, d, basis, v);
        for (int c = 0; c < d && !(length > 1e-10 * before); c++) {
            memset(v, 0, sizeof(double) * (size_t)d);
            v[c] = before = 1;
            length = make_orthogonal(i, d, basis, v);
        }
        for (int c = 0; c < d; c++)
            v[c] /= length;
    }
}

/* rows <- turn . rows */
static void turn_basis(int q, int d, const double *turn, double *rows, double *spare)
{
    memset(spare, 0, sizeof(double) * (size_t)q * (size_t)d);
    for (int i = 0; i < q; i++)
        for (int j = 0; j < q; j++)
            for (int c = 0; c < d; c++)
                spare[(size_t)i * (size_t)d + (size_t)c] +=
                    turn[i * q + j] * rows[(size_t)j * (size_t)d + (size_t)c];
    memcpy(rows, spare, sizeof(double) * (size_t)q * (size_t)d);
}

/* Rayleigh-Ritz: eigenpairs of the covariance within the basis, given image = basis .
 * covariance. */
static void ritz(int q, int d, const double *basis, const double *image, double *value,
                 double *turn, Arena *scratch)
{
    dense_rows_product(q, q, d, basis, image, false, turn, q);
    dense_eigenvectors(q, turn, value, scratch);
}

static bool settled(int k, const double *value, const double *before)
{
    for (int i = 0; i < k; i++)
        if (fabs(value[i] - before[i]) > 1e-10 * fabs(value[0]))
            return false;
    return true;
}

/* Fills basis (q x d) and value[q]; the first k are what must settle. */
static void iterate(const Centred *rows, int k, int q, double *basis, double *value, Arena *scratch)
{
    int d = rows->d;
    size_t size = (size_t)q * (size_t)d;
    double *image = arena_new(scratch, double, size);
    double *spare = arena_new(scratch, double, size);
    double before[SUBSPACE_MAX] = {0}, turn[SUBSPACE_MAX * SUBSPACE_MAX];
    Rng rng = rng_at(0, STREAM_DIRECTIONS, 0);
    for (int c = 0; c < q * d; c++)
        basis[c] = rng_normal(&rng);
    for (int round = 1;; round++) {
        orthonormalise(q, d, basis);
        multiply(rows, q, basis, image, scratch);
        ritz(q, d, basis, image, value, turn, scratch);
        if (settled(k, value, before) || round == ITERATIONS_MAX)
            break;
        memcpy(before, value, sizeof(double) * (size_t)q);
        memcpy(basis, image, sizeof(double) * size);
    }
    turn_basis(q, d, turn, basis, spare);
}

/* ---- The components ---- */

static void fix_sign(int d, double *axis)
{
    int largest = 0;
    for (int c = 1; c < d; c++)
        if (fabs(axis[c]) > fabs(axis[largest]))
            largest = c;
    if (axis[largest] >= 0)
        return;
    for (int c = 0; c < d; c++)
        axis[c] = -axis[c];
}

Pca pca_fit(int n, const float *x, int d, int k, Arena *arena, Arena *scratch)
{
    must(n >= 2 && k >= 1 && k <= PCA_MAX && k <= d);
    int q = k + SPARE < d ? k + SPARE : d, stride = (n + PCA_ROWS - 1) / PCA_ROWS;
    int rows = (n + stride - 1) / stride;
    size_t size = (size_t)k * (size_t)d;
    double *mean = arena_new(arena, double, d), *axis = arena_new(arena, double, size);
    double *variance = arena_new(arena, double, k), value[SUBSPACE_MAX];
    size_t mark = arena_mark(scratch);
    mean_rows(rows, stride, x, d, mean);
    Centred centred = centre(rows, stride, x, d, mean, scratch);
    double *basis = arena_new(scratch, double, (size_t)q *(size_t)d);
    iterate(&centred, k, q, basis, value, scratch);
    memcpy(axis, basis, sizeof(double) * size);
    for (int i = 0; i < k; i++) {
        variance[i] = fmax(0, value[i]);
        fix_sign(d, axis + (size_t)i * (size_t)d);
    }
    arena_rewind(scratch, mark);
    return (Pca){d, k, mean, axis, variance};
}

void pca_whiten(const Pca *pca, Noise t, int n, const float *z, float *out)
{
    for (int i = 0; i < pca->k; i++) {
        const double *axis = pca->axis + (size_t)i * (size_t)pca->d;
        double centre = t.alpha * dot(pca->d, axis, pca->mean);
        double deviation = sqrt(t.alpha * t.alpha * pca->variance[i] + t.sigma * t.sigma);
        for (int r = 0; r < n; r++) {
            const float *row = z + (size_t)r * (size_t)pca->d;
            double along = 0;
            for (int c = 0; c < pca->d; c++)
                along += axis[c] * row[c];
            out[(size_t)r * (size_t)pca->k + (size_t)i] = (float)((along - centre) / deviation);
        }
    }
}
