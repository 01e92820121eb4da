/* A line of a chart: where its values come from, and what they are in each column of
 * dots. Pure. */
#ifndef DDIL_LINE_H
#define DDIL_LINE_H

#include "views/model/axis.h"
#include "views/model/group.h"
#include "views/model/series.h"
#include "views/model/session.h"

/* A logged quantity, or one sampling step of the shift history. */
typedef struct LineSource {
    const RunView *run;
    const Series *series; /* NULL: the shift */
    int smoothing;        /* of a series: 0 off, else 1..SMOOTHINGS */
    Reference reference;  /* of the shift */
    int row;              /* of the shift; -1: the largest of all but the first row */
    const Group *group;   /* the mean of its runs, with Student's 95 % interval; NULL: of the run */
} LineSource;

enum { CHART_LINES_MAX = OVERLAY_MAX };

/* How one of several lines is told from the others: by its stroke and the number at its
 * end; colour comes on top. */
typedef struct ChartLine {
    LineSource source;
    int stroke; /* 0..CHART_LINES_MAX-1 */
} ChartLine;

/* One column of dots. */
typedef struct LinePoint {
    float low, high; /* all that was logged in it, or a group's interval; NaN: nothing */
    float value;     /* the line at its end, NaN: no line */
    float x;         /* where that stands, in columns */
    bool joined;     /* to the value before it: no gap lies between */
} LinePoint;

/* The run's series of a term, or NULL. */
const Series *line_term(const RunView *run, const char *name);

/* The value at the last row at or before `step`; NaN: none. */
double line_at(const LineSource *source, long step);
/* Fills point[1..columns] for as many columns across the axis; point[0] and
 * point[columns + 1] are the nearest values to its left and right. */
void line_sample(const LineSource *source, Axis axis, int columns, LinePoint *point);
/* As line_sample, less what `base` is at the same place of the axis (NaN where base has not
 * come that far); of two groups seed by seed. */
void line_sample_difference(const LineSource *source, const LineSource *base, Axis axis,
                            int columns, LinePoint *point);

#endif
