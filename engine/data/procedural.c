/* Owns what procedural sets have in common. */
#include "engine/data/procedural.h"
#include <math.h>

void dataset_fill_points(Dataset *dataset, int classes, double reach)
{
    dataset->height = dataset->width = 1;
    dataset->channels = dataset->dims = 2;
    dataset->classes = classes;
    dataset->high = 1.15 * reach;
    dataset->low = -dataset->high;
}

static void centre(Mixture *mixture)
{
    for (int c = 0; c < 2; c++) {
        double mean = 0;
        for (int k = 0; k < mixture->n; k++)
            mean += mixture->mean[k][c] / mixture->n;
        for (int k = 0; k < mixture->n; k++)
            mixture->mean[k][c] -= mean;
    }
}

void dataset_fill_mixture(Dataset *dataset, Mixture *mixture)
{
    must(mixture->n >= 1 && mixture->n <= MIXTURE_MAX);
    centre(mixture);
    double square = 2 * mixture->deviation * mixture->deviation, reach = 0;
    for (int k = 0; k < mixture->n; k++) {
        mixture->weight[k] = 1.0 / mixture->n;
        square += (pow(mixture->mean[k][0], 2) + pow(mixture->mean[k][1], 2)) / mixture->n;
    }
    double rms = sqrt(square / 2);
    mixture->deviation /= rms;
    for (int k = 0; k < mixture->n; k++)
        for (int c = 0; c < 2; c++) {
            mixture->mean[k][c] /= rms;
            reach = fmax(reach, fabs(mixture->mean[k][c]) + 3 * mixture->deviation);
        }
    dataset->mixture = mixture;
    dataset_fill_points(dataset, mixture->labels, reach);
}
