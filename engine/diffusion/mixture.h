/* Gaussian mixtures in the plane with one isotropic deviation: procedural data and the
 * exact teacher, whose x0 estimate is a closed form (methods.md 1.8). Immutable after
 * filling; any thread. */
#ifndef DDIL_ENGINE_DIFFUSION_MIXTURE_H
#define DDIL_ENGINE_DIFFUSION_MIXTURE_H

#include "engine/base/rng.h"
#include "engine/diffusion/schedule.h"

enum { MIXTURE_MAX = 1024 };

typedef struct Mixture {
    int n;
    double mean[MIXTURE_MAX][2];
    double deviation;
    double weight[MIXTURE_MAX]; /* sums to 1 */
    int label[MIXTURE_MAX];     /* the mode, arm or moon a component belongs to */
    int labels;                 /* labels are 0 .. labels-1 */
} Mixture;

/* x0[r] = E[x | z[r] = alpha[r] x + sigma[r] noise] of n rows over the components with label
 * label[r], or all when label[r] < 0. In double: relative error 1e-13 of the largest mean. */
void mixture_x0s(const Mixture *mixture, int n, const double *alpha, const double *sigma,
                 const int *label, const float *z, float *x0);
/* The same of one row at noise t, as it is written down: the oracle of the tests. */
void mixture_x0(const Mixture *mixture, Noise t, const float z[2], int label, float x0[2]);
/* A draw from the components for which keep[label] (NULL: all); *label gets its label. */
void mixture_draw(const Mixture *mixture, const unsigned char *keep, Rng *rng, float x[2],
                  int *label);

#endif
