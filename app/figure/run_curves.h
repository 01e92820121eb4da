/* Curves of runs as numbers: the loss and the covariate shift, of a run or of a folded group of
 * seeds (its mean and Student's 95 % band). */
#ifndef DDIL_RUN_CURVES_H
#define DDIL_RUN_CURVES_H

#include "app/figure/plot.h"
#include "views/model/group.h"
#include <stdio.h>

/* What a line of a figure stands for: a run, or its group where group.n > 0. */
typedef struct FigureLine {
    const RunView *run;
    Group group;
} FigureLine;
/* "3 ring-pd", "ring-pd x5". */
void figure_label(const FigureLine *line, char text[80]);

enum { PANEL_LINES = 64 };

/* One curve that owns its numbers. */
typedef struct Curve {
    int n;
    double *x, *y, *low, *high; /* low NULL: no band */
} Curve;

typedef struct Panel {
    const char *title, *unit;
    int n;
    Curve curve[PANEL_LINES];
    char label[PANEL_LINES][80];
    int line[PANEL_LINES]; /* whose */
} Panel;

/* The loss of each line, smoothed. */
void panel_loss(Panel *panel, const FigureLine *line, int n);
/* One run: each sampling step; else the worst of each line. */
void panel_shift(Panel *panel, const FigureLine *line, int n);
void panel_done(Panel *panel);
/* first: whose marks stand in it. */
void panel_draw(Drawing *drawing, PlotBox box, const Panel *panel, const RunView *first,
                PlotTheme theme);
/* A row a point: run,name,curve,line,step,value,low,high. */
void panel_rows(const Panel *panel, const FigureLine *line, FILE *out);

#endif
