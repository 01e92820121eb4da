/* Owns the table of metrics. */
#include "engine/measure/metrics.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>

const Measure *const measures[] = {
    &measure_sw2,   &measure_energy, &measure_modes,      &measure_frechet,
    &measure_names, &measure_kid,    &measure_neighbours,
};
const int measure_count = sizeof measures / sizeof *measures;

enum {
    LEAST = 2 * BLOCKS
}; /* rows in either set, so that a block of the jackknife may be missing */

static bool has_features(const Sets *sets)
{
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

const Measure *measure_find(const char *name)
{
    for (int i = 0; i < measure_count; i++)
        for (int k = 0; k < measure_size(measures[i]); k++)
            if (strcmp(measures[i]->metric[k].name, name) == 0)
                return measures[i];
    return NULL;
}

bool measure_fits(const Measure *measure, const Dataset *data, char why[160])
{
    static const char *const needs[] = {[DOMAIN_ALL] = "",
                                        [DOMAIN_POINTS] = "it needs points",
                                        [DOMAIN_MIXTURES] = "it needs points of a known law",
                                        [DOMAIN_FEATURES] = "it needs pictures",
                                        [DOMAIN_CLASSES] = "it needs pictures of several classes"};
    bool points = dataset_is_points(data), fits = true;
    snprintf(why, 160, "%s", needs[measure->domain]);
    switch (measure->domain) {
    case DOMAIN_POINTS: return points;
    case DOMAIN_MIXTURES: return data->mixture;
    case DOMAIN_CLASSES: return !points && data->classes > 1;
    case DOMAIN_FEATURES:
        fits = !points && data->n_test >= LEAST;
        if (!points)
            snprintf(why, 160, "it needs at least %d held-out pictures, the data have %d", LEAST,
                     data->n_test);
        break;
    case DOMAIN_ALL: break;
    }
    return fits;
}
