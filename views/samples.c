/* What does it make, from the same seeds, after each sampling step? A sheet above, one
 * sample on its way through the sampler below. */
#include "views/model/samples.h"
#include "views/draw/sample_sheet.h"
#include "views/draw/sample_strip.h"
#include "views/draw/text.h"

#include "views/draw/layout.h"
#include "views/draw/picture.h"
#include "views/draw/theme.h"
#include "views/model/format.h"
#include "views/view.h"
#include <stdio.h>
#include <string.h>

typedef struct SamplesState {
    SamplesSource source;
} SamplesState;

static const char *const source_keys[SOURCES] = {"t", "T", "x", "d", "c", "c"};

/* ---- Sheet ---- */

static void draw_named(Canvas *canvas, Rect rect, const SamplesSpec *spec, const char *name)
{
    Rect label = layout_take_top(&rect, 1);
    canvas_text(canvas, label.x, label.y, label.width, theme_style(canvas, ROLE_FAINT), name);
    samples_sheet(canvas, rect, spec);
}

/* The chosen source, and beside it the teacher (or the student) to compare with. */
static void draw_clouds(Canvas *canvas, Rect rect, const SamplesSpec *spec)
{
    static const SamplesSource beside[SOURCES] = {
        [SOURCE_STUDENT] = SOURCE_TEACHER, [SOURCE_TEACHER] = SOURCE_STUDENT,
        [SOURCE_X0] = SOURCE_TEACHER,      [SOURCE_DIFFERENCE] = SOURCE_TEACHER,
        [SOURCE_CRITIC] = SOURCE_SCORE,    [SOURCE_SCORE] = SOURCE_CRITIC,
    };
    int side = picture_square_cells(canvas, rect.height - 1);
    SamplesSpec other = *spec;
    other.source = beside[spec->source];
    bool both = rect.width >= 44;
    Rect left = {rect.x, rect.y, both ? (rect.width - 2) / 2 : rect.width, rect.height};
    left.width = left.width > 2 * side ? 2 * side : left.width;
    draw_named(canvas, left, spec, samples_source_name(spec->source));
    if (both) {
        Rect right = {left.x + left.width + 2, rect.y, left.width, rect.height};
        draw_named(canvas, right, &other, samples_source_name(other.source));
    }
}

/* The classes of a column, by name or number. */
static const char *put_classes(const char *data, const SamplesView *samples, const SheetPlan *plan,
                               int column, bool named, char text[96])
{
    size_t used = 0;
    for (int place = column; place < plan->classes && used < 96; place += plan->columns) {
        int label = samples_class(samples, place);
        const char *name = named ? samples_class_name(samples, data, label) : NULL;
        const char *between = place > column ? "·" : "";
        used += (size_t)(name ? snprintf(text + used, 96 - used, "%s%s", between, name)
                              : snprintf(text + used, 96 - used, "%s%d", between, label));
    }
    return text;
}

/* Names where they fit in every column. */
static bool names_fit(const char *data, const SamplesView *samples, const SheetPlan *plan, int room)
{
    char text[96];
    for (int column = 0; column < plan->columns; column++)
        if (text_width(put_classes(data, samples, plan, column, true, text)) > room)
            return false;
    return true;
}

static void draw_classes(Canvas *canvas, const Scene *scene, Rect rect, const SamplesSpec *spec)
{
    Rect label = layout_take_top(&rect, 1);
    samples_sheet(canvas, rect, spec);
    Raster raster = raster_for(&canvas->look, rect);
    SheetPlan plan = sheet_plan(spec->samples, raster.width, raster.height);
    Style faint = theme_style(canvas, ROLE_FAINT);
    if (!spec->samples->label || plan.each == 0 || plan.classes == spec->samples->n) {
        canvas_text(canvas, label.x, label.y, label.width, faint,
                    samples_source_name(spec->source));
        return;
    }
    int room = (int)(plan.pitch_x / raster.unit_x);
    bool named = names_fit(scene->run->data, spec->samples, &plan, room);
    for (int column = 0; column < plan.columns; column++) {
        char text[96];
        int middle = rect.x + (int)((column * plan.pitch_x + plan.pitch_x / 2) / raster.unit_x);
        put_classes(scene->run->data, spec->samples, &plan, column, named, text);
        canvas_text(canvas, middle - text_width(text) / 2, label.y, 24, faint, text);
    }
}

static void draw_sheet(Canvas *canvas, const Scene *scene, Rect rect, const SamplesSpec *spec)
{
    char title[96], stage[FORMAT_SIZE];
    snprintf(title, sizeof title, "%s at %s · %d samples, fixed seeds",
             samples_source_name(spec->source), samples_shown_name(stage, spec, spec->stage),
             spec->samples->n);
    char made[FORMAT_SIZE], right[80];
    bool held = !scene->session->live;
    int step = snprintf(right, sizeof right, "made at step %s",
                        format_count(made, (double)spec->samples->step));
    if (held &&
        text_width(title) + step + 8 > rect.width) { /* rather this than the number of samples */
        snprintf(title, sizeof title, "%s at %s", samples_source_name(spec->source),
                 samples_shown_name(stage, spec, spec->stage));
    }
    if (held && text_width(title) + step + 43 <= rect.width) {
        snprintf(right + step, sizeof right - (size_t)step,
                 ", newest checkpoint before the cursor");
    }
    text_title(canvas, &rect, title, right);
    if (canvas->look.graphics == GRAPHICS_OFF) {
        canvas_text(canvas, rect.x + 1, rect.y, rect.width - 1, theme_style(canvas, ROLE_FAINT),
                    "pictures are off: press I");
    } else if (samples_are_points(spec->samples)) {
        draw_clouds(canvas, rect, spec);
    } else {
        draw_classes(canvas, scene, rect, spec);
    }
}

/* ---- Facts ---- */

static void draw_facts(Canvas *canvas, Rect rect, const Scene *scene, const SamplesSpec *spec)
{
    char text[64], stage[FORMAT_SIZE];
    int row = 0;
    text_title(canvas, &rect, "shown", "");
    for (int source = 0; source < SOURCES && row < rect.height; source++) {
        bool chosen = source == (int)spec->source;
        if (spec->samples->levels == 0 && samples_are_judged((SamplesSource)source))
            continue;
        Style style = theme_style(canvas, chosen ? ROLE_CURSOR : ROLE_TEXT);
        int x = rect.x + 1 +
                canvas_text(canvas, rect.x + 1, rect.y + row, 2, style, chosen ? "▸ " : "  ");
        canvas_text(canvas, x, rect.y + row, 3, theme_style(canvas, ROLE_KEY), source_keys[source]);
        canvas_text(canvas, x + 3, rect.y + row, rect.width - 6, style,
                    samples_source_name(source));
        row++;
    }
    row++;
    row += text_fact(canvas, rect, row, "at", samples_shown_name(stage, spec, spec->stage));
    snprintf(text, sizeof text, "%d of %d", spec->seed, spec->samples->n);
    row += text_fact(canvas, rect, row, "seed", text);
    if (spec->samples->label) {
        snprintf(text, sizeof text, "%d", spec->samples->label[spec->seed]);
        const char *name =
            samples_class_name(spec->samples, scene->run->data, spec->samples->label[spec->seed]);
        row += text_fact(canvas, rect, row, "class", name ? name : text);
    }
    if (spec->samples->caption) {
        Rect below = {rect.x + 1, rect.y, rect.width - 1, rect.height};
        row += text_wrap(canvas, below, row, theme_style(canvas, ROLE_TEXT),
                         spec->samples->caption[spec->seed]);
    }
    snprintf(text, sizeof text, "%d", spec->samples->steps);
    row += text_fact(canvas, rect, row, "steps", text);
    for (int i = 0; i < scene->run->metrics; i++) {
        format_value(stage, scene->run->metric[i].value);
        row += text_fact(canvas, rect, row, scene->run->metric[i].name, stage);
    }
}

static void draw(const void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const SamplesState *own = state;
    if (!samples_any(scene)) {
        const char *text = !scene->run
                               ? "No run yet: press n to start one."
                               : "The first samples appear with the run's first evaluation.";
        Rect line = layout_centre(body, text_width(text), 1);
        canvas_text(canvas, line.x, line.y, line.width, theme_style(canvas, ROLE_FAINT), text);
        return;
    }
    SamplesLayout layout = layout_samples(body);
    SamplesSpec spec = samples_under_cursor(scene, own->source);
    draw_sheet(canvas, scene, layout.sheet, &spec);
    if (!rect_is_empty(layout.facts))
        draw_facts(canvas, layout.facts, scene, &spec);
    if (!rect_is_empty(layout.strip))
        samples_strip(canvas, layout.strip, &spec);
}

/* ---- Keys ---- */

static Reply act(void *state, const Scene *scene, Action action)
{
    SamplesState *own = state;
    if (!samples_any(scene))
        return (Reply){.kind = REPLY_UNKNOWN};
    if (session_scrub(scene, action))
        return (Reply){.kind = REPLY_NONE};
    SamplesSpec spec = samples_under_cursor(scene, own->source);
    Session *session = scene->session;
    int stages = samples_last_stage(spec.samples, spec.source) + 1;
    switch (action) {
    case ACTION_LEFT: session->stage = list_move(spec.stage, stages, ACTION_UP); break;
    case ACTION_RIGHT: session->stage = list_move(spec.stage, stages, ACTION_DOWN); break;
    case ACTION_FIRST: session->stage = 0; break;
    case ACTION_STUDENT: own->source = SOURCE_STUDENT; break;
    case ACTION_TEACHER: own->source = SOURCE_TEACHER; break;
    case ACTION_X0: own->source = SOURCE_X0; break;
    case ACTION_CRITIC: /* the two in turn, where the method has a critic */
        if (spec.samples->levels > 0)
            own->source = spec.source == SOURCE_CRITIC ? SOURCE_SCORE : SOURCE_CRITIC;
        break;
    case ACTION_DIFFERENCE: own->source = SOURCE_DIFFERENCE; break;
    default: session->seed = list_move(spec.seed, spec.samples->n, action); break;
    }
    return (Reply){.kind = REPLY_NONE};
}

static void describe(const Scene *scene, char *text, size_t size)
{
    const SamplesView *samples = samples_shown(scene->session, scene->run);
    if (samples->n < 1) {
        format_subject(text, size, scene->run->method, scene->run->data);
        return;
    }
    SamplesSpec spec = samples_under_cursor(scene, SOURCE_STUDENT);
    char stage[FORMAT_SIZE];
    snprintf(text, size, "seed %d  %s", spec.seed, samples_shown_name(stage, &spec, spec.stage));
}

const View view_samples = {
    .name = "Samples",
    .title = "what it makes, from the same seeds",
    .help = "The same noise every time. Below, one seed on its way from noise to sample; "
            "the chosen sampling step is\n"
            "the one shown above. Points lie over the density of the true law.",
    .looks = LOOK_PAST,
    .state_size = sizeof(SamplesState),
    .draw = draw,
    .act = act,
    .describe = describe,
    .rail = true,
};
