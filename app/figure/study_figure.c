/* Owns the arrangement of a study's panels. */
#include "app/figure/study_figure.h"

#include <math.h>
#include <stdio.h>

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

Status study_figure(const Findings *findings, const char *path, PlotTheme theme, Error *error)
{
    const Study *study = findings->study;
    double size = plot_text_size(theme), width = 28 * size, height = (6 + 2 * study->arms) * size;
    double head = *study->title ? 3 * size : size, foot = 2.5 * size;
    Drawing *drawing = drawing_new(width * study->metrics + size,
                                   head + height * study->presets + foot, plot_ground(theme));
    if (!drawing)
        return fail(error, STATUS_FAILED, "%s: no memory for the figure", path);
    uint32_t text = plot_text_colour(theme);
    drawing_text(drawing, size, 1.8 * size, study->title, 1.4 * size, ANCHOR_START, text, 0);
    for (int preset = 0; preset < study->presets; preset++)
        for (int metric = 0; metric < study->metrics; metric++)
            panel(drawing,
                  (PlotBox){size + width * metric, head + height * preset, width - size,
                            height - 1.5 * size},
                  findings, preset, metric, theme);
    if (study->seeds > 1)
        drawing_text(drawing, size, head + height * study->presets + size,
                     "Mean and Student's 95 % interval over seeds", size, ANCHOR_START, text, 0);
    Status status = drawing_write(drawing, path, error);
    drawing_free(drawing);
    return status;
}
