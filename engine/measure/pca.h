/* Principal components of rows, and the coordinates in which noised states are comparable
 * over sampling steps (methods.md 8.1 d, 8.2). */
#ifndef DDIL_PCA_H
#define DDIL_PCA_H

#include "engine/base/arena.h"
#include "engine/diffusion/schedule.h"

enum { PCA_MAX = 32, PCA_ROWS = 4096 };

typedef struct Pca {
    int d, k;
    const double *mean;     /* d */
    const double *axis;     /* k x d, orthonormal, largest variance first; the sign: largest
                               entry positive */
    const double *variance; /* k: eigenvalues of the covariance over n - 1 */
} Pca;

/* The first k (<= PCA_MAX and d) components of x (n x d, n >= 2; of more than PCA_ROWS
 * rows evenly spaced ones are used). The result lives in `arena`; `scratch` (n d doubles
 * and more; another arena) is rewound. Deterministic. */
Pca pca_fit(int n, const float *x, int d, int k, Arena *arena, Arena *scratch);

/* Whitened coordinates of states at noise t: (axis . (z - alpha mean)) / sqrt(alpha^2
 * variance + sigma^2), n x k floats. Were z = alpha x + sigma eps with x from the fitted
 * law, each has mean 0 and variance 1. */
void pca_whiten(const Pca *pca, Noise t, int n, const float *z, float *out);

#endif
