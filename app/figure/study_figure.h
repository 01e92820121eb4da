/* The figure of a study: a row of panels for each preset, a panel for each metric, an interval for
 * each arm. */
#ifndef DDIL_STUDY_FIGURE_H
#define DDIL_STUDY_FIGURE_H

#include "app/figure/plot.h"
#include "engine/study/report.h"

/* By the path's ending, .svg or .png. */
Status study_figure(const Findings *findings, const char *path, PlotTheme theme, Error *error);

#endif
