/* Owns the strip: one sample through its sampling steps. See sample_strip.h. */
#include "views/draw/sample_strip.h"

#include "views/draw/layout.h"
#include "views/draw/panels.h"
#include "views/draw/picture.h"
#include "views/draw/text.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/samples.h"
#include <stdio.h>

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
    int square = picture_square_cells(canvas, rect.height), fair = rect.width / stages - 1;
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

void samples_strip(Canvas *canvas, Rect rect, const SamplesSpec *spec)
{
    const SamplesView *samples = spec->samples;
    int stages = samples_last_stage(samples, spec->source) + 1, stage[PANELS_MAX];
    char title[96], name[FORMAT_SIZE];
    snprintf(title, sizeof title, "%s through its sampling steps · seed %d",
             samples_source_name(spec->source), spec->seed);
    text_title(canvas, &rect, title, samples->caption ? samples->caption[spec->seed] : "");
    Rect labels = layout_take_top(&rect, 1);
    if (stages < 1 || rect.height < 1 || rect.width < 9)
        return;
    int width = panel_width(canvas, rect, stages), panels = rect.width / (width + 1);
    panels = smaller(smaller(panels, stages), PANELS_MAX);
    for (int panel = 0; panel < panels; panel++) {
        stage[panel] = strip_stage(panel, panels, stages);
        bool chosen = stage[panel] == spec->stage;
        text_choice(canvas, rect.x + panel * (width + 1), labels.y, width, chosen,
                    samples_shown_name(name, spec, stage[panel]));
    }
    double unit = canvas->look.graphics == GRAPHICS_SIXEL ? canvas->look.cell_width : 1;
    int most = (int)(PICTURE_SIDE_MAX / unit) / (width + 1); /* panels that one picture can hold */
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
    samples_strip(canvas, layout_take_top(&rect, upper), &spec);
    spec.source = SOURCE_TEACHER;
    if (!rect_is_empty(rect))
        samples_strip(canvas, rect, &spec);
}
