/* Owns where training steps stand across a chart. See axis.h. */
#include "views/model/axis.h"

#include "views/model/scale.h"
#include "views/model/series.h"
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

enum { STEPS_MIN = 64 };

/* ---- Across ---- */

const char *across_name(Across across)
{
    static const char *const names[] = {[ACROSS_STEP] = "step",
                                        [ACROSS_TIME] = "training time",
                                        [ACROSS_IMAGES] = "samples seen",
                                        [ACROSS_NFE] = "network evaluations"};
    return names[across];
}

/* The quantity that grows with the steps, as logged every few seconds. */
static const Series *clock_of(Axis axis)
{
    return axis.across == ACROSS_TIME ? &axis.run->seconds : &axis.run->evaluations;
}

/* Where the newest step stands: the clock's last row may be seconds old. */
static double newest_place(Axis axis)
{
    const RunView *run = axis.run;
    const Series *clock = clock_of(axis);
    double last = clock->n > 0 ? series_value(clock, clock->n - 1) : 0;
    if (axis.across == ACROSS_NFE)
        return fmax(run->nfe_teacher + run->nfe_student + run->nfe_critic, last);
    long behind = clock->n > 0 ? run->step - series_step(clock, clock->n - 1) : run->step;
    bool going = run->steps_per_s > 0 && behind > 0;
    return going ? last + (double)behind / run->steps_per_s : last;
}

/* The piece of the clock's polygon that holds row `row` and the next; row -1 is the
 * start, row n the present. */
static double clock_place(Axis axis, long row)
{
    const Series *clock = clock_of(axis);
    if (row < 0)
        return 0;
    return row < clock->n ? series_value(clock, row) : newest_place(axis);
}

static double clock_step(Axis axis, long row)
{
    const Series *clock = clock_of(axis);
    if (row < 0)
        return 0;
    return (double)(row < clock->n ? series_step(clock, row) : axis.run->step);
}

double axis_place(Axis axis, long step)
{
    if (axis.across == ACROSS_STEP)
        return (double)step;
    if (axis.across == ACROSS_IMAGES)
        return (double)step * (double)axis.run->batch;
    long row = series_row(clock_of(axis), step);
    double from = clock_step(axis, row), to = clock_step(axis, row + 1);
    double part = to > from ? fmin(((double)step - from) / (to - from), 1) : 1;
    double start = clock_place(axis, row), end = clock_place(axis, row + 1);
    return start + fmax(end - start, 0) * part;
}

/* By halving: places rise with steps. */
long axis_step_of(Axis axis, double place)
{
    if (axis.across == ACROSS_STEP)
        return (long)ceil(place - 1e-9);
    enum { BEYOND = 1 << 30 }; /* no row is that late */
    long below = -1, above = axis.run->step + 1;
    if (place > axis_place(axis, axis.run->step))
        return axis.run->step + BEYOND;
    while (above - below > 1) {
        long middle = below + (above - below) / 2;
        if (axis_place(axis, middle) < place)
            below = middle;
        else
            above = middle;
    }
    return above;
}

/* The 2^zoom-th part: it begins where the window says while the place is in it, else the windows
 * overlap by half, so that the cursor is never at an edge. */
static Axis zoomed(Axis axis, const AxisWindow *window, double at)
{
    double part = ldexp(axis.last, window->zoom > 0 ? -window->zoom : 0);
    bool whole = axis.across == ACROSS_STEP || axis.across == ACROSS_IMAGES;
    part = whole ? floor(part) : part;
    if (window->zoom <= 0 || (whole && part < 8) || part <= 0)
        return axis;
    double from = fmax(fmin(window->from, axis.last - part), 0);
    double half = whole ? floor(part / 2) : part / 2, page = floor(at / half);
    if (at < from || at >= from + part)
        from = page > 0 ? (page - 1) * half : 0;
    axis.first = from;
    axis.last = from + part;
    return axis;
}

static double span_for(long step, long steps)
{
    long span = steps > STEPS_MIN ? steps : STEPS_MIN;
    step = step > steps ? steps : step;
    for (int halving = 0; halving < 5; halving++) {
        long half = (span + 1) / 2;
        if (half < STEPS_MIN || step > half / 10 * 9)
            break;
        span = half;
    }
    return (double)span;
}

Axis axis_for(long step, long steps, int zoom, long at)
{
    return zoomed((Axis){.last = span_for(step, steps)}, &(AxisWindow){.zoom = zoom}, (double)at);
}

static double need_of(Axis axis)
{
    const RunView *run = axis.run;
    if (axis.across == ACROSS_STEP)
        return span_for(run->step, run->steps);
    return axis_place(axis, run->step) / 0.9;
}

Axis axis_around(const RunView *const *run, int runs, const AxisWindow *window)
{
    enum { NOT_SMALLER = 4 };
    Axis axis = {.last = 1, .across = window->across};
    double most = 0;
    for (int i = 0; i < runs; i++) {
        axis.run = run[i];
        most = i == 0 ? NOT_SMALLER * need_of(axis) : most;
        axis.last = fmax(axis.last, fmin(need_of(axis), most));
    }
    axis.run = runs > 0 ? run[0] : NULL;
    if (axis.across != ACROSS_STEP)
        axis.last = scale_round(axis.last, true);
    axis.log = window->log;
    return zoomed(axis, window, runs > 0 ? axis_place(axis, window->at) : 0);
}

/* Logarithmic from a thousandth of the axis on and nearly linear below, so that it has a beginning.
 */
static const double BENT = 1000;

double axis_part(Axis axis, double place)
{
    double part = (place - axis.first) / (axis.last - axis.first);
    return axis.log && part > 0 ? log1p(BENT * part) / log1p(BENT) : part;
}

double axis_place_at(Axis axis, double part)
{
    part = axis.log && part > 0 ? expm1(part * log1p(BENT)) / BENT : part;
    return axis.first + part * (axis.last - axis.first);
}

int axis_column(Axis axis, long step, int width)
{
    double column = floor(axis_part(axis, axis_place(axis, step)) * width + (axis.log ? 1e-9 : 0));
    return (int)fmin(fmax(column, -1), width);
}

long axis_step(Axis axis, int column, int width)
{
    return axis_step_of(axis, axis_place_at(axis, width > 0 ? (double)column / width : 0));
}
