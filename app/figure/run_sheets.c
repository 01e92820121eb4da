/* Owns how samples, maps and paths of a run lie on a sheet. See run_sheets.h. */
#include "app/figure/run_sheets.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { PICTURES = 100, STRIP = 8 };
/* Apart in grey too: on a dark ground what is dark on paper is light. */
static const uint32_t own_ink[PLOT_THEMES] = {[PLOT_PAPER] = 0xd55e00, [PLOT_SLIDES] = 0xffb45a};
static const uint32_t teacher_ink[PLOT_THEMES] = {
    [PLOT_PAPER] = 0x0072b2, [PLOT_SLIDES] = 0x56b4e9};
static const uint32_t data_ink[PLOT_THEMES] = {[PLOT_PAPER] = 0xa8a8a8, [PLOT_SLIDES] = 0x78828c};

/* ---- The map ---- */

void sheet_map(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme)
{
    const ShiftView *shift = &run->shift_view;
    char label[64][16], title[80];
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
    snprintf(title, sizeof title, "%d: own / forward at each sampling step", run->id);
    PlotMap map = {title,
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

/* ---- Samples ---- */

/* Those at the cursor, where they were made. */
static const SamplesView *samples_of(const RunView *run)
{
    return run->past.n > 0 ? &run->past : &run->samples;
}

static bool is_points(const SamplesView *samples)
{
    return samples->height == 1 && samples->width == 1;
}

static const float *stage_of(const SamplesView *samples, const float *states, int stage)
{
    size_t each =
        (size_t)samples->n * (size_t)(samples->width * samples->height * samples->channels);
    return states + (size_t)stage * each;
}

/* NULL: there are none. */
static const float *rows_of(const SamplesView *samples, Sheet sheet)
{
    const float *x0 = samples->student_x0;
    if (samples->n == 0 || !samples->student)
        return NULL;
    if (sheet == SHEET_X0)
        return x0;
    const float *states = sheet == SHEET_TEACHER ? samples->teacher : samples->student;
    return states ? stage_of(samples, states, samples->steps) : NULL;
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

/* Pictures beside one another: number at[i] of the rows, `across` of them in a line. */
static void draw_pictures(Drawing *drawing, PlotBox box, const SamplesView *samples,
                          const float *const *at, int n, int across)
{
    int w = samples->width, h = samples->height, down = n / across;
    uint32_t *pixel = calloc((size_t)(n * w * h) + 1, sizeof *pixel);
    for (int i = 0; pixel && i < across * down * w * h; i++) {
        int x = i % (across * w), y = i / (across * w), k = y / h * across + x / w;
        pixel[i] = grey_or_colour(samples, at[k] + (y % h * w + x % w) * samples->channels);
    }
    double scale = fmin(box.width / (across * w), box.height / (down * h));
    if (pixel && down > 0)
        drawing_picture(drawing, box.x, box.y, scale * across * w, scale * down * h, across * w,
                        down * h, pixel);
    free(pixel);
}

static void draw_sheet(Drawing *drawing, PlotBox box, const SamplesView *samples, const float *rows)
{
    const float *at[PICTURES];
    int side = (int)sqrt(samples->n < PICTURES ? samples->n : PICTURES);
    int dims = samples->width * samples->height * samples->channels;
    for (int i = 0; i < side * side; i++)
        at[i] = rows + i * dims;
    if (side > 0)
        draw_pictures(drawing, box, samples, at, side * side, side);
}

/* n points of a plane that reaches `reach` each way; those outside are left out. */
static void draw_dots(Drawing *drawing, PlotBox in, double reach, int n, const float *xy,
                      double radius, Pen ink)
{
    for (int k = 0; k < n; k++) {
        double x = (double)xy[2 * k] / reach, y = (double)xy[2 * k + 1] / reach;
        if (fabs(x) < 1 && fabs(y) < 1)
            drawing_dot(drawing, in.x + in.width * (1 + x) / 2, in.y + in.height * (1 - y) / 2,
                        radius, ink);
    }
}

static double reach_of(int n, const float *xy)
{
    double reach = 0;
    for (int i = 0; i < 2 * n; i++)
        reach = fmax(reach, 1.15 * fabs((double)xy[i]));
    return reach > 0 ? reach : 1;
}

static void draw_cloud(Drawing *drawing, PlotBox box, const char *title, const SamplesView *samples,
                       const float *rows, PlotTheme theme)
{
    double reach = reach_of(samples->n_reference, samples->reference);
    PlotBox in = plot_plane(drawing, box, title, "x, normalised", "y, normalised", reach, theme);
    draw_dots(drawing, in, reach, samples->n_reference, samples->reference, 0.9,
              (Pen){data_ink[theme], 0.45, 0, 0});
    draw_dots(drawing, in, reach, samples->n, rows, 1.4, (Pen){own_ink[theme], 0.9, 0, 0});
}

static PlotBox titled(Drawing *drawing, PlotBox box, const char *title, PlotTheme theme)
{
    double size = plot_text_size(theme);
    drawing_text(drawing, box.x, box.y + 1.1 * size, title, 1.15 * size, ANCHOR_START,
                 plot_text_colour(theme), 0);
    return (PlotBox){box.x, box.y + 2 * size, box.width, box.height - 2 * size};
}

void sheet_samples(Drawing *drawing, PlotBox box, const RunView *run, Sheet sheet, PlotTheme theme)
{
    static const char *const whose[] = {[SHEET_STUDENT] = "samples",
                                        [SHEET_TEACHER] =
                                            "the teacher's samples from the same noise",
                                        [SHEET_X0] = "x0 from pure noise"};
    const SamplesView *samples = samples_of(run);
    const float *rows = rows_of(samples, sheet);
    char title[200], when[64] = "";
    if (!rows)
        return;
    if (sheet != SHEET_TEACHER)
        snprintf(when, sizeof when, " in %d steps at training step %ld",
                 sheet == SHEET_X0 ? 1 : samples->steps, samples->step);
    snprintf(title, sizeof title, "%d: %s%s%s", run->id, whose[sheet], when,
             is_points(samples) ? " (orange) over the data (grey)" : "");
    if (is_points(samples))
        draw_cloud(drawing, box, title, samples, rows, theme);
    else
        draw_sheet(drawing, titled(drawing, box, title, theme), samples, rows);
}

void sheet_strip(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme)
{
    const SamplesView *samples = samples_of(run);
    const float *at[STRIP * (TRADES_MAX + 1)];
    int across = samples->steps + 1, dims = samples->width * samples->height * samples->channels;
    int down = samples->n < STRIP ? samples->n : STRIP;
    char title[120];
    if (!rows_of(samples, SHEET_STUDENT) || is_points(samples) || across > TRADES_MAX + 1)
        return;
    for (int i = 0; i < across * down; i++)
        at[i] = stage_of(samples, samples->student, i % across) + i / across * dims;
    snprintf(title, sizeof title, "%d: from noise (left) through %d sampling steps", run->id,
             samples->steps);
    draw_pictures(drawing, titled(drawing, box, title, theme), samples, at, across * down, across);
}

/* ---- Paths ---- */

static const PathsView *paths_of(const RunView *run)
{
    const SamplesView *samples = samples_of(run);
    return samples->paths ? samples->paths : run->samples.paths;
}

bool sheet_has_paths(const RunView *run) { return paths_of(run); }

/* One seed's way through the stages: xy of stage s at states[s * n + r]. */
static void draw_way(Drawing *drawing, PlotBox in, double reach, int stages, int n, int r,
                     const float *states, Pen ink)
{
    double xy[2 * 65];
    int points = 0;
    for (int s = 0; s < stages && points < 65; s++) {
        double x = (double)states[2 * (s * n + r)] / reach;
        double y = (double)states[2 * (s * n + r) + 1] / reach;
        bool inside = fabs(x) < 1 && fabs(y) < 1;
        xy[2 * points] = inside ? in.x + in.width * (1 + x) / 2 : NAN;
        xy[2 * points++ + 1] = inside ? in.y + in.height * (1 - y) / 2 : NAN;
    }
    drawing_path(drawing, points, xy, ink);
}

void sheet_paths(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme)
{
    const PathsView *paths = paths_of(run);
    char title[160];
    if (!paths)
        return;
    bool taught = paths->starts > 1;
    double reach = fmax(reach_of(paths->n_cloud, paths->cloud), reach_of(paths->n, paths->path));
    snprintf(title, sizeof title, "%d: ways of %d samples, student (orange)%s over the data (grey)",
             run->id, paths->n, taught ? " and teacher (blue, dashed)" : "");
    PlotBox in = plot_plane(
        drawing, box, title, paths->projected ? "1st principal component" : "x, normalised",
        paths->projected ? "2nd principal component" : "y, normalised", reach, theme);
    draw_dots(drawing, in, reach, paths->n_cloud, paths->cloud, 0.8,
              (Pen){data_ink[theme], 0.4, 0, 0});
    for (int r = 0; r < paths->n; r++)
        draw_way(drawing, in, reach, paths->steps + 1, paths->n, r, paths->path,
                 (Pen){own_ink[theme], 0.9, 0.9, 0});
    for (int r = 0; r < paths->n && taught;
         r++) /* on top: where the two agree its dashes are seen */
        draw_way(drawing, in, reach, paths->steps * paths->fine + 1, paths->n, r, paths->teacher,
                 (Pen){teacher_ink[theme], 1, 0.9, 3});
    draw_dots(drawing, in, reach, paths->n, paths->path + 2 * paths->steps * paths->n, 1.6,
              (Pen){own_ink[theme], 1, 0, 0});
}

void sheet_gaps(Drawing *drawing, PlotBox box, const RunView *run, PlotTheme theme)
{
    const PathsView *paths = paths_of(run);
    double x[65], mean[65], low[65], high[65];
    int stages = paths ? paths->steps + 1 : 0;
    if (!paths || paths->starts < 2 || stages > 65)
        return;
    for (int s = 0; s < stages; s++) {
        double sum = 0;
        x[s] = paths->steps - s;
        low[s] = INFINITY;
        high[s] = 0;
        for (int r = 0; r < paths->n; r++) {
            double gap = (double)paths->gap[s * paths->n + r];
            sum += gap / paths->n;
            low[s] = fmin(low[s], gap);
            high[s] = fmax(high[s], gap);
        }
        mean[s] = sum;
    }
    PlotLine line = {.label = "mean; least to most",
                     .n = stages,
                     .x = x,
                     .y = mean,
                     .low = low,
                     .high = high,
                     .dots = true};
    Plot plot = {.title = "Distance of the student's state from the teacher's, same noise",
                 .x_label = "sampling steps to go (right: noise)",
                 .y_label = "root mean square",
                 .lines = 1,
                 .line = &line};
    plot_curves(drawing, box, &plot, theme);
}
