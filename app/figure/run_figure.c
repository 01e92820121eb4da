/* Owns the arrangement of a run's panels. */
#include "app/figure/run_figure.h"

#include "engine/base/file.h"
#include "views/model/series.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS_MOST = 600, STRENGTH = 2, MARKS_MOST = 64, SHEET = 100 };

/* One curve that owns its numbers. */
typedef struct Curve {
    int n;
    double *x, *y, *low, *high; /* low NULL: no band */
} Curve;

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

/* ---- What is drawn ---- */

enum { LINES_MOST = 64 };

typedef struct Panel {
    const char *title, *unit;
    int n;
    Curve curve[LINES_MOST];
    char label[LINES_MOST][80];
    int run[LINES_MOST]; /* whose */
} Panel;

static void add(Panel *panel, Curve curve, int run, const char *label)
{
    if (panel->n == LINES_MOST || !curve.x) {
        curve_free(&curve);
        return;
    }
    panel->run[panel->n] = run;
    snprintf(panel->label[panel->n], sizeof *panel->label, "%s", label);
    panel->curve[panel->n++] = curve;
}

static void run_label(const RunView *run, char text[80])
{
    snprintf(text, 80, "%d %s", run->id, run->name);
}

static void loss_panel(Panel *panel, const RunView *const *run, int n)
{
    char label[80];
    *panel = (Panel){.title = "Loss, smoothed; range as logged", .unit = "loss"};
    for (int i = 0; i < n; i++) {
        run_label(run[i], label);
        if (run[i]->loss_terms > 0 && run[i]->term[0].series.n > 0)
            add(panel, loss_curve(run[i]), i, label);
    }
}

/* One run: each sampling step; several: the worst of each. */
static void shift_panel(Panel *panel, const RunView *const *run, int n)
{
    char label[80];
    *panel = (Panel){.title = "Covariate shift: own / forward error", .unit = "own / forward"};
    for (int i = 0; i < n; i++) {
        int rows = run[i]->shift_view.columns > 0 ? run[i]->shift_view.rows : 0;
        run_label(run[i], label);
        if (n > 1 && rows > 0)
            add(panel, worst_curve(run[i]), i, label);
        for (int r = 1; n == 1 && r < rows; r++) {
            snprintf(label, sizeof label, "i = %d", rows - r);
            add(panel, shift_curve(run[i], r), i, label);
        }
    }
    if (n > 1)
        panel->title = "Covariate shift: own / forward error, the worst sampling step";
}

static bool above_nought(const Panel *panel)
{
    for (int i = 0; i < panel->n; i++)
        for (int k = 0; k < panel->curve[i].n; k++)
            if (panel->curve[i].y[k] <= 0)
                return false;
    return true;
}

static void draw_panel(Drawing *drawing, PlotBox box, const Panel *panel, const RunView *first,
                       PlotTheme theme)
{
    PlotLine line[LINES_MOST];
    double mark[MARKS_MOST];
    int marks = 0;
    for (int i = 0; i < panel->n; i++) {
        const Curve *c = &panel->curve[i];
        line[i] = (PlotLine){panel->label[i], c->n, c->x, c->y, c->low, c->high, c->n < 40};
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

static void panel_done(Panel *panel)
{
    for (int i = 0; i < panel->n; i++)
        curve_free(&panel->curve[i]);
}

/* ---- Map and samples ---- */

static void draw_map(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme)
{
    const ShiftView *shift = &run->shift_view;
    char label[64][16];
    const char *row[64];
    double *x = calloc((size_t)shift->columns + 1, sizeof *x), low = 1, high = 1;
    if (!x || shift->columns < 2 || shift->rows > 64) {
        free(x);
        return;
    }
    for (int r = 0; r < shift->rows; r++) {
        snprintf(label[r], sizeof label[r], "i = %d", shift->rows - r);
        row[r] = label[r];
    }
    for (int c = 0; c < shift->columns; c++)
        x[c] = (double)shift->step[c];
    for (int i = 0; i < shift->columns * shift->rows; i++)
        if (isfinite(shift->ratio[i]) && shift->ratio[i] > 0) {
            low = fmin(low, (double)shift->ratio[i]);
            high = fmax(high, (double)shift->ratio[i]);
        }
    PlotMap map = {"own / forward at each sampling step",
                   "training step",
                   "sampling step",
                   shift->columns,
                   shift->rows,
                   x,
                   row,
                   shift->ratio,
                   low,
                   fmax(high, 1.01 * low)};
    plot_map(drawing, box, &map, theme);
    free(x);
}

static uint32_t grey_or_colour(const SamplesView *samples, const float *pixel)
{
    uint32_t rgb = 0;
    for (int c = 0; c < 3; c++) {
        double v = (double)pixel[samples->channels == 3 ? c : 0];
        double part = (v - (double)samples->low) / (double)(samples->high - samples->low);
        rgb = rgb << 8 | (uint32_t)lrint(255 * fmin(1, fmax(0, part)));
    }
    return rgb;
}

/* Finished pictures side by side in a square of them. */
static void draw_sheet(Drawing *drawing, PlotBox box, const SamplesView *samples)
{
    int side = (int)sqrt(samples->n < SHEET ? samples->n : SHEET);
    int w = samples->width, h = samples->height, plane = w * h, dims = plane * samples->channels;
    uint32_t *pixel = calloc((size_t)(side * side * plane) + 1, sizeof *pixel);
    const float *last = samples->student + (size_t)samples->steps * (size_t)(samples->n * dims);
    for (int i = 0; pixel && i < side * side * plane; i++) {
        int x = i % (side * w), y = i / (side * w), n = y / h * side + x / w;
        int at = (y % h * w + x % w) * samples->channels;
        pixel[i] = grey_or_colour(samples, last + n * dims + at);
    }
    double scale = fmin(box.width / (side * w), box.height / (side * h));
    if (pixel && side > 0)
        drawing_picture(drawing, box.x, box.y, scale * side * w, scale * side * h, side * w,
                        side * h, pixel);
    free(pixel);
}

static void draw_cloud(Drawing *drawing, PlotBox box, const SamplesView *samples, PlotTheme theme)
{
    double side = fmin(box.width, box.height), reach = 0;
    const float *last = samples->student + (size_t)samples->steps * (size_t)samples->n * 2;
    for (int i = 0; i < 2 * samples->n_reference; i++)
        reach = fmax(reach, 1.15 * fabs((double)samples->reference[i]));
    if (reach == 0)
        return;
    drawing_box(drawing, box.x, box.y, side, side, (Pen){plot_text_colour(theme), 1, 0.7, 0});
    for (int k = 0; k < samples->n_reference + samples->n; k++) {
        bool own = k >= samples->n_reference;
        const float *at = own ? last + 2 * (k - samples->n_reference) : samples->reference + 2 * k;
        double x = (double)at[0] / reach, y = (double)at[1] / reach;
        if (fabs(x) < 1 && fabs(y) < 1)
            drawing_dot(drawing, box.x + side * (1 + x) / 2, box.y + side * (1 - y) / 2,
                        own ? 1.4 : 0.9, (Pen){own ? 0xd55e00 : 0x909090, own ? 0.9 : 0.45, 0, 0});
    }
}

static void draw_samples(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme)
{
    const SamplesView *samples = &run->samples;
    double size = plot_text_size(theme);
    char title[160];
    if (samples->n == 0 || !samples->student)
        return;
    bool points = samples->height == 1 && samples->width == 1;
    snprintf(title, sizeof title, "Samples in %d steps at training step %ld%s", samples->steps,
             samples->step, points ? " (orange) over the data's law (grey)" : "");
    drawing_text(drawing, box.x, box.y + 1.1 * size, title, 1.15 * size, ANCHOR_START,
                 plot_text_colour(theme), 0);
    PlotBox inside = {box.x, box.y + 2 * size, box.width, box.height - 2 * size};
    if (points)
        draw_cloud(drawing, inside, samples, theme);
    else
        draw_sheet(drawing, inside, samples);
}

/* ---- The whole ---- */

static void write_curves(const Panel *panel, const RunView *const *run, FILE *out)
{
    for (int i = 0; i < panel->n; i++)
        for (int k = 0; k < panel->curve[i].n; k++) {
            const Curve *c = &panel->curve[i];
            if (!isfinite(c->y[k]))
                continue;
            fprintf(out, "%d,%s,%s,%s,%.0f,%.9g", run[panel->run[i]]->id, run[panel->run[i]]->name,
                    panel->unit, panel->label[i], c->x[k], c->y[k]);
            if (c->low)
                fprintf(out, ",%.9g,%.9g\n", c->low[k], c->high[k]);
            else
                fputs(",,\n", out);
        }
}

static Status write_csv(const Panel *panel, int panels, const RunView *const *run, const char *path,
                        Error *error)
{
    NewFile file;
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    fputs("run,name,curve,line,step,value,low,high\n", file.stream);
    for (int i = 0; i < panels; i++)
        write_curves(&panel[i], run, file.stream);
    return newfile_commit(&file, error);
}

static Status write_drawing(const Panel panel[2], const RunView *const *run, int n,
                            const char *path, PlotTheme theme, Error *error)
{
    double size = plot_text_size(theme), width = 62 * size, height = 30 * size;
    Drawing *drawing = drawing_new(2 * width + 3 * size, 2 * height + 5 * size, plot_ground(theme));
    if (!drawing)
        return fail(error, STATUS_FAILED, "%s: no memory for the figure", path);
    char title[200];
    snprintf(title, sizeof title, "%d %s: %s on %s%s", run[0]->id, run[0]->name, run[0]->method,
             run[0]->data, n > 1 ? ", and others" : "");
    drawing_text(drawing, size, 2 * size, title, 1.4 * size, ANCHOR_START, plot_text_colour(theme),
                 0);
    PlotBox box = {size, 3.5 * size, width, height - size};
    draw_panel(drawing, box, &panel[0], run[0], theme);
    box.x += width + size;
    draw_panel(drawing, box, &panel[1], run[0], theme);
    box.y += height;
    draw_samples(drawing, box, run[0], theme);
    box.x -= width + size;
    draw_map(drawing, box, run[0], theme);
    Status status = drawing_write(drawing, path, error);
    drawing_free(drawing);
    return status;
}

Status run_figure(const RunView *const *run, int n, const char *path, PlotTheme theme, Error *error)
{
    Panel *panel = calloc(2, sizeof *panel);
    const char *ending = strrchr(path, '.');
    if (!panel)
        return fail(error, STATUS_FAILED, "%s: no memory for the figure", path);
    n = n < RUN_FIGURE_MOST ? n : RUN_FIGURE_MOST;
    loss_panel(&panel[0], run, n);
    shift_panel(&panel[1], run, n);
    Status status = ending && strcmp(ending, ".csv") == 0
                        ? write_csv(panel, 2, run, path, error)
                        : write_drawing(panel, run, n, path, theme, error);
    panel_done(&panel[0]);
    panel_done(&panel[1]);
    free(panel);
    return status;
}
