/* Small symmetric eigenproblems. Pure; any thread. */
#ifndef DDIL_EIGEN_H
#define DDIL_EIGEN_H

/* Eigenvalues of symmetric a (n x n; destroyed), largest first, and their orthonormal
 * eigenvectors as the rows of `vector` (n x n), by cyclic Jacobi rotations: exact to
 * rounding, O(n^3) a sweep, for n up to a few hundred. */
void eigen_symmetric(int n, double *a, double *value, double *vector);

#endif
