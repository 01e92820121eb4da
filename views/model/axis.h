/* The axis across a chart: where a training step stands on it. Pure. */
#ifndef DDIL_AXIS_H
#define DDIL_AXIS_H

#include "engine/engine.h"

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

/* Which part of the whole is on screen. */
typedef struct AxisWindow {
    Across across;
    int zoom;    /* the 2^zoom-th part */
    long at;     /* the step of run[0] that is in sight */
    double from; /* where the part begins, in units of the axis, as long as `at` lies in it */
    bool log;
} AxisWindow;
/* All that `runs` will need, or the smallest halving (steps) or round number (else) of it
 * that they fill to at most nine tenths, but no more than four times what run[0] needs; of that the
 * window. The axis' run is run[0]. */
Axis axis_around(const RunView *const *run, int runs, const AxisWindow *window);
/* As axis_around, for one run by its steps alone. */
Axis axis_for(long step, long steps, int zoom, long at);
/* Column of `step` on a plot `width` columns wide; outside [0, width) when it is not on
 * the axis. */
int axis_column(Axis axis, long step, int width);
/* First step of a column. */
long axis_step(Axis axis, int column, int width);
/* Part of the width at which a place stands: 0 at the first, 1 at the last; and back. */
double axis_part(Axis axis, double place);
double axis_place_at(Axis axis, double part);

#endif
