/* Owns how samplers become lines, and where their points stand in cells. See trade_chart.h. */
#include "views/draw/trade_chart.h"

#include "views/draw/chart.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/format.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Lines ---- */

static TradeLine *line_of(TradeLine *line, int lines, double guidance)
{
    for (int i = 0; i < lines; i++)
        if (fabs(line[i].point[0].guidance - guidance) < 1e-9)
            return &line[i];
    return NULL;
}

static void insert(TradeLine *line, const TradeView *trade)
{
    int at = line->n;
    if (line->n == TRADE_POINTS)
        return;
    for (; at > 0 && line->point[at - 1].k > trade->k; at--)
        line->point[at] = line->point[at - 1];
    line->point[at] = *trade;
    line->n++;
}

int trades_add(TradeLine *line, int lines, const char *label, bool teacher, int n,
               const TradeView *trade)
{
    int first = lines;
    for (int i = 0; i < n; i++) {
        if (trade[i].teacher != teacher || !isfinite(trade[i].quality))
            continue;
        TradeLine *own = line_of(line + first, lines - first, trade[i].guidance);
        if (!own && lines == TRADE_LINES)
            continue;
        if (!own) {
            own = &line[lines++];
            *own = (TradeLine){.teacher = teacher};
        }
        insert(own, &trade[i]);
    }
    for (int i = first; i < lines; i++)
        if (lines - first > 1)
            snprintf(line[i].label, sizeof line[i].label, "%.50s, guidance %.3g", label,
                     line[i].point[0].guidance);
        else
            snprintf(line[i].label, sizeof line[i].label, "%.79s", label);
    return lines;
}

static void take(double *low, double *high, double value)
{
    if (!isfinite(value))
        return;
    *low = fmin(*low, value);
    *high = fmax(*high, value);
}

TradeRange trades_range(int lines, const TradeLine *line)
{
    TradeRange r = {INFINITY, -INFINITY, INFINITY, -INFINITY};
    for (int i = 0; i < lines; i++)
        for (int k = 0; k < line[i].n; k++) {
            const TradeView *at = &line[i].point[k];
            const double quality[] = {at->quality, at->quality_low, at->quality_high};
            const double diversity[] = {at->diversity, at->diversity_low, at->diversity_high};
            for (int v = 0; v < 3; v++) {
                take(&r.quality_low, &r.quality_high, quality[v]);
                take(&r.diversity_low, &r.diversity_high, diversity[v]);
            }
        }
    return r;
}

/* ---- Cells ---- */

typedef struct Plane {
    Canvas *canvas;
    Rect plot;
    Scale x, y;
} Plane;

static int column_of(const Plane *plane, double quality)
{
    double part = fmin(fmax(scale_part(&plane->x, quality), 0), 1);
    return plane->plot.x + (int)lround(part * (plane->plot.width - 1));
}

static int row_of(const Plane *plane, double diversity)
{
    double part = fmin(fmax(scale_part(&plane->y, diversity), 0), 1);
    return plane->plot.y + (int)lround((1 - part) * (plane->plot.height - 1));
}

static Style style_of(const Plane *plane, const TradeLine *line)
{
    return line->teacher ? theme_style(plane->canvas, ROLE_TEXT)
                         : chart_style(plane->canvas, line->stroke);
}

static void draw_bars(const Plane *plane, const TradeView *at)
{
    Style faint = theme_style(plane->canvas, ROLE_RULE);
    int x = column_of(plane, at->quality), y = row_of(plane, at->diversity);
    if (isfinite(at->quality_low)) {
        int left = column_of(plane, at->quality_low), right = column_of(plane, at->quality_high);
        canvas_fill(plane->canvas, (Rect){left, y, right - left + 1, 1}, 0x2500, faint);
    }
    if (isfinite(at->diversity_low)) {
        int top = row_of(plane, at->diversity_high), foot = row_of(plane, at->diversity_low);
        canvas_fill(plane->canvas, (Rect){x, top, 1, foot - top + 1}, 0x2502, faint);
    }
}

/* From point to point, a dot a cell. */
static void draw_way(const Plane *plane, const TradeLine *line)
{
    uint32_t dot = plane->canvas->look.ascii ? '.' : 0xb7;
    for (int i = 0; i + 1 < line->n; i++) {
        int x0 = column_of(plane, line->point[i].quality),
            y0 = row_of(plane, line->point[i].diversity);
        int dx = column_of(plane, line->point[i + 1].quality) - x0;
        int dy = row_of(plane, line->point[i + 1].diversity) - y0;
        int steps = larger(abs(dx), abs(dy));
        for (int s = 1; s < steps; s++)
            canvas_put(plane->canvas, x0 + (int)lround((double)dx * s / steps),
                       y0 + (int)lround((double)dy * s / steps), dot, style_of(plane, line));
    }
}

/* "01", "T", and where a sampler has several guidance scales "T s3". Returns its width. */
static int short_name(const TradeLine *line, char name[24])
{
    int n = (int)strcspn(line->label, ",");
    if (line->label[n])
        snprintf(name, 24, "%.*s s%.3g", n < 8 ? n : 8, line->label, line->point[0].guidance);
    else
        snprintf(name, 24, "%.*s", n < 8 ? n : 8, line->label);
    return text_width(name);
}

/* Its number of steps at each point; behind the last the line's name, where it fits. */
static void draw_points(const Plane *plane, const TradeLine *line)
{
    Style style = style_of(plane, line);
    int x = 0, y = 0;
    style.attributes |= ATTRIBUTE_BOLD;
    for (int i = 0; i < line->n; i++) {
        x = column_of(plane, line->point[i].quality);
        y = row_of(plane, line->point[i].diversity);
        canvas_print(plane->canvas, x, y, 1, style, "%d", line->point[i].k % 10);
    }
    char name[24];
    int n = short_name(line, name), right = plane->plot.x + plane->plot.width;
    if (line->n > 0)
        canvas_text(plane->canvas, x + 2 + n <= right ? x + 2 : x - n - 1, y, n, style, name);
}

static void draw_across(const Plane *plane, const char *name)
{
    Canvas *canvas = plane->canvas;
    const Rect *plot = &plane->plot;
    Style faint = theme_style(canvas, ROLE_FAINT);
    char text[FORMAT_SIZE];
    int y = plot->y + plot->height, next = plot->x;
    for (int i = 0; i < 64; i++) {
        double value = chart_tick(&plane->x, i);
        int x = column_of(plane, value), n = text_width(format_tick(text, value));
        if (value > plane->x.high * (1 + 1e-9))
            break;
        if (value < plane->x.low * (1 - 1e-9) || x - n / 2 < next ||
            x + n > plot->x + plot->width - text_width(name) - 2)
            continue;
        canvas_text(canvas, x - n / 2, y, n, faint, text);
        next = x + n + 2;
    }
    canvas_text_right(canvas, plot->x + plot->width, y, text_width(name), faint, name);
}

static bool all_above_nought(int lines, const TradeLine *line)
{
    for (int i = 0; i < lines; i++)
        for (int k = 0; k < line[i].n; k++)
            if (line[i].point[k].quality <= 0)
                return false;
    return true;
}

/* Intervals that reach below nought do not stretch a logarithmic axis. */
static Scale scale_of_quality(int lines, const TradeLine *line, const TradeRange *range)
{
    bool log = all_above_nought(lines, line);
    double low = range->quality_low;
    for (int i = 0; i < lines && log && low <= 0; i++)
        for (int k = 0; k < line[i].n; k++)
            low = low <= 0 ? line[i].point[k].quality : fmin(low, line[i].point[k].quality);
    return scale_around(low, range->quality_high, log);
}

void trade_chart(Canvas *canvas, Rect rect, int lines, const TradeLine *line)
{
    TradeRange range = trades_range(lines, line);
    Rect plot = {rect.x + CHART_MARGIN, rect.y, rect.width - CHART_MARGIN, rect.height - 1};
    if (plot.width < 8 || plot.height < 2 || lines == 0)
        return;
    Plane plane = {canvas, plot, scale_of_quality(lines, line, &range),
                   scale_around(range.diversity_low, range.diversity_high, false)};
    canvas_fill(canvas, (Rect){plot.x - 1, plot.y, 1, plot.height}, 0x2502,
                theme_style(canvas, ROLE_RULE));
    chart_ticks(canvas, plot, &plane.y);
    for (int i = 0; i < lines; i++)
        for (int k = 0; k < line[i].n; k++)
            draw_bars(&plane, &line[i].point[k]);
    for (int i = lines - 1; i >= 0; i--)
        draw_way(&plane, &line[i]);
    for (int i = lines - 1; i >= 0; i--)
        draw_points(&plane, &line[i]);
    draw_across(&plane, line[0].point[0].quality_name);
}
