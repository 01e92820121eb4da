/* The figures of runs, by what a person looks at: curves, samples, paths, comparisons, laid out for
 * paper or slides; and the curves as numbers. */
#ifndef DDIL_RUN_FIGURE_H
#define DDIL_RUN_FIGURE_H

#include "app/figure/run_curves.h"

enum { RUN_FIGURE_MOST = 8 };

/* FIGURE_RUN has everything of one run that there is; the others what their view shows. */
typedef enum FigureKind {
    FIGURE_RUN,
    FIGURE_CURVES,
    FIGURE_SAMPLES,
    FIGURE_PATHS,
    FIGURE_COMPARE
} FigureKind;
/* Of the view of that name: "Curves", ...; FIGURE_CURVES of one that has no chart of its own. */
FigureKind figure_kind(const char *view);

/* n lines, 1..RUN_FIGURE_MOST: runs with their curves (not brief), or folded groups. By the path's
 * ending .svg or .png; or .csv: the curves, run,name,curve,line,step,value,low,high, then the
 * frontier, run,name,frontier,sampler,... What was not measured is left out. BAD_INPUT: there is
 * nothing of that kind to draw. */
Status run_figure(FigureKind kind, const FigureLine *line, int n, const char *path, PlotTheme theme,
                  Error *error);

#endif
