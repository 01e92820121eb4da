/* The figures of runs: losses and covariate shift laid over one another, the first one's map of the
 * shift and its samples, for paper or slides; and the curves as numbers. */
#ifndef DDIL_RUN_FIGURE_H
#define DDIL_RUN_FIGURE_H

#include "app/figure/plot.h"
#include "engine/engine.h"

enum { RUN_FIGURE_MOST = 8 };

/* n runs, 1..RUN_FIGURE_MOST, with their curves (not brief). By the path's ending .svg or .png; or
 * .csv: the curves that the figure shows, a row each point: run, name, curve, step, value, low,
 * high. What was not measured is left out. */
Status run_figure(const RunView *const *run, int n, const char *path, PlotTheme theme,
                  Error *error);

#endif
