/* The posterior mean under a mixture of Gaussians in the plane, of several points side by
 * side: no sum runs across a vector. In double. */
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"
#include <math.h>

enum { LANES = 16 };

/* LANES points. A component is out of the question for a point with another label; none has less
 * than e^-45 of the nearest's share: lost in the sum, and no denormals. */
typedef struct Points {
    double x[LANES], y[LANES], alpha[LANES], rate[LANES], label[LANES];
    double nearest[LANES], total[LANES], mean_x[LANES], mean_y[LANES];
} Points;

/* Labels as doubles, to be compared as the rest is. */
KERNEL_BODY bool counts(const Points *p, int j, int label)
{
    return (p->label[j] < 0) | (p->label[j] == (double)label);
}

KERNEL_BODY double squared(const Points *p, int j, const double mean[2])
{
    double dx = p->x[j] - p->alpha[j] * mean[0], dy = p->y[j] - p->alpha[j] * mean[1];
    return dx * dx + dy * dy;
}

KERNEL_BODY void find_nearest(const PlaneMixture *m, Points *p)
{
    for (int j = 0; j < LANES; j++)
        p->nearest[j] = INFINITY;
    for (int k = 0; k < m->n; k++)
        for (int j = 0; j < LANES; j++) {
            double square = squared(p, j, m->mean[k]);
            bool nearer = counts(p, j, m->label[k]) & (square < p->nearest[j]);
            p->nearest[j] = nearer ? square : p->nearest[j];
        }
}

KERNEL_BODY void add_up(const PlaneMixture *m, Points *p)
{
    for (int j = 0; j < LANES; j++)
        p->total[j] = p->mean_x[j] = p->mean_y[j] = 0;
    for (int k = 0; k < m->n; k++)
        for (int j = 0; j < LANES; j++) {
            double exponent = (p->nearest[j] - squared(p, j, m->mean[k])) * p->rate[j];
            double within = exponent < -45 ? -45 : exponent;
            double share = m->weight[k] * simd_exp_double(within);
            double w = counts(p, j, m->label[k]) ? share : 0;
            p->total[j] += w;
            p->mean_x[j] += w * m->mean[k][0];
            p->mean_y[j] += w * m->mean[k][1];
        }
}

/* Places of points that are not there hold the last one. */
KERNEL_BODY void load(const PlaneMixture *m, int n, const double *alpha, const double *sigma,
                      const int *label, const float *z, Points *p)
{
    for (int j = 0; j < LANES; j++) {
        int r = j < n ? j : n - 1;
        p->x[j] = (double)z[2 * r];
        p->y[j] = (double)z[2 * r + 1];
        p->alpha[j] = alpha[r];
        p->rate[j] = 0.5 / (alpha[r] * alpha[r] * m->variance + sigma[r] * sigma[r]);
        p->label[j] = label[r];
    }
}

/* sum_k w_k [mu_k + g (z - alpha mu_k)] = (1 - g alpha) sum_k w_k mu_k + g z */
KERNEL_BODY void store(const PlaneMixture *m, int n, const Points *p, float *x0)
{
    for (int j = 0; j < n; j++) {
        double gain = 2 * p->alpha[j] * m->variance * p->rate[j];
        double own = (1 - gain * p->alpha[j]) / p->total[j];
        x0[2 * j] = (float)(own * p->mean_x[j] + gain * p->x[j]);
        x0[2 * j + 1] = (float)(own * p->mean_y[j] + gain * p->y[j]);
    }
}

KERNEL_BODY void kernel_mixture_body(const PlaneMixture *m, int n, const double *alpha,
                                     const double *sigma, const int *label, const float *z,
                                     float *x0)
{
    for (int r = 0; r < n; r += LANES) {
        int some = n - r < LANES ? n - r : LANES;
        Points p;
        load(m, some, alpha + r, sigma + r, label + r, z + 2 * r, &p);
        find_nearest(m, &p);
        add_up(m, &p);
        store(m, some, &p, x0 + 2 * r);
    }
}
KERNEL_DISPATCH(kernel_mixture,
                (const PlaneMixture *m, int n, const double *alpha, const double *sigma,
                 const int *label, const float *z, float *x0),
                (m, n, alpha, sigma, label, z, x0))
