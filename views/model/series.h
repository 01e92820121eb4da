/* Reading a Series (engine.h): rows by step, ranges by their sums, the smooth line at any
 * row. Pure. */
#ifndef DDIL_VIEWS_SERIES_H
#define DDIL_VIEWS_SERIES_H

#include "engine/engine.h"

/* The last row logged at or before `step`, -1: none. */
long series_row(const Series *series, long step);
/* Of a row in [0, n). */
long series_step(const Series *series, long row);
double series_value(const Series *series, long row);
/* Smallest and largest value of rows [from, to), infinities included; false when nothing
 * was measured there. A few looks however long the range. */
bool series_extent(const Series *series, long from, long to, float *low, float *high);
/* The newest row of [from, to) with a finite value, -1: none. */
long series_newest(const Series *series, long from, long to);
/* The debiased moving average after `row`: strength 1..SMOOTHINGS, or 0 for the value
 * itself. */
double series_smooth(const Series *series, long row, int strength);
/* Steps from one measured row to the next, on average. */
double series_spacing(const Series *series);

#endif
