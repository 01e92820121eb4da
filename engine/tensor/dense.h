/* Dense linear algebra in double, by BLAS and LAPACK: for measures, where digits count. Matrices
 * are row-major without gaps. Single-threaded (see kernel_init), so the bits depend on the shapes
 * and the machine alone. Any thread. */
#ifndef DDIL_DENSE_H
#define DDIL_DENSE_H

#include "engine/base/arena.h"
#include <stdbool.h>

/* C (m x n; row stride ldc) = [C if add +] A B^T of A (m x k), B (n x k). */
void dense_rows_product(int m, int n, int k, const double *a, const double *b, bool add, double *c,
                        int ldc);
/* C (m x n; row stride ldc) = [C if add +] A^T B of A (k x m; row stride lda), B (k x n; ldb). */
void dense_columns_product(int m, int n, int k, const double *a, int lda, const double *b, int ldb,
                           bool add, double *c, int ldc);

/* C (n x n; row stride ldc), on and below the diagonal alone, = [C if add +] A^T A of A (k x n; row
 * stride lda). */
void dense_square(int n, int k, const double *a, int lda, bool add, double *c, int ldc);
/* The same two of floats, in float; nothing is added to. */
void dense_columns_product_floats(int m, int n, int k, const float *a, int lda, const float *b,
                                  int ldb, float *c, int ldc);
void dense_square_floats(int n, int k, const float *a, int lda, float *c, int ldc);
/* B (m x n; row stride ldb) becomes L^T B of L (m x m, its lower triangle; row stride ldl). */
void dense_triangle_product(int m, int n, const double *l, int ldl, double *b, int ldb);

/* Eigenvalues of symmetric a (n x n; destroyed; read on and below the diagonal), smallest first. */
void dense_eigenvalues(int n, double *a, double *value, Arena *scratch);
/* The same, largest first, with their orthonormal eigenvectors, which replace a as rows. */
void dense_eigenvectors(int n, double *a, double *value, Arena *scratch);

/* L (n x rank, lower trapezoid) with row i of L L^T that of number order[i] of a, symmetric and
 * without negative eigenvalues (n x n, read on and below the diagonal; replaced by L there):
 * Cholesky with pivots, ended where what is left is rounding (n eps times the largest entry).
 * Returns the rank; what a holds beyond L is nobody's. */
int dense_factor(int n, double *a, int *order, Arena *scratch);

#endif
