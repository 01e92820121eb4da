/* What samples make of a mixture's modes (methods.md 9, per-class coverage). */
#ifndef DDIL_ENGINE_MEASURE_MODES_H
#define DDIL_ENGINE_MEASURE_MODES_H

#include "engine/data/dataset.h"

typedef struct Modes {
    double within; /* share of samples within 3 deviations of a component; real draws: 1 -
                    * exp(-4.5) = 0.9889 for separate blobs */
    int found;     /* labels whose share of all samples is at least 1 / (4 labels) */
    int labels;
    double share[DATASET_CLASSES_MAX]; /* of all samples: within 3 deviations of the
                                          label's components, nearest wins */
    double kl; /* KL(shares among those within || the mixture's own), nats; NaN when none
                  is within */
} Modes;

/* x: n x 2. Any thread. */
Modes modes_of(const Mixture *mixture, int n, const float *x);

#endif
