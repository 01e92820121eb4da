/* The home view: which run deserves my attention? */
#include "views/chart.h"
#include "views/format.h"
#include "views/layout.h"
#include "views/theme.h"
#include "views/views.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    COLUMN_STATE = 22,
    COLUMN_STEP = 31,
    COLUMN_LOSS = 40,
    COLUMN_SHIFT = 49,
    COLUMN_NOTE = 59
};

static void draw_head(Canvas *canvas, const Scene *scene, Rect *table)
{
    char owner[80];
    Rect row = layout_take_top(table, 1);
    Style faint = theme_style(canvas, ROLE_FAINT);
    static const struct {
        int x;
        const char *name;
    } columns[] = {
        {2,            "run"  },
        {COLUMN_STATE, "state"},
        {COLUMN_NOTE,  "note" }
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        canvas_text(canvas, row.x + columns[i].x, row.y, row.width - columns[i].x, faint,
                    columns[i].name);
    }
    canvas_text_right(canvas, row.x + COLUMN_STEP + 8, row.y, 8, faint, "step");
    canvas_text_right(canvas, row.x + COLUMN_LOSS + 8, row.y, 8, faint, "loss");
    canvas_text_right(canvas, row.x + COLUMN_SHIFT + 8, row.y, 8, faint, "shift");
    Rect rule = layout_take_top(table, 1);
    canvas_fill(canvas, rule, 0x2500, theme_style(canvas, ROLE_RULE));
    views_owner(scene, owner, sizeof owner);
    canvas_print(canvas, rule.x + rule.width - text_width(owner) - 4, rule.y, rule.width,
                 faint, " %s ", owner);
}

static void describe_run(const RunView *run, char *text, size_t size)
{
    if (run->note[0] != '\0') {
        snprintf(text, size, "%s", run->note);
    } else if (run->parent > 0) {
        snprintf(text, size, "forked from %02d @ %ld", run->parent, run->parent_step);
    } else {
        snprintf(text, size, "%s on %s", run->method, run->data);
    }
}

static void draw_run(Canvas *canvas, Rect row, const RunView *run, bool chosen)
{
    const char *sign, *word;
    char text[FORMAT_SIZE], note[128];
    Style state = views_state(canvas, run->state, &sign, &word),
          plain = theme_style(canvas, ROLE_TEXT);
    Style name = theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT);
    canvas_text(canvas, row.x, row.y, 1, theme_style(canvas, ROLE_CURSOR),
                chosen ? "▸" : " ");
    canvas_print(canvas, row.x + 2, row.y, COLUMN_STATE - 3, name, "%02d %s", run->id,
                 run->name);
    int x = row.x + COLUMN_STATE;
    canvas_print(canvas, x, row.y, COLUMN_STEP - COLUMN_STATE, state, "%s %s", sign,
                 word);
    canvas_text_right(canvas, row.x + COLUMN_STEP + 8, row.y, 8, plain,
                      format_count(text, (double)run->step));
    canvas_text_right(canvas, row.x + COLUMN_LOSS + 8, row.y, 8, plain,
                      format_value(text, run->smooth_loss));
    canvas_text_right(canvas, row.x + COLUMN_SHIFT + 8, row.y, 8, plain,
                      format_value(text, run->shift));
    describe_run(run, note, sizeof note);
    canvas_text(canvas, row.x + COLUMN_NOTE, row.y, row.width - COLUMN_NOTE,
                theme_style(canvas, ROLE_FAINT), note);
    if (chosen) {
        canvas_add_attributes(canvas, (Rect){row.x, row.y, row.width, 1}, ATTRIBUTE_BOLD);
    }
}

static int chosen_index(const Scene *scene)
{
    for (int i = 0; i < scene->snapshot->runs; i++) {
        if (scene->snapshot->run[i] == scene->run) {
            return i;
        }
    }
    return 0;
}

static void draw_table(Canvas *canvas, const Scene *scene, Rect table)
{
    int n = scene->snapshot->runs, chosen = chosen_index(scene);
    draw_head(canvas, scene, &table);
    int first = chosen >= table.height ? chosen - table.height + 1 : 0;
    for (int row = 0; row < table.height && first + row < n; row++) {
        int i = first + row;
        draw_run(canvas, (Rect){table.x, table.y + row, table.width, 1},
                 scene->snapshot->run[i], i == chosen);
    }
}

static void draw_chart(Canvas *canvas, const Scene *scene, Rect rect)
{
    const RunView *run = scene->run;
    const Session *session = scene->session;
    char title[120], choices[64];
    snprintf(title, sizeof title, "%02d %s  loss", run->id, run->name);
    chart_choices(session, choices, sizeof choices);
    views_title(canvas, &rect, title, choices);
    if (run->loss_terms < 1) {
        return;
    }
    ChartLine line = {.source = {.run = run,
                                 .series = &run->term[0].series,
                                 .smoothing = session->smoothing}};
    ChartSpec spec = {.lines = 1,
                      .line = &line,
                      .all = session->all,
                      .axis = axis_for(run->step, run->steps, 0, 0),
                      .linear_y = session->linear_y,
                      .dots = session->dots,
                      .cursor = -1,
                      .marks = run->marks,
                      .mark = run->mark};
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
        "?  lists all keys.",
    };
    int n = sizeof lines / sizeof *lines;
    Rect box = layout_centre(body, 66, n);
    for (int i = 0; i < n && i < box.height; i++) {
        const char *text = i == 2 && scene->readonly
                               ? "Opened read-only: nothing can be started here."
                               : lines[i];
        canvas_text(canvas, box.x, box.y + i, box.width,
                    theme_style(canvas, i == 0 ? ROLE_STRONG : ROLE_TEXT), text);
    }
}

static void draw(void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    (void)state;
    if (scene->run == NULL) {
        draw_empty(canvas, scene, body);
        return;
    }
    RunsLayout layout = layout_runs(body, scene->snapshot->runs);
    draw_table(canvas, scene, layout.table);
    if (!rect_is_empty(layout.chart)) {
        draw_chart(canvas, scene, layout.chart);
    }
    if (!rect_is_empty(layout.facts)) {
        views_title(canvas, &layout.facts, "now", "");
        views_facts(canvas, scene, layout.facts);
    }
    if (!rect_is_empty(layout.log)) {
        views_title(canvas, &layout.log, "news", "");
        views_news(canvas, scene, layout.log);
    }
}

static Reply act(void *state, const Scene *scene, Action action)
{
    (void)state;
    Session *session = scene->session;
    int n = scene->snapshot->runs;
    if (action == ACTION_OPEN) {
        return n > 0 ? (Reply){.kind = REPLY_VIEW, .view = 1}
                     : (Reply){.kind = REPLY_UNKNOWN};
    }
    if (n > 0) {
        session->run =
            scene->snapshot->run[views_move(chosen_index(scene), n, action)]->id;
    }
    return (Reply){.kind = REPLY_NONE};
}

static void describe(const Scene *scene, char *text, size_t size)
{
    describe_run(scene->run, text, size);
}

const View view_runs = {
    .name = "Runs",
    .title = "which run deserves attention",
    .help = "Every run of the folder. Shift is the largest ratio of the student's error "
            "on its own states to\n"
            "its error on forward-noised data, over the sampling steps after the first: "
            "1 means no shift.",
    .place = PLACE_RUNS,
    .draw = draw,
    .act = act,
    .describe = describe,
    .side = true,
};
