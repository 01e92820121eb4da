/* What does it make, from the same seeds, after each sampling step? A sheet above, one
 * sample on its way through the sampler below. */
#include "views/samples.h"

#include "views/draw/format.h"
#include "views/draw/layout.h"
#include "views/draw/picture.h"
#include "views/draw/theme.h"
#include <stdio.h>
#include <string.h>

typedef struct SamplesState {
    SamplesSource source;
} SamplesState;

static const char *const source_names[SOURCES] = {"student",    "teacher",      "x0 estimate",
                                                  "difference", "critic of it", "teacher of it"};
static const char *const source_keys[SOURCES] = {"t", "T", "x", "d", "c", "c"};

static int clamp(int value, int low, int high)
{
    return value > high ? high : value < low ? low : value;
}

static bool any(const Scene *scene)
{
    return scene->run && views_samples(scene->session, scene->run)->n > 0;
}

static SamplesSpec spec_of(const Scene *scene, SamplesSource source)
{
    const SamplesView *samples = views_samples(scene->session, scene->run);
    if (samples->levels == 0 && samples_are_judged(source))
        source = SOURCE_STUDENT; /* a run without a critic */
    int last = samples_last_stage(samples, source);
    return (SamplesSpec){samples, source, clamp(scene->session->stage, 0, last > 0 ? last : 0),
                         clamp(scene->session->seed, 0, samples->n - 1)};
}

const char *samples_stage_name(char text[FORMAT_SIZE], const SamplesView *samples, int stage)
{
    if (stage >= samples->steps)
        return strcpy(text, "sample");
    snprintf(text, FORMAT_SIZE, stage == 0 ? "noise i=%d" : "i=%d", samples->steps - stage);
    return text;
}

/* The same of whatever is shown: of estimates by teacher and critic the noise level. */
static const char *shown_stage_name(char text[FORMAT_SIZE], const SamplesSpec *spec, int stage)
{
    if (!samples_are_judged(spec->source))
        return samples_stage_name(text, spec->samples, stage);
    snprintf(text, FORMAT_SIZE, "u=%.2f", (double)spec->samples->level[stage]);
    return text;
}

static int square_cells(const Canvas *canvas, int height)
{
    int unit_x = canvas->look.graphics == GRAPHICS_SIXEL ? canvas->look.cell_width : 1;
    int unit_y = canvas->look.graphics == GRAPHICS_SIXEL ? canvas->look.cell_height : 2;
    return (height * unit_y + unit_x - 1) / unit_x;
}

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
    int side = square_cells(canvas, rect.height - 1);
    SamplesSpec other = *spec;
    other.source = spec->source == SOURCE_TEACHER  ? SOURCE_STUDENT
                   : spec->source == SOURCE_CRITIC ? SOURCE_SCORE
                   : spec->source == SOURCE_SCORE  ? SOURCE_CRITIC
                                                   : SOURCE_TEACHER;
    bool both = rect.width >= 44;
    Rect left = {rect.x, rect.y, both ? (rect.width - 2) / 2 : rect.width, rect.height};
    left.width = left.width > 2 * side ? 2 * side : left.width;
    draw_named(canvas, left, spec, source_names[spec->source]);
    if (both) {
        Rect right = {left.x + left.width + 2, rect.y, left.width, rect.height};
        draw_named(canvas, right, &other, source_names[other.source]);
    }
}

static void draw_classes(Canvas *canvas, Rect rect, const SamplesSpec *spec)
{
    Rect label = layout_take_top(&rect, 1);
    Raster raster; /* only to learn its size */
    samples_sheet(canvas, rect, spec);
    CanvasLook look = canvas->look;
    raster = (Raster){.unit_x = look.graphics == GRAPHICS_SIXEL ? look.cell_width : 1,
                      .unit_y = look.graphics == GRAPHICS_SIXEL ? look.cell_height : 2};
    int width = rect.width * raster.unit_x, height = rect.height * raster.unit_y;
    width = width > PICTURE_SIDE_MAX ? PICTURE_SIDE_MAX / raster.unit_x * raster.unit_x : width;
    SheetPlan plan = sheet_plan(spec->samples, width, height - height % 6 * (raster.unit_x > 1));
    Style faint = theme_style(canvas, ROLE_FAINT);
    if (!spec->samples->label || plan.each == 0 || plan.classes == spec->samples->n) {
        canvas_text(canvas, label.x, label.y, label.width, faint, source_names[spec->source]);
        return;
    }
    for (int column = 0; column < plan.columns; column++) {
        char classes[64] = "";
        for (int place = column; place < plan.classes; place += plan.columns) {
            size_t used = strlen(classes);
            snprintf(classes + used, sizeof classes - used, used > 0 ? "·%d" : "%d",
                     samples_class(spec->samples, place));
        }
        int middle = rect.x + (column * plan.pitch_x + plan.pitch_x / 2) / raster.unit_x;
        canvas_text(canvas, middle - text_width(classes) / 2, label.y, 16, faint, classes);
    }
}

static void draw_sheet(Canvas *canvas, const Scene *scene, Rect rect, const SamplesSpec *spec)
{
    char title[96], stage[FORMAT_SIZE];
    snprintf(title, sizeof title, "%s at %s · %d samples, fixed seeds", source_names[spec->source],
             shown_stage_name(stage, spec, spec->stage), spec->samples->n);
    char made[FORMAT_SIZE], right[80];
    bool held = !scene->session->live;
    int step = snprintf(right, sizeof right, "made at step %s",
                        format_count(made, (double)spec->samples->step));
    if (held &&
        text_width(title) + step + 8 > rect.width) { /* rather this than the number of samples */
        snprintf(title, sizeof title, "%s at %s", source_names[spec->source],
                 shown_stage_name(stage, spec, spec->stage));
    }
    if (held && text_width(title) + step + 43 <= rect.width) {
        snprintf(right + step, sizeof right - (size_t)step,
                 ", newest checkpoint before the cursor");
    }
    views_title(canvas, &rect, title, right);
    if (canvas->look.graphics == GRAPHICS_OFF) {
        canvas_text(canvas, rect.x + 1, rect.y, rect.width - 1, theme_style(canvas, ROLE_FAINT),
                    "pictures are off: press I");
    } else if (samples_are_points(spec->samples)) {
        draw_clouds(canvas, rect, spec);
    } else {
        draw_classes(canvas, rect, spec);
    }
}

/* ---- Strip ---- */

/* Which stages fit when not all do: evenly, first and last always. */
static int strip_stage(int panel, int panels, int stages)
{
    return panels < 2 ? stages - 1 : panel * (stages - 1) / (panels - 1);
}

static void draw_panel(Raster *raster, Rect cells, const SamplesSpec *at)
{
    const SamplesView *samples = at->samples;
    Box box = raster_box(raster, cells);
    if (samples_are_points(samples)) {
        World world =
            cloud_world(samples->reference, samples->n_reference, samples->low, samples->high);
        const float *points = samples_at(samples, at->source, at->stage, 0);
        uint8_t ink = CLOUD_INK_FIRST + (at->source == SOURCE_TEACHER ? INK_TEACHER : INK_STUDENT);
        bool fine = raster->unit_x > 1;
        cloud_density(raster, box, world, samples->reference, samples->n_reference);
        if (points) {
            cloud_points(raster, box, world, points, samples->n, fine ? 2 : 1, ink);
            cloud_points(raster, box, world, points + 2 * at->seed, 1, fine ? 7 : 1,
                         CLOUD_INK_FIRST + INK_CHOSEN);
        }
        return;
    }
    Tile tile = {samples_at(samples, at->source, at->stage, at->seed),
                 NULL,
                 samples->height,
                 samples->width,
                 samples->channels,
                 samples->low,
                 samples->high};
    if (at->source == SOURCE_DIFFERENCE)
        tile.minus = samples_at(samples, SOURCE_TEACHER, at->stage, at->seed);
    if (tile.value)
        sheet_tile(raster, box, &tile);
}

/* Cells a panel takes: square if all stages fit so, and spread out when there is room to
 * spare. */
static int panel_width(const Canvas *canvas, Rect rect, int stages)
{
    int square = square_cells(canvas, rect.height), fair = rect.width / stages - 1;
    int width = square < fair ? square : fair; /* rather all stages than large ones */
    width = width < 8 ? 8 : width;
    if (stages * (width + 1) < rect.width * 3 / 4)
        width = fair < width * 5 / 4 ? fair : width * 5 / 4;
    return width;
}

/* Panels first .. first + n - 1 as one picture. */
static void draw_panels(Canvas *canvas, Rect rect, const SamplesSpec *spec, int first, int n,
                        const int *stage)
{
    Raster raster;
    int width = rect.width;
    if (!raster_begin(&raster, canvas,
                      (Rect){rect.x + first * (width + 1), rect.y, n * (width + 1), rect.height}))
        return;
    (samples_are_points(spec->samples) ? cloud_palette : sheet_palette)(&raster);
    for (int panel = first; panel < first + n; panel++) {
        SamplesSpec at = *spec;
        at.stage = stage[panel];
        draw_panel(&raster, (Rect){rect.x + panel * (width + 1), rect.y, width, rect.height}, &at);
    }
    raster_end(&raster, canvas);
}

enum { PANELS_MAX = 64 };

static void draw_strip(Canvas *canvas, Rect rect, const SamplesSpec *spec)
{
    const SamplesView *samples = spec->samples;
    int stages = samples_last_stage(samples, spec->source) + 1, stage[PANELS_MAX];
    char title[96], name[FORMAT_SIZE];
    snprintf(title, sizeof title, "%s through its sampling steps · seed %d",
             source_names[spec->source], spec->seed);
    views_title(canvas, &rect, title, "");
    Rect labels = layout_take_top(&rect, 1);
    if (stages < 1 || rect.height < 1 || rect.width < 9)
        return;
    int width = panel_width(canvas, rect, stages), panels = rect.width / (width + 1);
    panels = panels > stages ? stages : panels > PANELS_MAX ? PANELS_MAX : panels;
    for (int panel = 0; panel < panels; panel++) {
        stage[panel] = strip_stage(panel, panels, stages);
        bool chosen = stage[panel] == spec->stage;
        canvas_print(canvas, rect.x + panel * (width + 1), labels.y, width,
                     theme_style(canvas, chosen ? ROLE_CURSOR : ROLE_FAINT), "%s%s",
                     chosen ? "▸" : " ", shown_stage_name(name, spec, stage[panel]));
    }
    int unit = canvas->look.graphics == GRAPHICS_SIXEL ? canvas->look.cell_width : 1;
    int most = PICTURE_SIDE_MAX / unit / (width + 1); /* panels that one picture can hold */
    most = most < 1 ? 1 : most;
    for (int first = 0; first < panels; first += most) {
        int n = panels - first < most ? panels - first : most;
        draw_panels(canvas, (Rect){rect.x, rect.y, width, rect.height}, spec, first, n, stage);
    }
}

void samples_seed(Canvas *canvas, Rect rect, const SamplesView *samples, int stage, int seed)
{
    SamplesSpec spec = {samples, SOURCE_STUDENT, stage, seed};
    int upper = samples->teacher ? rect.height / 2 : rect.height;
    draw_strip(canvas, layout_take_top(&rect, upper), &spec);
    spec.source = SOURCE_TEACHER;
    if (!rect_is_empty(rect))
        draw_strip(canvas, rect, &spec);
}

/* ---- Facts ---- */

static void draw_facts(Canvas *canvas, Rect rect, const Scene *scene, const SamplesSpec *spec)
{
    char text[64], stage[FORMAT_SIZE];
    int row = 0;
    views_title(canvas, &rect, "shown", "");
    for (int source = 0; source < SOURCES && row < rect.height; source++) {
        bool chosen = source == (int)spec->source;
        if (spec->samples->levels == 0 && samples_are_judged((SamplesSource)source))
            continue;
        Style style = theme_style(canvas, chosen ? ROLE_CURSOR : ROLE_TEXT);
        int x = rect.x + 1 +
                canvas_text(canvas, rect.x + 1, rect.y + row, 2, style, chosen ? "▸ " : "  ");
        canvas_text(canvas, x, rect.y + row, 3, theme_style(canvas, ROLE_KEY), source_keys[source]);
        canvas_text(canvas, x + 3, rect.y + row, rect.width - 6, style, source_names[source]);
        row++;
    }
    row++;
    row += views_fact(canvas, rect, row, "at", shown_stage_name(stage, spec, spec->stage));
    snprintf(text, sizeof text, "%d of %d", spec->seed, spec->samples->n);
    row += views_fact(canvas, rect, row, "seed", text);
    if (spec->samples->label) {
        snprintf(text, sizeof text, "%d", spec->samples->label[spec->seed]);
        row += views_fact(canvas, rect, row, "class", text);
    }
    snprintf(text, sizeof text, "%d", spec->samples->steps);
    row += views_fact(canvas, rect, row, "steps", text);
    for (int i = 0; i < scene->run->metrics; i++) {
        format_value(stage, scene->run->metric[i].value);
        row += views_fact(canvas, rect, row, scene->run->metric[i].name, stage);
    }
}

static void draw(void *state, const Scene *scene, Canvas *canvas, Rect body)
{
    const SamplesState *own = state;
    if (!any(scene)) {
        const char *text = !scene->run
                               ? "No run yet: press n to start one."
                               : "The first samples appear with the run's first evaluation.";
        Rect line = layout_centre(body, text_width(text), 1);
        canvas_text(canvas, line.x, line.y, line.width, theme_style(canvas, ROLE_FAINT), text);
        return;
    }
    SamplesLayout layout = layout_samples(body);
    SamplesSpec spec = spec_of(scene, own->source);
    draw_sheet(canvas, scene, layout.sheet, &spec);
    if (!rect_is_empty(layout.facts))
        draw_facts(canvas, layout.facts, scene, &spec);
    if (!rect_is_empty(layout.strip))
        draw_strip(canvas, layout.strip, &spec);
}

void views_samples_rail(Canvas *canvas, const Scene *scene, Rect rect)
{
    if (!any(scene)) {
        views_title(canvas, &rect, "samples", "");
        return;
    }
    SamplesSpec student = spec_of(scene, SOURCE_STUDENT), teacher = spec_of(scene, SOURCE_TEACHER);
    student.stage = teacher.stage = student.samples->steps;
    student.seed = teacher.seed = -1;
    Rect upper = layout_take_top(&rect, rect.height / 2);
    views_title(canvas, &upper, "student's samples", "");
    samples_sheet(canvas, upper, &student);
    views_title(canvas, &rect, "teacher's, same noise", "");
    samples_sheet(canvas, rect, &teacher);
}

/* ---- Keys ---- */

static Reply act(void *state, const Scene *scene, Action action)
{
    SamplesState *own = state;
    if (!any(scene))
        return (Reply){.kind = REPLY_UNKNOWN};
    if (views_scrub(scene, action))
        return (Reply){.kind = REPLY_NONE};
    SamplesSpec spec = spec_of(scene, own->source);
    Session *session = scene->session;
    int stages = samples_last_stage(spec.samples, spec.source) + 1;
    switch (action) {
    case ACTION_LEFT: session->stage = views_move(spec.stage, stages, ACTION_UP); break;
    case ACTION_RIGHT: session->stage = views_move(spec.stage, stages, ACTION_DOWN); break;
    case ACTION_FIRST: session->stage = 0; break;
    case ACTION_STUDENT: own->source = SOURCE_STUDENT; break;
    case ACTION_TEACHER: own->source = SOURCE_TEACHER; break;
    case ACTION_X0: own->source = SOURCE_X0; break;
    case ACTION_CRITIC: /* the two in turn, where the method has a critic */
        if (spec.samples->levels > 0)
            own->source = spec.source == SOURCE_CRITIC ? SOURCE_SCORE : SOURCE_CRITIC;
        break;
    case ACTION_DIFFERENCE: own->source = SOURCE_DIFFERENCE; break;
    default: session->seed = views_move(spec.seed, spec.samples->n, action); break;
    }
    return (Reply){.kind = REPLY_NONE};
}

static void describe(const Scene *scene, char *text, size_t size)
{
    const SamplesView *samples = views_samples(scene->session, scene->run);
    if (samples->n < 1) {
        snprintf(text, size, "%s on %s", scene->run->method, scene->run->data);
        return;
    }
    SamplesSpec spec = spec_of(scene, SOURCE_STUDENT);
    char stage[FORMAT_SIZE];
    snprintf(text, size, "seed %d  %s", spec.seed, shown_stage_name(stage, &spec, spec.stage));
}

const View view_samples = {
    .name = "Samples",
    .title = "what it makes, from the same seeds",
    .help = "The same noise every time. Below, one seed on its way from noise to sample; "
            "the chosen sampling step is\n"
            "the one shown above. Points lie over the density of the true law.",
    .place = PLACE_SAMPLES,
    .looks = LOOK_PAST,
    .state_size = sizeof(SamplesState),
    .draw = draw,
    .act = act,
    .describe = describe,
    .rail = true,
};
