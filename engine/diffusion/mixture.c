/* Owns the arithmetic of Gaussian mixtures in the plane: posterior means and draws. May
 * call the random numbers and kernels. */
#include "engine/diffusion/mixture.h"
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include <math.h>
#include <stdbool.h>

/* Exponents of the responsibilities, without weights, into `exponent`; returns the
 * largest. Components of other labels get -inf. */
static double exponents(const Mixture *mixture, Noise t, const float z[2], int label,
                        double variance, double *exponent)
{
    double top = -INFINITY;
    for (int k = 0; k < mixture->n; k++) {
        double dx = z[0] - t.alpha * mixture->mean[k][0];
        double dy = z[1] - t.alpha * mixture->mean[k][1];
        bool counts = label < 0 || mixture->label[k] == label;
        exponent[k] = counts ? -(dx * dx + dy * dy) / (2 * variance) : -INFINITY;
        top = exponent[k] > top ? exponent[k] : top;
    }
    return top;
}

void mixture_x0(const Mixture *mixture, Noise t, const float z[2], int label, float x0[2])
{
    must(label < mixture->labels && mixture->n <= MIXTURE_MAX);
    double exponent[MIXTURE_MAX];
    double own = mixture->deviation * mixture->deviation;
    double variance = t.alpha * t.alpha * own + t.sigma * t.sigma;
    double top = exponents(mixture, t, z, label, variance, exponent);
    double total = 0, mean[2] = {0, 0};
    for (int k = 0; k < mixture->n; k++) {
        if (exponent[k] < top - 45) /* below 1e-19 of the nearest: lost in the sum */
            continue;
        double w = mixture->weight[k] * exp(exponent[k] - top);
        total += w;
        mean[0] += w * mixture->mean[k][0];
        mean[1] += w * mixture->mean[k][1];
    }
    /* sum_k w_k [mu_k + g (z - alpha mu_k)] = (1 - g alpha) sum_k w_k mu_k + g z */
    double gain = t.alpha * own / variance;
    for (int c = 0; c < 2; c++)
        x0[c] = (float)((1 - gain * t.alpha) * mean[c] / total + gain * z[c]);
}

void mixture_x0s(const Mixture *mixture, int n, const double *alpha, const double *sigma,
                 const int *label, const float *z, float *x0)
{
    PlaneMixture plane = {mixture->n, mixture->mean, mixture->weight, mixture->label,
                          mixture->deviation * mixture->deviation};
    for (int r = 0; r < n; r++)
        must(label[r] < mixture->labels);
    kernel_mixture(&plane, n, alpha, sigma, label, z, x0);
}

static int kept(const Mixture *mixture, const unsigned char *keep, int k)
{
    return !keep || keep[mixture->label[k]];
}

void mixture_draw(const Mixture *mixture, const unsigned char *keep, Rng *rng, float x[2],
                  int *label)
{
    double total = 0;
    int chosen = -1;
    for (int k = 0; k < mixture->n; k++)
        if (kept(mixture, keep, k))
            total += mixture->weight[k];
    double at = rng_uniform(rng) * total;
    for (int k = 0; k < mixture->n; k++) {
        if (!kept(mixture, keep, k))
            continue;
        chosen = k; /* rounding may leave `at` past the last: that one then */
        at -= mixture->weight[k];
        if (at < 0)
            break;
    }
    must(chosen >= 0);
    for (int c = 0; c < 2; c++)
        x[c] = (float)(mixture->mean[chosen][c] + mixture->deviation * rng_normal(rng));
    *label = mixture->label[chosen];
}
