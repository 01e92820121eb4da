/* Owns the list of parameters in the Tweak view: which, in what order, and how a row
 * looks. */
#include "views/tweak_list.h"

#include "views/draw/layout.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Which rows ---- */

/* What a run is steered with, most telling first. */
static const char *const steering[][2] = {
    {"optimizer", "lr"},        {"source", "beta_data"}, {"source", "beta_teacher"},
    {"source", "beta_student"}, {"source", "schedule"},  {"threshold", "kind"},
    {"optimizer", "ema"},       {"source", "gate"},      {"optimizer", "clip"},
    {"run", "steps"},
};
enum { STEERING = sizeof steering / sizeof *steering };

static bool steers(const ParamInfoView *param)
{
    for (int i = 0; i < STEERING; i++)
        if (strcmp(param->section, steering[i][0]) == 0 && strcmp(param->key, steering[i][1]) == 0)
            return true;
    return false;
}

static bool listed(const ParamInfoView *param, const RunView *run, const char *filter)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", param->section, param->key);
    return (param->method[0] == '\0' || strcmp(param->method, run->method) == 0) &&
           strstr(name, filter);
}

static int add(ListLine lines[LIST_MAX], int n, int row, const char *heading)
{
    if (n < LIST_MAX)
        lines[n++] = (ListLine){row, heading};
    return n;
}

int tweak_list(const RunView *run, const char *filter, ListLine lines[LIST_MAX], int *rows)
{
    ParamInfoView param;
    const char *section = "";
    int n = 0;
    *rows = 0;
    for (int i = 0; i < STEERING; i++) {
        int row = run_param_find(run, steering[i][0], steering[i][1]);
        if (row >= 0 && run_param_row(run, row, &param) && listed(&param, run, filter)) {
            n = add(lines, n, row, param.section);
            ++*rows;
        }
    }
    for (int row = 0; run_param_row(run, row, &param); row++) {
        if (steers(&param) || !listed(&param, run, filter))
            continue;
        if (strcmp(section, param.section) != 0) {
            n = add(lines, n, -1, param.section);
            section = param.section;
        }
        n = add(lines, n, row, param.section);
        ++*rows;
    }
    return n;
}

/* The line of the k-th parameter. */
static int line_of(const ListLine *lines, int n, int k)
{
    for (int i = 0; i < n; i++)
        if (lines[i].row >= 0 && k-- == 0)
            return i;
    return -1;
}

int tweak_chosen(const TweakState *own, const RunView *run)
{
    ListLine lines[LIST_MAX];
    int rows, n = tweak_list(run, own->filter, lines, &rows);
    int line = line_of(lines, n, own->chosen < rows ? own->chosen : rows - 1);
    return line < 0 ? -1 : lines[line].row;
}

/* ---- How a row looks ---- */

enum {
    NAME = 2,
    NOW = 24,
    STAGED = 35,
    RANGE = 46,
    RANGE_WIDTH = 23,
    APPLIES = 70,
    APPLIES_WIDTH = 10
};
enum { NARROW = 80 }; /* below it the range is left out */

static int applies_column(Rect rect)
{
    return rect.width >= NARROW ? APPLIES : rect.width - APPLIES_WIDTH;
}

static void draw_heads(Canvas *canvas, Rect row, const TweakState *own)
{
    Style faint = theme_style(canvas, ROLE_FAINT);
    char name[FILTER_SIZE + 16] = "parameter";
    if (own->filter[0] != '\0')
        snprintf(name, sizeof name, "parameter /%s", own->filter);
    canvas_text(canvas, row.x + NAME, row.y, NOW - NAME - 1,
                theme_style(canvas, own->pane == PANE_LIST ? ROLE_TITLE : ROLE_FAINT), name);
    canvas_text(canvas, row.x + NOW, row.y, STAGED - NOW, faint, "now");
    canvas_text(canvas, row.x + STAGED, row.y, RANGE - STAGED, faint, "staged");
    if (row.width >= NARROW)
        canvas_text(canvas, row.x + RANGE, row.y, RANGE_WIDTH, faint, "range");
    canvas_text(canvas, row.x + applies_column(row), row.y, APPLIES_WIDTH, faint, "applies");
}

static void draw_value(Canvas *canvas, int x, int y, int width, Style style, const char *text)
{
    text_cut(canvas, x, y, width, style, text[0] != '\0' ? text : "\"\"");
}

/* "1e-6 ├──●────┤ 0.1" */
static void draw_slider(Canvas *canvas, int x, int y, const ParamInfoView *param, const char *now,
                        const char *staged)
{
    enum { LABEL = 5, TRACK = 9 };
    char text[FORMAT_SIZE];
    double low, high;
    Style faint = theme_style(canvas, ROLE_FAINT), rule = theme_style(canvas, ROLE_RULE);
    if (!slider_ends(param, &low, &high))
        return;
    double least =
        param->type == PARAM_INT ? param->low : low; /* 0 often means "none" or "usual" */
    canvas_text_right(canvas, x + LABEL, y, LABEL, faint, format_tick(text, least));
    canvas_put(canvas, x + LABEL + 1, y, 0x251c, rule);
    canvas_fill(canvas, (Rect){x + LABEL + 2, y, TRACK, 1}, 0x2500, rule);
    canvas_put(canvas, x + LABEL + 2 + TRACK, y, 0x2524, rule);
    canvas_text(canvas, x + LABEL + 4 + TRACK, y, LABEL, faint, format_tick(text, high));
    int at = x + LABEL + 2 + (int)(slider_part(param, now) * (TRACK - 1) + 0.5);
    canvas_put(canvas, at, y, 0x25cf, theme_style(canvas, ROLE_CURSOR));
    if (staged) {
        at = x + LABEL + 2 + (int)(slider_part(param, staged) * (TRACK - 1) + 0.5);
        canvas_put(canvas, at, y, 0x25cb, theme_style(canvas, ROLE_MARK));
    }
}

/* The words one may choose from, those around the present one where not all fit. */
static void draw_choices(Canvas *canvas, int x, int y, const char *words, const char *value,
                         bool staged)
{
    int right = x + RANGE_WIDTH;
    const char *from = words;
    size_t length = strlen(value);
    for (const char *at = words; text_width(words) > RANGE_WIDTH && *at != '\0';) {
        size_t span = strcspn(at, "|");
        if (span == length && strncmp(at, value, span) == 0)
            from = at;
        at += span + (at[span] == '|');
    }
    if (from != words)
        x += canvas_text(canvas, x, y, 2, theme_style(canvas, ROLE_FAINT), "… ");
    while (*from != '\0' && x < right) {
        size_t span = strcspn(from, "|");
        bool chosen = span == length && strncmp(from, value, span) == 0;
        Role taken = staged ? ROLE_MARK : ROLE_STRONG;
        Role role = chosen ? taken : ROLE_FAINT;
        int used = canvas_print(canvas, x, y, right - x, theme_style(canvas, role), "%.*s",
                                (int)span, from);
        if (used < (int)span)
            canvas_put(canvas, right - 1, y, 0x2026, theme_style(canvas, ROLE_FAINT));
        x += used + 1;
        from += span + (from[span] == '|');
    }
}

static void draw_range(Canvas *canvas, int x, int y, const ParamInfoView *param, const char *now,
                       const char *staged)
{
    const char *value = staged ? staged : now;
    if (param->type == PARAM_CHOICE) {
        draw_choices(canvas, x, y, param->choices, value, staged);
    } else if (param->type == PARAM_BOOL) {
        draw_choices(canvas, x, y, "no|yes", value, staged);
    } else if (param->type == PARAM_LETTERS) {
        canvas_print(canvas, x, y, RANGE_WIDTH, theme_style(canvas, ROLE_FAINT), "any of %s",
                     param->choices);
    } else {
        draw_slider(canvas, x, y, param, now, staged);
    }
}

static void draw_row(Canvas *canvas, Rect row, const TweakState *own, const RunView *run, int which,
                     bool chosen, bool full_name)
{
    ParamInfoView param;
    if (!run_param_row(run, which, &param))
        return;
    const char *now = which < run->params ? run->param[which] : "";
    const char *staged = own->staged.run == run->id ? staged_text(&own->staged, which) : NULL;
    bool live = staged_is_live(run, which);
    char name[64];
    Style plain = theme_style(canvas, chosen ? ROLE_STRONG : ROLE_TEXT);
    if (chosen)
        canvas_text(canvas, row.x, row.y, 1, theme_style(canvas, ROLE_CURSOR), "▸");
    if (full_name)
        snprintf(name, sizeof name, "%s.%s", param.section, param.key);
    canvas_text(canvas, row.x + NAME, row.y, NOW - NAME - 1, plain, full_name ? name : param.key);
    draw_value(canvas, row.x + NOW, row.y, STAGED - NOW - 1, theme_style(canvas, ROLE_TEXT), now);
    if (staged) {
        draw_value(canvas, row.x + STAGED, row.y, RANGE - STAGED - 1,
                   theme_style(canvas, ROLE_MARK), staged);
    }
    if (row.width >= NARROW)
        draw_range(canvas, row.x + RANGE, row.y, &param, now, staged);
    canvas_text(canvas, row.x + applies_column(row), row.y, APPLIES_WIDTH,
                theme_style(canvas, live ? ROLE_FAINT : ROLE_PAUSED),
                PARAM_APPLIES_WORDS[param.applies]);
}

/* The line on top of a list so many rows high: the chosen one stays in sight. */
static int first_line(int chosen, int n, int height)
{
    int first = chosen - height + 2 > 0 ? chosen - height + 2 : 0;
    return first > n - height && n >= height ? n - height : first;
}

int tweak_row_at(Rect rect, const TweakState *own, const RunView *run, int y)
{
    ListLine lines[LIST_MAX];
    int rows, n = tweak_list(run, own->filter, lines, &rows), row = -1;
    int chosen = line_of(lines, n, own->chosen < rows ? own->chosen : rows - 1);
    int at = first_line(chosen, n, rect.height - 1) + y - rect.y - 1;
    if (y <= rect.y || at < 0 || at >= n || lines[at].row < 0)
        return -1;
    for (int i = 0; i <= at; i++)
        row += lines[i].row >= 0;
    return row;
}

void tweak_draw_list(Canvas *canvas, Rect rect, const TweakState *own, const RunView *run)
{
    ListLine lines[LIST_MAX];
    int rows, n = tweak_list(run, own->filter, lines, &rows);
    int chosen = line_of(lines, n, own->chosen < rows ? own->chosen : rows - 1);
    bool headed = false;
    draw_heads(canvas, layout_take_top(&rect, 1), own);
    int first = first_line(chosen, n, rect.height);
    for (int i = 0; i < n; i++) {
        Rect row = {rect.x, rect.y + i - first, rect.width, 1};
        headed = headed || lines[i].row < 0;
        if (i < first || i - first >= rect.height)
            continue;
        if (lines[i].row < 0) {
            canvas_text(canvas, row.x + 1, row.y, row.width, theme_style(canvas, ROLE_TITLE),
                        lines[i].heading);
        } else {
            draw_row(canvas, row, own, run, lines[i].row, i == chosen, !headed);
        }
    }
}
