/* Owns the heat-map's scale, its picture and its cells. See heatmap.h. */
#include "views/draw/heatmap.h"

#include "views/draw/axis_ticks.h"
#include "views/draw/chart.h"
#include "views/draw/picture.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include "views/model/shift.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

int shift_level(const Scale *scale, double value)
{
    if (isnan(value))
        return -1;
    double part = value <= scale->low ? 0 : scale_part(scale, value);
    int level = (int)lround(fmin(part, 1) * (RAMP_SIZE - 1));
    return level < 0 ? 0 : level;
}

/* ---- Drawing ---- */

uint32_t heatmap_rune(int level)
{
    static const uint32_t runes[] = {0x00b7, 0x2591, 0x2592, 0x2593, 0x2588};
    return level < 0 ? ' ' : runes[level * 5 / RAMP_SIZE];
}

static Style level_style(const Canvas *canvas, int level)
{
    if (level < 0 || canvas->look.colours != COLOURS_256)
        return theme_style(canvas, ROLE_TEXT);
    int brighter = level + 2 < RAMP_SIZE ? level + 2 : RAMP_SIZE - 1;
    return (Style){theme_ramp_256(brighter), theme_ramp_256(level), 0};
}

void heatmap_legend(Canvas *canvas, int right, int y, const Scale *scale)
{
    char low[FORMAT_SIZE], high[FORMAT_SIZE];
    Style faint = theme_style(canvas, ROLE_FAINT);
    snprintf(high, sizeof high, " %g ", scale->high);
    snprintf(low, sizeof low, " %g ", scale->low);
    int x = right - text_width(high) - RAMP_SIZE - text_width(low);
    x += canvas_text(canvas, x, y, 8, faint, low);
    for (int level = 0; level < RAMP_SIZE; level++)
        canvas_put(canvas, x + level, y, heatmap_rune(level), level_style(canvas, level));
    canvas_text(canvas, x + RAMP_SIZE, y, 8, faint, high);
}

/* The level of a measured column; -1 where nothing was measured. */
static int level_at(const HeatSpec *spec, const Scale *scale, int column, int row)
{
    return column < 0
               ? -1
               : shift_level(scale, shift_cell(spec->shift, spec->reference, column, row).value);
}

/* Where the newest column ends: as far from its step as it is from the one before. Not
 * where the run is now, or the picture would be another one in every frame. */
static long map_end(const ShiftView *shift)
{
    long last = shift->step[shift->columns - 1];
    long before = shift->columns > 1 ? shift->step[shift->columns - 2] : 0;
    return last + (last - before > 0 ? last - before : 1);
}

/* The measurement a pixel or cell column shows: the newest one within it or before it. */
static int measured_at(const HeatSpec *spec, int x, int width)
{
    long first = axis_step(spec->axis, x, width);
    long last = axis_step(spec->axis, x + 1, width) - 1;
    last = last > first ? last : first;
    return first < map_end(spec->shift) ? shift_column(spec->shift, last) : -1;
}

static void draw_cells(Canvas *canvas, Rect plot, const HeatSpec *spec, const Scale *scale)
{
    for (int x = 0; x < plot.width; x++) {
        int column = measured_at(spec, x, plot.width);
        for (int y = 0; y < plot.height; y++) {
            int level = level_at(spec, scale, column, y * spec->shift->rows / plot.height);
            if (level >= 0) {
                canvas_put(canvas, plot.x + x, plot.y + y, heatmap_rune(level),
                           level_style(canvas, level));
            }
        }
    }
}

/* One picture of `part` of the plot: wide plots need several, since terminals limit the
 * width of one. */
static void draw_picture(Canvas *canvas, Rect plot, Rect part, const HeatSpec *spec,
                         const Scale *scale)
{
    Raster raster;
    int rows = spec->shift->rows;
    if (!raster_begin(&raster, canvas, part))
        return;
    for (int level = 0; level < RAMP_SIZE; level++)
        theme_ramp_rgb(level, raster.palette[1 + level]);
    int offset = (int)((part.x - plot.x) * raster.unit_x);
    for (int x = 0; x < raster.width; x++) {
        int column = measured_at(spec, offset + x, (int)(plot.width * raster.unit_x));
        for (int row = 0; row < rows; row++) {
            int y0 = row * raster.height / rows, height = (row + 1) * raster.height / rows - y0;
            int level = level_at(spec, scale, column, row);
            raster_fill(&raster, (Box){x, y0, 1, height - (height > 8)}, (uint8_t)(level + 1));
        }
    }
    raster_end(&raster, canvas);
}

static void draw_pictures(Canvas *canvas, Rect plot, const HeatSpec *spec, const Scale *scale)
{
    int most = (int)(PICTURE_SIDE_MAX / canvas->look.cell_width);
    for (int x = 0; x < plot.width; x += most) {
        int width = plot.width - x < most ? plot.width - x : most;
        draw_picture(canvas, plot, (Rect){plot.x + x, plot.y, width, plot.height}, spec, scale);
    }
}

static void draw_labels(Canvas *canvas, Rect rect, Rect plot, const HeatSpec *spec)
{
    int rows = spec->shift->rows, taken = -1;
    for (int row = 0; row < rows; row++) {
        int first = (row * plot.height + rows - 1) / rows,
            end = ((row + 1) * plot.height + rows - 1) / rows;
        int y = plot.y + (first + end - 1) / 2;
        bool chosen = row == spec->row;
        if (y > taken || chosen) {
            char name[16];
            snprintf(name, sizeof name, " i=%-4d", rows - row);
            text_choice(canvas, rect.x, y, CHART_MARGIN, chosen, name);
            taken = y;
        }
    }
}

/* In cells the cursor crosses the map; a picture has it above, in the row of step
 * numbers. */
static void draw_cursor(Canvas *canvas, Rect plot, const HeatSpec *spec, bool crosses)
{
    int column = spec->cursor >= 0 ? axis_column(spec->axis, spec->cursor, plot.width) : -1;
    if (column < 0 || column >= plot.width)
        return;
    canvas_put(canvas, plot.x + column, plot.y + plot.height, crosses ? 0x2502 : 0x25b2,
               theme_style(canvas, ROLE_CURSOR));
    for (int y = 0; y < plot.height && crosses; y++)
        canvas_put(canvas, plot.x + column, plot.y + y, 0x2502, theme_style(canvas, ROLE_CURSOR));
}

void heatmap_draw(Canvas *canvas, Rect rect, const HeatSpec *spec)
{
    Rect plot = {rect.x + CHART_MARGIN, rect.y, rect.width - CHART_MARGIN, rect.height - 1};
    if (plot.width < 4 || plot.height < 1 || spec->shift->rows < 1)
        return;
    if (plot.height > spec->shift->rows) /* every sampling step as high as the others */
        plot.height -= plot.height % spec->shift->rows;
    Scale scale = shift_scale(spec->shift, spec->reference);
    bool picture = canvas->look.graphics == GRAPHICS_SIXEL;
    if (picture)
        draw_pictures(canvas, plot, spec, &scale);
    else
        draw_cells(canvas, plot, spec, &scale);
    draw_labels(canvas, rect, plot, spec);
    axis_draw(canvas, spec->axis, plot.x, plot.y + plot.height, plot.width);
    draw_cursor(canvas, plot, spec, !picture);
}
