/* A chart as the session wants it: axis, marks, what lies behind the lines. */
#ifndef DDIL_CHART_SPEC_H
#define DDIL_CHART_SPEC_H

#include "views/draw/chart.h"

/* "log y · EMA .98": the choices a chart is drawn with, for its title. */
void chart_choices(const Session *session, char *text, size_t size);
/* The run's marks, and the story of the one at the cursor. */
void chart_take_marks(ChartSpec *spec, const Session *session, const RunView *run);
/* The chosen run's parent, dimly, before the run itself. */
void chart_take_before(ChartSpec *spec, const Scene *scene, const Overlay *overlay);
/* The session's choices for a chart of these lines over the runs overlaid. */
ChartSpec chart_spec(const Scene *scene, const Overlay *overlay, const ChartLine *line, int lines);

#endif
