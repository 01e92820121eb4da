/* Owns the arrangement of figures: which panels, and where. */
#include "app/figure/run_figure.h"

#include "app/figure/frontier_plot.h"
#include "app/figure/run_sheets.h"
#include "engine/base/file.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Figure {
    const FigureLine *line;
    int n;
    Panel loss, shift;
    int trades;
    TradeLine trade[TRADE_LINES];
} Figure;

FigureKind figure_kind(const char *view)
{
    static const char *const names[] = {[FIGURE_RUN] = "Runs",
                                        [FIGURE_CURVES] = "Curves",
                                        [FIGURE_SAMPLES] = "Samples",
                                        [FIGURE_PATHS] = "Paths",
                                        [FIGURE_COMPARE] = "Compare"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], view) == 0)
            return (FigureKind)i;
    return FIGURE_CURVES;
}

/* ---- What there is ---- */

static int mean_trades(const FigureLine *line, TradeView trade[TRADES_MAX])
{
    return line->group.n > 0 ? run_trades(line->group.run, line->group.n, trade)
                             : run_trades(&line->run, 1, trade);
}

/* Every line's student, the first one's teacher. */
static void take_trades(Figure *figure)
{
    TradeView trade[TRADES_MAX];
    char label[80];
    for (int i = 0; i < figure->n; i++) {
        int n = mean_trades(&figure->line[i], trade);
        figure_label(&figure->line[i], label);
        figure->trades = trades_add(figure->trade, figure->trades, label, false, n, trade);
    }
    int n = mean_trades(&figure->line[0], trade);
    figure->trades = trades_add(figure->trade, figure->trades, "teacher", true, n, trade);
}

/* ---- Panels ---- */

/* Draws into its box. `number`: of the line that it is about. */
typedef void DrawPanel(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                       PlotTheme theme);

static void draw_loss(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                      PlotTheme theme)
{
    panel_draw(drawing, box, &figure->loss, figure->line[number].run, theme);
}

static void draw_shift(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                       PlotTheme theme)
{
    panel_draw(drawing, box, &figure->shift, figure->line[number].run, theme);
}

static void draw_map(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                     PlotTheme theme)
{
    sheet_map(drawing, box, figure->line[number].run, theme);
}

static void draw_own(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                     PlotTheme theme)
{
    sheet_samples(drawing, box, figure->line[number].run, SHEET_STUDENT, theme);
}

static void draw_teachers(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                          PlotTheme theme)
{
    sheet_samples(drawing, box, figure->line[number].run, SHEET_TEACHER, theme);
}

static void draw_x0(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                    PlotTheme theme)
{
    sheet_samples(drawing, box, figure->line[number].run, SHEET_X0, theme);
}

static void draw_strip(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                       PlotTheme theme)
{
    sheet_strip(drawing, box, figure->line[number].run, theme);
}

static void draw_paths(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                       PlotTheme theme)
{
    sheet_paths(drawing, box, figure->line[number].run, theme);
}

static void draw_gaps(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                      PlotTheme theme)
{
    sheet_gaps(drawing, box, figure->line[number].run, theme);
}

static void draw_frontier(Drawing *drawing, PlotBox box, const Figure *figure, int number,
                          PlotTheme theme)
{
    (void)number;
    frontier_plot(drawing, box, "Quality against diversity; at each point its sampling steps",
                  figure->trades, figure->trade, theme);
}

static bool of_shift(const Figure *figure, int number)
{
    return figure->line[number].run->shift_view.columns > 1;
}

static bool of_samples(const Figure *figure, int number)
{
    return figure->line[number].run->samples.n > 0;
}

static bool of_pictures(const Figure *figure, int number)
{
    const SamplesView *samples = &figure->line[number].run->samples;
    return samples->n > 0 && samples->width > 1;
}

static bool of_teacher(const Figure *figure, int number)
{
    return of_samples(figure, number) && figure->line[number].run->samples.teacher;
}

static bool of_paths(const Figure *figure, int number)
{
    return sheet_has_paths(figure->line[number].run);
}

static bool of_trades(const Figure *figure, int number)
{
    (void)number;
    return figure->trades > 0;
}

static bool always(const Figure *figure, int number)
{
    (void)figure;
    (void)number;
    return true;
}

enum {
    RUN = 1 << FIGURE_RUN,
    CURVES = 1 << FIGURE_CURVES,
    SAMPLES = 1 << FIGURE_SAMPLES,
    PATHS = 1 << FIGURE_PATHS,
    COMPARE = 1 << FIGURE_COMPARE
};

/* clang-format off */
static const struct {
    DrawPanel *draw;
    bool (*is)(const Figure *figure, int number); /* is there anything to draw? */
    unsigned kinds;
    bool each; /* one for every line, else the first's alone */
} panels[] = {
    {draw_loss,     always,      RUN | CURVES | COMPARE, false},
    {draw_shift,    always,      RUN | CURVES | COMPARE, false},
    {draw_map,      of_shift,    RUN | CURVES,           false},
    {draw_frontier, of_trades,   RUN | COMPARE,          false},
    {draw_own,      of_samples,  RUN,                    false},
    {draw_own,      of_samples,  SAMPLES | COMPARE,      true },
    {draw_teachers, of_teacher,  RUN | SAMPLES | COMPARE, false},
    {draw_x0,       of_samples,  SAMPLES,                false},
    {draw_strip,    of_pictures, RUN | SAMPLES,          false},
    {draw_paths,    of_paths,    RUN | PATHS,            false},
    {draw_gaps,     of_paths,    RUN | PATHS,            false},
};
/* clang-format on */
enum { PANELS = sizeof panels / sizeof *panels };

/* ---- The sheet ---- */

/* Where the next panel goes; draws it unless `drawing` is NULL. */
static int lay_out(const Figure *figure, FigureKind kind, Drawing *drawing, PlotTheme theme)
{
    double size = plot_text_size(theme), width = 62 * size, height = 30 * size;
    int at = 0;
    for (int p = 0; p < PANELS; p++)
        for (int i = 0; i < (panels[p].each ? figure->n : 1); i++) {
            if (!(panels[p].kinds >> kind & 1) || !panels[p].is(figure, i))
                continue;
            PlotBox box = {size + at % 2 * (width + size), 3.5 * size + at / 2 * height, width,
                           height - 2 * size};
            if (drawing)
                panels[p].draw(drawing, box, figure, i, theme);
            at++;
        }
    return at;
}

static Status draw_all(const Figure *figure, FigureKind kind, const char *path, PlotTheme theme,
                       Error *error)
{
    double size = plot_text_size(theme), width = 62 * size, height = 30 * size;
    int n = lay_out(figure, kind, NULL, theme), across = n < 2 ? n : 2, down = (n + 1) / 2;
    const RunView *first = figure->line[0].run;
    if (n == 0)
        return fail(error, STATUS_BAD_INPUT, "%s: run %d has nothing to draw here yet", path,
                    first->id);
    Drawing *drawing =
        drawing_new(across * (width + size) + size, down * height + 5 * size, plot_ground(theme));
    if (!drawing)
        return fail(error, STATUS_FAILED, "%s: no memory for the figure", path);
    char title[200];
    snprintf(title, sizeof title, "%d %s: %s on %s%s", first->id, first->name, first->method,
             first->data, figure->n > 1 || figure->line[0].group.n > 0 ? ", and others" : "");
    drawing_text(drawing, size, 2 * size, title, 1.4 * size, ANCHOR_START, plot_text_colour(theme),
                 0);
    lay_out(figure, kind, drawing, theme);
    Status status = drawing_write(drawing, path, error);
    drawing_free(drawing);
    return status;
}

static Status write_csv(const Figure *figure, const char *path, Error *error)
{
    NewFile file;
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    fputs("run,name,curve,line,step,value,low,high\n", file.stream);
    panel_rows(&figure->loss, figure->line, file.stream);
    panel_rows(&figure->shift, figure->line, file.stream);
    frontier_rows(figure->line[0].run, figure->trades, figure->trade, file.stream);
    return newfile_commit(&file, error);
}

Status run_figure(FigureKind kind, const FigureLine *line, int n, const char *path, PlotTheme theme,
                  Error *error)
{
    Figure *figure = calloc(1, sizeof *figure);
    const char *ending = strrchr(path, '.');
    if (!figure)
        return fail(error, STATUS_FAILED, "%s: no memory for the figure", path);
    figure->line = line;
    figure->n = n < RUN_FIGURE_MOST ? n : RUN_FIGURE_MOST;
    panel_loss(&figure->loss, line, figure->n);
    panel_shift(&figure->shift, line, figure->n);
    take_trades(figure);
    Status status = ending && strcmp(ending, ".csv") == 0
                        ? write_csv(figure, path, error)
                        : draw_all(figure, kind, path, theme, error);
    panel_done(&figure->loss);
    panel_done(&figure->shift);
    free(figure);
    return status;
}
