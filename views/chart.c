/* Owns the plot: a grid of dots, one layer a dot, of which each cell shows the topmost.
 * See chart.h. */
#include "views/chart.h"

#include "views/format.h"
#include "views/theme.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum Layer { LAYER_NONE, LAYER_BAND, LAYER_LINE };

typedef struct Grid {
    int columns, rows; /* cells */
    int dx, dy;        /* dots a cell */
    Dots dots;
    Axis axis;
    Scale scale;
    uint8_t *layer; /* [rows * dy][columns * dx] */
} Grid;

int series_at(const Series *series, long step)
{
    if (series->n < 1 || series->stride < 1 || step < 0) {
        return -1;
    }
    long bucket = step / series->stride;
    bucket = bucket < series->n ? bucket : series->n - 1;
    while (bucket >= 0 && !isfinite(series->last[bucket])) {
        bucket--;
    }
    return (int)bucket;
}

/* ---- Dots ---- */

static int dot_row(const Grid *grid, double value)
{
    int rows = grid->rows * grid->dy;
    double part = scale_part(&grid->scale, value);
    if (isnan(part)) {
        return -1;
    }
    int row = (int)lround((1 - fmin(fmax(part, 0), 1)) * (rows - 1));
    return row < 0 ? 0 : row >= rows ? rows - 1 : row;
}

static double dot_x(const Grid *grid, double step)
{
    double span = (double)(grid->axis.last - grid->axis.first);
    return (step - (double)grid->axis.first) / span * grid->columns * grid->dx;
}

static void fill_column(Grid *grid, int x, int y0, int y1, uint8_t layer)
{
    if (x < 0 || x >= grid->columns * grid->dx || y0 < 0 || y1 < 0) {
        return;
    }
    int top = y0 < y1 ? y0 : y1, bottom = y0 < y1 ? y1 : y0;
    for (int y = top; y <= bottom; y++) {
        uint8_t *dot = &grid->layer[y * grid->columns * grid->dx + x];
        *dot = *dot > layer ? *dot : layer;
    }
}

/* Buckets from one logged value to the next: the smallest distance met. */
static int logged_every(const Series *series)
{
    int every = series->n, before = -1;
    for (int b = 0; b < series->n; b++) {
        if (isfinite(series->last[b])) {
            every = before >= 0 && b - before < every ? b - before : every;
            before = b;
        }
    }
    return every < 1 ? 1 : every;
}

/* The band's two edges as dots: filled, a column of a wide band would cost ten times the
 * bytes on a slow line. */
static void draw_band(Grid *grid, const Series *series)
{
    for (int b = 0; b < series->n; b++) {
        double x = floor(dot_x(grid, (double)b * (double)series->stride));
        if (isfinite(series->min[b]) && isfinite(series->max[b]) && x >= 0 &&
            x < grid->columns * grid->dx) {
            int low = dot_row(grid, series->min[b]), high = dot_row(grid, series->max[b]);
            fill_column(grid, (int)x, low, low, LAYER_BAND);
            fill_column(grid, (int)x, high, high, LAYER_BAND);
        }
    }
}

static void draw_segment(Grid *grid, double x0, double y0, double x1, double y1)
{
    int from = (int)floor(fmax(x0, -1)),
        to = (int)floor(fmin(x1, grid->columns * grid->dx));
    int before = dot_row(grid, y0);
    for (int x = from; x <= to; x++) {
        double t = x1 > x0 ? fmin(fmax((x + 0.5 - x0) / (x1 - x0), 0), 1) : 1;
        double value = grid->scale.log && y0 > 0 && y1 > 0 ? y0 * pow(y1 / y0, t)
                                                           : y0 + t * (y1 - y0);
        int row = dot_row(grid, value);
        int start =
            before < row ? before + (before + 1 < row) : before - (before - 1 > row);
        fill_column(grid, x, x == from ? row : start, row, LAYER_LINE);
        before = row;
    }
}

/* Values further apart than twice the usual distance are not joined: a gap is a gap. */
static void draw_line(Grid *grid, const Series *series, int every)
{
    int before = -1;
    for (int b = 0; b < series->n; b++) {
        if (!isfinite(series->smooth[b])) {
            continue;
        }
        int from = before >= 0 && b - before <= 2 * every ? before : b;
        draw_segment(grid, dot_x(grid, (double)from * (double)series->stride),
                     series->smooth[from],
                     dot_x(grid, (double)b * (double)series->stride), series->smooth[b]);
        before = b;
    }
}

/* ---- Cells ---- */

static uint32_t cell_rune(Dots dots, unsigned bits, int layer)
{
    static const uint32_t quadrants[16] = {' ',    0x2598, 0x259d, 0x2580, 0x2596, 0x258c,
                                           0x259e, 0x259b, 0x2597, 0x259a, 0x2590, 0x259c,
                                           0x2584, 0x2599, 0x259f, 0x2588};
    static const uint8_t braille[8] = {0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80};
    if (dots == DOTS_ASCII) {
        return layer == LAYER_LINE ? '*' : ':';
    }
    if (dots == DOTS_BLOCKS) {
        return quadrants[bits & 15];
    }
    uint32_t rune = 0x2800;
    for (int i = 0; i < 8; i++) {
        rune |= bits >> i & 1 ? braille[i] : 0u;
    }
    return rune;
}

static void put_cell(Canvas *canvas, const Grid *grid, int column, int row, int x, int y)
{
    int top = LAYER_NONE;
    unsigned bits = 0;
    for (int i = 0; i < grid->dx * grid->dy; i++) {
        int dot_y = row * grid->dy + i / grid->dx, dot = column * grid->dx + i % grid->dx;
        int layer = grid->layer[dot_y * grid->columns * grid->dx + dot];
        bits = layer > top ? 0 : bits;
        top = layer > top ? layer : top;
        bits |= layer == top && layer != LAYER_NONE ? 1u << i : 0u;
    }
    if (top != LAYER_NONE) {
        Style style = theme_style(canvas, top == LAYER_LINE ? ROLE_LINE : ROLE_BAND);
        canvas_put(canvas, x, y, cell_rune(grid->dots, bits, top), style);
    }
}

static Scale value_scale(const ChartSpec *spec)
{
    double low = INFINITY, high = -INFINITY, least = INFINITY;
    const Series *series = spec->series;
    for (int b = 0; b < series->n; b++) {
        long step = (long)b * series->stride;
        if (step + series->stride <= spec->axis.first || step >= spec->axis.last ||
            !isfinite(series->max[b])) {
            continue;
        }
        low = fmin(low, series->min[b]);
        high = fmax(high, series->max[b]);
        least = series->min[b] > 0 ? fmin(least, series->min[b]) : least;
        least = series->last[b] > 0 ? fmin(least, series->last[b]) : least;
    }
    bool log = !spec->linear_y && isfinite(least) && high > 0;
    return scale_around(log ? least : low, high, log);
}

static void draw_ticks(Canvas *canvas, Rect plot, const Scale *scale)
{
    static const double digits[] = {1, 2, 5};
    Style faint = theme_style(canvas, ROLE_FAINT), rule = theme_style(canvas, ROLE_RULE);
    bool wide = scale->log && scale->high / scale->low > 101;
    double step = (scale->high - scale->low) / 4;
    double decade = scale->log ? pow(10, floor(log10(scale->low) + 1e-9)) : 0;
    int taken = plot.y + plot.height + 1;
    for (int i = 0; i < 64; i++) {
        double value = !scale->log ? scale->low + i * step
                       : wide      ? decade * pow(10, i)
                                   : decade * pow(10, i / 3) * digits[i % 3];
        if (value > scale->high * (1 + 1e-9) + (scale->log ? 0 : step / 100)) {
            break;
        }
        double part = scale_part(scale, value);
        int y = plot.y + (int)lround((1 - part) * (plot.height - 1));
        if (part < -1e-9 || y >= taken - 1 || y < plot.y) {
            continue;
        }
        char text[FORMAT_SIZE];
        canvas_text_right(canvas, plot.x - 2, y, CHART_MARGIN - 2, faint,
                          format_tick(text, value));
        canvas_put(canvas, plot.x - 1, y, 0x2524, rule);
        taken = y;
    }
}

static void draw_marks(Canvas *canvas, Rect plot, int y, const ChartSpec *spec)
{
    Style style = theme_style(canvas, ROLE_MARK);
    int end = plot.x;
    for (int i = 0; i < spec->marks; i++) {
        int column = axis_column(spec->axis, spec->mark[i].step, plot.width);
        if (column >= 0 && column < plot.width) {
            canvas_put(canvas, plot.x + column, y, 0x25b2, style);
            bool room = i + 1 == spec->marks && column + 2 < plot.width;
            end = room ? plot.x + column + 2 : end;
        }
    }
    if (end > plot.x && spec->marks > 0) {
        canvas_text(canvas, end, y, plot.x + plot.width - end, style,
                    spec->mark[spec->marks - 1].text);
    }
}

static void draw_cursor(Canvas *canvas, Rect plot, const ChartSpec *spec)
{
    int column =
        spec->cursor >= 0 ? axis_column(spec->axis, spec->cursor, plot.width) : -1;
    for (int row = 0; row < plot.height && column >= 0 && column < plot.width; row++) {
        canvas_put(canvas, plot.x + column, plot.y + row, 0x2502,
                   theme_style(canvas, ROLE_CURSOR));
    }
}

static void draw_plot(Canvas *canvas, Rect plot, const ChartSpec *spec, Scale scale)
{
    static const int across[] = {[DOTS_BRAILLE] = 2, [DOTS_BLOCKS] = 2, [DOTS_ASCII] = 1};
    static const int down[] = {[DOTS_BRAILLE] = 4, [DOTS_BLOCKS] = 2, [DOTS_ASCII] = 1};
    Dots dots = canvas->look.ascii ? DOTS_ASCII : spec->dots;
    Grid grid = {plot.width, plot.height, across[dots], down[dots],
                 dots,       spec->axis,  scale,        NULL};
    grid.layer = calloc((size_t)(grid.columns * grid.dx), (size_t)(grid.rows * grid.dy));
    must(grid.layer != NULL);
    int every = logged_every(spec->series);
    draw_band(&grid, spec->series);
    draw_line(&grid, spec->series, every);
    for (int row = 0; row < plot.height; row++) {
        for (int column = 0; column < plot.width; column++) {
            put_cell(canvas, &grid, column, row, plot.x + column, plot.y + row);
        }
    }
    free(grid.layer);
}

void chart_draw(Canvas *canvas, Rect rect, const ChartSpec *spec)
{
    int under = spec->marks > 0 ? 2 : 1;
    Rect plot = {rect.x + CHART_MARGIN, rect.y, rect.width - CHART_MARGIN,
                 rect.height - under};
    if (plot.width < 4 || plot.height < 2) {
        return;
    }
    Scale scale = value_scale(spec);
    canvas_fill(canvas, (Rect){plot.x - 1, plot.y, 1, plot.height}, 0x2502,
                theme_style(canvas, ROLE_RULE));
    draw_ticks(canvas, plot, &scale);
    draw_plot(canvas, plot, spec, scale);
    draw_cursor(canvas, plot, spec);
    if (spec->marks > 0) {
        draw_marks(canvas, plot, plot.y + plot.height, spec);
    }
    axis_draw(canvas, spec->axis, plot.x, rect.y + rect.height - 1, plot.width);
}
