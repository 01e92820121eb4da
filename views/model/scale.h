/* Vertical axes and ranges: round ends, outliers left outside. Pure. */
#ifndef DDIL_SCALE_H
#define DDIL_SCALE_H

#include <stdbool.h>

/* A vertical axis: smallest and largest of 1, 2, 5 times a power of ten around the
 * range. */
typedef struct Scale {
    double low, high;
    bool log;
} Scale;
Scale scale_around(double low, double high, bool log);
/* From tick to tick of a linear scale. */
double scale_step(const Scale *scale);
/* 0 at low, 1 at high. */
double scale_part(const Scale *scale, double value);
/* The largest 1, 2, 5 x 10^k not above value, or the smallest not below it. */
double scale_round(double value, bool up);
/* The round distance that divides a range into at most `most` parts, or little more. */
double scale_nice(double range, int most);
/* Range of `n` values (NaN and infinities ignored, in logarithms only what is positive;
 * sorted on return). `fit`: no outlier stretches it, that is, what lies beyond the 5 % and
 * 95 % quantiles by more than 1.5 times their distance stays outside. */
void robust_range(float *values, int n, bool log, bool fit, double *low, double *high);

#endif
