/* Owns the picture of paths: teacher and student from the same noise over the data's density, the
 * field of their aims. */
#include "views/draw/path_picture.h"

#include "views/draw/theme.h"
#include "views/model/path_gaps.h"
#include <math.h>

enum {
    OTHERS = 6,
    INK_OWN = CLOUD_INK_FIRST + INK_STUDENT,
    INK_LINE = CLOUD_INK_FIRST + INK_TEACHER
};

/* ---- Where ---- */

/* Around the data; wider when the chosen seed goes farther. */
static World world_of(const PathsSpec *spec)
{
    const PathsView *paths = spec->paths;
    World world =
        cloud_world(paths->cloud, paths->n_cloud, spec->samples->low, spec->samples->high);
    double reach = world.half;
    for (int stage = 0; stage <= paths->steps; stage++) {
        const float *point = paths_point(paths, 0, stage, spec->seed);
        reach = fmax(
            reach, 1.06 * fmax(fabs((double)point[0] - world.x), fabs((double)point[1] - world.y)));
    }
    world.half = isfinite(reach) && reach < 4 * world.half ? reach : world.half;
    return world;
}

/* ---- Lines ---- */

typedef struct Drawing {
    Raster *raster;
    PathsPlace at;
    const PathsSpec *spec;
    bool fine; /* pixels, not cells */
} Drawing;

static void line(const Drawing *drawing, const float a[2], const float b[2], uint8_t colour,
                 bool bold)
{
    int x0, y0, x1, y1;
    cloud_pixel(drawing->at.box, drawing->at.world, a, &x0, &y0);
    cloud_pixel(drawing->at.box, drawing->at.world, b, &x1, &y1);
    for (int dx = 0; dx <= (bold && drawing->fine); dx++) {
        for (int dy = 0; dy <= (bold && drawing->fine); dy++) {
            raster_line(drawing->raster, drawing->at.box, x0 + dx, y0 + dy, x1 + dx, y1 + dy,
                        colour);
        }
    }
}

static void dot(const Drawing *drawing, const float point[2], int size, uint8_t colour)
{
    int x, y;
    cloud_pixel(drawing->at.box, drawing->at.world, point, &x, &y);
    raster_dot(drawing->raster, drawing->at.box, x, y, drawing->fine ? size : 1, colour);
}

/* The teacher's line from part `from` to part `to`. */
static void draw_teacher(const Drawing *drawing, int seed, int from, int to, uint8_t colour,
                         bool bold)
{
    const PathsView *paths = drawing->spec->paths;
    for (int part = from; part < to; part++) {
        const float *a = paths->teacher + 2 * ((size_t)part * (size_t)paths->n + (size_t)seed);
        line(drawing, a, a + 2 * (size_t)paths->n, colour, bold);
    }
}

static void draw_student(const Drawing *drawing, int seed, int from, int to, uint8_t colour,
                         bool bold)
{
    const PathsSpec *spec = drawing->spec;
    for (int stage = from; stage < to; stage++) {
        line(drawing, paths_point(spec->paths, spec->start, stage, seed),
             paths_point(spec->paths, spec->start, stage + 1, seed), colour, bold);
    }
}

static void draw_others(const Drawing *drawing)
{
    const PathsView *paths = drawing->spec->paths;
    int others = paths->n - 1 < OTHERS ? paths->n - 1 : OTHERS;
    for (int i = 1; i <= others; i++) {
        int seed = (drawing->spec->seed + i * paths->n / (others + 1)) % paths->n;
        if (paths->teacher)
            draw_teacher(drawing, seed, 0, paths->steps * paths->fine, CLOUD_FAINT_TEACHER, false);
        draw_student(drawing, seed, drawing->spec->start, paths->steps, CLOUD_FAINT_STUDENT, false);
        dot(drawing, paths_point(paths, drawing->spec->start, drawing->spec->stage, seed), 4,
            CLOUD_FAINT_STUDENT);
    }
}

/* Bold up to the cursor's stage, faint beyond it. */
static void draw_chosen(const Drawing *drawing)
{
    const PathsSpec *spec = drawing->spec;
    const PathsView *paths = spec->paths;
    int stage = spec->stage, seed = spec->seed, start = spec->start;
    const float *here = paths_point(paths, start, stage, seed);
    if (paths->teacher) {
        draw_teacher(drawing, seed, stage * paths->fine, paths->steps * paths->fine,
                     CLOUD_FAINT_TEACHER, false);
    }
    draw_student(drawing, seed, stage > start ? stage : start, paths->steps, CLOUD_FAINT_STUDENT,
                 false);
    if (paths->teacher) {
        const float *there = paths_point(paths, paths->steps, stage, seed);
        draw_teacher(drawing, seed, 0, stage * paths->fine, INK_LINE, true);
        line(drawing, here, there, CLOUD_INK_FIRST + INK_PALE, false);
        for (int k = 0; k <= stage; k++)
            dot(drawing, paths_point(paths, paths->steps, k, seed), 5, INK_LINE);
        dot(drawing, there, 8, INK_LINE);
    }
    draw_student(drawing, seed, start, stage, INK_OWN, true);
    for (int k = start; k <= stage; k++)
        dot(drawing, paths_point(paths, start, k, seed), 7, INK_OWN);
    dot(drawing, here, 11, CLOUD_INK_FIRST + INK_CHOSEN);
    dot(drawing, here, 7, INK_OWN);
}

/* ---- The field ---- */

/* From p towards its x0, at most one `most` long; the head is the thick end. */
static void arrow(const Drawing *drawing, const float p[2], const float x0[2], double most,
                  uint8_t colour)
{
    double x = (double)x0[0] - (double)p[0], y = (double)x0[1] - (double)p[1], length = hypot(x, y);
    double part = length > most ? most / length : 1;
    const float tip[2] = {(float)((double)p[0] + part * x), (float)((double)p[1] + part * y)};
    line(drawing, p, tip, colour, false);
    dot(drawing, tip, 3, colour);
}

static void draw_field(const Drawing *drawing)
{
    const PathsSpec *spec = drawing->spec;
    const PathsView *paths = spec->paths;
    int each = paths->field * paths->field,
        stage = spec->stage < paths->steps ? spec->stage : paths->steps - 1;
    int class = spec->samples->label ? spec->samples->label[spec->seed] : 0;
    class = class < paths->field_classes ? class : 0;
    size_t at = 2 * (size_t)(class * paths->steps + stage) * (size_t)each;
    double half = (double)paths->field_half, pitch = 2 * half / (paths->field - 1);
    for (int i = 0; i < each; i++) {
        const float p[2] = {(float)(pitch * (i % paths->field) - half),
                            (float)(pitch * (i / paths->field) - half)};
        if (paths->teacher_field)
            arrow(drawing, p, paths->teacher_field + at + 2 * i, 0.85 * pitch, INK_LINE);
        arrow(drawing, p, paths->student_field + at + 2 * i, 0.85 * pitch,
              CLOUD_INK_FIRST + INK_STUDENT);
    }
}

/* ---- The picture ---- */

PathsPlace paths_place(const CanvasLook *look, Rect rect, const PathsSpec *spec)
{
    Raster raster = raster_for(look, rect);
    if (look->graphics == GRAPHICS_OFF || raster.width < 1 || raster.height < 1)
        return (PathsPlace){0};
    return (PathsPlace){{0, 0, raster.width, raster.height}, world_of(spec)};
}

void paths_picture(Canvas *canvas, Rect rect, const PathsSpec *spec)
{
    Raster raster;
    if (!raster_begin(&raster, canvas, rect))
        return;
    PathsPlace place = {{0, 0, raster.width, raster.height}, world_of(spec)};
    Drawing drawing = {&raster, place, spec, raster.unit_x > 1};
    cloud_palette(&raster);
    if (spec->density)
        cloud_density(&raster, place.box, place.world, spec->paths->cloud, spec->paths->n_cloud);
    if (spec->field && spec->paths->field > 0)
        draw_field(&drawing);
    else
        draw_others(&drawing);
    draw_chosen(&drawing);
    raster_end(&raster, canvas);
}

int paths_nearest(const PathsSpec *spec, const PathsPlace *place, int x, int y)
{
    int nearest = spec->seed;
    double least = HUGE_VAL;
    for (int seed = 0; seed < spec->paths->n; seed++) {
        int px, py;
        cloud_pixel(place->box, place->world,
                    paths_point(spec->paths, spec->start, spec->stage, seed), &px, &py);
        double far = hypot(px - x, py - y);
        if (far < least) {
            least = far;
            nearest = seed;
        }
    }
    return nearest;
}
