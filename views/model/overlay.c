/* Owns the choice of runs shown together. See overlay.h. */
#include "views/model/overlay.h"

#include "views/model/axis.h"
#include "views/model/clamp.h"
#include <stdio.h>
#include <string.h>

static int place_of(const Session *session, int id)
{
    for (int i = 0; i < CHART_LINES_MAX; i++)
        if (session->overlay[i] == id)
            return i;
    return -1;
}

bool overlay_marked(const Session *session, int id) { return id > 0 && place_of(session, id) >= 0; }

void overlay_add(Session *session, int id)
{
    int free_place = place_of(session, 0);
    if (!overlay_marked(session, id) && free_place >= 0)
        session->overlay[free_place] = id;
}

bool overlay_toggle(Session *session, int id)
{
    int place = place_of(session, id);
    if (place >= 0) {
        session->overlay[place] = 0;
        return true;
    }
    overlay_add(session, id);
    return overlay_marked(session, id);
}

/* Itself, or in a folded group. */
static bool shown_in(const Overlay *overlay, const RunView *run)
{
    for (int i = 0; i < overlay->n; i++)
        if (overlay->run[i] == run || group_has(&overlay->group[i], run))
            return true;
    return false;
}

Overlay overlay_runs(const Scene *scene)
{
    const Session *session = scene->session;
    Overlay overlay = {0};
    if (!scene->run)
        return overlay;
    int place = place_of(session, scene->run->id);
    place = place >= 0 ? place : place_of(session, 0);
    overlay.run[0] = scene->run;
    overlay.stroke[0] = place >= 0 ? place : 0;
    overlay.group[0] = group_of(scene, scene->run);
    overlay.n = 1;
    for (int i = 0; i < CHART_LINES_MAX; i++) {
        const RunView *run =
            session->overlay[i] > 0 ? snapshot_run(scene->snapshot, session->overlay[i]) : NULL;
        bool fits = run && !shown_in(&overlay, run) && strcmp(run->data, scene->run->data) == 0;
        if (fits && overlay.n < CHART_LINES_MAX) {
            overlay.run[overlay.n] = run;
            overlay.group[overlay.n] = group_of(scene, run);
            overlay.stroke[overlay.n++] = i;
        }
    }
    return overlay;
}

const RunView *overlay_base(const Scene *scene, const Overlay *overlay)
{
    const RunView *chosen = snapshot_run(scene->snapshot, scene->session->base);
    for (int i = 0; i < overlay->n && chosen; i++)
        if (group_has(&overlay->group[i], chosen))
            return overlay->run[i];
    if (chosen)
        return chosen;
    for (int i = 1; i < overlay->n; i++)
        if (overlay->run[i]->id == overlay->run[0]->parent)
            return overlay->run[i];
    return overlay->n > 1 ? overlay->run[1] : scene->run;
}

long overlay_step(const Scene *scene, const RunView *run)
{
    const Session *session = scene->session;
    if (session->live)
        return -1;
    Axis cursor = {.across = (Across)session->across, .run = scene->run}, other = cursor;
    other.run = run;
    return run == scene->run ? session->step
                             : axis_step_of(other, axis_place(cursor, session->step));
}

Reply overlay_act(const Scene *scene, Action action)
{
    Session *session = scene->session;
    if (!scene->run)
        return (Reply){.kind = REPLY_UNKNOWN};
    int id = scene->run->id;
    if (action == ACTION_OVERLAY) {
        if (!overlay_toggle(session, id)) {
            return reply_say(REPLY_NONE, "%d runs are overlaid: v on one of them makes room",
                             CHART_LINES_MAX);
        }
        return overlay_marked(session, id)
                   ? reply_say(REPLY_NONE, "%02d is overlaid: Tab to another run, or 6 to compare",
                               id)
                   : reply_say(REPLY_NONE, "%02d is no longer overlaid", id);
    }
    if (action == ACTION_BASELINE) {
        session->base = session->base == id ? 0 : id;
        return session->base != 0
                   ? reply_say(REPLY_NONE, "%02d is the baseline: 6 shows differences to it", id)
                   : reply_say(REPLY_NONE, "no baseline chosen");
    }
    return (Reply){.kind = REPLY_UNKNOWN};
}

/* ---- Lines ---- */

int overlay_curve(const Scene *scene) { return scene->session->curve % scene->run->loss_terms; }

static const Group *group_at(const Overlay *overlay, int i)
{
    return overlay->group[i].n > 0 ? &overlay->group[i] : NULL;
}

int overlay_curves(const Scene *scene, const Overlay *overlay, ChartLine line[CHART_LINES_MAX])
{
    int n = 0;
    for (int i = 0; i < overlay->n && scene->run->loss_terms > 0; i++) {
        const RunView *run = overlay->run[i];
        const Series *series = line_term(run, scene->run->term[overlay_curve(scene)].name);
        if (series) {
            line[n++] = (ChartLine){.source = {.run = run,
                                               .series = series,
                                               .smoothing = scene->session->smoothing,
                                               .group = group_at(overlay, i)},
                                    .stroke = overlay->stroke[i]};
        }
    }
    return n;
}

bool overlay_before(const Scene *scene, const Overlay *overlay, const ChartLine *line,
                    LineSource *before)
{
    const RunView *run = line->source.run, *parent = snapshot_run(scene->snapshot, run->parent);
    bool drawn = false;
    for (int i = 0; i < overlay->n; i++)
        drawn = drawn || overlay->run[i] == parent;
    if (!parent || drawn || scene->session->across != ACROSS_STEP)
        return false;
    *before = line->source;
    before->run = parent;
    if (!line->source.series)
        return parent->shift_view.rows == run->shift_view.rows;
    before->series = NULL;
    for (int t = 0; t < run->loss_terms; t++)
        if (line->source.series == &run->term[t].series)
            before->series = line_term(parent, run->term[t].name);
    return before->series;
}

int overlay_sampling_step(const Scene *scene)
{
    Overlay overlay = overlay_runs(scene);
    int rows = scene->run->shift_view.rows, stage = scene->session->stage;
    for (int i = 1; i < overlay.n && rows < 1; i++) /* not measured yet in the chosen one */
        rows = overlay.run[i]->shift_view.rows;
    return rows < 1 ? 0 : rows - smaller(stage, rows - 1);
}

int overlay_shift(const Scene *scene, const Overlay *overlay, ChartLine line[CHART_LINES_MAX])
{
    int i = overlay_sampling_step(scene), n = 0;
    for (int k = 0; k < overlay->n; k++) {
        int rows = overlay->run[k]->shift_view.rows;
        if (rows > 0) {
            line[n++] =
                (ChartLine){.source = {.run = overlay->run[k],
                                       .reference = session_reference(scene->session, scene->run),
                                       .row = rows > i ? rows - i : 0,
                                       .group = group_at(overlay, k)},
                            .stroke = overlay->stroke[k]};
        }
    }
    return n;
}

int overlay_trades(const Overlay *overlay, int i, TradeView trade[TRADES_MAX])
{
    const Group *group = &overlay->group[i];
    return group->n > 0 ? run_trades(group->run, group->n, trade)
                        : run_trades(&overlay->run[i], 1, trade);
}
