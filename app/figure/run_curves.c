/* Owns which numbers the curves of a figure have. */
#include "app/figure/run_curves.h"

#include "views/model/line.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MOST = 600, STRENGTH = 2, MARKS_MOST = 64 };

static Curve curve_new(int n, bool band)
{
    Curve curve = {.n = n};
    size_t room = (size_t)n + 1;
    double *block = calloc((band ? 4 : 2) * room, sizeof *block);
    if (!block)
        return (Curve){0};
    curve.x = block;
    curve.y = block + room;
    if (band) {
        curve.low = block + 2 * room;
        curve.high = block + 3 * room;
    }
    return curve;
}

static void curve_free(Curve *curve) { free(curve->x); }

/* The smoothed loss within the range of what was logged, in at most POINTS_MOST groups of rows. */
static Curve loss_curve(const RunView *run)
{
    const Series *series = &run->term[0].series;
    long rows = series->n, group = rows / POINTS_MOST + 1;
    Curve curve = curve_new((int)((rows + group - 1) / group), true);
    for (int i = 0; i < curve.n; i++) {
        long from = i * group, to = from + group < rows ? from + group : rows;
        float low = NAN, high = NAN;
        series_extent(series, from, to, &low, &high);
        curve.x[i] = (double)series_step(series, to - 1);
        curve.y[i] = series_smooth(series, to - 1, STRENGTH);
        curve.low[i] = (double)low;
        curve.high[i] = (double)high;
    }
    return curve;
}

/* Own over forward at a row of the shift (0: i = N), with its interval. */
static Curve shift_curve(const RunView *run, int row)
{
    const ShiftView *shift = &run->shift_view;
    Curve curve = curve_new(shift->columns, true);
    for (int c = 0; c < curve.n; c++) {
        int at = c * shift->rows + row;
        curve.x[c] = (double)shift->step[c];
        curve.y[c] = (double)shift->ratio[at];
        curve.low[c] = (double)shift->low[at];
        curve.high[c] = (double)shift->high[at];
    }
    return curve;
}

/* The largest over i < N. */
static Curve worst_curve(const RunView *run)
{
    const ShiftView *shift = &run->shift_view;
    Curve curve = curve_new(shift->columns, false);
    for (int c = 0; c < curve.n; c++) {
        curve.x[c] = (double)shift->step[c];
        curve.y[c] = NAN;
        for (int r = 1; r < shift->rows; r++)
            curve.y[c] = fmax(curve.y[c], (double)shift->ratio[c * shift->rows + r]);
    }
    return curve;
}

/* The mean of a group across its training, with its band. row: of the shift, -1 the worst; series:
 * of the loss instead, or NULL. */
static Curve group_curve(const FigureLine *line, const Series *series)
{
    enum { COLUMNS = 200 };
    LinePoint point[COLUMNS + 2];
    const RunView *run = line->run;
    Axis axis = axis_for(run->step, run->step, 0, 0);
    LineSource source = {.run = run,
                         .series = series,
                         .smoothing = STRENGTH,
                         .reference = REFERENCE_RATIO,
                         .row = -1,
                         .group = &line->group};
    Curve curve = curve_new(COLUMNS, true);
    line_sample(&source, axis, COLUMNS, point);
    for (int i = 0, at = 0; i < curve.n; at++, i++) {
        while (at < COLUMNS && !isfinite(point[at + 1].value))
            at++;
        if (at >= COLUMNS) {
            curve.n = i;
            break;
        }
        curve.x[i] = axis_place_at(axis, (double)point[at + 1].x / COLUMNS);
        curve.y[i] = (double)point[at + 1].value;
        curve.low[i] = (double)point[at + 1].low;
        curve.high[i] = (double)point[at + 1].high;
    }
    return curve;
}

/* ---- What is drawn ---- */

static void add(Panel *panel, Curve curve, int line, const char *label)
{
    if (panel->n == PANEL_LINES || !curve.x) {
        curve_free(&curve);
        return;
    }
    panel->line[panel->n] = line;
    snprintf(panel->label[panel->n], sizeof *panel->label, "%s", label);
    panel->curve[panel->n++] = curve;
}

void figure_label(const FigureLine *line, char text[80])
{
    if (line->group.n > 0)
        snprintf(text, 80, "%.*s \303\227%d, mean and 95 %%", line->group.stem, line->run->name,
                 line->group.n);
    else
        snprintf(text, 80, "%d %s", line->run->id, line->run->name);
}

static const Series *loss_of(const RunView *run)
{
    return run->loss_terms > 0 && run->term[0].series.n > 0 ? &run->term[0].series : NULL;
}

void panel_loss(Panel *panel, const FigureLine *line, int n)
{
    char label[80];
    *panel = (Panel){.title = "Loss, smoothed; band: as logged, of seeds 95 %", .unit = "loss"};
    for (int i = 0; i < n; i++) {
        const Series *loss = loss_of(line[i].run);
        figure_label(&line[i], label);
        if (loss && line[i].group.n > 0)
            add(panel, group_curve(&line[i], loss), i, label);
        else if (loss)
            add(panel, loss_curve(line[i].run), i, label);
    }
}

static void add_steps(Panel *panel, const RunView *run, int line)
{
    int rows = run->shift_view.columns > 0 ? run->shift_view.rows : 0;
    char label[80];
    for (int r = 1; r < rows; r++) {
        snprintf(label, sizeof label, "i = %d", rows - r);
        add(panel, shift_curve(run, r), line, label);
    }
}

void panel_shift(Panel *panel, const FigureLine *line, int n)
{
    bool one = n == 1 && line[0].group.n == 0;
    char label[80];
    *panel = (Panel){.title = "Covariate shift: own / forward error", .unit = "own / forward"};
    if (one)
        add_steps(panel, line[0].run, 0);
    else
        panel->title = "Covariate shift: own / forward error, the worst sampling step";
    for (int i = 0; i < n && !one; i++) {
        if (line[i].run->shift_view.columns == 0)
            continue;
        figure_label(&line[i], label);
        add(panel, line[i].group.n > 0 ? group_curve(&line[i], NULL) : worst_curve(line[i].run), i,
            label);
    }
}

static bool above_nought(const Panel *panel)
{
    for (int i = 0; i < panel->n; i++)
        for (int k = 0; k < panel->curve[i].n; k++)
            if (panel->curve[i].y[k] <= 0)
                return false;
    return true;
}

void panel_draw(Drawing *drawing, PlotBox box, const Panel *panel, const RunView *first,
                PlotTheme theme)
{
    PlotLine line[PANEL_LINES];
    double mark[MARKS_MOST];
    int marks = 0;
    for (int i = 0; i < panel->n; i++) {
        const Curve *c = &panel->curve[i];
        line[i] = (PlotLine){.label = panel->label[i],
                             .n = c->n,
                             .x = c->x,
                             .y = c->y,
                             .low = c->low,
                             .high = c->high,
                             .dots = c->n < 40};
    }
    for (int i = 0; i < first->marks && marks < MARKS_MOST; i++)
        mark[marks++] = (double)first->mark[i].step;
    Plot plot = {.title = panel->title,
                 .x_label = "training step",
                 .y_label = panel->unit,
                 .log_y = above_nought(panel),
                 .lines = panel->n,
                 .line = line,
                 .marks = marks,
                 .mark = mark};
    plot_curves(drawing, box, &plot, theme);
}

void panel_done(Panel *panel)
{
    for (int i = 0; i < panel->n; i++)
        curve_free(&panel->curve[i]);
}

/* A label holds a comma where a group stands for it. */
static void csv_words(const char *text, FILE *out)
{
    fprintf(out, strchr(text, ',') ? "\"%s\"" : "%s", text);
}

void panel_rows(const Panel *panel, const FigureLine *line, FILE *out)
{
    for (int i = 0; i < panel->n; i++)
        for (int k = 0; k < panel->curve[i].n; k++) {
            const Curve *c = &panel->curve[i];
            const RunView *run = line[panel->line[i]].run;
            if (!isfinite(c->y[k]))
                continue;
            fprintf(out, "%d,%s,%s,", run->id, run->name, panel->unit);
            csv_words(panel->label[i], out);
            fprintf(out, ",%.0f,%.9g", c->x[k], c->y[k]);
            if (c->low && isfinite(c->low[k]))
                fprintf(out, ",%.9g,%.9g\n", c->low[k], c->high[k]);
            else
                fputs(",,\n", out);
        }
}
