/* Is it learning, and where does the student leave the inputs it was trained on? Loss
 * above, covariate shift below, on the same axis, with one cursor. */
#include "views/draw/chart_spec.h"
#include "views/draw/curve_panels.h"
#include "views/draw/layout.h"
#include "views/draw/overlay_title.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/format.h"
#include "views/model/overlay.h"
#include "views/model/scrub.h"
#include "views/model/shift.h"
#include "views/view.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct CurvesState {
    bool turned; /* the shift panel shows the other of map and lines */
} CurvesState;

/* The shift of every run at the sampling step under the cursor. */
static void draw_shift_lines(Canvas *canvas, const Scene *scene, const Overlay *overlay, Rect rect)
{
    ChartLine line[CHART_LINES_MAX];
    const RunView *run = scene->run;
    int lines = overlay_shift(scene, overlay, line);
    char before[96];
    snprintf(before, sizeof before, "shift i=%d", overlay_sampling_step(scene));
    overlay_title(canvas, &rect, before, overlay, "",
                  reference_title(session_reference(scene->session, run)));
    ChartSpec spec = chart_spec(scene, overlay, line, lines);
    spec.marks = 0;
    spec.all = true;
    chart_draw(canvas, rect, &spec);
}

/* The column under the cursor as bars with numbers: reading the map without guessing
 * shades. */
static void draw_bars(Canvas *canvas, const Scene *scene, Rect rect)
{
    const RunView *run = scene->run;
    const ShiftView *shift = &run->shift_view;
    Reference reference = session_reference(scene->session, run);
    int column = shift_column(shift, session_step(scene->session, run));
    char title[80];
    snprintf(title, sizeof title, "shift by sampling step, at step %ld",
             column < 0 ? 0 : shift->step[column]);
    text_title(canvas, &rect, title, "95 % interval · own / forward");
    Scale scale = shift_scale(shift, reference);
    for (int row = 0; row < shift->rows && row < rect.height && column >= 0; row++) {
        ShiftCell cell = shift_cell(shift, reference, column, row);
        int at = column * shift->rows + row, room = rect.width - CHART_MARGIN - 50,
            y = rect.y + row;
        double part = cell.value > scale.low ? fmin(scale_part(&scale, cell.value), 1) : 0;
        char value[FORMAT_SIZE];
        canvas_print(canvas, rect.x, y, CHART_MARGIN, theme_style(canvas, ROLE_FAINT), "  i=%-3d",
                     shift->rows - row);
        canvas_fill(canvas, (Rect){rect.x + CHART_MARGIN, y, (int)lround(part * room), 1}, 0x2588,
                    theme_style(canvas, cell.sure ? ROLE_CURSOR : ROLE_BAND));
        int x = rect.x + rect.width - 48;
        canvas_text_right(canvas, x + 8, y, 8, theme_style(canvas, ROLE_STRONG),
                          format_value(value, cell.value));
        canvas_print(canvas, x + 9, y, 39, theme_style(canvas, ROLE_FAINT),
                     " [%.3g, %.3g]   %.3g / %.3g", (double)shift->low[at], (double)shift->high[at],
                     (double)shift->own[at], (double)shift->forward[at]);
    }
}

static void draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const CurvesState *mine = state;
    if (!scene->run) {
        Rect line = layout_centre(body, 40, 1);
        canvas_text(canvas, line.x, line.y, line.width, theme_style(canvas, ROLE_TEXT),
                    "No run yet: press n to start one.");
        return;
    }
    CurvesLayout layout = layout_curves(body, scene->run->shift_view.rows);
    Overlay overlay = overlay_runs(scene);
    curve_panel_loss(canvas, scene, &overlay, layout.chart);
    bool several = overlay.n > 1 || overlay.group[0].n > 0;
    bool lines = (several && rect_is_empty(layout.bars)) != mine->turned;
    if (!rect_is_empty(layout.heat))
        (lines ? draw_shift_lines : curve_panel_shift)(canvas, scene, &overlay, layout.heat);
    if (!rect_is_empty(layout.bars) && several && !lines)
        draw_shift_lines(canvas, scene, &overlay, layout.bars);
    else if (!rect_is_empty(layout.bars))
        draw_bars(canvas, scene, layout.bars);
}

/* ---- Keys ---- */

static int plot_width(int width) { return width > CHART_MARGIN ? width - CHART_MARGIN : 60; }

static Reply act(void *state, const Scene *scene, Action action)
{
    CurvesState *mine = state;
    Session *session = scene->session;
    if (!scene->run)
        return (Reply){.kind = REPLY_UNKNOWN};
    Overlay overlay = overlay_runs(scene);
    switch (action) {
    case ACTION_UP:
    case ACTION_DOWN:
        session->stage =
            list_move(curve_panel_row(session, scene->run), scene->run->shift_view.rows, action);
        break;
    case ACTION_REFERENCE:
        session->reference = (Reference)((session_reference(session, scene->run) + 1) % REFERENCES);
        break;
    case ACTION_MAP: mine->turned = !mine->turned; break;
    default: return scrub_act(scene, &overlay, plot_width(scene->x_cells), action);
    }
    return (Reply){.kind = REPLY_NONE};
}

/* A click on the map also chooses its sampling step. */
static Reply mouse(void *state, const Scene *scene, Rect body, int press)
{
    (void)state;
    if (!scene->run)
        return (Reply){.kind = REPLY_NONE};
    Overlay overlay = overlay_runs(scene);
    Rect heat = layout_curves(body, scene->run->shift_view.rows).heat;
    int rows = scene->run->shift_view.rows, y = mouse_y(press) - heat.y - 1;
    if (rows > 0 && overlay.n == 1 && overlay.group[0].n == 0 && y >= 0 && y < heat.height - 2)
        scene->session->stage = y * rows / (heat.height - 2);
    return scrub_mouse(scene, &overlay, plot_width(body.width),
                       mouse_x(press) - body.x - CHART_MARGIN, mouse_kind(press));
}

/* What a cell of the map is made of. */
static void describe_cell(const ShiftView *shift, Reference reference, int column, int row,
                          char *text, size_t size)
{
    int at = column * shift->rows + row;
    double value = shift_cell(shift, reference, column, row).value;
    char a[FORMAT_SIZE], b[FORMAT_SIZE], c[FORMAT_SIZE];
    int used = snprintf(text, size, "i=%d  t=%.2f  ", shift->rows - row, shift->time[row]);
    text += used;
    size -= (size_t)used;
    format_value(c, value);
    if (reference == REFERENCE_RATIO) {
        used = snprintf(text, size, "own %s / forward %s = %s", format_value(a, shift->own[at]),
                        format_value(b, shift->forward[at]), c);
        if (!isnan(shift->low[at])) /* an external run may not say */
            snprintf(text + used, size - (size_t)used, " [%.3g, %.3g]", (double)shift->low[at],
                     (double)shift->high[at]);
    } else if (reference == REFERENCE_PAIRED) {
        snprintf(text, size, "squared distance to the teacher %s", c);
    } else {
        bool forward = reference == REFERENCE_MMD_FORWARD;
        const float *mmd2 = forward ? shift->mmd2 : shift->mmd2_teacher;
        const float *null95 = forward ? shift->null95 : shift->null95_teacher;
        snprintf(text, size, "MMD² %s / null %s = %s", format_value(a, mmd2[at]),
                 format_value(b, null95[at]), c);
    }
}

static void describe(const Scene *scene, char *text, size_t size)
{
    const RunView *run = scene->run;
    const ShiftView *shift = &run->shift_view;
    int column = shift->rows > 0 ? shift_column(shift, session_step(scene->session, run)) : -1;
    if (column < 0) {
        format_subject(text, size, run->method, run->data);
        return;
    }
    describe_cell(shift, session_reference(scene->session, run), column,
                  curve_panel_row(scene->session, run), text, size);
}

const View view_curves = {
    .name = "Curves",
    .title = "is it learning, and where does it drift",
    .help = "Above, the loss: grey dots are the smallest and largest values, the line is "
            "the moving average. Below, the covariate\n"
            "shift: one row per sampling step, from noise on top (i = N) to the last "
            "step (i = 1). Dark means the\n"
            "student errs on its own states no more than on those it was trained on; "
            "bright means it drifts. Several runs (v, Tab, v) are\n"
            "told apart by the stroke and the number at the end of each line.",
    .draw = draw,
    .state_size = sizeof(CurvesState),
    .act = act,
    .mouse = mouse,
    .describe = describe,
    .rail = true,
    .side = true,
};
