/* Owns the plot: lines sampled in columns of dots, a range for them, a grid of dots, one
 * layer a dot, of which each cell shows the topmost. See chart.h. */
#include "views/draw/chart.h"

#include "views/draw/axis_ticks.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/format.h"
#include "views/model/marks.h"
#include "views/model/overlay.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Layers of a dot; a line's is LAYER_LINES + its place from the bottom. */
enum Layer { LAYER_NONE, LAYER_BAND, LAYER_LINES };

/* Dots across and down a cell. */
static const int across[] = {[DOTS_BRAILLE] = 2, [DOTS_BLOCKS] = 2, [DOTS_ASCII] = 1};
static const int down[] = {[DOTS_BRAILLE] = 4, [DOTS_BLOCKS] = 2, [DOTS_ASCII] = 1};

/* A stroke leaves out the columns of dots whose bit is 0, eight in turn. */
static const struct {
    const char *sample;
    uint8_t dots;
    char ascii;
    /* clang-format off */
} strokes[CHART_LINES_MAX] = {
    {"─", 0xff, '*'},
    {"╌", 0x3f, 'o'},
    {"┄", 0x33, '+'},
    {"┈", 0x11, 'x'},
    {"━", 0x77, '#'},
    {"╍", 0x1f, '%'},
    {"┅", 0x17, '@'},
};
/* clang-format on */

const char *chart_stroke(int stroke) { return strokes[stroke % CHART_LINES_MAX].sample; }

Style chart_style(const Canvas *canvas, int stroke)
{
    return theme_line(canvas, stroke % CHART_LINES_MAX);
}

typedef struct Grid {
    int columns, rows; /* dots */
    int dx, dy;        /* dots a cell */
    Dots dots;
    Scale scale;
    const ChartSpec *spec;
    LinePoint *point; /* [lines][columns + 2] */
    uint8_t *layer;   /* [rows][columns] */
} Grid;

static LinePoint *points_of(const Grid *grid, int line)
{
    return grid->point + (size_t)line * ((size_t)grid->columns + 2);
}

/* ---- Range ---- */

/* Behind the lines: what was before the first of them, up to where it left. */
static void sample_before(Grid *grid)
{
    const ChartSpec *spec = grid->spec;
    LinePoint *point = points_of(grid, spec->lines);
    Axis axis = spec->axis;
    axis.run = spec->before.run;
    line_sample(&spec->before, axis, grid->columns, point);
    for (int x = 0; x < grid->columns + 2; x++)
        if (axis_step(axis, x - 1, grid->columns) > spec->until)
            point[x] = (LinePoint){NAN, NAN, NAN, 0, false};
}

static bool has_before(const ChartSpec *spec) { return spec->before.run && !spec->base; }

static void sample_lines(Grid *grid)
{
    const ChartSpec *spec = grid->spec;
    if (has_before(spec))
        sample_before(grid);
    for (int i = 0; i < spec->lines; i++) {
        const LineSource *source = &spec->line[i].source;
        if (spec->base) {
            line_sample_difference(source, spec->base, spec->axis, grid->columns,
                                   points_of(grid, i));
        } else {
            line_sample(source, spec->axis, grid->columns, points_of(grid, i));
        }
    }
}

/* What must be in sight: all that the top line logged, and every line itself. */
static Scale value_scale(const Grid *grid)
{
    const ChartSpec *spec = grid->spec;
    size_t each = (size_t)grid->columns + 2;
    float *values = malloc(sizeof *values * each * (size_t)(spec->lines + 3));
    need(values);
    int n = 0, lines = spec->lines + has_before(spec);
    bool positive = false;
    for (int i = 0; i < lines; i++) {
        const LinePoint *point = points_of(grid, i);
        for (int x = 1; x <= grid->columns; x++) {
            values[n++] = point[x].value;
            if (i == 0) {
                values[n++] = point[x].low;
                values[n++] = point[x].high;
            }
            positive = positive || point[x].value > 0 || (i == 0 && point[x].high > 0);
        }
    }
    double low, high;
    bool log = !spec->linear_y && !spec->base && positive;
    robust_range(values, n, log, !spec->all, &low, &high);
    free(values);
    if (spec->base) { /* no difference is always in sight */
        low = fmin(low, 0);
        high = fmax(high, 0);
    }
    return scale_around(low, high, log);
}

static Grid grid_new(const Canvas *canvas, const ChartSpec *spec, int width, int height)
{
    Dots dots = canvas->look.ascii ? DOTS_ASCII : spec->dots;
    Grid grid = {.columns = width * across[dots],
                 .rows = height * down[dots],
                 .dx = across[dots],
                 .dy = down[dots],
                 .dots = dots,
                 .spec = spec};
    size_t each = (size_t)grid.columns + 2;
    grid.point = malloc(sizeof *grid.point * each * (size_t)(spec->lines + 1));
    grid.layer = calloc((size_t)grid.columns + 1, (size_t)grid.rows + 1);
    need(grid.point);
    need(grid.layer);
    sample_lines(&grid);
    grid.scale = value_scale(&grid);
    return grid;
}

static void grid_free(Grid *grid)
{
    free(grid->point);
    free(grid->layer);
}

Scale chart_scale(const Canvas *canvas, const ChartSpec *spec, int plot_width)
{
    Grid grid = grid_new(canvas, spec, plot_width, 0);
    Scale scale = grid.scale;
    grid_free(&grid);
    return scale;
}

/* ---- Dots ---- */

static int dot_row(const Grid *grid, double value)
{
    double part = scale_part(&grid->scale, value);
    if (isnan(part))
        return -1;
    int row = (int)lround((1 - fmin(fmax(part, 0), 1)) * (grid->rows - 1));
    return clamp(row, 0, grid->rows - 1);
}

static void fill_column(Grid *grid, int x, int y0, int y1, uint8_t layer)
{
    if (x < 0 || x >= grid->columns || y0 < 0 || y1 < 0)
        return;
    int top = smaller(y0, y1), bottom = larger(y0, y1);
    for (int y = top; y <= bottom; y++) {
        uint8_t *dot = &grid->layer[y * grid->columns + x];
        *dot = *dot > layer ? *dot : layer;
    }
}

/* The band's two edges as dots: filled, a column of a wide band would cost ten times the
 * bytes on a slow line. */
static void draw_band(Grid *grid, const LinePoint *point)
{
    for (int x = 0; x < grid->columns; x++) {
        int low = dot_row(grid, point[x + 1].low), high = dot_row(grid, point[x + 1].high);
        fill_column(grid, x, low, low, LAYER_BAND);
        fill_column(grid, x, high, high, LAYER_BAND);
    }
}

/* A straight line between two points, on the scale as it is drawn. */
static double between(const Grid *grid, const LinePoint *a, const LinePoint *b, double t)
{
    double y0 = (double)a->value, y1 = (double)b->value;
    return grid->scale.log && y0 > 0 && y1 > 0 ? y0 * pow(y1 / y0, t) : y0 + t * (y1 - y0);
}

static void draw_segment(Grid *grid, const LinePoint *a, const LinePoint *b, uint8_t stroke,
                         uint8_t layer)
{
    double x0 = (double)a->x, x1 = (double)b->x;
    int from = (int)floor(fmax(x0, -1)), to = (int)floor(fmin(x1, grid->columns));
    int before = -1;
    for (int x = from; x <= to; x++) {
        double t = x1 > x0 ? fmin(fmax((x + 0.5 - x0) / (x1 - x0), 0), 1) : 1;
        int row = dot_row(grid, between(grid, a, b, t)), start = row;
        if (before >= 0 && before != row)
            start = before < row ? before + 1 : before - 1;
        if (stroke >> (x & 7) & 1)
            fill_column(grid, x, start, row, layer);
        before = row;
    }
}

static void draw_line(Grid *grid, const LinePoint *point, uint8_t stroke, uint8_t layer)
{
    int before = -1;
    for (int x = 0; x < grid->columns + 2; x++) {
        if (!isfinite(point[x].value))
            continue;
        int from = before >= 0 && point[x].joined ? before : x;
        draw_segment(grid, &point[from], &point[x], stroke, layer);
        before = x;
    }
}

static void draw_lines(Grid *grid)
{
    const ChartSpec *spec = grid->spec;
    if (has_before(spec))
        draw_line(grid, points_of(grid, spec->lines), 0xff, LAYER_BAND);
    if (spec->lines > 0 && (!spec->base || spec->line[0].source.group))
        draw_band(grid, points_of(grid, 0));
    for (int i = spec->lines - 1; i >= 0; i--) {
        uint8_t stroke = grid->dots == DOTS_ASCII ? 0xff : strokes[spec->line[i].stroke].dots;
        draw_line(grid, points_of(grid, i), stroke, (uint8_t)(LAYER_LINES + spec->lines - 1 - i));
    }
}

/* ---- Cells ---- */

static uint32_t cell_rune(Dots dots, unsigned bits, char ascii)
{
    static const uint32_t quadrants[16] = {' ',    0x2598, 0x259d, 0x2580, 0x2596, 0x258c,
                                           0x259e, 0x259b, 0x2597, 0x259a, 0x2590, 0x259c,
                                           0x2584, 0x2599, 0x259f, 0x2588};
    static const uint8_t braille[8] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    if (dots == DOTS_ASCII)
        return (uint32_t)ascii;
    if (dots == DOTS_BLOCKS)
        return quadrants[bits & 15];
    uint32_t rune = 0x2800;
    for (int i = 0; i < 8; i++)
        rune |= bits >> i & 1 ? braille[i] : 0u;
    return rune;
}

static void put_cell(Canvas *canvas, const Grid *grid, int column, int row, Rect plot)
{
    int top = LAYER_NONE;
    unsigned bits = 0;
    for (int i = 0; i < grid->dx * grid->dy; i++) {
        int y = row * grid->dy + i / grid->dx, x = column * grid->dx + i % grid->dx;
        int layer = grid->layer[y * grid->columns + x];
        bits = layer > top ? 0 : bits;
        top = layer > top ? layer : top;
        bits |= layer == top && layer != LAYER_NONE ? 1u << i : 0u;
    }
    if (top == LAYER_NONE)
        return;
    int line = grid->spec->lines - 1 - (top - LAYER_LINES);
    int stroke = top == LAYER_BAND ? 0 : grid->spec->line[line].stroke;
    Style style = top == LAYER_BAND ? theme_style(canvas, ROLE_BAND) : chart_style(canvas, stroke);
    canvas_put(canvas, plot.x + column, plot.y + row,
               cell_rune(grid->dots, bits, top == LAYER_BAND ? ':' : strokes[stroke].ascii), style);
}

/* An arrow where something of the top line lies beyond the range. */
static void draw_clipped(Canvas *canvas, const Grid *grid, Rect plot)
{
    const LinePoint *point = points_of(grid, 0);
    Style style = theme_style(canvas, ROLE_MARK);
    for (int x = 0; x < grid->columns && grid->spec->lines > 0; x++) {
        bool above = (double)point[x + 1].high > grid->scale.high * (1 + 1e-6);
        bool below = (double)point[x + 1].low < grid->scale.low && !grid->scale.log;
        if (above || below) {
            int y = above ? plot.y : plot.y + plot.height - 1;
            canvas_put(canvas, plot.x + x / grid->dx, y, above ? 0x2191 : 0x2193, style);
        }
    }
}

/* The run's number at the end of its line, a row lower where another one stands. */
static void draw_ends(Canvas *canvas, const Grid *grid, Rect plot)
{
    const ChartSpec *spec = grid->spec;
    int taken[CHART_LINES_MAX], n = 0;
    for (int i = 0; i < spec->lines && (spec->lines > 1 || spec->base); i++) {
        const LinePoint *point = points_of(grid, i);
        int x = grid->columns;
        while (x > 0 && !isfinite(point[x].value))
            x--;
        int row = x > 0 ? dot_row(grid, (double)point[x].value) / grid->dy : -1;
        for (int k = 0; k < n; k++) {
            if (taken[k] == row) {
                row++;
                k = -1;
            }
        }
        if (row < 0 || row >= plot.height)
            continue;
        int column = (x - 1) / grid->dx + 1;
        column = column > plot.width - 2 ? plot.width - 2 : column;
        canvas_print(canvas, plot.x + column, plot.y + row, 2,
                     chart_style(canvas, spec->line[i].stroke), "%02d",
                     spec->line[i].source.run->id % 100);
        taken[n++] = row;
    }
}

/* The i-th tick: even steps, or 1, 2, 5 of every decade; of many decades only their beginnings. */
double chart_tick(const Scale *scale, int i)
{
    static const double digits[] = {1, 2, 5};
    double decade = scale->log ? pow(10, floor(log10(scale->low) + 1e-9)) : 0;
    if (!scale->log)
        return scale->low + i * scale_step(scale);
    bool wide = scale->high / scale->low > 101;
    return wide ? decade * pow(10, i) : decade * pow(10, i / 3) * digits[i % 3];
}

void chart_ticks(Canvas *canvas, Rect plot, const Scale *scale)
{
    Style faint = theme_style(canvas, ROLE_FAINT), rule = theme_style(canvas, ROLE_RULE);
    double step = scale->log ? 0 : scale_step(scale);
    int taken = plot.y + plot.height + 1;
    for (int i = 0; i < 64; i++) {
        double value = chart_tick(scale, i);
        if (value > scale->high * (1 + 1e-9) + (scale->log ? 0 : step / 100))
            break;
        double part = scale_part(scale, value);
        int y = plot.y + (int)lround((1 - part) * (plot.height - 1));
        if (part < -1e-9 || y >= taken - 1 || y < plot.y)
            continue;
        char text[FORMAT_SIZE];
        canvas_text_right(canvas, plot.x - 2, y, CHART_MARGIN - 2, faint, format_tick(text, value));
        canvas_put(canvas, plot.x - 1, y, 0x2524, rule);
        taken = y;
    }
}

/* The story stands on the side of its mark where there is more room before another one. */
static void draw_story(Canvas *canvas, Rect plot, int y, const ChartSpec *spec, int column)
{
    Style style = theme_style(canvas, ROLE_MARK);
    int from = 0, to = plot.width;
    for (int i = 0; i < spec->marks; i++) {
        int other = axis_column(spec->axis, spec->mark[i].step, plot.width);
        from = other < column && other + 2 > from ? other + 2 : from;
        to = other > column && other - 1 < to ? other - 1 : to;
    }
    int right = to - column - 2, left = column - 1 - from, full = text_width(spec->story);
    if (right >= full || right >= left) {
        text_cut(canvas, plot.x + column + 2, y, right, style, spec->story);
    } else {
        int width = full < left ? full : left;
        text_cut(canvas, plot.x + column - 1 - width, y, width, style, spec->story);
    }
}

static void draw_marks(Canvas *canvas, Rect plot, int y, const ChartSpec *spec)
{
    for (int i = 0; i < spec->marks; i++) {
        int column = axis_column(spec->axis, spec->mark[i].step, plot.width);
        if (column >= 0 && column < plot.width) {
            canvas_put(canvas, plot.x + column, y, 0x25b2, theme_style(canvas, ROLE_MARK));
            if (i == spec->told)
                draw_story(canvas, plot, y, spec, column);
        }
    }
}

static void draw_cursor(Canvas *canvas, Rect plot, const ChartSpec *spec)
{
    int column = spec->cursor >= 0 ? axis_column(spec->axis, spec->cursor, plot.width) : -1;
    for (int row = 0; row < plot.height && column >= 0 && column < plot.width; row++)
        canvas_put(canvas, plot.x + column, plot.y + row, 0x2502, theme_style(canvas, ROLE_CURSOR));
}

/* What the axis' cursor means for a line of another run. */
static double value_at_cursor(const ChartSpec *spec, const LineSource *source)
{
    Axis axis = spec->axis;
    double place = axis_place(axis, spec->cursor);
    axis.run = source->run;
    bool there = place <= axis_place(axis, source->run->step) * (1 + 1e-9);
    return there ? line_at(source, axis_step_of(axis, place)) : (double)NAN;
}

/* The values under the cursor, on the side where there is more room. */
static void draw_readout(Canvas *canvas, Rect plot, const ChartSpec *spec)
{
    enum { ROOM = 12 };
    int column = spec->cursor >= 0 ? axis_column(spec->axis, spec->cursor, plot.width) : -1;
    if (!spec->readout || column < 0 || column >= plot.width || plot.width < 3 * ROOM)
        return;
    int x = plot.x + (column < plot.width / 2 ? column + 2 : column - ROOM);
    for (int i = 0; i < spec->lines && i < plot.height; i++) {
        const LineSource *source = &spec->line[i].source;
        char value[FORMAT_SIZE];
        double at = value_at_cursor(spec, source);
        at -= spec->base ? value_at_cursor(spec, spec->base) : 0;
        canvas_print(canvas, x, plot.y + i, ROOM - 1, chart_style(canvas, spec->line[i].stroke),
                     "%02d %-8s", source->run->id % 100, format_value(value, at));
    }
}

static void draw_zero(Canvas *canvas, const Grid *grid, Rect plot)
{
    int row = dot_row(grid, 0) / grid->dy;
    canvas_fill(canvas, (Rect){plot.x, plot.y + row, plot.width, 1}, 0x2500,
                theme_style(canvas, ROLE_RULE));
}

/* Differences need a place where both runs have been. */
static void draw_nothing(Canvas *canvas, const Grid *grid, Rect plot)
{
    const ChartSpec *spec = grid->spec;
    for (int i = 0; i < spec->lines; i++) {
        for (int x = 1; x <= grid->columns; x++)
            if (!isnan(points_of(grid, i)[x].value))
                return;
    }
    canvas_print(canvas, plot.x + 2, plot.y, plot.width - 2, theme_style(canvas, ROLE_FAINT),
                 "no %s here that both have: X, 0 or d may help", across_name(spec->axis.across));
}

static void draw_plot(Canvas *canvas, Rect plot, Grid *grid)
{
    if (grid->spec->base) {
        draw_zero(canvas, grid, plot);
        draw_nothing(canvas, grid, plot);
    }
    draw_lines(grid);
    for (int row = 0; row < plot.height; row++)
        for (int column = 0; column < plot.width; column++)
            put_cell(canvas, grid, column, row, plot);
    draw_clipped(canvas, grid, plot);
}

void chart_draw(Canvas *canvas, Rect rect, const ChartSpec *spec)
{
    int under = spec->marks > 0 ? 2 : 1;
    Rect plot = {rect.x + CHART_MARGIN, rect.y, rect.width - CHART_MARGIN, rect.height - under};
    if (plot.width < 4 || plot.height < 2)
        return;
    Grid grid = grid_new(canvas, spec, plot.width, plot.height);
    canvas_fill(canvas, (Rect){plot.x - 1, plot.y, 1, plot.height}, 0x2502,
                theme_style(canvas, ROLE_RULE));
    chart_ticks(canvas, plot, &grid.scale);
    draw_plot(canvas, plot, &grid);
    draw_cursor(canvas, plot, spec);
    draw_ends(canvas, &grid, plot);
    draw_readout(canvas, plot, spec);
    if (spec->marks > 0)
        draw_marks(canvas, plot, plot.y + plot.height, spec);
    axis_draw(canvas, spec->axis, plot.x, rect.y + rect.height - 1, plot.width);
    grid_free(&grid);
}
