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

/* Eigenvalues of symmetric a (n x n; destroyed), smallest first. */
void dense_eigenvalues(int n, double *a, double *value, Arena *scratch);
/* The same, largest first, with their orthonormal eigenvectors, which replace a as rows. */
void dense_eigenvectors(int n, double *a, double *value, Arena *scratch);

/* F (n x rank) with F F^T = a, symmetric and without negative eigenvalues (n x n; destroyed):
 * Cholesky with pivots, ended where what is left is rounding (n eps times the largest entry).
 * Returns the rank; F has row stride n and needs n x n of room. */
int dense_factor(int n, double *a, double *factor, Arena *scratch);

#endif
