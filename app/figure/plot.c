/* Owns scales, ticks and the looks of plots. */
#include "app/figure/plot.h"

#include "views/draw/theme.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 8, TICKS = 12 };

typedef struct Looks {
    uint32_t ground, text, rule;
    uint32_t line[LINES]; /* Okabe and Ito's, 2008 */
    double size, width;
} Looks;

static const Looks looks[PLOT_THEMES] = {
    [PLOT_PAPER] = {0xffffff,
                    0x202020,
                    0xd8d8d8,
                    {0x0072b2, 0xd55e00, 0x009e73, 0xcc79a7, 0xe69f00, 0x56b4e9, 0x000000,
                     0x999999},
                    8,
                    1.1},
    [PLOT_SLIDES] = {0x14181c,
                     0xf0f0f0,
                     0x3c444c,
                     {0x56b4e9, 0xe69f00, 0x20c090, 0xf0a0d0, 0xff7848, 0xf0e442, 0xffffff,
                      0xa0a0a0},
                     12,
                     2},
};
static const double dashes[LINES] = {0, 6, 2.5, 9, 1.2, 4, 0, 6};

int plot_theme(const char *word)
{
    if (strcmp(word, "paper") == 0)
        return PLOT_PAPER;
    return strcmp(word, "slides") == 0 ? PLOT_SLIDES : -1;
}

uint32_t plot_ground(PlotTheme theme) { return looks[theme].ground; }
double plot_text_size(PlotTheme theme) { return looks[theme].size; }
uint32_t plot_text_colour(PlotTheme theme) { return looks[theme].text; }

/* ---- Scales ---- */

typedef struct Scale {
    double low, high; /* of the values, or of their decimal logarithms */
    bool log;
    double from, to; /* on the sheet */
    int ticks;
    double tick[TICKS]; /* values */
} Scale;

static double scaled(const Scale *scale, double value) { return scale->log ? log10(value) : value; }

static double place(const Scale *scale, double value)
{
    double part = (scaled(scale, value) - scale->low) / (scale->high - scale->low);
    return scale->from + part * (scale->to - scale->from);
}

static void take(Scale *scale, double value)
{
    if (!isfinite(value) || (scale->log && value <= 0))
        return;
    scale->low = fmin(scale->low, scaled(scale, value));
    scale->high = fmax(scale->high, scaled(scale, value));
}

static Scale scale_new(bool log) { return (Scale){.low = INFINITY, .high = -INFINITY, .log = log}; }

/* 1, 2 or 5 times a power of ten, so that at most `most` of them span the range. */
static double round_step(double range, int most)
{
    double step = pow(10, floor(log10(range / most)));
    static const double times[] = {1, 2, 5, 10};
    for (int i = 0; i < 4; i++)
        if (range / (step * times[i]) <= most)
            return step * times[i];
    return 10 * step;
}

/* One tick is no scale: rather more than `most` of them. */
static void ticks_of_values(Scale *scale, int most)
{
    for (int n = most; scale->ticks < 2 && n <= 2 * most + 2; n++) {
        double step = round_step(scale->high - scale->low, n);
        double first = ceil(scale->low / step - 1e-9);
        scale->ticks = 0;
        for (int i = 0; i < TICKS && (first + i) * step <= scale->high + 1e-9 * step; i++)
            scale->tick[scale->ticks++] = (first + i) * step;
    }
}

/* 1, 2 and 5 times powers of ten. */
static void ticks_between_powers(Scale *scale)
{
    static const double times[] = {1, 2, 5};
    double first = floor(scale->low);
    for (int i = 0; i < 6 && scale->ticks < TICKS; i++) {
        double value = times[i % 3] * pow(10, first + i / 3);
        if (log10(value) >= scale->low && log10(value) <= scale->high)
            scale->tick[scale->ticks++] = value;
    }
}

static void ticks_of_powers(Scale *scale, int most)
{
    double first = ceil(scale->low - 1e-9), last = floor(scale->high + 1e-9);
    double step = fmax(1, ceil((last - first + 1) / most));
    for (double power = first; power <= last && scale->ticks < TICKS; power += step)
        scale->tick[scale->ticks++] = pow(10, power);
    if (scale->ticks >= 2)
        return;
    scale->ticks = 0; /* less than two powers: what lies between them, or round values */
    ticks_between_powers(scale);
    if (scale->ticks >= 3)
        return;
    scale->ticks = 0;
    Scale plain = {.low = pow(10, scale->low), .high = pow(10, scale->high)};
    ticks_of_values(&plain, most);
    for (int i = 0; i < plain.ticks; i++)
        if (plain.tick[i] > 0)
            scale->tick[scale->ticks++] = plain.tick[i];
}

/* Room round what was taken, and where it lies on the sheet. */
static void settle(Scale *scale, double from, double to, double margin, int most)
{
    if (scale->low > scale->high)
        scale->low = 0, scale->high = 1;
    if (scale->high - scale->low < 1e-12 * fmax(1, fabs(scale->high))) {
        double size = fabs(scale->high), reach = size > 0 ? size * 0.1 : 1;
        if (scale->log)
            reach = 0.5;
        scale->low -= reach;
        scale->high += reach;
    }
    double room = margin * (scale->high - scale->low);
    scale->low -= room;
    scale->high += room;
    scale->from = from;
    scale->to = to;
    if (scale->log)
        ticks_of_powers(scale, most);
    else
        ticks_of_values(scale, most);
}

static const char *number(char text[32], double value)
{
    double size = fabs(value);
    if (size >= 1e6 || (size > 0 && size < 1e-3))
        snprintf(text, 32, "%.0e", value);
    else
        snprintf(text, 32, "%.6g", fabs(value) < 1e-12 ? 0 : value);
    return text;
}

/* ---- Frames ---- */

typedef struct Frame {
    Drawing *drawing;
    const Looks *looks;
    PlotBox inside;
} Frame;

static void words(const Frame *frame, double x, double y, const char *text, Anchor anchor)
{
    drawing_text(frame->drawing, x, y, text, frame->looks->size, anchor, frame->looks->text, 0);
}

static Frame frame_new(Drawing *drawing, PlotBox box, const char *title, double left, double below,
                       double right, PlotTheme theme)
{
    double size = looks[theme].size;
    Frame frame = {drawing, &looks[theme], box};
    frame.inside.x += left;
    frame.inside.width -= left + right;
    frame.inside.y += 2 * size;
    frame.inside.height -= 2 * size + below;
    drawing_text(drawing, box.x, box.y + 1.1 * size, title, 1.15 * size, ANCHOR_START,
                 looks[theme].text, 0);
    return frame;
}

static void rule_x(const Frame *frame, const Scale *scale)
{
    char text[32];
    const PlotBox *in = &frame->inside;
    double size = frame->looks->size, foot = in->y + in->height;
    for (int i = 0; i < scale->ticks; i++) {
        double x = place(scale, scale->tick[i]);
        drawing_line(frame->drawing, x, in->y, x, foot, (Pen){frame->looks->rule, 1, 0.5, 0});
        words(frame, x, foot + 1.3 * size, number(text, scale->tick[i]), ANCHOR_MIDDLE);
    }
}

static void rule_y(const Frame *frame, const Scale *scale)
{
    char text[32];
    const PlotBox *in = &frame->inside;
    double size = frame->looks->size;
    for (int i = 0; i < scale->ticks; i++) {
        double y = place(scale, scale->tick[i]);
        drawing_line(frame->drawing, in->x, y, in->x + in->width, y,
                     (Pen){frame->looks->rule, 1, 0.5, 0});
        words(frame, in->x - 0.5 * size, y + 0.35 * size, number(text, scale->tick[i]), ANCHOR_END);
    }
}

static void name_axes(const Frame *frame, PlotBox box, const char *x, const char *y)
{
    const PlotBox *in = &frame->inside;
    double size = frame->looks->size;
    drawing_box(frame->drawing, in->x, in->y, in->width, in->height,
                (Pen){frame->looks->text, 1, 0.7, 0});
    words(frame, in->x + in->width / 2, in->y + in->height + 2.7 * size, x, ANCHOR_MIDDLE);
    drawing_text(frame->drawing, box.x + size, in->y + in->height / 2, y, size, ANCHOR_MIDDLE,
                 frame->looks->text, 1);
}

/* ---- Curves ---- */

static Pen line_pen(const Frame *frame, int i)
{
    const Looks *l = frame->looks;
    return (Pen){l->line[i % LINES], 1, l->width, dashes[i % LINES] * l->width};
}

/* The band's edges, forth above and back below. Where it is interrupted it ends; the rest is left
 * out. */
static void band(const Frame *frame, const PlotLine *line, const Scale *x, const Scale *y, int i)
{
    double *xy = malloc(4 * (size_t)line->n * sizeof *xy);
    int n = 0;
    for (int k = 0; xy && k < line->n; k++)
        if (isfinite(place(y, line->low[k])) && isfinite(place(y, line->high[k])))
            n++;
    int at = 0;
    for (int k = 0; xy && k < line->n; k++) {
        double low = place(y, line->low[k]), high = place(y, line->high[k]);
        if (!isfinite(low) || !isfinite(high))
            continue;
        xy[2 * at] = xy[2 * (2 * n - 1 - at)] = place(x, line->x[k]);
        xy[2 * at + 1] = high;
        xy[2 * (2 * n - 1 - at) + 1] = low;
        at++;
    }
    if (n > 1)
        drawing_path(frame->drawing, 2 * n, xy, (Pen){frame->looks->line[i % LINES], 0.22, 0, 0});
    free(xy);
}

static void bar(const Frame *frame, double x0, double y0, double x1, double y1, int i)
{
    Pen thin = {frame->looks->line[i % LINES], 0.6, 0.6 * frame->looks->width, 0};
    if (isfinite(x0) && isfinite(y0) && isfinite(x1) && isfinite(y1))
        drawing_line(frame->drawing, x0, y0, x1, y1, thin);
}

/* Intervals along both axes, and the number of each point. What a logarithmic axis cannot hold
 * runs off it. */
static void bars(const Frame *frame, const PlotLine *line, const Scale *x, const Scale *y, int i)
{
    char text[16];
    double size = frame->looks->size;
    for (int k = 0; k < line->n; k++) {
        double at_x = place(x, line->x[k]), at_y = place(y, line->y[k]);
        double left = place(x, line->x_low[k]);
        bar(frame, isfinite(left) || isnan(line->x_low[k]) ? left : x->from, at_y,
            place(x, line->x_high[k]), at_y, i);
        bar(frame, at_x, place(y, line->low[k]), at_x, place(y, line->high[k]), i);
        snprintf(text, sizeof text, "%d", line->number ? line->number[k] : 0);
        if (line->number && isfinite(at_x) && isfinite(at_y))
            words(frame, at_x + 0.4 * size, at_y - 0.5 * size, text, ANCHOR_START);
    }
}

static void curve(const Frame *frame, const PlotLine *line, const Scale *x, const Scale *y, int i)
{
    double *xy = malloc(2 * (size_t)line->n * sizeof *xy);
    for (int k = 0; xy && k < line->n; k++) {
        xy[2 * k] = place(x, line->x[k]);
        xy[2 * k + 1] = place(y, line->y[k]);
        if (line->dots && isfinite(xy[2 * k + 1]))
            drawing_dot(frame->drawing, xy[2 * k], xy[2 * k + 1], 2 * frame->looks->width,
                        (Pen){frame->looks->line[i % LINES], 1, 0, 0});
    }
    if (xy)
        drawing_path(frame->drawing, line->n, xy, line_pen(frame, i));
    free(xy);
}

/* A stroke and a name for each line, to the right of the plot. */
static void key(const Frame *frame, const Plot *plot)
{
    const PlotBox *in = &frame->inside;
    double size = frame->looks->size, x = in->x + in->width + size;
    for (int i = 0; i < plot->lines; i++) {
        double y = in->y + (1.2 + 1.6 * i) * size;
        if (!plot->line[i].label[0])
            continue;
        drawing_line(frame->drawing, x, y - 0.35 * size, x + 2.5 * size, y - 0.35 * size,
                     line_pen(frame, i));
        words(frame, x + 3 * size, y, plot->line[i].label, ANCHOR_START);
    }
}

static double key_width(const Plot *plot, double size)
{
    double most = 0;
    for (int i = 0; i < plot->lines; i++)
        if (plot->line[i].label[0])
            most = fmax(most, 4.5 * size + drawing_text_width(plot->line[i].label, size));
    return most;
}

void plot_curves(Drawing *drawing, PlotBox box, const Plot *plot, PlotTheme theme)
{
    double size = looks[theme].size;
    Frame frame = frame_new(drawing, box, plot->title, 6.5 * size, 3.2 * size,
                            fmax(size, key_width(plot, size)), theme);
    const PlotBox *in = &frame.inside;
    Scale x = scale_new(plot->log_x), y = scale_new(plot->log_y);
    for (int i = 0; i < plot->lines; i++)
        for (int k = 0; k < plot->line[i].n; k++) {
            const PlotLine *line = &plot->line[i];
            take(&x, line->x[k]);
            take(&y, line->y[k]);
            if (line->low)
                take(&y, line->low[k]), take(&y, line->high[k]);
            if (line->x_low)
                take(&x, line->x_low[k]), take(&x, line->x_high[k]);
        }
    settle(&x, in->x, in->x + in->width, 0.02, (int)(in->width / (6 * size)));
    settle(&y, in->y + in->height, in->y, 0.05, (int)(in->height / (2.5 * size)));
    rule_x(&frame, &x);
    rule_y(&frame, &y);
    for (int i = 0; i < plot->marks; i++)
        drawing_line(drawing, place(&x, plot->mark[i]), in->y, place(&x, plot->mark[i]),
                     in->y + in->height, (Pen){frame.looks->text, 0.6, 0.6, 2});
    for (int i = 0; i < plot->lines; i++)
        if (plot->line[i].low)
            (plot->line[i].x_low ? bars : band)(&frame, &plot->line[i], &x, &y, i);
    for (int i = 0; i < plot->lines; i++)
        curve(&frame, &plot->line[i], &x, &y, i);
    name_axes(&frame, box, plot->x_label, plot->y_label);
    key(&frame, plot);
}

PlotBox plot_plane(Drawing *drawing, PlotBox box, const char *title, const char *x_label,
                   const char *y_label, double reach, PlotTheme theme)
{
    double size = looks[theme].size, left = 6.5 * size, below = 3.2 * size;
    double side = fmin(box.width - left - size, box.height - below - 2 * size);
    box.width = side + left + size;
    box.height = side + below + 2 * size;
    Frame frame = frame_new(drawing, box, title, left, below, size, theme);
    const PlotBox *in = &frame.inside;
    Scale x = {.low = -reach, .high = reach}, y = x;
    settle(&x, in->x, in->x + in->width, 0, (int)(in->width / (4 * size)));
    settle(&y, in->y + in->height, in->y, 0, (int)(in->height / (2.5 * size)));
    rule_x(&frame, &x);
    rule_y(&frame, &y);
    name_axes(&frame, box, x_label, y_label);
    return *in;
}

/* ---- Intervals ---- */

static bool wide(int n, const PlotInterval *interval)
{
    double low = INFINITY, high = 0;
    for (int i = 0; i < n; i++) {
        if (!isfinite(interval[i].value))
            continue;
        low = fmin(low, interval[i].value);
        high = fmax(high, interval[i].value);
    }
    return low > 0 && high > 100 * low;
}

static void interval_row(const Frame *frame, const PlotInterval *row, const Scale *x, double y,
                         int i)
{
    const PlotBox *in = &frame->inside;
    double size = frame->looks->size, edge = place(x, row->low);
    uint32_t rgb = frame->looks->line[i % LINES];
    words(frame, in->x - 0.7 * size, y + 0.35 * size, row->label, ANCHOR_END);
    if (!isfinite(row->value))
        return;
    if (isfinite(row->high)) /* what a logarithmic axis does not hold ends at its frame */
        drawing_line(frame->drawing, fmax(edge, in->x), y, place(x, row->high), y,
                     (Pen){rgb, 1, 1.3 * frame->looks->width, 0});
    drawing_dot(frame->drawing, place(x, row->value), y, 2.3 * frame->looks->width,
                (Pen){rgb, 1, 0, 0});
}

void plot_intervals(Drawing *drawing, PlotBox box, const char *title, int n,
                    const PlotInterval *interval, PlotTheme theme)
{
    double size = looks[theme].size, left = 0;
    for (int i = 0; i < n; i++)
        left = fmax(left, drawing_text_width(interval[i].label, size) + 1.5 * size);
    Frame frame = frame_new(drawing, box, title, left, 2 * size, 1.5 * size, theme);
    const PlotBox *in = &frame.inside;
    Scale x = scale_new(wide(n, interval));
    for (int i = 0; i < n; i++) {
        take(&x, interval[i].value);
        take(&x, interval[i].high);
        if (!x.log)
            take(&x, interval[i].low);
    }
    settle(&x, in->x, in->x + in->width, 0.05, (int)(in->width / (5 * size)));
    rule_x(&frame, &x);
    drawing_box(drawing, in->x, in->y, in->width, in->height, (Pen){frame.looks->text, 1, 0.7, 0});
    for (int i = 0; i < n; i++)
        interval_row(&frame, &interval[i], &x, in->y + (i + 0.5) * in->height / n, i);
}

/* ---- Maps ---- */

static uint32_t ramp(double part)
{
    uint8_t rgb[3];
    if (!isfinite(part))
        return 0x808080;
    theme_ramp_rgb((int)lrint(fmin(1, fmax(0, part)) * (RAMP_SIZE - 1)), rgb);
    return (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

static void map_key(const Frame *frame, const PlotMap *map)
{
    enum { STEPS = RAMP_SIZE };
    char text[32];
    uint32_t pixel[STEPS];
    const PlotBox *in = &frame->inside;
    double size = frame->looks->size, x = in->x + in->width + size;
    for (int i = 0; i < STEPS; i++)
        pixel[i] = ramp(1 - (double)i / (STEPS - 1));
    drawing_picture(frame->drawing, x, in->y, size, in->height, 1, STEPS, pixel);
    snprintf(text, sizeof text, "%.3g", map->high);
    words(frame, x + 1.4 * size, in->y + 0.8 * size, text, ANCHOR_START);
    snprintf(text, sizeof text, "%.3g", map->low);
    words(frame, x + 1.4 * size, in->y + in->height, text, ANCHOR_START);
}

void plot_map(Drawing *drawing, PlotBox box, const PlotMap *map, PlotTheme theme)
{
    double size = looks[theme].size;
    Frame frame = frame_new(drawing, box, map->title, 6.5 * size, 3.2 * size, 7 * size, theme);
    const PlotBox *in = &frame.inside;
    uint32_t *pixel = malloc((size_t)map->columns * (size_t)map->rows * sizeof *pixel);
    for (int i = 0; pixel && i < map->columns * map->rows; i++)
        pixel[i % map->rows * map->columns + i / map->rows] =
            ramp(log((double)map->value[i] / map->low) / log(map->high / map->low));
    if (pixel)
        drawing_picture(drawing, in->x, in->y, in->width, in->height, map->columns, map->rows,
                        pixel);
    free(pixel);
    for (int r = 0; r < map->rows; r++)
        words(&frame, in->x - 0.5 * size, in->y + (r + 0.5) * in->height / map->rows + 0.35 * size,
              map->row[r], ANCHOR_END);
    Scale x = scale_new(false);
    take(&x, map->x[0]);
    take(&x, map->x[map->columns - 1]);
    settle(&x, in->x, in->x + in->width, 0, (int)(in->width / (6 * size)));
    rule_x(&frame, &x);
    name_axes(&frame, box, map->x_label, map->y_label);
    map_key(&frame, map);
}
