/* Owns the arrangement and drawing of sample sheets: image tiles grouped by class, point
 * clouds over their law. */
#include "views/draw/sample_sheet.h"

#include "views/draw/picture.h"
#include "views/draw/theme.h"
#include "views/model/samples.h"
#include <stddef.h>

/* ---- Image sheets ---- */

static Tile tile_of(const SamplesSpec *spec, int index)
{
    const SamplesView *samples = spec->samples;
    const float *minus = spec->source == SOURCE_DIFFERENCE
                             ? samples_at(samples, SOURCE_TEACHER, spec->stage, index)
                             : NULL;
    return (Tile){samples_at(samples, spec->source, spec->stage, index),
                  minus,
                  samples->height,
                  samples->width,
                  samples->channels,
                  samples->low,
                  samples->high};
}

static void draw_tiles(Raster *raster, const SamplesSpec *spec)
{
    SheetPlan plan = sheet_plan(spec->samples, raster->width, raster->height);
    sheet_palette(raster);
    for (int row = 0; row < plan.rows; row++) {
        for (int column = 0; column < plan.columns; column++) {
            int index = sheet_sample(spec->samples, &plan, column, row);
            Box box = {column * plan.pitch_x, row * plan.pitch_y, plan.pitch_x, plan.pitch_y};
            if (index < 0)
                continue;
            Tile tile = tile_of(spec, index);
            if (!tile.value)
                continue; /* this run has none of those */
            Box inner = {box.x, box.y, box.width - 1, box.height - 1};
            sheet_tile(raster, inner, &tile);
            if (index == spec->seed && raster->unit_x > 1)
                raster_frame(raster, inner, SHEET_FRAME);
        }
    }
}

/* ---- Clouds ---- */

static int dot_size(const Raster *raster, Box box)
{
    int side = box.width < box.height ? box.width : box.height;
    if (raster->unit_x == 1)
        return 1;
    return 2 + (side > 180) + (side > 400);
}

static void draw_path(Raster *raster, Box box, World world, const SamplesSpec *spec,
                      SamplesSource source, uint8_t colour)
{
    int x0 = 0, y0 = 0;
    for (int stage = 0; stage <= spec->samples->steps; stage++) {
        const float *point = samples_at(spec->samples, source, stage, spec->seed);
        int x, y;
        if (!point)
            return;
        cloud_pixel(box, world, point, &x, &y);
        if (stage > 0)
            raster_line(raster, box, x0, y0, x, y, colour);
        raster_dot(raster, box, x, y, dot_size(raster, box) + 2 * (raster->unit_x > 1), colour);
        x0 = x;
        y0 = y;
    }
}

static void draw_gaps(Raster *raster, Box box, World world, const SamplesSpec *spec)
{
    for (int i = 0; i < spec->samples->n; i++) {
        const float *a = samples_at(spec->samples, SOURCE_STUDENT, spec->stage, i);
        const float *b = samples_at(spec->samples, SOURCE_TEACHER, spec->stage, i);
        int x0, y0, x1, y1;
        if (!a || !b)
            return;
        cloud_pixel(box, world, a, &x0, &y0);
        cloud_pixel(box, world, b, &x1, &y1);
        raster_line(raster, box, x0, y0, x1, y1, CLOUD_INK_FIRST + INK_PALE);
        raster_dot(raster, box, x1, y1, dot_size(raster, box), CLOUD_INK_FIRST + INK_TEACHER);
    }
}

static void draw_cloud(Raster *raster, const SamplesSpec *spec)
{
    const SamplesView *samples = spec->samples;
    Box box = {0, 0, raster->width, raster->height};
    World world =
        cloud_world(samples->reference, samples->n_reference, samples->low, samples->high);
    Ink ink = spec->source == SOURCE_TEACHER ? INK_TEACHER : INK_STUDENT;
    const float *points = samples_at(samples, spec->source, spec->stage, 0);
    cloud_palette(raster);
    cloud_density(raster, box, world, samples->reference, samples->n_reference);
    if (spec->source == SOURCE_DIFFERENCE)
        draw_gaps(raster, box, world, spec);
    if (points) {
        cloud_points(raster, box, world, points, samples->n, dot_size(raster, box),
                     (uint8_t)(CLOUD_INK_FIRST + ink));
    }
    if (spec->seed >= 0 && spec->seed < samples->n && raster->unit_x > 1) {
        draw_path(raster, box, world, spec, SOURCE_TEACHER, CLOUD_INK_FIRST + INK_TEACHER);
        draw_path(raster, box, world, spec, SOURCE_STUDENT, CLOUD_INK_FIRST + INK_CHOSEN);
    }
}

void samples_sheet(Canvas *canvas, Rect rect, const SamplesSpec *spec)
{
    Raster raster;
    if (spec->samples->n < 1 || !raster_begin(&raster, canvas, rect))
        return;
    if (samples_are_points(spec->samples))
        draw_cloud(&raster, spec);
    else
        draw_tiles(&raster, spec);
    raster_end(&raster, canvas);
}
