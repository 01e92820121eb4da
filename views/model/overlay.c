/* Owns the choice of runs shown together. See overlay.h. */
#include "views/model/overlay.h"

#include "views/draw/format.h"
#include "views/draw/theme.h"
#include <stdio.h>
#include <string.h>

static const RunView *find(const Snapshot *snapshot, int id)
{
    for (int i = 0; i < snapshot->runs; i++)
        if (snapshot->run[i]->id == id)
            return snapshot->run[i];
    return NULL;
}

static int place_of(const Session *session, int id)
{
    for (int i = 0; i < CHART_LINES_MAX; i++)
        if (session->laid[i] == id)
            return i;
    return -1;
}

bool laid_marked(const Session *session, int id) { return id > 0 && place_of(session, id) >= 0; }

void laid_add(Session *session, int id)
{
    int free_place = place_of(session, 0);
    if (!laid_marked(session, id) && free_place >= 0)
        session->laid[free_place] = id;
}

bool laid_toggle(Session *session, int id)
{
    int place = place_of(session, id);
    if (place >= 0) {
        session->laid[place] = 0;
        return true;
    }
    laid_add(session, id);
    return laid_marked(session, id);
}

Laid laid_runs(const Scene *scene)
{
    const Session *session = scene->session;
    Laid laid = {0};
    if (!scene->run)
        return laid;
    int place = place_of(session, scene->run->id);
    place = place >= 0 ? place : place_of(session, 0);
    laid.run[0] = scene->run;
    laid.stroke[0] = place >= 0 ? place : 0;
    laid.n = 1;
    for (int i = 0; i < CHART_LINES_MAX; i++) {
        const RunView *run = session->laid[i] > 0 ? find(scene->snapshot, session->laid[i]) : NULL;
        if (run && run != scene->run && laid.n < CHART_LINES_MAX) {
            laid.run[laid.n] = run;
            laid.stroke[laid.n++] = i;
        }
    }
    return laid;
}

const RunView *laid_base(const Scene *scene, const Laid *laid)
{
    const RunView *chosen = find(scene->snapshot, scene->session->base);
    if (chosen)
        return chosen;
    for (int i = 1; i < laid->n; i++)
        if (laid->run[i]->id == laid->run[0]->parent)
            return laid->run[i];
    return laid->n > 1 ? laid->run[1] : scene->run;
}

long laid_step(const Scene *scene, const RunView *run)
{
    const Session *session = scene->session;
    if (session->live)
        return -1;
    Axis cursor = {.across = (Across)session->across, .run = scene->run}, other = cursor;
    other.run = run;
    return run == scene->run ? session->step
                             : axis_step_of(other, axis_place(cursor, session->step));
}

Reply laid_act(const Scene *scene, Action action)
{
    Session *session = scene->session;
    if (!scene->run)
        return (Reply){.kind = REPLY_UNKNOWN};
    int id = scene->run->id;
    if (action == ACTION_OVERLAY) {
        if (!laid_toggle(session, id)) {
            return reply_say(REPLY_NONE, "%d runs are overlaid: v on one of them makes room",
                             CHART_LINES_MAX);
        }
        return laid_marked(session, id)
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

int laid_curve(const Scene *scene) { return scene->session->curve % scene->run->loss_terms; }

static const Series *find_term(const RunView *run, const char *name)
{
    for (int t = 0; t < run->loss_terms; t++)
        if (strcmp(run->term[t].name, name) == 0)
            return &run->term[t].series;
    return NULL;
}

int laid_curves(const Scene *scene, const Laid *laid, ChartLine line[CHART_LINES_MAX])
{
    int n = 0;
    for (int i = 0; i < laid->n && scene->run->loss_terms > 0; i++) {
        const RunView *run = laid->run[i];
        const Series *series = find_term(run, scene->run->term[laid_curve(scene)].name);
        if (series) {
            line[n++] = (ChartLine){
                .source = {.run = run, .series = series, .smoothing = scene->session->smoothing},
                .stroke = laid->stroke[i]};
        }
    }
    return n;
}

int laid_sampling_step(const Scene *scene)
{
    Laid laid = laid_runs(scene);
    int rows = scene->run->shift_view.rows, stage = scene->session->stage;
    for (int i = 1; i < laid.n && rows < 1; i++) /* not measured yet in the chosen one */
        rows = laid.run[i]->shift_view.rows;
    return rows < 1 ? 0 : rows - (stage < rows ? stage : rows - 1);
}

int laid_shift(const Scene *scene, const Laid *laid, ChartLine line[CHART_LINES_MAX])
{
    int i = laid_sampling_step(scene), n = 0;
    for (int k = 0; k < laid->n; k++) {
        int rows = laid->run[k]->shift_view.rows;
        if (rows > 0) {
            line[n++] =
                (ChartLine){.source = {.run = laid->run[k],
                                       .reference = views_reference(scene->session, scene->run),
                                       .row = rows > i ? rows - i : 0},
                            .stroke = laid->stroke[k]};
        }
    }
    return n;
}

/* ---- Title ---- */

/* Puts colour on the part of the title that stands for one run. */
static int title_run(char *text, size_t size, const Laid *laid, int i)
{
    return snprintf(text, size, "  %s %02d", chart_stroke(laid->stroke[i]), laid->run[i]->id);
}

void laid_title(Canvas *canvas, Rect *rect, const char *before, const Laid *laid, const char *after,
                const char *right)
{
    char title[200];
    Rect row = *rect;
    int x[CHART_LINES_MAX];
    size_t used = (size_t)snprintf(title, sizeof title, "%s", before);
    for (int i = 0; i < laid->n && used < sizeof title; i++) {
        x[i] = text_width(title) + 2;
        used += (size_t)title_run(title + used, sizeof title - used, laid, i);
    }
    snprintf(title + strlen(title), sizeof title - strlen(title), "%s", after);
    views_title(canvas, rect, title, right);
    for (int i = 0; i < laid->n; i++) {
        char run[32];
        title_run(run, sizeof run, laid, i);
        int room = row.width - 4 - x[i];
        canvas_text(canvas, row.x + 2 + x[i], row.y, room > 0 ? room : 0,
                    chart_style(canvas, laid->stroke[i]), run + 2);
    }
}
