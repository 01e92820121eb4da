/* The metrics there are. */
#ifndef DDIL_METRICS_H
#define DDIL_METRICS_H

#include "engine/measure/metric.h"

extern const Measure *const measures[];
extern const int measure_count;

bool measure_defined(const Measure *measure, const Sets *sets);
/* The measure that computes a metric of this name; NULL: none. */
const Measure *measure_find(const char *name);
/* Could a metric be computed on these data, whatever their features? Else false, and what it needs.
 */
bool measure_fits(const Measure *measure, const Dataset *data, char why[160]);
/* Metrics of its group. */
int measure_size(const Measure *measure);
/* Over all groups; NULL past the last. */
const char *measure_metric_name(int index);

#endif
