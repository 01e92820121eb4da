/* The frontier as a plot: quality across, diversity upwards, the number of sampling steps at each
 * point, 95 % intervals along both. */
#ifndef DDIL_FRONTIER_PLOT_H
#define DDIL_FRONTIER_PLOT_H

#include "app/figure/plot.h"
#include "views/draw/trade_chart.h"
#include <stdio.h>

/* Nothing where there are no lines. */
void frontier_plot(Drawing *drawing, PlotBox box, const char *title, int lines,
                   const TradeLine *line, PlotTheme theme);

/* The same as rows of a figure's CSV, whose `step` is the number of sampling steps: run, name, the
 * metric, the line's label, steps, value, low, high. run: the first line's. */
void frontier_rows(const RunView *run, int lines, const TradeLine *line, FILE *out);

#endif
