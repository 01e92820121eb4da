/* What differs, and was it worth it? Runs laid over one another or as differences to one
 * of them, what they came to, the parameters that set them apart, and what they make from
 * the same seeds. */
#include "views/draw/chart_spec.h"
#include "views/draw/layout.h"
#include "views/draw/overlay_title.h"
#include "views/draw/panels.h"
#include "views/draw/sample_sheet.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/draw/trade_chart.h"
#include "views/model/clamp.h"
#include "views/model/compare_table.h"
#include "views/model/format.h"
#include "views/model/group.h"
#include "views/model/overlay.h"
#include "views/model/samples.h"
#include "views/model/scrub.h"
#include "views/view.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct CompareState {
    bool values; /* else differences, once there are two runs */
    bool shift;  /* the shift, else the loss (or another curve) */
    bool trades; /* the frontier in the chart's place */
    bool equal;  /* rows all runs share are listed too */
    int scroll;  /* first row of the table */
} CompareState;

/* ---- Chart ---- */

static bool differs(const CompareState *mine, const Overlay *overlay)
{
    return !mine->values && overlay->n > 1;
}

/* The baseline is the zero line: its own line goes. Returns how many are left. */
static int take_out(ChartLine *line, int lines, const RunView *base, LineSource *taken)
{
    int kept = 0;
    for (int i = 0; i < lines; i++)
        if (line[i].source.run == base)
            *taken = line[i].source;
        else
            line[kept++] = line[i];
    return kept;
}

static void draw_chart(Canvas *canvas, const Scene *scene, const CompareState *mine,
                       const Overlay *overlay, Rect rect)
{
    ChartLine line[CHART_LINES_MAX];
    const RunView *base = overlay_base(scene, overlay);
    int lines = (mine->shift ? overlay_shift : overlay_curves)(scene, overlay, line);
    char before[64] = "loss", after[48] = "", right[96];
    if (mine->shift)
        snprintf(before, sizeof before, "shift i=%d", overlay_sampling_step(scene));
    else if (scene->run->loss_terms > 0)
        snprintf(before, sizeof before, "%s", scene->run->term[overlay_curve(scene)].name);
    if (differs(mine, overlay))
        snprintf(after, sizeof after, "  minus %02d", base->id);
    snprintf(right, sizeof right, "x %s · ", across_name((Across)scene->session->across));
    if (!differs(mine, overlay))
        chart_choices(scene->session, right + strlen(right), sizeof right - strlen(right));
    else
        snprintf(right + strlen(right), sizeof right - strlen(right),
                 overlay->group[0].n > 0 ? "difference by seed, 95 %%" : "difference");
    overlay_title(canvas, &rect, before, overlay, after, right);
    ChartSpec spec = chart_spec(scene, overlay, line, lines);
    LineSource other = {0};
    if (differs(mine, overlay)) {
        spec.lines = take_out(line, lines, base, &other);
        spec.base = other.run ? &other : NULL;
    }
    chart_draw(canvas, rect, &spec);
}

/* ---- Frontier ---- */

/* Of every run or group shown, then of the chosen one's teacher. */
static int frontier_lines(const Overlay *overlay, TradeLine *line)
{
    TradeView trade[TRADES_MAX];
    int lines = 0, n;
    char label[16];
    for (int i = 0; i < overlay->n; i++) {
        int before = lines;
        n = overlay_trades(overlay, i, trade);
        snprintf(label, sizeof label, "%02d", overlay->run[i]->id);
        lines = trades_add(line, lines, label, false, n, trade);
        for (int k = before; k < lines; k++)
            line[k].stroke = overlay->stroke[i];
    }
    n = overlay_trades(overlay, 0, trade);
    return trades_add(line, lines, "T", true, n, trade);
}

static void draw_frontier(Canvas *canvas, const Scene *scene, const Overlay *overlay, Rect rect)
{
    TradeLine *line = malloc(sizeof *line * TRADE_LINES);
    need(line);
    int lines = frontier_lines(overlay, line);
    overlay_title(canvas, &rect, "frontier: coverage by quality", overlay, "  T teacher",
                  "sampling steps at points, 95 %");
    Rect row = layout_centre(rect, 60, 1);
    if (lines == 0)
        canvas_text(canvas, row.x, row.y, row.width, theme_style(canvas, ROLE_FAINT),
                    scene->readonly ? "not measured: ddil eval RUN --frontier does"
                                    : "measured now, sampler by sampler ...");
    trade_chart(canvas, rect, lines, line);
    free(line);
}

/* Asks for the frontiers of all runs shown that lack one. */
static Reply ask_frontier(const Scene *scene, const Overlay *overlay)
{
    Reply reply = {.kind = REPLY_NONE, .command = {.kind = COMMAND_FRONTIER}};
    for (int i = 0; i < overlay->n && !scene->readonly; i++) {
        const Group *group = &overlay->group[i];
        for (int k = 0; k < (group->n > 0 ? group->n : 1); k++) {
            const RunView *run = group->n > 0 ? group->run[k] : overlay->run[i];
            if (run->trades > 0 || run->external || reply.others == SEEDS_MOST)
                continue;
            if (reply.kind == REPLY_NONE)
                reply.command.run = run->id;
            else
                reply.other[reply.others++] = run->id;
            reply.kind = REPLY_SEND;
        }
    }
    return reply;
}

/* ---- Same seeds ---- */

static void draw_sheet(Canvas *canvas, Rect rect, const Scene *scene, const RunView *run,
                       int stroke, SamplesSource source)
{
    const SamplesView *samples = samples_made_by(run, overlay_step(scene, run));
    int stage = scene->session->stage;
    char name[48], step[FORMAT_SIZE];
    Rect label = layout_take_top(&rect, 1);
    if (source == SOURCE_TEACHER) {
        snprintf(name, sizeof name, "teacher");
    } else {
        snprintf(name, sizeof name, "%s %02d @ %s", chart_stroke(stroke), run->id,
                 format_count(step, (double)samples->step));
    }
    canvas_text(canvas, label.x, label.y, label.width,
                source == SOURCE_TEACHER ? theme_style(canvas, ROLE_FAINT)
                                         : chart_style(canvas, stroke),
                name);
    SamplesSpec spec = {samples, source, stage < samples->steps ? stage : samples->steps, -1};
    samples_sheet(canvas, rect, &spec);
}

/* Every run's, then the teacher's from the same noise where there is room. */
static void draw_sheets(Canvas *canvas, const Scene *scene, const Overlay *overlay, Rect rect)
{
    const RunView *shown[CHART_LINES_MAX];
    int stroke[CHART_LINES_MAX], n = 0;
    text_title(canvas, &rect, "same seeds", "");
    for (int i = 0; i < overlay->n; i++) {
        if (samples_made_by(overlay->run[i], -1)->n > 0) {
            shown[n] = overlay->run[i];
            stroke[n++] = overlay->stroke[i];
        }
    }
    bool taught = n > 0 && samples_made_by(shown[0], -1)->teacher;
    int least = 14, columns = n + taught;
    while (columns > 1 && (rect.width + 2) / columns - 2 < least)
        columns--;
    int each = columns > 0 ? (rect.width + 2) / columns - 2 : 0;
    int most = rect.height * 5; /* wider than this a sheet only grows margins */
    each = each > most ? most : each;
    for (int i = 0; i < columns; i++) {
        Rect tile = {rect.x + i * (each + 2), rect.y, each, rect.height};
        bool teacher = i == n;
        if (teacher)
            draw_sheet(canvas, tile, scene, shown[0], 0, SOURCE_TEACHER);
        else
            draw_sheet(canvas, tile, scene, shown[i], stroke[i], SOURCE_STUDENT);
    }
}

/* ---- Lineage ---- */

static void draw_kin(Canvas *canvas, Rect row, const Scene *scene, const RunView *run, int depth)
{
    const char *sign, *word;
    char step[FORMAT_SIZE], text[96];
    Style state = panel_state(canvas, run->state, &sign, &word);
    bool chosen = run == scene->run, overlay = overlay_marked(scene->session, run->id);
    int right = row.x + row.width - 8;
    snprintf(text, sizeof text, "%*s%s%02d %s", 2 * larger(depth - 1, 0), "", depth > 0 ? "└ " : "",
             run->id, run->name);
    const char *mark = overlay ? "◆" : " ";
    canvas_text(canvas, row.x, row.y, 2, theme_style(canvas, ROLE_CURSOR), chosen ? "▸" : mark);
    canvas_text(canvas, row.x + 1, row.y, right - row.x - 3,
                theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT), text);
    if (depth > 0) { /* where it left its parent */
        char from[FORMAT_SIZE];
        format_short(from, (double)run->parent_step);
        canvas_print(canvas, right - 8, row.y, 7, theme_style(canvas, ROLE_FAINT), " @%-5s", from);
    }
    canvas_text(canvas, right - 1, row.y, 1, state, sign);
    canvas_text_right(canvas, row.x + row.width - 1, row.y, 6, theme_style(canvas, ROLE_TEXT),
                      format_short(step, (double)run->step));
}

static void draw_lineage(Canvas *canvas, const Scene *scene, Rect rect)
{
    const Snapshot *snapshot = scene->snapshot;
    Kin *kin = malloc(sizeof *kin * (size_t)(snapshot->runs + 1));
    need(kin);
    lineage_order(snapshot, kin);
    text_title(canvas, &rect, "lineage", "step");
    int chosen = 0;
    for (int i = 0; i < snapshot->runs; i++)
        chosen = snapshot->run[kin[i].index] == scene->run ? i : chosen;
    int first = chosen >= rect.height ? chosen - rect.height + 1 : 0;
    for (int row = 0; row < rect.height && first + row < snapshot->runs; row++) {
        draw_kin(canvas, (Rect){rect.x, rect.y + row, rect.width, 1}, scene,
                 snapshot->run[kin[first + row].index], kin[first + row].depth);
    }
    free(kin);
}

/* ---- The table ---- */

enum { LABEL = 24, COLUMN_LEAST = 11, COLUMN_MOST = 30 };

static void draw_head(Canvas *canvas, const CompareTable *table, Rect rect, int shown, int each)
{
    for (int i = 0; i < shown; i++) {
        const RunView *run = table->overlay->run[i];
        int stroke = table->overlay->stroke[i];
        char name[NAME_SIZE + 16];
        const Group *group = &table->overlay->group[i];
        if (group->n > 0)
            snprintf(name, sizeof name, "%.*s ×%d", group->stem, run->name, group->n);
        else
            snprintf(name, sizeof name, "%s", run->name);
        canvas_print(canvas, rect.x + LABEL + i * each, rect.y, each - 1,
                     chart_style(canvas, stroke), "%s %02d%s %s", chart_stroke(stroke), run->id,
                     run == table->base ? " base" : "", name);
    }
    if (shown < table->overlay->n) {
        canvas_print(canvas, rect.x + 1, rect.y, LABEL - 2, theme_style(canvas, ROLE_FAINT),
                     "%d more do not fit", table->overlay->n - shown);
    }
}

static void draw_row(Canvas *canvas, const CompareTable *table, Rect rect, int y, CompareRow row,
                     int shown, int each)
{
    char label[CELL_SIZE], text[CELL_SIZE], base[CELL_SIZE];
    compare_label(table, row, label);
    compare_cell(table, row, table->base, each - 1, base);
    canvas_text(canvas, rect.x + 1, y, LABEL - 2, theme_style(canvas, ROLE_FAINT), label);
    for (int i = 0; i < shown; i++) {
        const RunView *run = table->overlay->run[i];
        compare_cell(table, row, run, each - 1, text);
        bool other = run != table->base && strcmp(text, base) != 0;
        canvas_text(canvas, rect.x + LABEL + i * each, y, each - 1,
                    theme_style(canvas, other ? ROLE_STRONG : ROLE_TEXT), text);
    }
}

static void draw_table(Canvas *canvas, const Scene *scene, const CompareState *mine,
                       const Overlay *overlay, Rect rect)
{
    CompareTable table = compare_table_new(scene, overlay, mine->equal);
    table.differences = differs(mine, overlay);
    int hidden = table.all - table.rows, first = mine->scroll;
    int last = table.rows - (rect.height - 2), shown = overlay->n, room = rect.width - LABEL;
    first = first > last ? last : first;
    first = first < 0 ? 0 : first;
    char right[64] = "all rows";
    if (!mine->equal) {
        snprintf(right, sizeof right, "%s%d equal rows hidden", last > first ? "↓ more · " : "",
                 hidden);
    }
    text_title(canvas, &rect, "only what differs", right);
    while (shown > 1 && room / shown < COLUMN_LEAST)
        shown--;
    int each = room / shown > COLUMN_MOST ? COLUMN_MOST : room / shown;
    if (rect.height > 1)
        draw_head(canvas, &table, rect, shown, each);
    for (int y = 1; y < rect.height && first + y - 1 < table.rows; y++)
        draw_row(canvas, &table, rect, rect.y + y, table.row[first + y - 1], shown, each);
    compare_table_free(&table);
}

/* ---- The view ---- */

static void draw_hint(Canvas *canvas, Rect *rect)
{
    Rect row = layout_take_top(rect, 1);
    canvas_text(canvas, row.x + 1, row.y, row.width - 1, theme_style(canvas, ROLE_PAUSED),
                "One run so far: v marks it, Tab goes to another, v marks that one too.");
}

static void draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const CompareState *mine = state;
    if (!scene->run) {
        Rect line = layout_centre(body, 40, 1);
        canvas_text(canvas, line.x, line.y, line.width, theme_style(canvas, ROLE_TEXT),
                    "No run yet: press n to start one.");
        return;
    }
    Overlay overlay = overlay_runs(scene);
    CompareLayout layout = layout_compare(body);
    if (!rect_is_empty(layout.lineage)) {
        draw_lineage(canvas, scene, layout.lineage);
        canvas_fill(canvas, (Rect){layout.lineage.x + layout.lineage.width, body.y, 1, body.height},
                    0x2502, theme_style(canvas, ROLE_RULE));
    }
    if (!rect_is_empty(layout.chart) && mine->trades)
        draw_frontier(canvas, scene, &overlay, layout.chart);
    else if (!rect_is_empty(layout.chart))
        draw_chart(canvas, scene, mine, &overlay, layout.chart);
    if (!rect_is_empty(layout.sheets))
        draw_sheets(canvas, scene, &overlay, layout.sheets);
    if (overlay.n < 2)
        draw_hint(canvas, &layout.table);
    draw_table(canvas, scene, mine, &overlay, layout.table);
}

static Reply act(void *state, const Scene *scene, Action action)
{
    CompareState *mine = state;
    if (!scene->run)
        return (Reply){.kind = REPLY_UNKNOWN};
    Overlay overlay = overlay_runs(scene);
    int rows = compare_table_rows(scene, &overlay, mine->equal);
    switch (action) {
    case ACTION_UP:
    case ACTION_DOWN: mine->scroll = list_move(mine->scroll, rows, action); break;
    case ACTION_DIFFERENCE: mine->values = !mine->values; break;
    case ACTION_MAP:
        mine->shift = !mine->shift;
        mine->trades = false;
        break;
    case ACTION_FRONTIER:
        mine->trades = !mine->trades;
        return mine->trades ? ask_frontier(scene, &overlay) : (Reply){.kind = REPLY_NONE};
    case ACTION_EQUAL:
        mine->equal = !mine->equal;
        mine->scroll = 0;
        break;
    default: return scrub_act(scene, &overlay, scene->x_cells - CHART_MARGIN, action);
    }
    return (Reply){.kind = REPLY_NONE};
}

static Reply mouse(void *state, const Scene *scene, Rect body, int press)
{
    CompareState *mine = state;
    Rect chart = layout_compare(body).chart;
    if (!scene->run)
        return (Reply){.kind = REPLY_NONE};
    Overlay overlay = overlay_runs(scene);
    MouseKind kind = mouse_kind(press);
    if (mouse_y(press) < chart.y + chart.height) {
        return scrub_mouse(scene, &overlay, chart.width - CHART_MARGIN,
                           mouse_x(press) - chart.x - CHART_MARGIN, kind);
    }
    if (kind == MOUSE_WHEEL_UP || kind == MOUSE_WHEEL_DOWN) {
        mine->scroll = list_move(mine->scroll, compare_table_rows(scene, &overlay, mine->equal),
                                 kind == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN);
    }
    return (Reply){.kind = REPLY_NONE};
}

static void describe(const Scene *scene, char *text, size_t size)
{
    Overlay overlay = overlay_runs(scene);
    const RunView *base = overlay_base(scene, &overlay);
    if (overlay.n < 2) {
        snprintf(text, size, "nothing to compare with yet");
        return;
    }
    snprintf(text, size, "%d runs, lined up by %s, baseline %02d %s", overlay.n,
             across_name((Across)scene->session->across), base->id, base->name);
}

const View view_compare = {
    .name = "Compare",
    .title = "what differs, and was it worth it",
    .help = "Runs marked with v, as differences to the baseline (b; else the parent) or as "
            "values (d), lined up by training step,\n"
            "time, samples seen or evaluations in training (X); or quality against diversity (F). "
            "Below, what they came to and the\n"
            "parameters that differ; = lists the others too. "
            "On larger screens: what each makes from the same seeds, and who "
            "was forked from whom.",
    .state_size = sizeof(CompareState),
    .looks = LOOK_OVERLAY,
    .draw = draw,
    .act = act,
    .mouse = mouse,
    .describe = describe,
};
