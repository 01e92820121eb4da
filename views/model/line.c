/* Owns the sampling of lines: rows of a log to columns of dots. See line.h. */
#include "views/model/line.h"

#include "views/model/shift.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

const Series *line_term(const RunView *run, const char *name)
{
    for (int t = 0; t < run->loss_terms; t++)
        if (strcmp(run->term[t].name, name) == 0)
            return &run->term[t].series;
    return NULL;
}

/* ---- Groups ---- */

/* What a group's line is of one of its runs. false: that run has nothing of the kind. */
static bool member_source(const LineSource *source, const RunView *run, LineSource *member)
{
    *member = *source;
    member->run = run;
    member->group = NULL;
    for (int t = 0; source->series && t < source->run->loss_terms; t++)
        if (source->series == &source->run->term[t].series)
            member->series = line_term(run, source->run->term[t].name);
    if (source->series)
        return member->series;
    return run->shift_view.rows > 0;
}

static double group_at(const LineSource *source, long step)
{
    double value[GROUP_MOST];
    const Group *group = source->group;
    LineSource member;
    for (int k = 0; k < group->n; k++)
        value[k] = member_source(source, group->run[k], &member) ? line_at(&member, step) : NAN;
    return student_sample(group->n, value).mean;
}

/* The points of one column, a run after the other, as one. */
static LinePoint combined(const LinePoint *point, int runs, int stride)
{
    double value[GROUP_MOST], x[GROUP_MOST];
    bool joined = false;
    for (int k = 0; k < runs; k++) {
        value[k] = (double)point[k * stride].value;
        x[k] = isfinite(value[k]) ? (double)point[k * stride].x : (double)NAN;
        joined = joined || (isfinite(value[k]) && point[k * stride].joined);
    }
    Sample sample = student_sample(runs, value);
    double reach = isfinite(sample.reach) ? sample.reach : 0;
    return (LinePoint){(float)(sample.mean - reach), (float)(sample.mean + reach),
                       (float)sample.mean, (float)student_sample(runs, x).mean, joined};
}

/* base: what is taken off, or NULL. */
static void sample_group(const LineSource *source, const LineSource *base, Axis axis, int columns,
                         LinePoint *point)
{
    const Group *group = source->group;
    int each = columns + 2, runs = 0;
    LinePoint *all = malloc(sizeof *all * (size_t)(group->n * each));
    need(all);
    for (int k = 0; k < group->n; k++) {
        LineSource member, other;
        const RunView *pair = base && base->group ? group_seed(base->group, group->seed[k]) : NULL;
        if (!member_source(source, group->run[k], &member))
            continue;
        axis.run = group->run[k];
        if (!base)
            line_sample(&member, axis, columns, all + runs++ * each);
        else if (!base->group)
            line_sample_difference(&member, base, axis, columns, all + runs++ * each);
        else if (pair && member_source(base, pair, &other))
            line_sample_difference(&member, &other, axis, columns, all + runs++ * each);
    }
    for (int x = 0; x < each; x++)
        point[x] = combined(all + x, runs, each);
    free(all);
}

/* ---- Rows, whatever they come from ---- */

static long rows_of(const LineSource *source)
{
    return source->series ? source->series->n : source->run->shift_view.columns;
}

static long step_of(const LineSource *source, long row)
{
    return source->series ? series_step(source->series, row) : source->run->shift_view.step[row];
}

static long row_at(const LineSource *source, long step)
{
    return source->series ? series_row(source->series, step)
                          : shift_column(&source->run->shift_view, step);
}

static double shift_value(const LineSource *source, long column)
{
    const ShiftView *shift = &source->run->shift_view;
    int rows = shift->rows;
    if (source->row >= 0) {
        int row = source->row < rows ? source->row : rows - 1;
        return shift_cell(shift, source->reference, (int)column, row).value;
    }
    double most = NAN;
    for (int row = rows > 1; row < rows; row++)
        most = fmax(most, shift_cell(shift, source->reference, (int)column, row).value);
    return most;
}

static double value_of(const LineSource *source, long row)
{
    return source->series ? series_smooth(source->series, row, source->smoothing)
                          : shift_value(source, row);
}

static long newest_of(const LineSource *source, long from, long to)
{
    if (source->series)
        return series_newest(source->series, from, to);
    for (long row = to - 1; row >= from; row--)
        if (isfinite(shift_value(source, row)))
            return row;
    return -1;
}

double line_at(const LineSource *source, long step)
{
    if (source->group)
        return group_at(source, step);
    long row = row_at(source, step);
    row = row < 0 ? -1 : newest_of(source, 0, row + 1);
    return row < 0 ? NAN : value_of(source, row);
}

/* ---- Columns ---- */

/* Rows further apart than usual are not joined, unless they are neighbours: a gap is a
 * gap. */
static bool joined(const LineSource *source, long before, long row, double spacing)
{
    if (before < 0)
        return false;
    double apart = (double)(step_of(source, row) - step_of(source, before));
    return row == before + 1 || apart <= 1.5 * spacing;
}

static void fill_point(const LineSource *source, Axis axis, int columns, long row, LinePoint *point)
{
    double part = (axis_place(axis, step_of(source, row)) - axis.first) / (axis.last - axis.first);
    point->value = (float)value_of(source, row);
    point->x = (float)(part * columns);
}

/* The first measured row of [from, to), NaN rows passed over. */
static long oldest_of(const LineSource *source, long from, long to)
{
    if (!source->series)
        return from;
    while (from < to && !isfinite(series_value(source->series, from)))
        from++;
    return from;
}

/* Fills a column from rows [from, to); returns its newest measured row, or `before`. */
static long sample_column(const LineSource *source, Axis axis, int columns, long from, long to,
                          long before, LinePoint *point)
{
    *point = (LinePoint){NAN, NAN, NAN, 0, false};
    long newest = to > from ? newest_of(source, from, to) : -1;
    if (source->series)
        series_extent(source->series, from, to, &point->low, &point->high);
    if (newest < 0)
        return before;
    double spacing = source->series ? series_spacing(source->series) : INFINITY;
    fill_point(source, axis, columns, newest, point);
    point->joined = joined(source, before, oldest_of(source, from, newest), spacing);
    if (!source->series)
        point->low = point->high = point->value;
    return newest;
}

void line_sample(const LineSource *source, Axis axis, int columns, LinePoint *point)
{
    if (source->group) {
        sample_group(source, NULL, axis, columns, point);
        return;
    }
    axis.run = source->run;
    long from = row_at(source, axis_step(axis, 0, columns) - 1) + 1, before = -1;
    point[0] = (LinePoint){NAN, NAN, NAN, 0, false};
    if (from > 0) {
        long newest = newest_of(source, 0, from);
        before =
            newest >= 0 ? sample_column(source, axis, columns, newest, newest + 1, -1, point) : -1;
    }
    for (int x = 0; x < columns; x++) {
        long to = row_at(source, axis_step(axis, x + 1, columns) - 1) + 1;
        before = sample_column(source, axis, columns, from, to, before, &point[x + 1]);
        from = to > from ? to : from;
    }
    long rows = rows_of(source), next = oldest_of(source, from, rows);
    sample_column(source, axis, columns, next, next < rows ? next + 1 : next, before,
                  &point[columns + 1]);
}

void line_sample_difference(const LineSource *source, const LineSource *base, Axis axis,
                            int columns, LinePoint *point)
{
    if (source->group) {
        sample_group(source, base, axis, columns, point);
        return;
    }
    Axis other = axis;
    other.run = base->run;
    line_sample(source, axis, columns, point);
    double end = axis_place(other, base->run->step);
    for (int x = 0; x < columns + 2; x++) {
        if (isnan(point[x].value)) {
            point[x].low = point[x].high = NAN;
            continue;
        }
        double place = axis.first + (double)point[x].x / columns * (axis.last - axis.first);
        double value =
            place <= end * (1 + 1e-6) ? line_at(base, axis_step_of(other, place)) : (double)NAN;
        point[x].value -= (float)value; /* as floats: a run less itself is nothing */
        point[x].low = point[x].high = point[x].value;
    }
}
