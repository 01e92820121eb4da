/* Owns what a session's choices make of a chart. See chart_spec.h. */
#include "views/draw/chart_spec.h"

#include "views/model/scrub.h"
#include <stdio.h>

void chart_choices(const Session *session, char *text, size_t size)
{
    char smooth[24] = "raw", digits[16];
    if (session->smoothing > 0) {
        snprintf(digits, sizeof digits, "%g", SMOOTHING[session->smoothing - 1]);
        snprintf(smooth, sizeof smooth, "EMA %s", digits + 1); /* ".98" */
    }
    const char *x = session->log_x ? "log x · " : "";
    const char *y = session->linear_y ? "linear" : "log";
    snprintf(text, size, "%s%s y%s · %s", x, y, session->all ? " all" : "", smooth);
}

void chart_take_marks(ChartSpec *spec, const Session *session, const RunView *run)
{
    spec->marks = run->marks;
    spec->mark = run->mark;
    spec->told = mark_at(session, run);
    if (spec->told >= 0)
        mark_story(session, run, spec->told, spec->story);
}

void chart_take_before(ChartSpec *spec, const Scene *scene, const Overlay *overlay)
{
    spec->until = scene->run->parent_step;
    if (spec->lines < 1 || !overlay_before(scene, overlay, &spec->line[0], &spec->before))
        spec->before = (LineSource){0};
}

ChartSpec chart_spec(const Scene *scene, const Overlay *overlay, const ChartLine *line, int lines)
{
    const Session *session = scene->session;
    ChartSpec spec = {.lines = lines,
                      .line = line,
                      .axis = scrub_axis(scene, overlay),
                      .linear_y = session->linear_y,
                      .all = session->all,
                      .dots = session->dots,
                      .cursor = scrub_cursor(scene),
                      .readout = lines > 1};
    chart_take_marks(&spec, session, scene->run);
    chart_take_before(&spec, scene, overlay);
    return spec;
}
