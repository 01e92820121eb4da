/* The metrics on two plain sets of vectors (cli.md, "ddil metrics --json"): x is the real one. */
#ifndef DDIL_SETS_H
#define DDIL_SETS_H

#include "engine/nets/crew.h"
#include <stdint.h>

enum { SETS_METRICS_MAX = 12 };

typedef struct SetMetric {
    const char *name;
    double value; /* NaN: too few rows for it */
} SetMetric;

/* x: n x d, y: m x d; n, m >= 2. In this order: frechet, kid, precision, recall, density, coverage,
 * energy, mmd2, sw2 (over `directions`, drawn by `seed`), auc (split by `seed`). Returns how many.
 * Computed side by side; arenas are the crew's. */
int sets_metrics(Crew *crew, int n, const float *x, int m, const float *y, int d, int directions,
                 uint64_t seed, SetMetric metric[SETS_METRICS_MAX]);

#endif
