/* Line charts in cells: min/max band and smoothed line over training steps, labelled
 * axes, marks, a cursor. The axis stands still while data arrive and grows in jumps, so
 * that a new column costs a few bytes. */
#ifndef DDIL_CHART_H
#define DDIL_CHART_H

#include "engine/engine.h"
#include "views/views.h"

enum { CHART_MARGIN = 8 }; /* cells left of the plot, for labels */

/* The range of training steps on screen. */
typedef struct Axis {
    long first, last; /* [first, last) */
} Axis;

/* The whole run, or the smallest halving of it that its present step fills to at most
 * nine tenths; then the 2^zoom-th part of that which holds `at`. */
Axis axis_for(long step, long steps, int zoom, long at);
/* Column of `step` on a plot `width` columns wide; outside [0, width) when it is not on
 * the axis. */
int axis_column(Axis axis, long step, int width);
/* First step of a column. */
long axis_step(Axis axis, int column, int width);
/* Step numbers under a plot whose first column is x. */
void axis_draw(Canvas *canvas, Axis axis, int x, int y, int width);

typedef struct ChartSpec {
    const Series *series;
    Axis axis;
    bool linear_y;
    Dots dots;
    long cursor; /* training step, -1: none */
    int marks;
    const MarkView *mark;
} ChartSpec;
void chart_draw(Canvas *canvas, Rect rect, const ChartSpec *spec);

/* Step numbers on the vertical axis: smallest and largest of 1, 2, 5 times a power of ten
 * around the range. */
typedef struct Scale {
    double low, high;
    bool log;
} Scale;
Scale scale_around(double low, double high, bool log);
/* 0 at low, 1 at high. */
double scale_part(const Scale *scale, double value);

/* The bucket that holds `step`, or the nearest one before it that is not empty; -1: none.
 */
int series_at(const Series *series, long step);

#endif
