/* Line charts in cells: min/max band and lines over training steps, labelled axes, marks, a
 * cursor. The axis stands still while data arrive and grows in jumps, so that a new column
 * costs a few bytes. */
#ifndef DDIL_CHART_H
#define DDIL_CHART_H

#include "views/draw/canvas.h"
#include "views/model/marks.h"
#include "views/model/overlay.h"
#include "views/model/scale.h"

enum { CHART_MARGIN = 8 }; /* cells left of the plot, for labels */
typedef struct ChartSpec {
    int lines; /* the first lies on top and has the band */
    const ChartLine *line;
    LineSource before; /* its run NULL: nothing. Drawn dimly up to step `until`: where the first
                          line's run left its parent */
    long until;
    const LineSource *base; /* draw differences to it; NULL: values */
    Axis axis;
    bool linear_y; /* differences always are */
    bool all;      /* the range holds the outliers too */
    Dots dots;
    long cursor;  /* training step of the axis' run, -1: none */
    bool readout; /* values of all lines beside the cursor */
    int marks;
    const MarkView *mark;
    int told; /* the one with `story` beside it, -1: none */
    char story[MARK_STORY_SIZE];
} ChartSpec;
void chart_draw(Canvas *canvas, Rect rect, const ChartSpec *spec);

/* The vertical range chart_draw would use on a plot so many cells wide. */
Scale chart_scale(const Canvas *canvas, const ChartSpec *spec, int plot_width);
/* Numbers and ticks of a scale left of a plot; the i-th tick of a scale. */
void chart_ticks(Canvas *canvas, Rect plot, const Scale *scale);
double chart_tick(const Scale *scale, int i);
/* A sample of a stroke for titles: "─", "╌", ... and its colour. */
const char *chart_stroke(int stroke);
Style chart_style(const Canvas *canvas, int stroke);

#endif
