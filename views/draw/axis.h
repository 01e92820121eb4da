/* The axes of charts: across, where a training step stands; up, values. Pure. */
#ifndef DDIL_AXIS_H
#define DDIL_AXIS_H

#include "views/draw/canvas.h"
#include "views/views.h"

/* What runs are lined up by. */
typedef enum Across { ACROSS_STEP, ACROSS_TIME, ACROSS_IMAGES, ACROSS_NFE, ACROSSES } Across;
/* "step", "training time", ... */
const char *across_name(Across across);

/* The part of the horizontal axis on screen, and the run whose steps are looked up on
 * it. */
typedef struct Axis {
    double first, last; /* [first, last): steps, seconds, images, network evaluations */
    Across across;
    const RunView *run; /* may be NULL for ACROSS_STEP */
    bool log;           /* the first thousandth of it takes a tenth of the width, and so on */
} Axis;

/* Where a step of the axis' run stands, in units of the axis. */
double axis_place(Axis axis, long step);
/* The first step of the axis' run that stands at `place` or later. */
long axis_step_of(Axis axis, double place);

/* All that `runs` will need, or the smallest halving (steps) or round number (else) of it
 * that they fill to at most nine tenths; then the 2^zoom-th part of that which holds step
 * `at` of run[0]. The axis' run is run[0]. */
Axis axis_around(const RunView *const *run, int runs, Across across, int zoom, long at);
/* The same for steps alone. */
Axis axis_for(long step, long steps, int zoom, long at);
/* Column of `step` on a plot `width` columns wide; outside [0, width) when it is not on
 * the axis. */
int axis_column(Axis axis, long step, int width);
/* First step of a column. */
long axis_step(Axis axis, int column, int width);
/* Numbers under a plot whose first column is x. */
void axis_draw(Canvas *canvas, Axis axis, int x, int y, int width);

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
/* Range of `n` values (NaN and infinities ignored, in logarithms only what is positive;
 * sorted on return). `fit`: no outlier stretches it, that is, what lies beyond the 5 % and
 * 95 % quantiles by more than 1.5 times their distance stays outside. */
void robust_range(float *values, int n, bool log, bool fit, double *low, double *high);

#endif
