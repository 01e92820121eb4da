/* Panels of one run: the map of its shift, its samples, its paths. Nothing is drawn where the run
 * has none. */
#ifndef DDIL_RUN_SHEETS_H
#define DDIL_RUN_SHEETS_H

#include "app/figure/plot.h"
#include "engine/engine.h"

/* Own / forward at each sampling step over training. */
void sheet_map(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme);

/* Whose samples; of the student's x0 what it estimates from pure noise. */
typedef enum Sheet { SHEET_STUDENT, SHEET_TEACHER, SHEET_X0 } Sheet;
/* Finished ones, of points over the data's law. */
void sheet_samples(Drawing *drawing, PlotBox box, const RunView *run, Sheet sheet, PlotTheme theme);
/* One sample's way: a row of its states from noise to sample, the teacher's below it. Pictures. */
void sheet_strip(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme);

/* Student and teacher from the same noise, and what separates them at each sampling step. */
void sheet_paths(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme);
void sheet_gaps(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme);
bool sheet_has_paths(const RunView *run);

#endif
