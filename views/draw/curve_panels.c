/* Owns the two panels that follow a run: its loss and its shift. See curve_panels.h. */
#include "views/draw/curve_panels.h"

#include "views/draw/chart_spec.h"
#include "views/draw/heatmap.h"
#include "views/draw/layout.h"
#include "views/draw/overlay_title.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/format.h"
#include "views/model/scrub.h"
#include <stdio.h>
#include <string.h>

int curve_panel_row(const Session *session, const RunView *run)
{
    int last = run->shift_view.rows - 1;
    return larger(smaller(session->stage, last), 0);
}

/* One run: its name and what the cursor is on. Several: who is who. */
static void chart_title(Canvas *canvas, const Scene *scene, const Overlay *overlay, Rect *rect,
                        const ChartLine *line)
{
    const RunView *run = scene->run;
    const Session *session = scene->session;
    const char *name = run->term[overlay_curve(scene)].name;
    char title[160], value[FORMAT_SIZE], right[96];
    snprintf(right, sizeof right, "x %s · ", across_name((Across)session->across));
    chart_choices(session, right + strlen(right), sizeof right - strlen(right));
    if (overlay->n > 1) {
        overlay_title(canvas, rect, name, overlay, "", right);
        return;
    }
    format_value(value, line_at(&line->source, session_step(session, run)));
    const Group *group = &overlay->group[0];
    if (group->n > 0)
        snprintf(title, sizeof title, "%.*s ×%d  %s, mean and its 95 %% band", group->stem,
                 run->name, group->n, name);
    else
        snprintf(title, sizeof title, "%02d %s  %s", run->id, run->name, name);
    if (!session->live)
        snprintf(title + strlen(title), sizeof title - strlen(title), " %s at the cursor", value);
    text_title(canvas, rect, title, right);
}

void curve_panel_loss(Canvas *canvas, const Scene *scene, const Overlay *overlay, Rect rect)
{
    ChartLine line[CHART_LINES_MAX];
    if (scene->run->loss_terms < 1) {
        text_title(canvas, &rect, "loss", "");
        return;
    }
    int lines = overlay_curves(scene, overlay, line);
    chart_title(canvas, scene, overlay, &rect, &line[0]);
    ChartSpec spec = chart_spec(scene, overlay, line, lines);
    chart_draw(canvas, rect, &spec);
}

static void draw_waiting(Canvas *canvas, Rect rect, const RunView *run)
{
    Rect line = layout_centre(rect, 60, 1);
    canvas_text(canvas, line.x, line.y, line.width, theme_style(canvas, ROLE_FAINT),
                run->state == RUN_LIVE || run->state == RUN_QUEUED
                    ? "the shift appears with its first measurement ..."
                    : "no shift was measured in this run");
}

void curve_panel_shift(Canvas *canvas, const Scene *scene, const Overlay *overlay, Rect rect)
{
    const RunView *run = scene->run;
    const ShiftView *shift = &run->shift_view;
    Reference reference = session_reference(scene->session, run);
    Rect row = {rect.x, rect.y, rect.width, 1};
    char title[120];
    bool named = reference == REFERENCE_RATIO; /* the others are told by their own names */
    const char *measure = reference_title(reference), *guided = run->guided ? " (guided)" : "";
    snprintf(title, sizeof title, "%s%s%s", named ? "covariate shift: " : "", measure, guided);
    if (row.width < text_width(title) + 34)
        snprintf(title, sizeof title, "%s%s", named ? "shift: " : "", measure);
    text_title(canvas, &rect, title, "");
    if (shift->rows < 1 || shift->columns < 1) {
        draw_waiting(canvas, rect, run);
        return;
    }
    Scale scale = shift_scale(shift, reference);
    if (row.width >= text_width(title) + 26)
        heatmap_legend(canvas, row.x + row.width - 1, row.y, &scale);
    HeatSpec spec = {shift, reference, scrub_axis(scene, overlay), scrub_cursor(scene),
                     curve_panel_row(scene->session, run)};
    heatmap_draw(canvas, rect, &spec);
}
