/* At which step does it go wrong, and is the error fresh or inherited? Teacher and student from the
 * same noise; the gap step by step, and how much of it each step made itself. */
#include "views/draw/path_picture.h"
#include "views/draw/sample_strip.h"
#include "views/draw/text.h"
#include "views/model/clamp.h"
#include "views/model/path_gaps.h"
#include "views/model/samples.h"

#include "views/draw/layout.h"
#include "views/draw/sample_sheet.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include "views/view.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct PathsState {
    bool field, no_density;
    int start;  /* PathsSpec.start */
    Rect cells; /* of the picture */
    PathsPlace place;
} PathsState;

/* false: nothing to show yet. */
static bool spec_of(const PathsState *state, const Scene *scene, PathsSpec *spec)
{
    const SamplesView *samples = scene->run ? samples_shown(scene->session, scene->run) : NULL;
    if (!samples || samples->n < 1 || !samples->paths || samples->paths->n < 1)
        return false;
    const PathsView *paths = samples->paths;
    *spec =
        (PathsSpec){.samples = samples,
                    .paths = paths,
                    .stage = clamp(scene->session->stage, 0, paths->steps),
                    .seed = clamp(scene->session->seed, 0, paths->n - 1),
                    .start = state->start < paths->steps && paths->starts > 1 ? state->start : 0,
                    .field = state->field,
                    .density = !state->no_density};
    return true;
}

static bool has_teacher(const PathsSpec *spec) { return spec->paths->starts > 1; }

/* ---- The gap, step by step ---- */

enum { NAME = 8, VALUE = 7 };

/* Of the chosen seed on the path shown; the bar's solid part is fresh. */
static void draw_step(Canvas *canvas, Rect row, const PathsSpec *spec, int stage, double most)
{
    char name[FORMAT_SIZE], value[FORMAT_SIZE];
    bool chosen = stage == spec->stage, own = spec->start == 0;
    double gap = paths_gap(spec->paths, spec->start, stage, spec->seed);
    double fresh = own ? fmin(fmax(paths_fresh(spec->paths, stage, spec->seed), 0), gap) : 0;
    int room = row.width - NAME - VALUE - 2;
    int whole = most > 0 ? (int)lround(gap / most * room) : 0;
    int solid = most > 0 ? (int)lround(fresh / most * room) : 0;
    text_choice(canvas, row.x, row.y, NAME, chosen, samples_stage_name(name, spec->samples, stage));
    canvas_text_right(canvas, row.x + NAME + VALUE, row.y, VALUE, theme_style(canvas, ROLE_STRONG),
                      format_value(value, gap));
    canvas_fill(canvas, (Rect){row.x + NAME + VALUE + 1, row.y, solid, 1}, 0x2588,
                theme_style(canvas, ROLE_CURSOR));
    Style rest = theme_style(canvas, own ? ROLE_MARK : ROLE_LINE);
    canvas_fill(canvas, (Rect){row.x + NAME + VALUE + 1 + solid, row.y, whole - solid, 1},
                own ? 0x2591 : 0x2588, rest);
}

/* Which of the stages 1 .. N stand in `rows` rows: around the cursor. */
static int first_stage(const PathsSpec *spec, int rows)
{
    return clamp(spec->stage - rows / 2, 1,
                 spec->paths->steps - rows + 1 > 1 ? spec->paths->steps - rows + 1 : 1);
}

static void draw_legend(Canvas *canvas, Rect row, const PathsSpec *spec)
{
    Style faint = theme_style(canvas, ROLE_FAINT);
    int x = row.x + 1;
    if (spec->start > 0) {
        char name[FORMAT_SIZE];
        canvas_print(canvas, x, row.y, row.width - 1, faint, "restarted at %s; R: its own",
                     samples_stage_name(name, spec->samples, spec->start));
        return;
    }
    x += canvas_text(canvas, x, row.y, 2, theme_style(canvas, ROLE_CURSOR), "█ ");
    x += canvas_text(canvas, x, row.y, row.width - 3, faint, "fresh  ");
    x += canvas_text(canvas, x, row.y, row.x + row.width - x, theme_style(canvas, ROLE_MARK), "░ ");
    canvas_text(canvas, x, row.y, row.x + row.width - x, faint, "inherited");
}

static double mean_gap(const PathsSpec *spec, int stage)
{
    double sum = 0;
    for (int seed = 0; seed < spec->paths->n; seed++)
        sum += paths_gap(spec->paths, spec->start, stage, seed);
    return sum / spec->paths->n;
}

/* What the step into the cursor's stage did. */
static void draw_step_facts(Canvas *canvas, Rect rect, const PathsSpec *spec)
{
    const PathsView *paths = spec->paths;
    char value[FORMAT_SIZE], text[64];
    int row = 0;
    double gap = paths_gap(paths, spec->start, spec->stage, spec->seed);
    char seed[24];
    snprintf(seed, sizeof seed, "seed %d", spec->seed);
    if (spec->start > 0) {
        double end = paths_gap(paths, spec->start, paths->steps, spec->seed);
        snprintf(text, sizeof text, "%s at its end", format_value(value, end));
        row += text_fact(canvas, rect, row, seed, text);
        end = paths_gap(paths, 0, paths->steps, spec->seed);
        snprintf(text, sizeof text, "%s on its own path", format_value(value, end));
        row += text_fact(canvas, rect, row, "", text);
    } else {
        double fresh = paths_fresh(paths, spec->stage, spec->seed);
        snprintf(text, sizeof text, "%s fresh", format_value(value, fresh));
        row += text_fact(canvas, rect, row, seed, text);
        snprintf(text, sizeof text, "%s carried", format_value(value, gap - fresh));
        row += text_fact(canvas, rect, row, "", text);
    }
    snprintf(text, sizeof text, "%s of all %d seeds",
             format_value(value, mean_gap(spec, spec->stage)), paths->n);
    row += text_fact(canvas, rect, row, "mean", text);
    double share = spec->start > 0 ? (double)NAN : paths_inherited(paths, -1);
    snprintf(text, sizeof text, "%.0f %% inherited at end", share * 100);
    if (isfinite(share))
        text_fact(canvas, rect, row, "", text);
}

static void draw_steps(Canvas *canvas, Rect rect, const PathsSpec *spec)
{
    const PathsView *paths = spec->paths;
    char right[48];
    bool worst = has_teacher(spec) && spec->seed == paths_worst_seed(paths);
    snprintf(right, sizeof right, worst ? "seed %d, the worst" : "seed %d", spec->seed);
    text_title(canvas, &rect, has_teacher(spec) ? "gap by step" : "the student alone", right);
    if (!has_teacher(spec)) {
        canvas_text(canvas, rect.x + 1, rect.y, rect.width - 1, theme_style(canvas, ROLE_FAINT),
                    "this run has no teacher");
        return;
    }
    int facts = rect.height >= 10 ? 5 : 0, rows = clamp(rect.height - 1 - facts, 0, paths->steps);
    int first = first_stage(spec, rows);
    double most = 0;
    for (int stage = 1; stage <= paths->steps; stage++)
        most = fmax(most, paths_gap(paths, 0, stage, spec->seed));
    for (int row = 0; row < rows; row++)
        draw_step(canvas, (Rect){rect.x, rect.y + row, rect.width, 1}, spec, first + row, most);
    draw_legend(canvas, (Rect){rect.x, rect.y + rows, rect.width, 1}, spec);
    if (facts > 0) {
        rect.y += rows + 2;
        rect.height -= rows + 2;
        draw_step_facts(canvas, rect, spec);
    }
}

/* ---- How the gap spreads over the seeds ---- */

enum { BINS_MAX = 48 };

static void count_gaps(const PathsSpec *spec, int stage, double most, int bins, int count[BINS_MAX])
{
    memset(count, 0, sizeof *count * BINS_MAX);
    for (int seed = 0; seed < spec->paths->n; seed++) {
        double part = most > 0 ? paths_gap(spec->paths, spec->start, stage, seed) / most : 0;
        count[clamp((int)(part * bins), 0, bins - 1)]++;
    }
}

static void draw_spread_row(Canvas *canvas, Rect row, const PathsSpec *spec, int stage, double most)
{
    static const uint32_t heights[] = {' ',    0x2581, 0x2582, 0x2583, 0x2584,
                                       0x2585, 0x2586, 0x2587, 0x2588};
    int bins = clamp(row.width - NAME - 1, 1, BINS_MAX), count[BINS_MAX], top = 1;
    char name[FORMAT_SIZE];
    bool chosen = stage == spec->stage;
    count_gaps(spec, stage, most, bins, count);
    for (int b = 0; b < bins; b++)
        top = count[b] > top ? count[b] : top;
    double part = most > 0 ? paths_gap(spec->paths, spec->start, stage, spec->seed) / most : 0;
    int mine = clamp((int)(part * bins), 0, bins - 1);
    text_choice(canvas, row.x, row.y, NAME, chosen, samples_stage_name(name, spec->samples, stage));
    for (int b = 0; b < bins; b++) {
        int height = count[b] > 0 ? 1 + count[b] * 7 / top : 0;
        canvas_put(canvas, row.x + NAME + b, row.y, heights[height],
                   theme_style(canvas, b == mine ? ROLE_CURSOR : ROLE_LINE));
    }
}

static void draw_spread(Canvas *canvas, Rect rect, const PathsSpec *spec)
{
    char title[64], value[FORMAT_SIZE], right[48];
    double largest = 0, most = 0; /* few far seeds must not press the others together */
    for (int stage = 1; stage <= spec->paths->steps; stage++) {
        most = fmax(most, 4 * mean_gap(spec, stage));
        for (int seed = 0; seed < spec->paths->n; seed++)
            largest = fmax(largest, paths_gap(spec->paths, spec->start, stage, seed));
    }
    most = fmin(most, largest);
    snprintf(title, sizeof title, "gap over %d seeds", spec->paths->n);
    snprintf(right, sizeof right, "0 .. %s%s", format_value(value, most),
             largest > most ? " and more" : "");
    text_title(canvas, &rect, title, right);
    int rows = clamp(rect.height, 0, spec->paths->steps), first = first_stage(spec, rows);
    for (int row = 0; row < rows; row++) {
        draw_spread_row(canvas, (Rect){rect.x, rect.y + row, rect.width, 1}, spec, first + row,
                        most);
    }
}

/* ---- The view ---- */

static void draw_waiting(Canvas *canvas, const Scene *scene, Rect body)
{
    const char *text = "The seeds are being followed: a moment.";
    if (!scene->run)
        text = "No run yet: press n to start one.";
    else if (samples_shown(scene->session, scene->run)->n < 1)
        text = "Paths appear with the run's first samples.";
    text_alone(canvas, body, text);
}

/* A word in the colour of its path. */
static int legend(Canvas *canvas, int x, Rect row, Ink ink, const char *text)
{
    uint8_t rgb[3];
    theme_ink_rgb(ink, canvas->look.background, rgb);
    Style style = {theme_nearest(canvas->look.colours, rgb), COLOUR_DEFAULT, 0};
    return canvas_text(canvas, x, row.y, row.x + row.width - x, style, text);
}

static void draw_title(Canvas *canvas, Rect *rect, const Scene *scene, const PathsSpec *spec)
{
    char right[64] = "", text[64], made[FORMAT_SIZE];
    Rect row = {rect->x, rect->y, rect->width, 1};
    if (!scene->session->live) {
        snprintf(right, sizeof right, "%s%s", row.width >= 60 ? "made at step " : "@",
                 format_count(made, (double)spec->samples->step));
    } else if (row.width >= 60 && spec->paths->projected) {
        snprintf(right, sizeof right, "PCA 1,2");
    } else if (row.width >= 60) {
        snprintf(right, sizeof right, scene->run->renoises ? "same fresh noise" : "same noise");
    }
    text_title(canvas, rect, " ", right);
    int x = row.x + 1;
    if (has_teacher(spec)) {
        snprintf(text, sizeof text, " ─ teacher %d  ", spec->paths->teacher_steps);
        x += legend(canvas, x, row, INK_TEACHER, text);
    }
    snprintf(text, sizeof text, spec->start > 0 ? "● student from i=%d " : "● student %d ",
             spec->paths->steps - spec->start);
    legend(canvas, x, row, INK_STUDENT, text);
}

/* Sampling time from noise to sample, with a tick for each stage. */
static void draw_sampler(Canvas *canvas, const Scene *scene, Rect row, const PathsSpec *spec)
{
    char name[FORMAT_SIZE], text[64];
    int steps = spec->paths->steps;
    snprintf(text, sizeof text, "u %.2f  %s%s", (double)(steps - spec->stage) / steps,
             samples_stage_name(name, spec->samples, spec->stage),
             scene->session->playing ? "  ▸▸" : "");
    int room = row.width - 30;
    canvas_text(canvas, row.x + 1, row.y, 6, theme_style(canvas, ROLE_FAINT), "noise");
    for (int x = 0; x <= room; x++) {
        bool tick =
            room > 2 * steps && x * steps / (room + 1) != (x - 1) * steps / (room + 1) && x > 0;
        bool done = x * steps <= spec->stage * room;
        uint32_t open = tick ? 0x253c : 0x2500;
        Style style = theme_style(canvas, done ? ROLE_LINE : ROLE_RULE);
        canvas_put(canvas, row.x + 7 + x, row.y, done ? 0x2501 : open, style);
    }
    if (room > 0) {
        canvas_put(canvas, row.x + 7 + spec->stage * room / steps, row.y, 0x25cf,
                   theme_style(canvas, ROLE_CURSOR));
    }
    canvas_text(canvas, row.x + 9 + room, row.y, 21, theme_style(canvas, ROLE_TEXT), text);
}

static PathsLayout layout_of(const PathsSpec *spec, Rect body)
{
    return layout_paths(body, spec->paths->steps, !samples_are_points(spec->samples));
}

/* One begins with the worst seed; where the picture stands, for the mouse. */
static void update(void *own, const Scene *scene, const CanvasLook *look, Rect body)
{
    PathsState *state = own;
    PathsSpec spec;
    if (!spec_of(state, scene, &spec))
        return;
    if (scene->session->seed < 0 && has_teacher(&spec))
        spec.seed = scene->session->seed = paths_worst_seed(spec.paths);
    PathsLayout layout = layout_of(&spec, body);
    layout_take_top(&layout.picture, 1);
    state->cells = layout.picture;
    state->place = paths_place(look, state->cells, &spec);
}

static void draw(const void *own, const Scene *scene, Canvas *canvas, Rect body)
{
    const PathsState *state = own;
    PathsSpec spec;
    if (!spec_of(state, scene, &spec)) {
        draw_waiting(canvas, scene, body);
        return;
    }
    PathsLayout layout = layout_of(&spec, body);
    draw_title(canvas, &layout.picture, scene, &spec);
    if (canvas->look.graphics == GRAPHICS_OFF) {
        canvas_text(canvas, layout.picture.x + 1, layout.picture.y, layout.picture.width - 1,
                    theme_style(canvas, ROLE_FAINT), "pictures are off: press I");
    }
    paths_picture(canvas, layout.picture, &spec);
    if (!rect_is_empty(layout.steps))
        draw_steps(canvas, layout.steps, &spec);
    if (!rect_is_empty(layout.spread) && has_teacher(&spec))
        draw_spread(canvas, layout.spread, &spec);
    if (!rect_is_empty(layout.strip))
        samples_seed(canvas, layout.strip, spec.samples, spec.stage, spec.seed);
    if (!rect_is_empty(layout.sampler))
        draw_sampler(canvas, scene, layout.sampler, &spec);
}

/* ---- Keys ---- */

static Reply restart(PathsState *state, const PathsSpec *spec)
{
    char name[FORMAT_SIZE];
    int steps = spec->paths->steps, stage = spec->stage;
    if (!has_teacher(spec) || steps < 2) {
        return reply_say(REPLY_NONE,
                         "there is no teacher's state to start from between noise and sample");
    }
    if (spec->start > 0 && (spec->start == stage || stage == 0 || stage == steps)) {
        state->start = 0;
        return reply_say(REPLY_NONE, "the student's own path again");
    }
    if (stage == 0 || stage == steps)
        return reply_say(REPLY_NONE, "choose a sampling step between noise and sample first (←→)");
    state->start = stage;
    return reply_say(REPLY_NONE, "restarted at %s: it ends %.3g away, not %.3g",
                     samples_stage_name(name, spec->samples, stage),
                     paths_gap(spec->paths, stage, steps, spec->seed),
                     paths_gap(spec->paths, 0, steps, spec->seed));
}

static Reply act(void *own, const Scene *scene, Action action)
{
    PathsState *state = own;
    PathsSpec spec;
    Session *session = scene->session;
    if (session_scrub(scene, action))
        return (Reply){.kind = REPLY_NONE};
    if (!spec_of(state, scene, &spec))
        return (Reply){.kind = REPLY_UNKNOWN};
    int stages = spec.paths->steps + 1;
    switch (action) {
    case ACTION_LEFT: session->stage = list_move(spec.stage, stages, ACTION_UP); break;
    case ACTION_RIGHT: session->stage = list_move(spec.stage, stages, ACTION_DOWN); break;
    case ACTION_FIRST: session->stage = 0; break;
    case ACTION_FIELD:
        if (spec.paths->field == 0)
            return reply_say(REPLY_NONE, "the field of aims is drawn for points only");
        state->field = !state->field;
        break;
    case ACTION_DENSITY: state->no_density = !state->no_density; break;
    case ACTION_RESTART: return restart(state, &spec);
    default: session->seed = list_move(spec.seed, spec.paths->n, action); break;
    }
    return (Reply){.kind = REPLY_NONE};
}

/* A click takes the seed that passes nearest, the wheel goes along the sampling steps. */
static Reply mouse(void *own, const Scene *scene, Rect body, int press)
{
    PathsState *state = own;
    PathsSpec spec;
    Rect cells = state->cells;
    (void)body;
    if (!spec_of(state, scene, &spec))
        return (Reply){.kind = REPLY_NONE};
    MouseKind kind = mouse_kind(press);
    if (kind == MOUSE_WHEEL_UP || kind == MOUSE_WHEEL_DOWN)
        return act(own, scene, kind == MOUSE_WHEEL_UP ? ACTION_LEFT : ACTION_RIGHT);
    int x = mouse_x(press) - cells.x, y = mouse_y(press) - cells.y;
    if (x < 0 || y < 0 || x >= cells.width || y >= cells.height || state->place.box.width < 1)
        return (Reply){.kind = REPLY_NONE};
    scene->session->seed = paths_nearest(
        &spec, &state->place, (2 * x + 1) * state->place.box.width / (2 * cells.width),
        (2 * y + 1) * state->place.box.height / (2 * cells.height));
    return (Reply){.kind = REPLY_NONE};
}

static void describe(const Scene *scene, char *text, size_t size)
{
    PathsSpec spec;
    char from[FORMAT_SIZE], to[FORMAT_SIZE];
    if (!spec_of(&(PathsState){0}, scene, &spec) || !has_teacher(&spec)) {
        format_subject(text, size, scene->run->method, scene->run->data);
        return;
    }
    double share = paths_inherited(spec.paths, spec.seed);
    if (!isfinite(share)) {
        snprintf(text, size, "seed %d stays with the teacher", spec.seed);
        return;
    }
    int worst = paths_worst(spec.paths, spec.seed);
    snprintf(text, size, "seed %d leaves the teacher %s → %s; its end gap %.0f %% inherited",
             spec.seed, worst == 1 ? "noise" : samples_stage_name(from, spec.samples, worst - 1),
             samples_stage_name(to, spec.samples, worst), share * 100);
}

const View view_paths = {
    .name = "Paths",
    .title = "at which step does it go wrong, and is the error fresh or inherited",
    .help = "Student and teacher from the same noise; where the sampler re-noises, with the "
            "same fresh noise.\n"
            "The gap is their distance (root mean square). Of it, a step's fresh part is what "
            "the student would be\n"
            "off had it begun in the teacher's state; the rest came down from the steps before. "
            "R lets it begin\n"
            "there. F: where each point is sent, by the student and by the teacher.",
    .state_size = sizeof(PathsState),
    .looks = LOOK_PAST | LOOK_PATHS,
    .update = update,
    .draw = draw,
    .act = act,
    .mouse = mouse,
    .describe = describe,
};
