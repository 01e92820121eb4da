/* The home view: which run deserves my attention? */
#include "engine/base/number.h"
#include "views/draw/chart_spec.h"
#include "views/draw/layout.h"
#include "views/draw/metric_columns.h"
#include "views/draw/panels.h"
#include "views/draw/run_card.h"
#include "views/draw/run_row.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/filter.h"
#include "views/model/format.h"
#include "views/model/group.h"
#include "views/model/overlay.h"
#include "views/run_list.h"
#include "views/view.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct RunsState {
    int deleting; /* the run whose deletion is being confirmed */
    Last last;    /* what stands in the last columns */
} RunsState;

/* ---- Drawing ---- */

static const struct {
    int x;
    bool right; /* ends at x + 8 */
    Sorting sorting;
    const char *name;
    /* clang-format off */
} columns[] = {
    {2,            false, SORT_NAME,  "run"  },
    {COLUMN_STATE, false, SORT_STATE, "state"},
    {COLUMN_STEP,  true,  SORT_STEP,  "step" },
    {COLUMN_LOSS,  true,  SORT_LOSS,  "loss" },
    {COLUMN_SHIFT, true,  SORT_SHIFT, "shift"},
    {COLUMN_NOTE,  false, SORTINGS,   "note" },
};
/* clang-format on */

/* The column sorted by has an arrow; a filter stands in the rule below. */
static void draw_head(Canvas *canvas, const Scene *scene, const LastColumns *end, int shown,
                      Rect *table)
{
    const Session *session = scene->session;
    char owner[80];
    Rect row = layout_take_top(table, 1);
    int used = last_columns_draw(canvas, scene, end, row, NULL);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        char text[16];
        bool sorted = (int)columns[i].sorting == session->sorting;
        Style style = theme_style(canvas, sorted ? ROLE_TITLE : ROLE_FAINT);
        int x = columns[i].x + (columns[i].x == COLUMN_NOTE ? used : 0);
        snprintf(text, sizeof text, "%s%s", columns[i].name, sorted ? "↓" : "");
        if (columns[i].right)
            canvas_text_right(canvas, row.x + x + 8, row.y, 8, style, text);
        else
            canvas_text(canvas, row.x + x, row.y, row.width - x, style, text);
    }
    if (session->filter[0] != '\0') {
        char title[100], right[40];
        snprintf(title, sizeof title, "/ %s", session->filter);
        snprintf(right, sizeof right, "%d of %d runs", shown, scene->snapshot->runs);
        text_title(canvas, table, title, right);
        return;
    }
    Rect rule = layout_take_top(table, 1);
    canvas_fill(canvas, rule, 0x2500, theme_style(canvas, ROLE_RULE));
    panel_owner(scene, owner, sizeof owner);
    canvas_print(canvas, rule.x + rule.width - text_width(owner) - 4, rule.y, rule.width,
                 theme_style(canvas, ROLE_FAINT), " %s ", owner);
}

/* ▸ the chosen run, ◆ one that is overlaid, b the baseline. */
static void draw_signs(Canvas *canvas, const Scene *scene, Rect row, const RunView *run,
                       bool chosen)
{
    const Session *session = scene->session;
    canvas_text(canvas, row.x, row.y, 1, theme_style(canvas, ROLE_CURSOR), chosen ? "▸" : " ");
    if (run->id == session->base || overlay_marked(session, run->id)) {
        canvas_text(canvas, row.x + 1, row.y, 1, theme_style(canvas, ROLE_MARK),
                    run->id == session->base ? "b" : "◆");
    }
}

static void draw_run(Canvas *canvas, const Scene *scene, const LastColumns *end, Rect row,
                     const RunView *run, int depth)
{
    Group group = group_of(scene, run);
    bool chosen = run == scene->run || group_has(&group, scene->run);
    Style name = theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT);
    draw_signs(canvas, scene, row, run, chosen);
    if (group.n > 0) {
        canvas_print(canvas, row.x + 2, row.y, COLUMN_STATE - 3, name, "+ %.*s ×%d", group.stem,
                     run->name, group.n);
        list_row_group(canvas, row, &group);
    } else {
        canvas_print(canvas, row.x + 2, row.y, COLUMN_STATE - 3, name, "%*s%s%02d %s",
                     2 * larger(depth - 1, 0), "", depth > 0 ? "└ " : "", run->id, run->name);
        list_row_values(canvas, row, run);
    }
    list_row_last(canvas, scene, end, row, run);
    if (chosen)
        canvas_add_attributes(canvas, (Rect){row.x, row.y, row.width, 1}, ATTRIBUTE_BOLD);
}

/* The chosen run among those shown; -1: it is hidden. */
static int chosen_index(const Scene *scene, const Kin *kin, int n)
{
    Group group = group_of(scene, scene->run);
    for (int i = 0; i < n; i++) {
        const RunView *run = scene->snapshot->run[kin[i].index];
        if (run == scene->run || group_has(&group, run))
            return i;
    }
    return -1;
}

static void draw_table(Canvas *canvas, const Scene *scene, const RunsState *mine, Rect table)
{
    int n;
    Kin *kin = run_list(scene, &n);
    int chosen = chosen_index(scene, kin, n);
    LastColumns end = {mine->last, scene->session->sorting - SORTINGS,
                       differences_of(scene, kin, n)};
    draw_head(canvas, scene, &end, n, &table);
    int first = chosen >= table.height ? chosen - table.height + 1 : 0;
    for (int row = 0; row < table.height && first + row < n; row++) {
        Rect line = {table.x, table.y + row, table.width, 1};
        const Kin *at = &kin[first + row];
        draw_run(canvas, scene, &end, line, scene->snapshot->run[at->index], at->depth);
    }
    if (n == 0 && table.height > 0) {
        canvas_text(canvas, table.x + 2, table.y, table.width - 2, theme_style(canvas, ROLE_FAINT),
                    "no run fits: / and Enter shows all again");
    }
    free(kin);
}

static void draw_chart(Canvas *canvas, const Scene *scene, Rect rect)
{
    const RunView *run = scene->run;
    const Session *session = scene->session;
    char title[120], choices[64];
    Group group = group_of(scene, run);
    if (group.n > 0)
        snprintf(title, sizeof title, "%.*s ×%d  loss, 95 %% band", group.stem, run->name, group.n);
    else
        snprintf(title, sizeof title, "%02d %s  loss", run->id, run->name);
    chart_choices(session, choices, sizeof choices);
    text_title(canvas, &rect, title, choices);
    if (run->loss_terms < 1)
        return;
    ChartLine line = {.source = {.run = run,
                                 .series = &run->term[0].series,
                                 .smoothing = session->smoothing,
                                 .group = group.n > 0 ? &group : NULL}};
    ChartSpec spec = {.lines = 1,
                      .line = &line,
                      .all = session->all,
                      .axis = axis_for(run->step, run->steps, 0, 0),
                      .linear_y = session->linear_y,
                      .dots = session->dots,
                      .cursor = -1};
    spec.axis.log = session->log_x;
    chart_take_marks(&spec, session, run);
    chart_take_before(&spec, scene, &(Overlay){.n = 1, .run = {run}});
    chart_draw(canvas, rect, &spec);
}

static void draw_empty(Canvas *canvas, const Scene *scene, Rect body)
{
    static const char *const lines[] = {
        "No runs in this folder yet.",
        "",
        "Press  n  and choose  quickstart :  it distils a four-step student",
        "in under a minute and shows the covariate shift shrink.",
        "",
        "Or leave (q) and begin the guided lessons with  ddil tour .",
        "",
        "?  lists all keys and commands.",
    };
    int n = sizeof lines / sizeof *lines;
    Rect box = layout_centre(body, 66, n);
    for (int i = 0; i < n && i < box.height; i++) {
        const char *text =
            i == 2 && scene->readonly ? "Opened read-only: nothing can be started here." : lines[i];
        canvas_text(canvas, box.x, box.y + i, box.width,
                    theme_style(canvas, i == 0 ? ROLE_STRONG : ROLE_TEXT), text);
    }
}

/* Its curve and figures; of what is over the card, and above it the curve where there is room. */
static void draw_chosen(Canvas *canvas, const Scene *scene, RunsLayout *layout)
{
    enum { CHART_LEAST = 8 };
    Rect all = layout->chart;
    int rows = run_card_rows(scene);
    if (rows > 0 && !rect_is_empty(all) && !rect_is_empty(layout->facts)) {
        all.width = layout->facts.x + layout->facts.width - all.x;
        run_card_draw(canvas, scene,
                      all.height - rows < CHART_LEAST ? all : layout_take_bottom(&all, rows));
        layout->chart = all.height == layout->chart.height ? (Rect){0} : all;
        layout->facts = (Rect){0};
    }
    if (!rect_is_empty(layout->chart))
        draw_chart(canvas, scene, layout->chart);
    if (!rect_is_empty(layout->facts)) {
        text_title(canvas, &layout->facts, "now", "");
        panel_facts(canvas, scene, layout->facts);
    }
}

static void draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    if (!scene->run) {
        draw_empty(canvas, scene, body);
        return;
    }
    RunsLayout layout = layout_runs(body, scene->snapshot->runs);
    draw_table(canvas, scene, state, layout.table);
    draw_chosen(canvas, scene, &layout);
    if (rect_is_empty(layout.facts) && scene->snapshot->notes == 0) { /* rather than nothing */
        text_title(canvas, &layout.log, "now", "");
        panel_facts(canvas, scene, layout.log);
    } else if (!rect_is_empty(layout.log)) {
        text_title(canvas, &layout.log, "news", "");
        panel_news(canvas, scene, layout.log);
    }
}

/* Nothing is deleted by a key alone: the run's number must be typed. */
static Reply ask_delete(RunsState *mine, const Scene *scene)
{
    const RunView *run = scene->run;
    if (!run)
        return (Reply){.kind = REPLY_UNKNOWN};
    if (group_of(scene, run).n > 0)
        return reply_say(REPLY_NONE, "a group of seeds: → unfolds it, then D deletes one run");
    if (run->state == RUN_LIVE || run->state == RUN_QUEUED)
        return reply_say(REPLY_NONE, "%02d is live: Space pauses it, then D deletes it", run->id);
    mine->deleting = run->id;
    Reply reply = reply_say(REPLY_ASK, "delete %02d %s and all its files? type %d: ", run->id,
                            run->name, run->id);
    reply.asking = ASK_VALUE;
    return reply;
}

static void choose(const Scene *scene, Action action)
{
    int n;
    Kin *kin = run_list(scene, &n);
    if (n > 0) {
        int at = chosen_index(scene, kin, n), to = at < 0 ? 0 : list_move(at, n, action);
        scene->session->run = scene->snapshot->run[kin[to].index]->id;
    }
    free(kin);
}

static void sort_next(const RunsState *mine, const Scene *scene, int by)
{
    int all = SORTINGS + (mine->last != LAST_NOTES ? metric_columns_count(scene) : 0);
    scene->session->sorting = (scene->session->sorting + all + by) % all;
}

static Reply act(void *state, const Scene *scene, Action action)
{
    RunsState *mine = state;
    int n = scene->snapshot->runs;
    switch (action) {
    case ACTION_OPEN:
        return n > 0 ? (Reply){.kind = REPLY_VIEW, .view = 1} : (Reply){.kind = REPLY_UNKNOWN};
    case ACTION_OVERLAY:
    case ACTION_BASELINE: return overlay_act(scene, action);
    case ACTION_DELETE: return ask_delete(mine, scene);
    case ACTION_LEFT:
    case ACTION_RIGHT:
        if (!group_unfold(scene, action == ACTION_RIGHT))
            return reply_say(REPLY_NONE, "no group of seeds to %s here",
                             action == ACTION_RIGHT ? "unfold" : "fold");
        break;
    case ACTION_SORT_LEFT: sort_next(mine, scene, -1); break;
    case ACTION_SORT_RIGHT: sort_next(mine, scene, 1); break;
    case ACTION_CURVE:
        mine->last = (Last)((mine->last + 1) % LASTS);
        if (mine->last == LAST_NOTES && scene->session->sorting >= SORTINGS)
            scene->session->sorting = SORT_TREE;
        break;
    default: choose(scene, action); break;
    }
    return (Reply){.kind = REPLY_NONE};
}

static Reply delete_typed(RunsState *mine, const Scene *scene, const char *text)
{
    int id = 0;
    bool same = number_int(text, 1, INT_MAX, &id) && id == mine->deleting;
    mine->deleting = 0;
    if (!same || !scene->run || scene->run->id != id)
        return reply_say(REPLY_NONE, "nothing was deleted");
    return (Reply){.kind = REPLY_SEND, .command = {.kind = COMMAND_DELETE, .run = id}};
}

static Reply typed(void *state, const Scene *scene, Asking asking, const char *text)
{
    RunsState *mine = state;
    char why[160];
    if (asking == ASK_VALUE)
        return delete_typed(mine, scene, text);
    if (asking != ASK_FILTER)
        return (Reply){.kind = REPLY_NONE};
    for (int i = 0; i < scene->snapshot->runs; i++)
        if (filter_run_fits(text, scene->snapshot->run[i], why, sizeof why) < 0)
            return reply_say(REPLY_REFUSED, "%s", why);
    snprintf(scene->session->filter, sizeof scene->session->filter, "%s", text);
    int n;
    Kin *kin = run_list(scene, &n);
    if (n > 0 && chosen_index(scene, kin, n) < 0)
        scene->session->run = scene->snapshot->run[kin[0].index]->id;
    free(kin);
    return (Reply){.kind = REPLY_NONE};
}

static void describe(const Scene *scene, char *text, size_t size)
{
    list_row_note(scene->run, text, size);
}

const View view_runs = {
    .name = "Runs",
    .title = "which run deserves attention",
    .help = "Every run of the folder. Shift is the largest ratio of the student's error "
            "on its own states to\n"
            "its error on forward-noised data, over the sampling steps after the first: "
            "1 means no shift.",
    .draw = draw,
    .state_size = sizeof(RunsState),
    .act = act,
    .typed = typed,
    .describe = describe,
    .side = true,
};
