/* Owns the table of Compare: its rows are figures, then parameters. See compare_table.h. */
#include "views/model/compare_table.h"

#include "views/draw/format.h"
#include "views/draw/theme.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELL_SIZE = 64, LABEL = 24, COLUMN_LEAST = 11, COLUMN_MOST = 30, NAMES_MAX = 16 };

/* ---- Figures ---- */

static void put_state(const RunView *run, char text[CELL_SIZE])
{
    snprintf(text, CELL_SIZE, "%s", RUN_STATE_WORDS[run->state]);
}

static void put_origin(const RunView *run, char text[CELL_SIZE])
{
    if (run->parent > 0)
        snprintf(text, CELL_SIZE, "%02d @ %ld", run->parent, run->parent_step);
    else
        snprintf(text, CELL_SIZE, "-");
}

static double step_of(const RunView *run) { return (double)run->step; }

static double loss_of(const RunView *run) { return run->smooth_loss; }

static double shift_of(const RunView *run) { return run->shift; }

static double nfe_of(const RunView *run) { return run->nfe; }

static double seconds_of(const RunView *run)
{
    return axis_place((Axis){.last = 1, .across = ACROSS_TIME, .run = run}, run->step);
}

typedef struct Figure {
    const char *label;
    double (*value)(const RunView *run); /* or words: */
    void (*words)(const RunView *run, char text[CELL_SIZE]);
    const char *(*format)(char text[FORMAT_SIZE], double value);
    bool judged; /* change to the baseline in percent; less is better */
} Figure;

/* What it came to; then, below the parameters, what it took. */
/* clang-format off */
static const Figure figures[] = {
    {"loss",                loss_of,    NULL,       format_value,    true },
    {"shift",               shift_of,   NULL,       format_value,    true },
    {"step",                step_of,    NULL,       format_count,    false},
    {"network evaluations", nfe_of,     NULL,       format_short,    false},
    {"training time",       seconds_of, NULL,       format_duration, false},
    {"state",               NULL,       put_state,  NULL,            false},
    {"forked from",         NULL,       put_origin, NULL,            false},
};
/* clang-format on */
enum { FIGURES = sizeof figures / sizeof *figures, FIGURES_ABOVE = 2 };

static const MetricView *find_metric(const RunView *run, const char *name)
{
    for (int i = 0; i < run->metrics; i++)
        if (strcmp(run->metric[i].name, name) == 0)
            return &run->metric[i];
    return NULL;
}

/* Names of all metrics any of the runs has. */
static int metric_names(const Laid *laid, const char *name[NAMES_MAX])
{
    int n = 0;
    for (int i = 0; i < laid->n; i++) {
        for (int m = 0; m < laid->run[i]->metrics && n < NAMES_MAX; m++) {
            bool known = false;
            for (int k = 0; k < n; k++)
                known = known || strcmp(name[k], laid->run[i]->metric[m].name) == 0;
            if (!known)
                name[n++] = laid->run[i]->metric[m].name;
        }
    }
    return n;
}

/* " -8 %" against the baseline, where it says anything. */
static void put_change(char *text, size_t size, double value, double base)
{
    double change = 100 * (value / base - 1);
    if (isfinite(change) && base > 0)
        snprintf(text, size, fabs(change) < 10 ? " %+.1f%%" : " %+.0f%%", change);
}

/* ---- Rows ---- */

typedef enum RowKind { ROW_FIGURE, ROW_METRIC, ROW_PARAM } RowKind;
typedef struct Row {
    RowKind kind;
    int index;
} Row;

typedef struct Table {
    const Laid *laid;
    const RunView *base;
    const char *metric[NAMES_MAX];
    int metrics;
    ParamInfoView *param;
    int params;
    Row *row;
    int rows;
} Table;

static const char *param_of(const RunView *run, int p)
{
    return p < run->params ? run->param[p] : "-";
}

static void put_cell(const Table *table, Row row, const RunView *run, int width,
                     char text[CELL_SIZE]);

static bool differs(const Table *table, Row row)
{
    char first[CELL_SIZE], other[CELL_SIZE];
    put_cell(table, row, table->laid->run[0], 0, first);
    for (int i = 1; i < table->laid->n; i++) {
        put_cell(table, row, table->laid->run[i], 0, other);
        if (strcmp(first, other) != 0)
            return true;
    }
    return table->laid->n == 1 && row.kind != ROW_PARAM;
}

static void list(Table *table, RowKind kind, int from, int to, bool equal)
{
    for (int i = from; i < to; i++) {
        Row row = {kind, i};
        if (equal || differs(table, row))
            table->row[table->rows++] = row;
    }
}

static Table table_new(const Scene *scene, const Laid *laid, bool equal)
{
    Table table = {.laid = laid, .base = laid_base(scene, laid)};
    table.metrics = metric_names(laid, table.metric);
    table.params = engine_params(&table.param);
    size_t most = (size_t)(FIGURES + table.metrics + table.params);
    table.row = malloc(sizeof *table.row * most);
    must(table.row);
    list(&table, ROW_FIGURE, 0, FIGURES_ABOVE, equal);
    list(&table, ROW_METRIC, 0, table.metrics, equal);
    list(&table, ROW_PARAM, 0, table.params, equal);
    list(&table, ROW_FIGURE, FIGURES_ABOVE, FIGURES, equal);
    return table;
}

static void table_free(Table *table)
{
    free(table->param);
    free(table->row);
}

int versus_rows(const Scene *scene, const Laid *laid, bool equal)
{
    Table table = table_new(scene, laid, equal);
    table_free(&table);
    return table.rows;
}

/* ---- Cells ---- */

static void put_figure(const Table *table, const Figure *figure, const RunView *run,
                       char text[CELL_SIZE])
{
    char number[FORMAT_SIZE];
    if (figure->words) {
        figure->words(run, text);
        return;
    }
    double value = figure->value(run);
    int used = snprintf(text, CELL_SIZE, "%s", figure->format(number, value));
    if (figure->judged && run != table->base)
        put_change(text + used, CELL_SIZE - (size_t)used, value, figure->value(table->base));
}

static void put_metric(const Table *table, const char *name, const RunView *run, int width,
                       char text[CELL_SIZE])
{
    const MetricView *metric = find_metric(run, name), *base = find_metric(table->base, name);
    char number[FORMAT_SIZE];
    if (!metric) {
        snprintf(text, CELL_SIZE, "-");
        return;
    }
    int used = snprintf(text, CELL_SIZE, "%s", format_value(number, metric->value));
    if (width >= 23) {
        used += snprintf(text + used, CELL_SIZE - (size_t)used, " [%.3g, %.3g]", metric->low,
                         metric->high);
    }
    if (base && run != table->base && width - used >= 8)
        put_change(text + used, CELL_SIZE - (size_t)used, metric->value, base->value);
}

static void put_cell(const Table *table, Row row, const RunView *run, int width,
                     char text[CELL_SIZE])
{
    switch (row.kind) {
    case ROW_FIGURE: put_figure(table, &figures[row.index], run, text); break;
    case ROW_METRIC: put_metric(table, table->metric[row.index], run, width, text); break;
    case ROW_PARAM: snprintf(text, CELL_SIZE, "%.63s", param_of(run, row.index)); break;
    }
}

static void put_label(const Table *table, Row row, char text[CELL_SIZE])
{
    if (row.kind == ROW_PARAM) {
        const ParamInfoView *param = &table->param[row.index];
        snprintf(text, CELL_SIZE, "%s.%s", param->section, param->key);
    } else {
        snprintf(text, CELL_SIZE, "%s",
                 row.kind == ROW_FIGURE ? figures[row.index].label : table->metric[row.index]);
    }
}

/* ---- Drawing ---- */

static void draw_head(Canvas *canvas, const Table *table, Rect rect, int shown, int each)
{
    for (int i = 0; i < shown; i++) {
        const RunView *run = table->laid->run[i];
        int stroke = table->laid->stroke[i];
        canvas_print(canvas, rect.x + LABEL + i * each, rect.y, each - 1,
                     chart_style(canvas, stroke), "%s %02d%s %s", chart_stroke(stroke), run->id,
                     run == table->base ? " base" : "", run->name);
    }
    if (shown < table->laid->n) {
        canvas_print(canvas, rect.x + 1, rect.y, LABEL - 2, theme_style(canvas, ROLE_FAINT),
                     "%d more do not fit", table->laid->n - shown);
    }
}

static void draw_row(Canvas *canvas, const Table *table, Rect rect, int y, Row row, int shown,
                     int each)
{
    char label[CELL_SIZE], text[CELL_SIZE], base[CELL_SIZE];
    put_label(table, row, label);
    put_cell(table, row, table->base, each - 1, base);
    canvas_text(canvas, rect.x + 1, y, LABEL - 2, theme_style(canvas, ROLE_FAINT), label);
    for (int i = 0; i < shown; i++) {
        const RunView *run = table->laid->run[i];
        put_cell(table, row, run, each - 1, text);
        bool other = run != table->base && strcmp(text, base) != 0;
        canvas_text(canvas, rect.x + LABEL + i * each, y, each - 1,
                    theme_style(canvas, other ? ROLE_STRONG : ROLE_TEXT), text);
    }
}

void versus_draw(Canvas *canvas, const Scene *scene, const Laid *laid, bool equal, int first,
                 Rect rect)
{
    Table table = table_new(scene, laid, equal);
    int hidden = table.params + FIGURES + table.metrics - table.rows;
    int last = table.rows - (rect.height - 2), shown = laid->n, room = rect.width - LABEL;
    first = first > last ? last : first;
    first = first < 0 ? 0 : first;
    char right[64] = "all rows";
    if (!equal) {
        snprintf(right, sizeof right, "%s%d equal rows hidden", last > first ? "↓ more · " : "",
                 hidden);
    }
    views_title(canvas, &rect, "only what differs", right);
    while (shown > 1 && room / shown < COLUMN_LEAST)
        shown--;
    int each = room / shown > COLUMN_MOST ? COLUMN_MOST : room / shown;
    if (rect.height > 1)
        draw_head(canvas, &table, rect, shown, each);
    for (int y = 1; y < rect.height && first + y - 1 < table.rows; y++)
        draw_row(canvas, &table, rect, rect.y + y, table.row[first + y - 1], shown, each);
    table_free(&table);
}
