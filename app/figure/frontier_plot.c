/* Owns how lines of trades become lines of a plot. */
#include "app/figure/frontier_plot.h"

#include <math.h>
#include <stdlib.h>

/* Columns of one line, in the order of PlotLine's arrays. */
typedef struct Columns {
    double x[TRADE_POINTS], y[TRADE_POINTS], low[TRADE_POINTS], high[TRADE_POINTS];
    double x_low[TRADE_POINTS], x_high[TRADE_POINTS];
    int k[TRADE_POINTS];
} Columns;

static PlotLine plot_line(const TradeLine *line, Columns *c)
{
    for (int i = 0; i < line->n; i++) {
        const TradeView *at = &line->point[i];
        c->x[i] = at->quality;
        c->x_low[i] = at->quality_low;
        c->x_high[i] = at->quality_high;
        c->y[i] = at->diversity;
        c->low[i] = at->diversity_low;
        c->high[i] = at->diversity_high;
        c->k[i] = at->k;
    }
    return (PlotLine){.label = line->label,
                      .n = line->n,
                      .x = c->x,
                      .y = c->y,
                      .low = c->low,
                      .high = c->high,
                      .dots = true,
                      .x_low = c->x_low,
                      .x_high = c->x_high,
                      .number = c->k};
}

static bool above_nought(int lines, const TradeLine *line)
{
    for (int i = 0; i < lines; i++)
        for (int k = 0; k < line[i].n; k++)
            if (line[i].point[k].quality <= 0)
                return false;
    return true;
}

void frontier_plot(Drawing *drawing, PlotBox box, const char *title, int lines,
                   const TradeLine *line, PlotTheme theme)
{
    Columns *columns = calloc(TRADE_LINES, sizeof *columns);
    PlotLine plotted[TRADE_LINES];
    char across[64];
    for (int i = 0; columns && i < lines; i++)
        plotted[i] = plot_line(&line[i], &columns[i]);
    if (columns && lines > 0) {
        snprintf(across, sizeof across, "%s to the data (less is better)",
                 line[0].point[0].quality_name);
        Plot plot = {.title = title,
                     .x_label = across,
                     .y_label = "coverage of the data",
                     .log_x = above_nought(lines, line),
                     .lines = lines,
                     .line = plotted};
        plot_curves(drawing, box, &plot, theme);
    }
    free(columns);
}

static void put_row(const RunView *run, const TradeLine *line, const TradeView *at, bool quality,
                    FILE *out)
{
    double value = quality ? at->quality : at->diversity;
    double low = quality ? at->quality_low : at->diversity_low;
    double high = quality ? at->quality_high : at->diversity_high;
    fprintf(out, "%d,%s,%s,\"%s\",%d,%.9g", run->id, run->name,
            quality ? at->quality_name : "coverage", line->label, at->k, value);
    if (isfinite(low) && isfinite(high))
        fprintf(out, ",%.9g,%.9g\n", low, high);
    else
        fputs(",,\n", out);
}

void frontier_rows(const RunView *run, int lines, const TradeLine *line, FILE *out)
{
    for (int i = 0; i < lines; i++)
        for (int k = 0; k < line[i].n; k++) {
            put_row(run, &line[i], &line[i].point[k], true, out);
            put_row(run, &line[i], &line[i].point[k], false, out);
        }
}
