/* Owns the axes of charts: training steps across, values up. See chart.h. */
#include "views/draw/axis.h"
#include "views/draw/format.h"
#include "views/draw/theme.h"
#include "views/model/series.h"
#include <math.h>
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
        return fmax(run->nfe, last);
    long behind = clock->n > 0 ? run->step - series_step(clock, clock->n - 1) : run->step;
    bool going = run->steps_per_s > 0 && behind > 0;
    return going ? last + (double)behind / run->steps_per_s : last;
}

/* The piece of the clock's polygon that holds row `row` and the next; row -1 is the
 * start, row n the present. */
static double clock_place(Axis axis, long row)
{
    const Series *clock = clock_of(axis);
    return row < 0 ? 0 : row < clock->n ? series_value(clock, row) : newest_place(axis);
}

static double clock_step(Axis axis, long row)
{
    const Series *clock = clock_of(axis);
    return row < 0 ? 0 : row < clock->n ? (double)series_step(clock, row) : (double)axis.run->step;
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

/* The 2^zoom-th part around `at`: windows overlap by half, so that the cursor is never at
 * an edge. */
static Axis zoomed(Axis axis, int zoom, double at)
{
    double part = ldexp(axis.last, -(zoom > 0 ? zoom : 0));
    bool whole = axis.across == ACROSS_STEP || axis.across == ACROSS_IMAGES;
    part = whole ? floor(part) : part;
    if (zoom <= 0 || (whole && part < 8) || part <= 0)
        return axis;
    double half = whole ? floor(part / 2) : part / 2, page = floor(at / half);
    axis.first = page > 0 ? (page - 1) * half : 0;
    axis.last = axis.first + part;
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
    return zoomed((Axis){.last = span_for(step, steps)}, zoom, (double)at);
}

static double round_125(double value, bool up);

Axis axis_around(const RunView *const *run, int runs, Across across, int zoom, long at)
{
    Axis axis = {.last = 1, .across = across};
    for (int i = runs - 1; i >= 0; i--) {
        axis.run = run[i];
        long step = run[i]->step;
        double need =
            across == ACROSS_STEP ? span_for(step, run[i]->steps) : axis_place(axis, step) / 0.9;
        axis.last = fmax(axis.last, need);
    }
    if (across != ACROSS_STEP)
        axis.last = round_125(axis.last, true);
    return zoomed(axis, zoom, runs > 0 ? axis_place(axis, at) : 0);
}

/* Logarithmic from a thousandth of the axis on and nearly linear below, so that it has a beginning.
 */
static const double BENT = 1000;

/* Part of the width at which a place stands: 0 at the first, 1 at the last. */
static double part_of(Axis axis, double place)
{
    double part = (place - axis.first) / (axis.last - axis.first);
    return axis.log && part > 0 ? log1p(BENT * part) / log1p(BENT) : part;
}

static double place_at(Axis axis, double part)
{
    part = axis.log && part > 0 ? expm1(part * log1p(BENT)) / BENT : part;
    return axis.first + part * (axis.last - axis.first);
}

int axis_column(Axis axis, long step, int width)
{
    double column = floor(part_of(axis, axis_place(axis, step)) * width + (axis.log ? 1e-9 : 0));
    return column < -1 ? -1 : column > width ? width : (int)column;
}

long axis_step(Axis axis, int column, int width)
{
    return axis_step_of(axis, place_at(axis, width > 0 ? (double)column / width : 0));
}

static double nice_step(double range, int most)
{
    double raw = range / (most > 0 ? most : 1), power = pow(10, floor(log10(raw)));
    double digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

static const char *axis_text(char text[FORMAT_SIZE], Across across, double at)
{
    return across == ACROSS_STEP   ? format_count(text, at)
           : across == ACROSS_TIME ? format_duration(text, at)
                                   : format_short(text, at);
}

/* Between the tick at `at` and the next there are about 12 columns. */
static double tick_step(Axis axis, double at, int width)
{
    double range = axis.last - axis.first;
    if (!axis.log)
        return fmax(nice_step(range, width / 12), 1);
    return fmax(nice_step(place_at(axis, part_of(axis, at) + 12.0 / width) - at, 1), 1);
}

void axis_draw(Canvas *canvas, Axis axis, int x, int y, int width)
{
    double step = tick_step(axis, axis.first, width);
    int next = 0;
    for (double at = ceil(axis.first / step) * step; at <= axis.last;
         step = tick_step(axis, at, width), at = (floor(at / step + 1e-9) + 1) * step) {
        char text[FORMAT_SIZE];
        int column = (int)floor(part_of(axis, at) * width);
        int room = text_width(axis_text(text, axis.across, at)), left = column - room / 2;
        left = left < 0 ? 0 : left + room > width ? width - room : left;
        if (left >= next && left + room <= width) {
            canvas_text(canvas, x + left, y, room, theme_style(canvas, ROLE_FAINT), text);
            next = left + room + 2;
        }
    }
}

/* The largest 1, 2, 5 x 10^k not above value, or the smallest not below it. */
static double round_125(double value, bool up)
{
    double power = pow(10, floor(log10(value) + 1e-9)), digit = value / power;
    static const double steps[] = {1, 2, 5, 10};
    if (up) {
        for (int i = 0; i < 4; i++)
            if (digit <= steps[i] * (1 + 1e-9))
                return steps[i] * power;
    }
    return power * (digit >= 5 * (1 - 1e-9) ? 5 : digit >= 2 * (1 - 1e-9) ? 2 : 1);
}

Scale scale_around(double low, double high, bool log)
{
    if (log) {
        bool sane = low > 0 && isfinite(high) && high >= low;
        Scale scale = {sane ? round_125(low, false) : 0.1, sane ? round_125(high, true) : 1, true};
        if (!(scale.high > scale.low))
            scale.high = scale.low * 10;
        return scale;
    }
    if (!(isfinite(low) && isfinite(high) && high > low)) {
        double centre = isfinite(low) ? low : 0, room = fabs(centre) > 0 ? fabs(centre) : 1;
        low = centre - room / 2;
        high = centre + room / 2;
    }
    double step = nice_step(high - low, 4);
    return (Scale){floor(low / step) * step, ceil(high / step) * step, false};
}

double scale_step(const Scale *scale) { return nice_step(scale->high - scale->low, 4); }

double scale_part(const Scale *scale, double value)
{
    if (scale->log && !isnan(value))
        return value > 0 ? log(value / scale->low) / log(scale->high / scale->low) : -1;
    return (value - scale->low) / (scale->high - scale->low);
}

/* ---- Ranges ---- */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

void robust_range(float *values, int n, bool log, bool fit, double *low, double *high)
{
    enum { FEWEST = 20 }; /* fewer say nothing about outliers */
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(values[i]) && (!log || values[i] > 0))
            values[kept++] = values[i];
    *low = *high = NAN;
    if (kept == 0)
        return;
    qsort(values, (size_t)kept, sizeof *values, by_value);
    *low = values[0];
    *high = values[kept - 1];
    double q05 = values[kept / 20], q95 = values[kept - 1 - kept / 20];
    if (!fit || kept < FEWEST || !(q95 > q05))
        return;
    if (log) {
        double room = pow(q95 / q05, 1.5);
        *low = fmax(*low, q05 / room);
        *high = fmin(*high, q95 * room);
    } else {
        double room = 1.5 * (q95 - q05);
        *low = fmax(*low, q05 - room);
        *high = fmin(*high, q95 + room);
    }
}
