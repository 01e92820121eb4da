/* Owns the counting of modes. May call the mixture's fields. */
#include "engine/measure/modes.h"
#include "engine/base/status.h"
#include <math.h>

static int nearest(const Mixture *mixture, const float x[2], double *squared)
{
    int best = 0;
    *squared = INFINITY;
    for (int k = 0; k < mixture->n; k++) {
        double dx = x[0] - mixture->mean[k][0], dy = x[1] - mixture->mean[k][1];
        double d2 = dx * dx + dy * dy;
        if (d2 < *squared) {
            *squared = d2;
            best = k;
        }
    }
    return best;
}

static double kl_to_law(const Modes *modes, const Mixture *mixture)
{
    double law[DATASET_CLASSES_MAX] = {0}, kl = 0;
    if (modes->within <= 0)
        return NAN;
    for (int k = 0; k < mixture->n; k++)
        law[mixture->label[k]] += mixture->weight[k];
    for (int c = 0; c < modes->labels; c++) {
        double p = modes->share[c] / modes->within;
        if (p > 0)
            kl += p * log(p / law[c]);
    }
    return kl;
}

Modes modes_of(const Mixture *mixture, int n, const float *x)
{
    must(n >= 1 && mixture->labels <= DATASET_CLASSES_MAX);
    Modes modes = {.labels = mixture->labels};
    double reach = 3 * mixture->deviation;
    int count[DATASET_CLASSES_MAX] = {0}, within = 0;
    for (int r = 0; r < n; r++) {
        double squared;
        int k = nearest(mixture, x + (size_t)r * 2, &squared);
        if (squared <= reach * reach) {
            within++;
            count[mixture->label[k]]++;
        }
    }
    modes.within = (double)within / n;
    for (int c = 0; c < modes.labels; c++) {
        modes.share[c] = (double)count[c] / n;
        modes.found += modes.share[c] >= 1.0 / (4 * modes.labels);
    }
    modes.kl = kl_to_law(&modes, mixture);
    return modes;
}
