/* What happens if, and can I go back? Parameters with their staged values above; what is
 * staged, what was done and what followed, and the triangle of priors below. */
#include "views/draw/layout.h"
#include "views/draw/mark_list.h"
#include "views/draw/simplex.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include "views/model/marks.h"
#include "views/tweak_panes.h"
#include "views/view.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Drawing ---- */

/* What the run has by now is no longer staged. */
static void update(void *state, const Scene *scene, const CanvasLook *look, Rect body)
{
    TweakState *own = state;
    (void)look;
    (void)body;
    if (scene->run)
        staged_settle(&own->staged, scene->run);
}

static void draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const TweakState *own = state;
    if (!scene->run) {
        Rect line = layout_centre(body, 60, 1);
        canvas_text(canvas, line.x, line.y, line.width, theme_style(canvas, ROLE_TEXT),
                    "No run to steer yet: press n to start one.");
        return;
    }
    TweakLayout layout = tweak_layout(body, own->pane);
    if (!rect_is_empty(layout.list))
        tweak_draw_list(canvas, layout.list, own, scene->run);
    tweak_draw_panes(canvas, &layout, own, scene);
}

/* ---- Keys ---- */

static Reply put_mixture(TweakState *own, const RunView *run, const Mixture *mixture)
{
    Mixture now;
    Error error;
    bool back = tweak_mixture(own, run, false, &now) && memcmp(&now, mixture, sizeof now) == 0;
    Staged before = own->staged;
    for (int i = 0; i < SIMPLEX_CORNERS; i++) {
        char text[VALUE_SIZE];
        int row = run_param_find(run, "source", tweak_priors[i]);
        snprintf(text, sizeof text, "%g", mixture->part[i] / (double)SIMPLEX_WHOLE);
        if (back) {
            staged_drop(&own->staged, row);
        } else if (staged_put(&own->staged, run, row, text, &error) != STATUS_OK) {
            own->staged = before;
            return reply_say(REPLY_NONE, "%s", error.text);
        }
    }
    return (Reply){.kind = REPLY_NONE};
}

static Reply stage(TweakState *own, const RunView *run, int row, const char *text)
{
    Error error;
    if (staged_put(&own->staged, run, row, text, &error) != STATUS_OK)
        return reply_say(REPLY_NONE, "%s", error.text);
    return (Reply){.kind = REPLY_NONE};
}

static Reply step_chosen(TweakState *own, const RunView *run, int by, bool big)
{
    ParamInfoView param;
    char next[VALUE_SIZE];
    int row = tweak_chosen(own, run);
    if (row < 0 || !run_param_row(run, row, &param))
        return (Reply){.kind = REPLY_UNKNOWN};
    if (param_step(&param, staged_value(&own->staged, run, row), by, big, next))
        return stage(own, run, row, next);
    double low, high;
    bool moves = slider_ends(&param, &low, &high) || param.choices[0] != '\0';
    bool letters = param.type == PARAM_LETTERS;
    return moves && !letters ? reply_say(REPLY_NONE, "%s.%s ends here", param.section, param.key)
                             : reply_say(REPLY_NONE, "%s.%s is typed: =", param.section, param.key);
}

static void move(TweakState *own, const Scene *scene, Action action)
{
    ListLine lines[LIST_MAX];
    int rows, n = scene->run->marks;
    if (own->pane == PANE_MARKS) {
        own->mark = list_move(own->mark < n ? own->mark : n - 1, n, action);
        if (n > 0)
            mark_visit(scene->session, mark_from_newest(scene->run, own->mark));
        return;
    }
    tweak_list(scene->run, own->filter, lines, &rows);
    own->chosen = list_move(own->chosen < rows ? own->chosen : rows - 1, rows, action);
}

/* Arrows and the like, in the pane in front. */
static Reply act_in_pane(TweakState *own, const Scene *scene, Action action)
{
    Mixture mixture;
    if (own->pane == PANE_MIXTURE) {
        if (!tweak_mixture(own, scene->run, true, &mixture))
            mixture = (Mixture){{SIMPLEX_WHOLE, 0, 0}};
        mixture = mixture_move(mixture, action);
        return put_mixture(own, scene->run, &mixture);
    }
    if (own->pane == PANE_LIST && (action == ACTION_LEFT || action == ACTION_RIGHT))
        return step_chosen(own, scene->run, action == ACTION_RIGHT ? 1 : -1, false);
    move(own, scene, action);
    return (Reply){.kind = REPLY_NONE};
}

static Reply send(const RunView *run, CommandKind kind, long number)
{
    return (Reply){.kind = REPLY_SEND, .command = {.kind = kind, .run = run->id, .number = number}};
}

/* What can be taken by a run under way, all at once. It stays staged until the run shows
 * it: a refusal loses nothing. */
static Reply apply(const TweakState *own, const RunView *run)
{
    Reply reply = send(run, COMMAND_SET, 0);
    int fork_only, n = staged_count(&own->staged, run, &fork_only);
    if (n == 0)
        return reply_say(REPLY_NONE, "nothing is staged: ← → change the chosen value first");
    if (n == fork_only)
        return reply_say(REPLY_NONE, "what is staged applies in a fork only: f");
    staged_lines(&own->staged, run, true, reply.command.text);
    return reply;
}

static Reply apply_in_fork(const TweakState *own, const RunView *run)
{
    Reply reply = send(run, COMMAND_FORK, FORK_HERE);
    if (own->staged.run == run->id)
        staged_lines(&own->staged, run, false, reply.command.text);
    if (run_at_its_end(run) && !strstr(reply.command.text, "run.steps=")) {
        return reply_say(REPLY_NONE, "%02d is done: stage a larger run.steps first (now %ld)",
                         run->id, run->steps);
    }
    return reply;
}

/* The mark that u is about: the chosen one, else the newest change. -1: none. */
static int undo_target(const TweakState *own, const RunView *run)
{
    int at = run->marks - 1;
    if (own->pane == PANE_MARKS)
        return at - own->mark >= 0 ? at - own->mark : at;
    while (at >= 0 && mark_kind(&run->mark[at]) != MARK_CHANGE)
        at--;
    return at;
}

/* Says first what it will do; the second press does it. */
static Reply undo(TweakState *own, const RunView *run, bool armed)
{
    Reply reply = {.kind = REPLY_SEND};
    char plan[120];
    int mark = undo_target(own, run);
    if (mark < 0)
        return reply_say(REPLY_NONE, "nothing was changed in this run: nothing to undo");
    if (!mark_undo(run, mark, &reply.command, plan, sizeof plan))
        return reply_say(REPLY_NONE, "%s", plan);
    if (armed && own->undo == mark + 1) {
        own->undo = 0;
        return reply;
    }
    own->undo = mark + 1;
    return reply_say(REPLY_NONE, "u again: %s", plan);
}

/* One layer out: the pane, the filter, then what is staged. */
static Reply back(TweakState *own, const RunView *run)
{
    int fork_only;
    if (own->pane != PANE_LIST) {
        own->pane = PANE_LIST;
    } else if (own->filter[0] != '\0') {
        own->filter[0] = '\0';
    } else if (staged_count(&own->staged, run, &fork_only) > 0) {
        own->staged.n = 0;
        return reply_say(REPLY_NONE, "discarded: nothing is staged");
    } else {
        return (Reply){.kind = REPLY_UNKNOWN};
    }
    return (Reply){.kind = REPLY_NONE};
}

static Reply ask_value(const TweakState *own, const RunView *run)
{
    ParamInfoView param;
    int row = tweak_chosen(own, run);
    if (row < 0 || !run_param_row(run, row, &param))
        return (Reply){.kind = REPLY_UNKNOWN};
    Reply reply = reply_say(REPLY_ASK, "%s.%s = ", param.section, param.key);
    reply.asking = ASK_VALUE;
    snprintf(reply.text, sizeof reply.text, "%s", staged_value(&own->staged, run, row));
    return reply;
}

static Reply act(void *state, const Scene *scene, Action action)
{
    TweakState *own = state;
    const RunView *run = scene->run;
    if (!run)
        return (Reply){.kind = REPLY_UNKNOWN};
    staged_settle(&own->staged, run);
    bool armed = own->undo > 0;
    own->undo = action == ACTION_UNDO ? own->undo : 0;
    switch (action) {
    case ACTION_NEXT_PANE: own->pane = (own->pane + 1) % PANES; return (Reply){.kind = REPLY_NONE};
    case ACTION_PREVIOUS_PANE:
        own->pane = (own->pane + PANES - 1) % PANES;
        return (Reply){.kind = REPLY_NONE};
    case ACTION_LESS: return step_chosen(own, run, -1, true);
    case ACTION_MORE: return step_chosen(own, run, 1, true);
    case ACTION_TYPE: return ask_value(own, run);
    case ACTION_UNSTAGE:
        staged_drop(&own->staged, tweak_chosen(own, run));
        return (Reply){.kind = REPLY_NONE};
    case ACTION_OPEN: return apply(own, run);
    case ACTION_FORK_STAGED: return apply_in_fork(own, run);
    case ACTION_UNDO: return undo(own, run, armed);
    case ACTION_BACK: return back(own, run);
    default: return act_in_pane(own, scene, action);
    }
}

/* ---- The mouse ---- */

static bool inside(Rect rect, int x, int y)
{
    return x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
}

static Pane pane_at(const TweakLayout *layout, int x, int y, Pane otherwise)
{
    if (inside(layout->list, x, y))
        return PANE_LIST;
    if (inside(layout->marks, x, y))
        return PANE_MARKS;
    return inside(layout->mixture, x, y) ? PANE_MIXTURE : otherwise;
}

/* A click chooses; in the triangle it puts the staged point there. The wheel moves. */
static Reply mouse(void *state, const Scene *scene, Rect body, int press)
{
    TweakState *own = state;
    int x = mouse_x(press), y = mouse_y(press);
    MouseKind kind = mouse_kind(press);
    Mixture mixture;
    if (!scene->run)
        return (Reply){.kind = REPLY_NONE};
    TweakLayout layout = tweak_layout(body, own->pane);
    own->pane = pane_at(&layout, x, y, own->pane);
    if (kind == MOUSE_WHEEL_UP || kind == MOUSE_WHEEL_DOWN)
        return act(state, scene, kind == MOUSE_WHEEL_UP ? ACTION_UP : ACTION_DOWN);
    if (inside(layout.list, x, y)) {
        int row = tweak_row_at(layout.list, own, scene->run, y);
        own->chosen = row >= 0 ? row : own->chosen;
    }
    layout_take_top(&layout.mixture, 1);
    if (inside(layout.mixture, x, y) && simplex_at(layout.mixture, x, y, &mixture))
        return put_mixture(own, scene->run, &mixture);
    return (Reply){.kind = REPLY_NONE};
}

static Reply typed(void *state, const Scene *scene, Asking asking, const char *text)
{
    TweakState *own = state;
    ListLine lines[LIST_MAX];
    Error error;
    int rows = 0;
    if (!scene->run)
        return (Reply){.kind = REPLY_NONE};
    if (asking == ASK_VALUE) {
        int row = tweak_chosen(own, scene->run);
        bool taken =
            row >= 0 && staged_put(&own->staged, scene->run, row, text, &error) == STATUS_OK;
        return taken || row < 0 ? (Reply){.kind = REPLY_NONE}
                                : reply_say(REPLY_REFUSED, "%s", error.text);
    }
    tweak_list(scene->run, text, lines, &rows);
    if (rows == 0 || strlen(text) >= FILTER_SIZE)
        return reply_say(REPLY_REFUSED, "no parameter of this run has %.60s in its name", text);
    snprintf(own->filter, sizeof own->filter, "%s", text);
    own->chosen = 0;
    own->pane = PANE_LIST;
    return (Reply){.kind = REPLY_NONE};
}

static void describe(const Scene *scene, char *text, size_t size)
{
    const RunView *run = scene->run;
    char count[FORMAT_SIZE];
    format_subject(text, size, run->method, run->data);
    size_t used = strlen(text);
    snprintf(text + used, size - used, "; newest checkpoint %s",
             run->checkpoint < 0 ? "none" : format_count(count, (double)run->checkpoint));
}

const View view_tweak = {
    .name = "Tweak",
    .title = "what happens if, and can I go back",
    .help = "Values are staged first (○) and nothing happens until Enter applies them to "
            "the run, all at once, or f in a "
            "fork\n"
            "of it that runs beside the old one. A checkpoint is written before every "
            "change: u undoes one by a fork from "
            "there.\n"
            "Each change is a mark ▲ on every chart; the list says how loss and shift "
            "moved over the next 1 000 steps\n"
            "(the loss is a moving average, and falls by itself: compare with a run that "
            "was left alone).",
    .state_size = sizeof(TweakState),
    .update = update,
    .draw = draw,
    .act = act,
    .typed = typed,
    .mouse = mouse,
    .describe = describe,
    .rail = true,
};
