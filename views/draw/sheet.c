/* Owns the arrangement and drawing of sample sheets: image tiles grouped by class, point
 * clouds over their law. */
#include "views/draw/picture.h"
#include "views/draw/theme.h"
#include "views/samples.h"
#include <math.h>
#include <stddef.h>

bool samples_are_points(const SamplesView *samples)
{
    return samples->height == 1 && samples->width == 1 && samples->channels == 2;
}

bool samples_are_judged(SamplesSource source)
{
    return source == SOURCE_CRITIC || source == SOURCE_SCORE;
}

int samples_last_stage(const SamplesView *samples, SamplesSource source)
{
    return source == SOURCE_X0          ? samples->steps - 1
           : samples_are_judged(source) ? samples->levels - 1
                                        : samples->steps;
}

const float *samples_at(const SamplesView *samples, SamplesSource source, int stage, int index)
{
    const float *from = source == SOURCE_TEACHER  ? samples->teacher
                        : source == SOURCE_CRITIC ? samples->critic
                        : source == SOURCE_SCORE  ? samples->score
                        : source == SOURCE_X0     ? samples->student_x0
                                                  : samples->student;
    int last = samples_last_stage(samples, source);
    stage = stage > last ? last : stage < 0 ? 0 : stage;
    size_t dims = (size_t)(samples->height * samples->width * samples->channels);
    return !from || last < 0 ? NULL
                             : from + ((size_t)stage * (size_t)samples->n + (size_t)index) * dims;
}

/* ---- Image sheets ---- */

static bool first_of_class(const SamplesView *samples, int index)
{
    for (int i = 0; i < index; i++)
        if (samples->label[i] == samples->label[index])
            return false;
    return true;
}

int samples_class(const SamplesView *samples, int place)
{
    int smallest = -1; /* classes in ascending order: place-th smallest label */
    for (int found = -1; found < place; found++) {
        int next = -1;
        for (int i = 0; i < samples->n; i++) {
            bool later = samples->label[i] > smallest || found < 0;
            next = later && (next < 0 || samples->label[i] < next) ? samples->label[i] : next;
        }
        smallest = next;
    }
    return smallest;
}

static int count_classes(const SamplesView *samples)
{
    int classes = 0;
    for (int i = 0; i < samples->n && samples->label; i++)
        classes += first_of_class(samples, i);
    return classes;
}

enum { TILE_MIN = 12 }; /* pixels: smaller ones say nothing */

static double plan_scale(const SamplesView *samples, const SheetPlan *plan, int width, int height)
{
    double scale = fmin((double)width / plan->columns / (samples->width + 1),
                        (double)height / plan->rows / (samples->height + 1));
    return scale >= 1 ? floor(scale) : scale;
}

/* The largest tiles for `each` samples of every class: a column a class, in one or more
 * bands. */
static SheetPlan best_plan(const SamplesView *samples, int classes, int each, int width, int height)
{
    SheetPlan best = {0};
    double best_scale = 0;
    for (int bands = 1; bands <= classes; bands++) {
        int columns = (classes + bands - 1) / bands;
        SheetPlan plan = {columns, bands * each, 0, 0, classes, each};
        double scale = plan_scale(samples, &plan, width, height);
        if (scale > best_scale * 1.001) {
            best = plan;
            best_scale = scale;
        }
    }
    return best;
}

/* A small screen: as many tiles as can be recognised, spread over the samples. */
static SheetPlan spread_plan(int width, int height)
{
    int columns = width / (TILE_MIN + 1), rows = height / (TILE_MIN + 1);
    return (SheetPlan){columns > 0 ? columns : 1, rows > 0 ? rows : 1, 0, 0, 0, 0};
}

/* Rather half of the samples at twice the size than all of them at their own; rather all
 * than larger still. */
static SheetPlan choose_plan(const SamplesView *samples, int width, int height)
{
    int classes = count_classes(samples);
    classes = classes > 1 ? classes : samples->n;
    int full = samples->n / classes > 0 ? samples->n / classes : 1;
    for (int each = full; each >= (full + 1) / 2; each--) {
        SheetPlan plan = best_plan(samples, classes, each, width, height);
        if (plan.columns > 0 && plan_scale(samples, &plan, width, height) >= 2)
            return plan;
    }
    for (int each = full; each >= 1; each--) {
        SheetPlan plan = best_plan(samples, classes, each, width, height);
        double scale = plan.columns > 0 ? plan_scale(samples, &plan, width, height) : 0;
        if (scale * samples->width >= TILE_MIN)
            return plan;
    }
    return spread_plan(width, height);
}

SheetPlan sheet_plan(const SamplesView *samples, int width, int height)
{
    SheetPlan plan = choose_plan(samples, width, height);
    double scale = plan_scale(samples, &plan, width, height);
    plan.pitch_x = scale >= 1 ? (int)scale * (samples->width + 1) : width / plan.columns;
    plan.pitch_y = scale >= 1 ? (int)scale * (samples->height + 1) : height / plan.rows;
    return plan;
}

int sheet_sample(const SamplesView *samples, const SheetPlan *plan, int column, int row)
{
    int index = row * plan->columns + column, shown = plan->columns * plan->rows;
    if (plan->each == 0) {
        index = shown < samples->n ? index * samples->n / shown : index;
        return index < samples->n ? index : -1;
    }
    if (plan->classes == samples->n)
        return index < samples->n ? index : -1;
    int place = row / plan->each * plan->columns + column, rank = row % plan->each;
    int wanted = place < plan->classes ? samples_class(samples, place) : -1;
    for (int i = 0; i < samples->n && place < plan->classes; i++)
        if (samples->label[i] == wanted && rank-- == 0)
            return i;
    return -1;
}

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
    return raster->unit_x == 1 ? 1 : side > 400 ? 4 : side > 180 ? 3 : 2;
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
