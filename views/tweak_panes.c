/* Owns what stands below the list in the Tweak view: what is staged, changes with what
 * followed, the triangle of priors. */
#include "views/tweak_panes.h"
#include "engine/base/number.h"

#include "views/draw/curve_panels.h"
#include "views/draw/layout.h"
#include "views/draw/mark_list.h"
#include "views/draw/simplex.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include "views/model/marks.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The mixture ---- */

const char *const tweak_priors[] = {"beta_data", "beta_teacher", "beta_student"};

bool tweak_mixture(const TweakState *own, const RunView *run, bool staged, Mixture *mixture)
{
    double weight[SIMPLEX_CORNERS];
    for (int i = 0; i < SIMPLEX_CORNERS; i++) {
        int row = run_param_find(run, "source", tweak_priors[i]);
        const char *now = row >= 0 && row < run->params ? run->param[row] : "";
        weight[i] = number_value(staged ? staged_value(&own->staged, run, row) : now, 0);
    }
    return mixture_of(weight, mixture);
}

static bool mixture_staged(const TweakState *own, const RunView *run)
{
    bool any = false;
    for (int i = 0; i < SIMPLEX_CORNERS && own->staged.run == run->id; i++)
        any = any || staged_text(&own->staged, run_param_find(run, "source", tweak_priors[i]));
    return any;
}

/* ---- Drawing ---- */

static void draw_mixture(Canvas *canvas, Rect rect, const TweakState *own, const RunView *run)
{
    Mixture now, staged, drawn, prior;
    bool front = own->pane == PANE_MIXTURE;
    if (front)
        text_title(canvas, &rect, "▸ mixture", "arrows move ○");
    else
        text_title(canvas, &rect, "mixture", "Tab: move in it");
    SimplexSpec spec = {0};
    if (mixture_of(run->prior, &prior))
        spec.in_force = &prior;
    if (tweak_mixture(own, run, false, &now))
        spec.now = &now;
    if (mixture_of(run->share, &drawn))
        spec.drawn = &drawn;
    if (mixture_staged(own, run) && tweak_mixture(own, run, true, &staged))
        spec.staged = &staged;
    simplex_draw(canvas, rect, &spec);
}

static void draw_marks(Canvas *canvas, Rect rect, const TweakState *own, const Scene *scene)
{
    bool front = own->pane == PANE_MARKS;
    int n = scene->run->marks;
    if (front)
        text_title(canvas, &rect, "▸ changes", "↑↓ visit  u undo");
    else
        text_title(canvas, &rect, "changes", "▲ loss over next 1 000");
    if (n == 0) {
        canvas_text(canvas, rect.x + 2, rect.y, rect.width - 2, theme_style(canvas, ROLE_FAINT),
                    "none yet; each will say what followed");
        return;
    }
    int chosen = own->mark < n ? own->mark : n - 1;
    mark_list_draw(canvas, rect, scene, front ? chosen : -1);
}

/* "staged 2: lr 0.001 → 0.0005, ..." */
static void staged_words(const TweakState *own, const RunView *run, char *text, size_t size)
{
    int fork_only, n = staged_count(&own->staged, run, &fork_only);
    size_t used = (size_t)snprintf(text, size, n == 0 ? "nothing staged" : "staged %d:", n);
    for (int i = 0; i < n && used < size; i++) {
        const StagedValue *value = &own->staged.value[i];
        ParamInfoView param;
        run_param_row(run, value->row, &param);
        const char *now = value->row < run->params ? run->param[value->row] : "";
        used += (size_t)snprintf(text + used, size - used, "%s %s %s → %s", i > 0 ? "," : "",
                                 param.key, now, value->text);
    }
}

static void draw_keys(Canvas *canvas, Rect row, const TweakState *own, const Scene *scene)
{
    const RunView *run = scene->run;
    char text[160];
    int fork_only, n = staged_count(&own->staged, run, &fork_only);
    if (scene->readonly) {
        snprintf(text, sizeof text, "opened read-only: values can be looked at");
    } else if (n == 0) {
        snprintf(text, sizeof text,
                 "← → change a value, = types one; nothing happens before Enter or f");
    } else if (fork_only == n) {
        snprintf(text, sizeof text, "f  apply in a fork (run %02d stays as it is)   Esc  discard",
                 run->id);
    } else {
        const char *part = fork_only > 0 ? "what can be " : "";
        const char *safe = row.width < 76 || fork_only > 0 ? "" : " (checkpoint first)";
        snprintf(text, sizeof text,
                 "Enter  apply %sto %02d%s   f  in a fork (keeps %02d)   Esc  discard", part,
                 run->id, safe, run->id);
    }
    canvas_text(canvas, row.x + 1, row.y, row.width - 1,
                theme_style(canvas, n > 0 ? ROLE_KEY : ROLE_FAINT), text);
}

static void draw_help(Canvas *canvas, Rect rect, const TweakState *own, const RunView *run)
{
    ParamInfoView param;
    int which = tweak_chosen(own, run);
    if (which < 0 || !run_param_row(run, which, &param))
        return;
    char text[256];
    snprintf(text, sizeof text, param.unit[0] != '\0' ? "%s [%s]" : "%s", param.help, param.unit);
    Rect inside = {rect.x + 1, rect.y, rect.width - 2, rect.height};
    text_wrap(canvas, inside, 0, theme_style(canvas, ROLE_TEXT), text);
}

static void draw_staged(Canvas *canvas, Rect rect, const TweakState *own, const Scene *scene)
{
    char text[400];
    staged_words(own, scene->run, text, sizeof text);
    text_title(canvas, &rect, text, "");
    if (rect.height >= 2)
        draw_help(canvas, layout_take_top(&rect, rect.height - 1), own, scene->run);
    if (rect.height >= 1)
        draw_keys(canvas, rect, own, scene);
}

/* Marks and mixture side by side where there is room, else the one in front. */
static void split_below(TweakLayout *layout, Rect rect, Pane pane)
{
    enum { MIXTURE_WIDTH = 39, BOTH_WIDTH = 76 };
    if (rect.width < BOTH_WIDTH) {
        *(pane == PANE_MARKS ? &layout->marks : &layout->mixture) = rect;
        return;
    }
    int width = MIXTURE_WIDTH + (rect.height > 8 ? 2 * (rect.height - 8) : 0);
    layout->mixture = layout_take_right(&rect, width < rect.width / 2 ? width : rect.width / 2);
    layout_take_right(&rect, 1);
    layout->marks = rect;
}

TweakLayout tweak_layout(Rect body, Pane pane)
{
    enum { FORM_WIDTH = 84, CURVES_LEAST = 40 };
    TweakLayout layout = {0};
    if (body.width >= FORM_WIDTH + 2 + CURVES_LEAST && body.height >= 20) {
        layout.loss = layout_take_right(&body, body.width - FORM_WIDTH - 2);
        layout.shift = layout_take_bottom(&layout.loss, layout.loss.height / 2);
        layout_take_right(&body, 2);
    }
    bool tall = body.height >= 16;
    if (tall) {
        int height = body.height * 35 / 100;
        split_below(&layout, layout_take_bottom(&body, height > 17 ? 17 : height), pane);
    }
    int rows = 2 + (body.height >= 10) + (body.height >= 20);
    layout.staged = layout_take_bottom(&body, rows);
    if (tall || pane == PANE_LIST)
        layout.list = body;
    else
        split_below(&layout, body, pane);
    return layout;
}

void tweak_draw_panes(Canvas *canvas, const TweakLayout *layout, const TweakState *own,
                      const Scene *scene)
{
    draw_staged(canvas, layout->staged, own, scene);
    if (!rect_is_empty(layout->marks))
        draw_marks(canvas, layout->marks, own, scene);
    if (!rect_is_empty(layout->mixture))
        draw_mixture(canvas, layout->mixture, own, scene->run);
    if (!rect_is_empty(layout->loss)) {
        Overlay overlay = overlay_runs(scene);
        canvas_fill(canvas,
                    (Rect){layout->loss.x - 2, layout->loss.y, 1,
                           layout->loss.height + layout->shift.height},
                    0x2502, theme_style(canvas, ROLE_RULE));
        curve_panel_loss(canvas, scene, &overlay, layout->loss);
        curve_panel_shift(canvas, scene, &overlay, layout->shift);
    }
}
