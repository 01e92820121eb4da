/* Owns the table of Compare: its rows are figures, then parameters. See compare_table.h. */
#include "views/model/compare_table.h"

#include "views/model/axis.h"
#include "views/model/format.h"
#include "views/model/overlay.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Groups ---- */

/* What stands for a run of the overlay, or NULL: itself. */
static const Group *group_for(const CompareTable *table, const RunView *run)
{
    const Overlay *overlay = table->overlay;
    for (int i = 0; i < overlay->n; i++)
        if (overlay->run[i] == run && overlay->group[i].n > 0)
            return &overlay->group[i];
    return NULL;
}

/* "2.1 ± 0.3" */
static int put_sample(char *text, size_t size, const Sample *sample)
{
    char mean[FORMAT_SIZE], reach[FORMAT_SIZE];
    int n = snprintf(text, size, "%s", format_value(mean, sample->mean));
    if (isfinite(sample->reach))
        n += snprintf(text + n, size - (size_t)n, " ± %s", format_value(reach, sample->reach));
    return n;
}

/* A group's mean with its interval, or of what it is more than the base's, seed by seed. */
static void put_group(const CompareTable *table, const RunView *run, RunNumber *number,
                      const void *context, char text[CELL_SIZE])
{
    const Group *group = group_for(table, run), *base = group_for(table, table->base);
    bool difference = table->differences && base && run != table->base;
    Sample sample = group_difference(group, difference ? base : NULL, number, context);
    int used = difference ? snprintf(text, CELL_SIZE, "Δ ") : 0;
    put_sample(text + used, CELL_SIZE - (size_t)used, &sample);
}

/* ---- Figures ---- */

static void put_state(const RunView *run, const Group *group, char text[CELL_SIZE])
{
    if (group)
        snprintf(text, CELL_SIZE, "%d of %d seeds done", group_count(group, RUN_DONE), group->n);
    else
        snprintf(text, CELL_SIZE, "%s", RUN_STATE_WORDS[run->state]);
}

static void put_origin(const RunView *run, const Group *group, char text[CELL_SIZE])
{
    (void)group;
    if (run->parent > 0)
        snprintf(text, CELL_SIZE, "%02d @ %ld", run->parent, run->parent_step);
    else
        snprintf(text, CELL_SIZE, "-");
}

static double step_of(const RunView *run) { return (double)run->step; }

static double loss_of(const RunView *run) { return run->smooth_loss; }

static double shift_of(const RunView *run) { return run->shift; }

static double nfe_of(const RunView *run)
{
    return run->nfe_teacher + run->nfe_student + run->nfe_critic;
}

static double seconds_of(const RunView *run)
{
    return axis_place((Axis){.last = 1, .across = ACROSS_TIME, .run = run}, run->step);
}

typedef struct Figure {
    const char *label;
    double (*value)(const RunView *run); /* or words: */
    void (*words)(const RunView *run, const Group *group, char text[CELL_SIZE]);
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

static double figure_of(const RunView *run, const void *figure)
{
    return ((const Figure *)figure)->value(run);
}

static const MetricView *find_metric(const RunView *run, const char *name)
{
    for (int i = 0; i < run->metrics; i++)
        if (strcmp(run->metric[i].name, name) == 0)
            return &run->metric[i];
    return NULL;
}

/* Names of all metrics any of the runs has. */
static int metric_names(const Overlay *overlay, const char *name[NAMES_MAX])
{
    int n = 0;
    for (int i = 0; i < overlay->n; i++) {
        for (int m = 0; m < overlay->run[i]->metrics && n < NAMES_MAX; m++) {
            bool known = false;
            for (int k = 0; k < n; k++)
                known = known || strcmp(name[k], overlay->run[i]->metric[m].name) == 0;
            if (!known)
                name[n++] = overlay->run[i]->metric[m].name;
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

/* By its place where the run's table is the engine's, else by name. */
static const char *param_of(const CompareTable *table, const RunView *run, int p)
{
    const ParamInfoView *param = &table->param[p];
    int at = run->info || p >= table->engine_params
                 ? run_param_find(run, param->section, param->key)
                 : p;
    return at >= 0 && at < run->params ? run->param[at] : "-";
}

static bool differs(const CompareTable *table, CompareRow row)
{
    char first[CELL_SIZE], other[CELL_SIZE];
    compare_cell(table, row, table->overlay->run[0], 0, first);
    for (int i = 1; i < table->overlay->n; i++) {
        compare_cell(table, row, table->overlay->run[i], 0, other);
        if (strcmp(first, other) != 0)
            return true;
    }
    return table->overlay->n == 1 && row.kind != ROW_PARAM;
}

static void list(CompareTable *table, RowKind kind, int from, int to, bool equal)
{
    for (int i = from; i < to; i++) {
        CompareRow row = {kind, i};
        if (equal || differs(table, row))
            table->row[table->rows++] = row;
    }
}

/* The engine's, and what runs of other programs have besides. */
static int all_params(const Overlay *overlay, CompareTable *table)
{
    int n = table->engine_params = engine_params(&table->param);
    for (int r = 0; r < overlay->n; r++) {
        const RunView *run = overlay->run[r];
        for (int i = 0; run->info && i < run->params; i++) {
            int k = 0;
            while (k < n && (strcmp(table->param[k].section, run->info[i].section) != 0 ||
                             strcmp(table->param[k].key, run->info[i].key) != 0))
                k++;
            if (k < n)
                continue;
            table->param = realloc(table->param, sizeof *table->param * (size_t)(n + 1));
            need(table->param);
            table->param[n++] = run->info[i];
        }
    }
    return n;
}

CompareTable compare_table_new(const Scene *scene, const Overlay *overlay, bool equal)
{
    CompareTable table = {.overlay = overlay, .base = overlay_base(scene, overlay)};
    table.metrics = metric_names(overlay, table.metric);
    table.params = all_params(overlay, &table);
    table.all = FIGURES + table.metrics + table.params;
    table.row = malloc(sizeof *table.row * (size_t)table.all);
    need(table.row);
    list(&table, ROW_FIGURE, 0, FIGURES_ABOVE, equal);
    list(&table, ROW_METRIC, 0, table.metrics, equal);
    list(&table, ROW_PARAM, 0, table.params, equal);
    list(&table, ROW_FIGURE, FIGURES_ABOVE, FIGURES, equal);
    return table;
}

void compare_table_free(CompareTable *table)
{
    free(table->param);
    free(table->row);
}

int compare_table_rows(const Scene *scene, const Overlay *overlay, bool equal)
{
    CompareTable table = compare_table_new(scene, overlay, equal);
    compare_table_free(&table);
    return table.rows;
}

/* ---- Cells ---- */

static void put_figure(const CompareTable *table, const Figure *figure, const RunView *run,
                       char text[CELL_SIZE])
{
    char number[FORMAT_SIZE];
    const Group *group = group_for(table, run);
    if (figure->words) {
        figure->words(run, group, text);
        return;
    }
    if (group && figure->judged) {
        put_group(table, run, figure_of, figure, text);
        return;
    }
    double value = figure->value(run);
    int used = snprintf(text, CELL_SIZE, "%s", figure->format(number, value));
    if (figure->judged && run != table->base)
        put_change(text + used, CELL_SIZE - (size_t)used, value, figure->value(table->base));
}

static void put_metric(const CompareTable *table, const char *name, const RunView *run, int width,
                       char text[CELL_SIZE])
{
    const MetricView *metric = find_metric(run, name), *base = find_metric(table->base, name);
    char number[FORMAT_SIZE];
    if (group_for(table, run)) {
        put_group(table, run, run_metric, name, text);
        return;
    }
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

void compare_cell(const CompareTable *table, CompareRow row, const RunView *run, int width,
                  char text[CELL_SIZE])
{
    switch (row.kind) {
    case ROW_FIGURE: put_figure(table, &figures[row.index], run, text); break;
    case ROW_METRIC: put_metric(table, table->metric[row.index], run, width, text); break;
    case ROW_PARAM: snprintf(text, CELL_SIZE, "%.63s", param_of(table, run, row.index)); break;
    }
}

void compare_label(const CompareTable *table, CompareRow row, char text[CELL_SIZE])
{
    if (row.kind == ROW_PARAM) {
        const ParamInfoView *param = &table->param[row.index];
        snprintf(text, CELL_SIZE, "%s.%s", param->section, param->key);
    } else {
        snprintf(text, CELL_SIZE, "%s",
                 row.kind == ROW_FIGURE ? figures[row.index].label : table->metric[row.index]);
    }
}
