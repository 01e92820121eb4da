/* Plots for paper and slides, in boxes of a drawing: curves with bands, and intervals side by side.
 * Each has a title, axes with their units, and its key at the lines. Values that are not finite are
 * gaps. Any thread. */
#ifndef DDIL_PLOT_H
#define DDIL_PLOT_H

#include "app/figure/drawing.h"
#include <stdbool.h>

typedef enum PlotTheme { PLOT_PAPER, PLOT_SLIDES, PLOT_THEMES } PlotTheme;
/* "paper" (black on white) and "slides" (light on dark, larger); -1: another word. */
int plot_theme(const char *word);
/* The colour of a sheet. */
uint32_t plot_ground(PlotTheme theme);
/* Size of ordinary text. */
double plot_text_size(PlotTheme theme);
uint32_t plot_text_colour(PlotTheme theme);

typedef struct PlotBox {
    double x, y, width, height;
} PlotBox;

typedef struct PlotLine {
    const char *label; /* "" for none */
    int n;
    const double *x, *y;      /* [n] */
    const double *low, *high; /* [n], a band; or NULL */
    bool dots;                /* a dot at each point */
    /* [n] or NULL: intervals along x too; then those along y are bars, not a band */
    const double *x_low, *x_high;
    const int *number; /* [n], written at each point; or NULL */
} PlotLine;

typedef struct Plot {
    const char *title, *x_label, *y_label;
    bool log_x, log_y; /* only where all values on the axis are above 0 */
    int lines;
    const PlotLine *line;
    int marks;
    const double *mark; /* x of vertical lines */
} Plot;

/* Lines differ in colour and dashes, so that grey paper shows them too. */
void plot_curves(Drawing *drawing, PlotBox box, const Plot *plot, PlotTheme theme);

/* A square from -reach to reach each way, with its ticks and names. Returns where its inside lies:
 * the caller draws in it. */
PlotBox plot_plane(Drawing *drawing, PlotBox box, const char *title, const char *x_label,
                   const char *y_label, double reach, PlotTheme theme);

typedef struct PlotInterval {
    const char *label;
    double value, low, high; /* low, high: NaN for none */
} PlotInterval;

/* One row each, its label on the left; a logarithmic axis where all is above 0 and spans more than
 * a hundredfold. */
void plot_intervals(Drawing *drawing, PlotBox box, const char *title, int n,
                    const PlotInterval *interval, PlotTheme theme);

/* A heat-map: value[column * rows + row], row 0 above, on a ramp of `low` to `high` (logarithmic),
 * with its key. */
typedef struct PlotMap {
    const char *title, *x_label, *y_label;
    int columns, rows;
    const double *x;        /* [columns]: rising */
    const char *const *row; /* [rows] labels */
    const float *value;
    double low, high;
} PlotMap;
void plot_map(Drawing *drawing, PlotBox box, const PlotMap *map, PlotTheme theme);

#endif
