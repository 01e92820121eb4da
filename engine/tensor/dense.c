/* Owns the calls of double BLAS and of LAPACK. LAPACK has columns where we have rows: a symmetric
 * matrix is the same either way, its lower triangle is our upper one. */
#include "engine/tensor/dense.h"
#include "engine/base/status.h"
#include <cblas.h>

/* Of LAPACK, which OpenBLAS holds; it has no header of its own for them. */
void dsyevd_2stage_(const char *job, const char *half, const int *n, double *a, const int *lda,
                    double *value, double *work, const int *room, int *whole_work,
                    const int *whole_room, int *info);
void dsyevd_(const char *job, const char *half, const int *n, double *a, const int *lda,
             double *value, double *work, const int *room, int *whole_work, const int *whole_room,
             int *info);
void dpstrf_(const char *half, const int *n, double *a, const int *lda, int *order, int *rank,
             const double *tolerance, double *work, int *info);

void dense_rows_product(int m, int n, int k, const double *a, const double *b, bool add, double *c,
                        int ldc)
{
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, a, k, b, k, add ? 1 : 0, c,
                ldc);
}

void dense_columns_product(int m, int n, int k, const double *a, int lda, const double *b, int ldb,
                           bool add, double *c, int ldc)
{
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1, a, lda, b, ldb, add ? 1 : 0, c,
                ldc);
}

void dense_square(int n, int k, const double *a, int lda, bool add, double *c, int ldc)
{
    cblas_dsyrk(CblasRowMajor, CblasLower, CblasTrans, n, k, 1, a, lda, add ? 1 : 0, c, ldc);
}

void dense_columns_product_floats(int m, int n, int k, const float *a, int lda, const float *b,
                                  int ldb, float *c, int ldc)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, m, n, k, 1, a, lda, b, ldb, 0, c, ldc);
}

void dense_square_floats(int n, int k, const float *a, int lda, float *c, int ldc)
{
    cblas_ssyrk(CblasRowMajor, CblasLower, CblasTrans, n, k, 1, a, lda, 0, c, ldc);
}

void dense_triangle_product(int m, int n, const double *l, int ldl, double *b, int ldb)
{
    cblas_dtrmm(CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, m, n, 1, l, ldl, b,
                ldb);
}

typedef void Solver(const char *job, const char *half, const int *n, double *a, const int *lda,
                    double *value, double *work, const int *room, int *whole_work,
                    const int *whole_room, int *info);

/* Asked with a room of -1, LAPACK says how much it wants. */
static void solve(Solver *solver, const char *job, int n, double *a, double *value, Arena *scratch)
{
    size_t mark = arena_mark(scratch);
    int ask = -1, whole, info;
    double room;
    solver(job, "U", &n, a, &n, value, &room, &ask, &whole, &ask, &info);
    must(info == 0);
    int rooms = (int)room;
    double *work = arena_alloc(scratch, sizeof *work * (size_t)rooms);
    int *wholes = arena_alloc(scratch, sizeof *wholes * (size_t)whole);
    solver(job, "U", &n, a, &n, value, work, &rooms, wholes, &whole, &info);
    must(info == 0); /* it converges on every symmetric matrix of finite numbers */
    arena_rewind(scratch, mark);
}

void dense_eigenvalues(int n, double *a, double *value, Arena *scratch)
{
    solve(dsyevd_2stage_, "N", n, a, value, scratch);
}

static void swap_numbers(int n, double *a, double *b)
{
    for (int k = 0; k < n; k++) {
        double swap = a[k];
        a[k] = b[k];
        b[k] = swap;
    }
}

void dense_eigenvectors(int n, double *a, double *value, Arena *scratch)
{
    solve(dsyevd_, "V", n, a, value, scratch);
    for (int i = 0, j = n - 1; i < j; i++, j--) {
        swap_numbers(1, value + i, value + j);
        swap_numbers(n, a + (size_t)i * (size_t)n, a + (size_t)j * (size_t)n);
    }
}

int dense_factor(int n, double *a, int *order, Arena *scratch)
{
    size_t mark = arena_mark(scratch);
    int rank, info;
    double *work = arena_new(scratch, double, 2 * (size_t)n), tolerance = -1;
    dpstrf_("U", &n, a, &n, order, &rank, &tolerance, work, &info); /* our lower is their upper */
    must(info >= 0);
    for (int i = 0; i < n; i++)
        order[i]--;
    arena_rewind(scratch, mark);
    return rank;
}
