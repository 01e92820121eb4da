/* Owns the columns of metrics. See metric_columns.h. */
#include "views/draw/metric_columns.h"

#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/format.h"
#include "views/model/group.h"
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { METRICS_MAX = 16 };

/* Names of all that any run of the folder was evaluated by; returns how many. */
static int metric_names(const Snapshot *snapshot, const char *name[METRICS_MAX])
{
    int n = 0;
    for (int r = 0; r < snapshot->runs; r++)
        for (int i = 0; i < snapshot->run[r]->metrics && n < METRICS_MAX; i++) {
            int k = 0;
            while (k < n && strcmp(name[k], snapshot->run[r]->metric[i].name) != 0)
                k++;
            if (k == n)
                name[n++] = snapshot->run[r]->metric[i].name;
        }
    return n;
}

/* So that less is better; NaN: none. A group's is its mean. */
static double metric_rank(const Scene *scene, const RunView *run, const char *name)
{
    Group group = group_of(scene, run);
    double value =
        group.n > 0 ? group_sample(&group, run_metric, name).mean : run_metric(run, name);
    return engine_more_is_better(name) ? -value : value;
}

/* The least rank of all rows. */
static double best_rank(const Scene *scene, const char *name)
{
    double best = NAN;
    for (int i = 0; i < scene->snapshot->runs; i++)
        best = fmin(best, metric_rank(scene, scene->snapshot->run[i], name));
    return best;
}

int metric_columns_count(const Scene *scene)
{
    const char *name[METRICS_MAX];
    return metric_names(scene->snapshot, name);
}

void metric_columns_draw(Canvas *canvas, const Scene *scene, Rect rect, const RunView *run,
                         int sorted)
{
    const char *name[METRICS_MAX];
    int n = metric_names(scene->snapshot, name), x = rect.x;
    int first = larger(sorted - larger(rect.width / METRIC_WIDTH, 1) + 1, 0);
    canvas_fill(canvas, rect, ' ', theme_style(canvas, ROLE_TEXT));
    for (int k = first; k < n && x + METRIC_WIDTH <= rect.x + rect.width; k++, x += METRIC_WIDTH) {
        char text[FORMAT_SIZE], cell[FORMAT_SIZE + 4];
        double rank = run ? metric_rank(scene, run, name[k]) : 0;
        bool best = run && rank <= best_rank(scene, name[k]);
        Role role = k == sorted ? ROLE_TITLE : ROLE_FAINT;
        snprintf(cell, sizeof cell, "%.8s%s", name[k], k == sorted ? "↓" : " ");
        if (run) {
            format_value(text, engine_more_is_better(name[k]) ? -rank : rank);
            snprintf(cell, sizeof cell, "%s%s", text, best ? "*" : " ");
            role = best ? ROLE_STRONG : ROLE_TEXT;
        }
        canvas_text_right(canvas, x + METRIC_WIDTH, rect.y, METRIC_WIDTH, theme_style(canvas, role),
                          cell);
    }
}

int metric_columns_order(const Scene *scene, int metric, const RunView *a, const RunView *b)
{
    const char *name[METRICS_MAX];
    if (metric >= metric_names(scene->snapshot, name))
        return 0;
    double x = metric_rank(scene, a, name[metric]), y = metric_rank(scene, b, name[metric]);
    if (isnan(x) || isnan(y))
        return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

/* ---- Markdown ---- */

typedef struct Text {
    char *text;
    size_t size, used;
    bool full;
} Text;

static void put(Text *out, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(out->text + out->used, out->size - out->used, format, arguments);
    va_end(arguments);
    out->full = out->full || n < 0 || (size_t)n >= out->size - out->used;
    out->used += out->full ? 0 : (size_t)n;
    out->text[out->used] = '\0';
}

static void put_metric(Text *out, const Scene *scene, const RunView *run, const char *name)
{
    Group group = group_of(scene, run);
    double rank = metric_rank(scene, run, name), best = best_rank(scene, name);
    const char *bold = rank <= best ? "**" : "";
    if (isnan(rank))
        put(out, " - |");
    else if (group.n > 1)
        put(out, " %s%.3g%s ± %.2g |", bold, engine_more_is_better(name) ? -rank : rank, bold,
            group_sample(&group, run_metric, name).reach);
    else
        put(out, " %s%.4g%s |", bold, engine_more_is_better(name) ? -rank : rank, bold);
}

static void put_run(Text *out, const Scene *scene, const RunView *run, int n,
                    const char *const *name)
{
    Group group = group_of(scene, run);
    if (group.n > 0)
        put(out, "\n| %.*s ×%d | %ld |", group.stem, run->name, group.n, run->metrics_step);
    else
        put(out, "\n| %02d %s | %ld |", run->id, run->name, run->metrics_step);
    for (int k = 0; k < n; k++)
        put_metric(out, scene, run, name[k]);
}

void metric_columns_markdown(const Scene *scene, const Kin *kin, int rows, char *text, size_t size)
{
    enum { LAST_LINE = 64 };
    const char *name[METRICS_MAX];
    int n = metric_names(scene->snapshot, name), missing = 0;
    Text out = {text, size - LAST_LINE, 0, false};
    put(&out, "| run | step |");
    for (int k = 0; k < n; k++)
        put(&out, " %s |", name[k]);
    put(&out, "\n|---|---|");
    for (int k = 0; k < n; k++)
        put(&out, "---|");
    for (int i = 0; i < rows; i++) {
        const RunView *run = scene->snapshot->run[kin[i].index];
        size_t before = out.used;
        if (run->metrics == 0 && group_of(scene, run).n == 0)
            continue;
        put_run(&out, scene, run, n, name);
        if (out.full)
            text[out.used = before] = '\0';
        missing += out.full;
    }
    if (missing > 0)
        snprintf(text + out.used, LAST_LINE, "\n\n%d more did not fit", missing);
}
