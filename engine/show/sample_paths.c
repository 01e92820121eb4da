/* Owns Paths. The teacher's part (Course) is made once and shared, the student's each time. May
 * call measure's sampling and principal components, the lab's policies. */
#include "engine/show/sample_paths.h"
#include "engine/measure/eval.h"
#include "engine/measure/pca.h"
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum {
    POINTS = 128,
    PICTURES = 10,   /* one of each class */
    MANY_STEPS = 16, /* sampling steps from which on fewer seeds are followed */
    POINT_FINE = 64, /* teacher's steps from noise to sample */
    PICTURE_FINE = 32,
    FIELD = 11,
    FIELD_CLASSES_MAX = 8,
    CLOUD = 1000
};

/* What is the teacher's. */
typedef struct Course {
    atomic_int references;
    Arena arena;
    int n, steps, dims;
    int substeps;  /* of the teacher in a sampling step */
    int fine;      /* parts of `line` in a sampling step */
    float *states; /* (N+1) x n x dims, NULL: no teacher */
    float *line;   /* (N fine + 1) x n x 2 */
    Pca pca;       /* pictures */
    int n_cloud;
    float *cloud;
    int field, classes;
    float half;
    int *label;      /* of the field's rows */
    float *grid;     /* classes x field^2 x 2 */
    float *field_x0; /* N x classes x field^2 x 2 */
} Course;

struct Paths {
    atomic_int references;
    PathsView view;
    Course *course;
    Arena arena;
};

/* ---- Tools ---- */

static int seeds_of(const Lab *lab)
{
    int n = dataset_is_points(&lab->data) ? POINTS : PICTURES;
    return lab->grid.steps > MANY_STEPS && n > PICTURES ? n / 4 : n;
}

static bool renoises(const Lab *lab) { return lab_student(lab, false, 0).rule == RULE_RENOISE; }

/* A roll-out between two stages on the samples' own noise. */
static void follow(const Lab *lab, const Policy *policy, int n, const float *z, const int *label,
                   int from, int to, float *states, float *x0s)
{
    rollout(lab->crew, &(Rollout){.policy = policy,
                                  .seed = lab->seed,
                                  .stream = STREAM_SAMPLE,
                                  .first = EVAL_FRESH,
                                  .n = n,
                                  .noise = z,
                                  .label = label,
                                  .states = states,
                                  .x0s = x0s,
                                  .from = from,
                                  .to = to});
}

/* Two coordinates of a row. */
static void project(const Course *course, const float *row, float out[2])
{
    if (course->dims == 2) {
        memcpy(out, row, 2 * sizeof *out);
        return;
    }
    for (int c = 0; c < 2; c++) {
        const double *axis = course->pca.axis + (size_t)c * (size_t)course->dims;
        double along = 0;
        for (int k = 0; k < course->dims; k++)
            along += axis[k] * (row[k] - course->pca.mean[k]);
        out[c] = (float)along;
    }
}

static void project_rows(const Course *course, size_t n, const float *rows, float *out)
{
    for (size_t r = 0; r < n; r++)
        project(course, rows + r * (size_t)course->dims, out + 2 * r);
}

/* ---- The teacher's part ---- */

static void open_cloud(Course *course, const Lab *lab, Arena *scratch)
{
    const Dataset *data = &lab->data;
    int n = data->n_test && data->n_test < CLOUD ? data->n_test : CLOUD, label;
    float *rows = arena_floats(scratch, n * data->dims);
    for (int r = 0; r < n; r++)
        dataset_held_out(data, r, rows + (size_t)r * (size_t)data->dims, &label);
    if (!dataset_is_points(data))
        course->pca = pca_fit(n, rows, data->dims, 2, &course->arena, scratch);
    course->n_cloud = n;
    course->cloud = arena_floats(&course->arena, 2 * n);
    project_rows(course, (size_t)n, rows, course->cloud);
}

/* The teacher's own path, seen at each of its steps. */
static void go_straight(Course *course, const Lab *lab, const float *noise, const int *label,
                        Arena *scratch)
{
    size_t row = (size_t)course->n * (size_t)course->dims,
           planes = (size_t)(course->steps * course->substeps) + 1;
    float *states = arena_floats(scratch, planes * row);
    Policy teacher = lab_teacher(lab, course->steps * course->substeps, 1);
    follow(lab, &teacher, course->n, noise, label, 0, 0, states, NULL);
    course->line = arena_floats(&course->arena, planes * (size_t)course->n * 2);
    project_rows(course, planes * (size_t)course->n, states, course->line);
    for (int k = 0; k <= course->steps; k++)
        memcpy(course->states + (size_t)k * row, states + (size_t)(k * course->substeps) * row,
               row * sizeof(float));
}

/* As the student's sampler would with the teacher's long paths for estimates, on the same fresh
 * noise. */
static void go_renoising(Course *course, const Lab *lab, const float *noise, const int *label,
                         Arena *scratch)
{
    size_t d = (size_t)course->dims, row = (size_t)course->n * d;
    int steps = course->steps;
    float *states = arena_floats(scratch, (size_t)(steps + 1) * row);
    Rng *rng = arena_new(scratch, Rng, course->n);
    Policy teacher = lab_teacher(lab, steps, course->substeps);
    for (int r = 0; r < course->n; r++)
        rng[r] = rng_at(lab->seed, STREAM_SAMPLE, EVAL_FRESH + (uint64_t)r);
    memcpy(course->states, noise, row * sizeof(float));
    for (int k = 0; k < steps; k++) {
        Noise to = noise_at(lab->schedule, (double)(steps - k - 1) / steps);
        follow(lab, &teacher, course->n, course->states + (size_t)k * row, label, k, 0, states,
               NULL);
        for (size_t r = 0; r < (size_t)course->n; r++)
            step_renoise(course->dims, to, states + (size_t)steps * row + r * d, &rng[r],
                         course->states + (size_t)(k + 1) * row + r * d);
    }
    course->line = arena_floats(&course->arena, (size_t)(steps + 1) * (size_t)course->n * 2);
    project_rows(course, (size_t)(steps + 1) * (size_t)course->n, course->states, course->line);
}

static void lay_grid(Course *course, const Lab *lab)
{
    const Dataset *data = &lab->data;
    int each = FIELD * FIELD;
    course->classes = data->conditional ? data->classes : 1;
    course->field = dataset_is_points(data) && course->classes <= FIELD_CLASSES_MAX ? FIELD : 0;
    course->half = (float)(1.25 * fmax(fabs(data->low), fabs(data->high)));
    if (!course->field)
        return;
    course->grid = arena_floats(&course->arena, 2 * course->classes * each);
    course->label = arena_new(&course->arena, int, course->classes *each);
    for (int r = 0; r < course->classes * each; r++) {
        course->label[r] = r / each;
        course->grid[2 * r] = course->half * (2 * (float)(r % FIELD) / (FIELD - 1) - 1);
        course->grid[2 * r + 1] = course->half * (2 * (float)(r % each / FIELD) / (FIELD - 1) - 1);
    }
}

/* The teacher's x0 from every point of the grid at every stage. */
static void ask_field(Course *course, const Lab *lab, Arena *scratch)
{
    int rows = course->classes * course->field * course->field, steps = course->steps;
    size_t plane = 2 * (size_t)rows;
    bool fresh = renoises(lab);
    Policy teacher = lab_teacher(lab, steps, course->substeps);
    float *states = arena_floats(scratch, (size_t)(steps + 1) * plane);
    course->field_x0 = arena_floats(&course->arena, (size_t)steps * plane);
    for (int k = 0; k < steps && rows; k++) {
        Noise t = noise_at(lab->schedule, (double)(steps - k) / steps);
        Noise s = noise_at(lab->schedule, (double)(steps - k - 1) / steps);
        int to = fresh ? steps : k + 1;
        follow(lab, &teacher, rows, course->grid, course->label, k, to, states, NULL);
        for (int r = 0; r < rows; r++) {
            const float *end = states + (size_t)to * plane + 2 * r;
            float *x0 = course->field_x0 + (size_t)k * plane + 2 * r;
            if (fresh)
                memcpy(x0, end, 2 * sizeof *x0);
            else
                step_implied_x0(2, t, s, course->grid + 2 * r, end, end, x0);
        }
    }
}

static Course *course_make(const Lab *lab, const float *noise, const int *label)
{
    Course *course = calloc(1, sizeof *course);
    need(course);
    Arena scratch;
    arena_init(&scratch, (size_t)1 << 30);
    arena_init(&course->arena, (size_t)1 << 28);
    int whole = dataset_is_points(&lab->data) ? POINT_FINE : PICTURE_FINE;
    course->references = 1;
    course->n = seeds_of(lab);
    course->steps = lab->grid.steps;
    course->dims = lab->data.dims;
    course->substeps = (whole + course->steps - 1) / course->steps;
    course->fine = renoises(lab) ? 1 : course->substeps;
    open_cloud(course, lab, &scratch);
    lay_grid(course, lab);
    if (lab->has_teacher) {
        course->states = arena_floats(&course->arena, (size_t)(course->steps + 1) *
                                                          (size_t)(course->n * course->dims));
        (renoises(lab) ? go_renoising : go_straight)(course, lab, noise, label, &scratch);
        ask_field(course, lab, &scratch);
    }
    arena_done(&scratch);
    return course;
}

static void course_drop(Course *course)
{
    if (atomic_fetch_sub(&course->references, 1) != 1)
        return;
    arena_done(&course->arena);
    free(course);
}

/* ---- The student's part ---- */

static double dot(int d, const float *a, const float *from_a, const float *b, const float *from_b)
{
    double sum = 0;
    for (int k = 0; k < d; k++)
        sum += ((double)a[k] - (double)from_a[k]) * ((double)b[k] - (double)from_b[k]);
    return sum;
}

/* Where the parts of a PathsView are written. */
typedef struct Writing {
    const Course *course;
    float *path, *gap, *fresh; /* as in PathsView */
    const float *own;          /* (N+1) x n x dims: path 0 */
} Writing;

/* Path r from its states, planes r .. N of which are the student's. */
static void write_path(const Writing *writing, int r, const float *states)
{
    const Course *course = writing->course;
    size_t n = (size_t)course->n, d = (size_t)course->dims, row = n * d;
    for (int k = 0; k <= course->steps; k++) {
        const float *from = k > r || !course->states ? states : course->states;
        size_t at = (size_t)r * (size_t)(course->steps + 1) + (size_t)k;
        project_rows(course, n, from + (size_t)k * row, writing->path + 2 * at * n);
        for (size_t p = 0; p < n && course->states; p++) {
            const float *z = from + (size_t)k * row + p * d,
                        *teacher = course->states + (size_t)k * row + p * d;
            writing->gap[at * n + p] =
                (float)sqrt(dot(course->dims, z, teacher, z, teacher) / (double)d);
        }
    }
}

/* Of the gap after step r + 1 (stage r + 1), what a student's step from the teacher's state makes,
 * along the gap. */
static void write_fresh(const Writing *writing, int r, const float *states)
{
    const Course *course = writing->course;
    size_t n = (size_t)course->n, d = (size_t)course->dims, plane = (size_t)(r + 1) * n * d;
    for (size_t p = 0; p < n; p++) {
        const float *own = writing->own + plane + p * d, *once = states + plane + p * d;
        const float *teacher = course->states + plane + p * d;
        double length = sqrt(dot(course->dims, own, teacher, own, teacher));
        double along = length > 0 ? dot(course->dims, once, teacher, own, teacher) / length : 0;
        writing->fresh[(size_t)(r + 1) * n + p] = (float)(along / sqrt((double)d));
    }
}

/* Starts the student once in each of the teacher's states. */
static void restart(const Lab *lab, const int *label, const Writing *writing, Arena *scratch)
{
    const Course *course = writing->course;
    size_t row = (size_t)course->n * (size_t)course->dims;
    Policy student = lab_student(lab, false, 0);
    float *states = arena_floats(scratch, (size_t)(course->steps + 1) * row);
    for (int r = 1; r <= course->steps; r++) {
        follow(lab, &student, course->n, course->states + (size_t)r * row, label, r, 0, states,
               NULL);
        write_path(writing, r, states);
        if (r < course->steps)
            write_fresh(writing, r, states);
    }
}

/* From N x classes to classes x N: what a view shows of one class lies together. */
static const float *by_class(const Course *course, const float *field, Arena *arena)
{
    size_t each = 2 * (size_t)(course->field * course->field), classes = (size_t)course->classes;
    float *out = arena_floats(arena, (size_t)course->steps * classes * each);
    for (size_t k = 0; k < (size_t)course->steps; k++)
        for (size_t c = 0; c < classes; c++)
            memcpy(out + (c * (size_t)course->steps + k) * each, field + (k * classes + c) * each,
                   each * sizeof *out);
    return out;
}

static void fill_field(Paths *paths, const Lab *lab, Arena *scratch)
{
    const Course *course = paths->course;
    PathsView *view = &paths->view;
    int rows = course->classes * course->field * course->field, steps = course->steps;
    if (!rows)
        return;
    Policy student = lab_student(lab, false, 0);
    float *states = arena_floats(scratch, 2 * rows * (steps + 1)),
          *x0s = arena_floats(scratch, 2 * rows * steps);
    for (int k = 0; k < steps; k++)
        follow(lab, &student, rows, course->grid, course->label, k, k + 1, states, x0s);
    view->field = course->field;
    view->field_classes = course->classes;
    view->field_half = course->half;
    view->student_field = by_class(course, x0s, &paths->arena);
    if (course->field_x0)
        view->teacher_field = by_class(course, course->field_x0, &paths->arena);
}

/* The first rows of every plane of the samples. */
static const float *first_rows(const SamplesView *samples, int n, size_t d, Arena *arena)
{
    float *own = arena_floats(arena, (size_t)(samples->steps + 1) * (size_t)n * d);
    for (size_t k = 0; k <= (size_t)samples->steps; k++)
        memcpy(own + k * (size_t)n * d, samples->student + k * (size_t)samples->n * d,
               (size_t)n * d * sizeof *own);
    return own;
}

static void fill_paths(Paths *paths, const Lab *lab, const float *own, const int *label,
                       Arena *scratch)
{
    const Course *course = paths->course;
    size_t starts = course->states ? (size_t)course->steps + 1 : 1,
           planes = (size_t)course->steps + 1, n = (size_t)course->n;
    Writing writing = {course, arena_zero(&paths->arena, starts * planes * n * 2 * sizeof(float)),
                       arena_zero(&paths->arena, starts * planes * n * sizeof(float)),
                       arena_zero(&paths->arena, planes * n * sizeof(float)), own};
    write_path(&writing, 0, own);
    if (course->states) {
        write_fresh(&writing, 0, own);
        restart(lab, label, &writing, scratch);
    }
    paths->view = (PathsView){.n = course->n,
                              .steps = course->steps,
                              .starts = (int)starts,
                              .fine = course->fine,
                              .teacher_steps = course->steps * course->substeps,
                              .projected = course->dims != 2,
                              .path = writing.path,
                              .gap = writing.gap,
                              .fresh = writing.fresh,
                              .teacher = course->line,
                              .n_cloud = course->n_cloud,
                              .cloud = course->cloud};
}

Paths *paths_make(const Lab *lab, const SamplesView *samples, const Paths *before)
{
    Paths *paths = calloc(1, sizeof *paths);
    need(paths);
    must(seeds_of(lab) <= samples->n && samples->steps == lab->grid.steps);
    Arena scratch;
    arena_init(&scratch, (size_t)1 << 30);
    arena_init(&paths->arena, (size_t)1 << 28);
    paths->references = 1;
    int n = seeds_of(lab), *label = arena_new(&scratch, int, n);
    if (samples->label)
        memcpy(label, samples->label, (size_t)n * sizeof *label);
    const float *own = first_rows(samples, n, (size_t)lab->data.dims, &scratch);
    paths->course = before ? before->course : course_make(lab, own, label);
    if (before)
        atomic_fetch_add(&before->course->references, 1);
    fill_paths(paths, lab, own, label, &scratch);
    fill_field(paths, lab, &scratch);
    arena_done(&scratch);
    return paths;
}

void paths_drop(Paths *paths)
{
    if (!paths || atomic_fetch_sub(&paths->references, 1) != 1)
        return;
    course_drop(paths->course);
    arena_done(&paths->arena);
    free(paths);
}

const PathsView *paths_view(const Paths *paths) { return &paths->view; }

double paths_cost(const Lab *lab)
{
    double steps = lab->grid.steps, classes = lab->data.conditional ? lab->data.classes : 1;
    double field =
        dataset_is_points(&lab->data) && classes <= FIELD_CLASSES_MAX ? classes * FIELD * FIELD : 0;
    Policy student = lab_student(lab, false, 0);
    return (seeds_of(lab) * (steps - 1) / 2 + field) * steps * denoiser_cost(&student.denoiser);
}
