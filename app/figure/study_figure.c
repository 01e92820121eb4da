/* Owns the arrangement of a study's panels. */
#include "app/figure/study_figure.h"

#include "app/figure/frontier_plot.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static void panel(Drawing *drawing, PlotBox box, const Findings *findings, int preset, int metric,
                  PlotTheme theme)
{
    const Study *study = findings->study;
    PlotInterval interval[STUDY_ARMS];
    char title[128];
    for (int arm = 0; arm < study->arms; arm++) {
        const Sample *sample = &finding_of(findings, preset, metric, arm)->value;
        interval[arm] = (PlotInterval){study->arm[arm].name, sample->mean,
                                       sample->mean - sample->reach, sample->mean + sample->reach};
    }
    snprintf(title, sizeof title, "%s: %s", study->preset[preset], study->metric[metric]);
    plot_intervals(drawing, box, title, study->arms, interval, theme);
}

/* Of every arm's students, and of the baseline's teacher. */
static int lines_of(const Findings *findings, int preset, TradeLine *line)
{
    const Study *study = findings->study;
    TradeView mean[TRADES_MAX];
    int runs, n, lines = 0;
    for (int arm = 0; arm < study->arms; arm++) {
        n = frontier_of(findings, preset, arm, mean, &runs);
        lines = trades_add(line, lines, study->arm[arm].name, false, n, mean);
    }
    n = frontier_of(findings, preset, study->baseline, mean, &runs);
    return trades_add(line, lines, "teacher", true, n, mean);
}

static void frontier(Drawing *drawing, PlotBox box, const Findings *findings, int preset,
                     PlotTheme theme)
{
    TradeLine *line = calloc(TRADE_LINES, sizeof *line);
    char title[320];
    need(line);
    snprintf(title, sizeof title, "%s: quality against diversity in 1, 2, 4 and 8 sampling steps",
             findings->study->preset[preset]);
    frontier_plot(drawing, box, title, lines_of(findings, preset, line), line, theme);
    free(line);
}

Status study_figure(const Findings *findings, const char *path, PlotTheme theme, Error *error)
{
    const Study *study = findings->study;
    double size = plot_text_size(theme), width = 28 * size, height = (6 + 2 * study->arms) * size;
    double head = *study->title ? 3 * size : size, foot = 2.5 * size;
    double below = findings->view ? 34 * size : 0, rows = (height + below) * study->presets;
    double across =
        findings->view ? fmax(width * study->metrics, 72 * size) : width * study->metrics;
    Drawing *drawing = drawing_new(across + size, head + rows + foot, plot_ground(theme));
    if (!drawing)
        return fail(error, STATUS_FAILED, "%s: no memory for the figure", path);
    uint32_t text = plot_text_colour(theme);
    drawing_text(drawing, size, 1.8 * size, study->title, 1.4 * size, ANCHOR_START, text, 0);
    for (int preset = 0; preset < study->presets; preset++) {
        double y = head + (height + below) * preset;
        for (int metric = 0; metric < study->metrics; metric++)
            panel(drawing, (PlotBox){size + width * metric, y, width - size, height - 1.5 * size},
                  findings, preset, metric, theme);
        if (findings->view)
            frontier(drawing, (PlotBox){size, y + height, 70 * size, below - 2 * size}, findings,
                     preset, theme);
    }
    if (study->seeds > 1)
        drawing_text(drawing, size, head + rows + size,
                     "Mean and Student's 95 % interval over seeds", size, ANCHOR_START, text, 0);
    Status status = drawing_write(drawing, path, error);
    drawing_free(drawing);
    return status;
}
