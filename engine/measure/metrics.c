/* Owns the table of metrics. */
#include "engine/measure/metrics.h"
#include <stddef.h>

const Measure *const measures[] = {
    &measure_sw2,   &measure_energy, &measure_modes,      &measure_frechet,
    &measure_names, &measure_kid,    &measure_neighbours,
};
const int measure_count = sizeof measures / sizeof *measures;

/* In either set, so that a block of the jackknife may be missing. */
static bool has_features(const Sets *sets)
{
    enum { LEAST = 2 * BLOCKS };
    return sets->samples.feature && sets->reference.feature && sets->samples.n >= LEAST &&
           sets->reference.n >= LEAST;
}

bool measure_defined(const Measure *measure, const Sets *sets)
{
    switch (measure->domain) {
    case DOMAIN_POINTS: return dataset_is_points(sets->data);
    case DOMAIN_MIXTURES: return sets->data->mixture;
    case DOMAIN_FEATURES: return has_features(sets);
    case DOMAIN_CLASSES: return sets->samples.feature && sets->data->classes > 1;
    case DOMAIN_ALL: break;
    }
    return true;
}

int measure_size(const Measure *measure)
{
    int n = 0;
    while (n < GROUP_MAX && measure->metric[n].name)
        n++;
    return n;
}

const char *measure_metric_name(int index)
{
    for (int i = 0; i < measure_count; i++) {
        int n = measure_size(measures[i]);
        if (index < n)
            return measures[i]->metric[index].name;
        index -= n;
    }
    return NULL;
}
