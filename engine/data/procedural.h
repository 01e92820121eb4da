/* Parts of procedural data sets. */
#ifndef DDIL_PROCEDURAL_H
#define DDIL_PROCEDURAL_H

#include "engine/data/dataset.h"

/* Fills what every procedural set has in common: 1 x 1 x 2 points, `classes` labels, and
 * the threshold box, 1.15 x the reach of the law (largest absolute coordinate) either
 * side of zero. */
void dataset_fill_points(Dataset *dataset, int classes, double reach);

/* Finishes a mixture whose means, labels and deviation are set: equal weights, centred,
 * scaled to unit RMS per coordinate (one scale for both, the deviation with it), and
 * makes it the data set's law. */
void dataset_fill_mixture(Dataset *dataset, Mixture *mixture);

#endif
