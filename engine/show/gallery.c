/* Owns Gallery. May call measure's sampling, the lab's policies, safetensors. */
#include "engine/show/gallery.h"
#include "engine/base/number.h"
#include "engine/base/safetensors.h"
#include "engine/distill/critic.h"
#include "engine/measure/eval.h"
#include "engine/show/captions.h"
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char FORMAT[] = "ddil samples 1";

enum {
    POINTS = 512,
    PICTURES = 40,
    REFERENCE = 2048,
    STEPS_MAX = 64,
    SAMPLES_MAX = 4096,
    LEVELS = 4,
    PICTURE_BYTES = 1 << 24 /* of another program's samples */
};

static const float level_times[LEVELS] = {0.8f, 0.6f, 0.4f, 0.2f};

struct Gallery {
    atomic_int references;
    SamplesView view;
    /* what view points to, in one allocation */
    float *student, *student_x0, *teacher, *reference, *score, *critic;
    int *label;
    char (*class_name)[CLASS_NAME_SIZE];
    Paths *paths;                  /* NULL: not asked for */
    char (*caption)[CAPTION_SIZE]; /* or NULL */
    float memory[];
};

/* What decides the sizes of a gallery. */
typedef struct Shape {
    int n, steps, height, width, channels, reference;
    bool teacher, labels;
    int levels, classes;
} Shape;

static size_t dims_of(const Shape *shape)
{
    return (size_t)shape->height * (size_t)shape->width * (size_t)shape->channels;
}

static size_t states_of(const Shape *shape)
{
    return (size_t)(shape->steps + 1) * (size_t)shape->n * dims_of(shape);
}

static Gallery *gallery_new(const Shape *shape)
{
    size_t dims = dims_of(shape), states = states_of(shape), row = (size_t)shape->n * dims;
    size_t reference = (size_t)shape->reference * dims;
    size_t scores = (size_t)shape->levels * row, floats = 3 * states - row + reference + 2 * scores;
    size_t bytes = floats * sizeof(float) + (size_t)shape->n * sizeof(int) +
                   (size_t)shape->classes * CLASS_NAME_SIZE;
    Gallery *gallery = need(malloc(sizeof *gallery + bytes));
    *gallery = (Gallery){.references = 1};
    gallery->student = gallery->memory;
    gallery->teacher = gallery->student + states;
    gallery->student_x0 = gallery->teacher + states;
    gallery->reference = gallery->student_x0 + states - row;
    gallery->score = gallery->reference + reference;
    gallery->critic = gallery->score + scores;
    gallery->label = (int *)(gallery->critic + scores);
    gallery->class_name = (char(*)[CLASS_NAME_SIZE])(gallery->label + shape->n);
    memset(gallery->memory, 0, bytes);
    gallery->view = (SamplesView){.n = shape->n,
                                  .steps = shape->steps,
                                  .height = shape->height,
                                  .width = shape->width,
                                  .channels = shape->channels,
                                  .label = shape->labels ? gallery->label : NULL,
                                  .classes = shape->classes,
                                  .class_name = (const char(*)[CLASS_NAME_SIZE])gallery->class_name,
                                  .student = gallery->student,
                                  .student_x0 = gallery->student_x0,
                                  .teacher = shape->teacher ? gallery->teacher : NULL,
                                  .n_reference = shape->reference,
                                  .reference = shape->reference ? gallery->reference : NULL,
                                  .levels = shape->levels,
                                  .level = shape->levels ? level_times : NULL,
                                  .score = shape->levels ? gallery->score : NULL,
                                  .critic = shape->levels ? gallery->critic : NULL};
    return gallery;
}

static Shape shape_of(const Lab *lab)
{
    const Dataset *data = &lab->data;
    bool points = dataset_is_points(data);
    return (Shape){.n = points ? POINTS : PICTURES,
                   .steps = lab->grid.steps,
                   .height = data->height,
                   .width = data->width,
                   .channels = data->channels,
                   .reference = points ? REFERENCE : 0,
                   .teacher = lab->has_teacher,
                   .labels = data->conditional != 0,
                   .levels = lab->method->critic ? LEVELS : 0,
                   .classes = data->class_name ? data->classes : 0};
}

static void sample(const Lab *lab, const Policy *policy, int n, float *states, float *x0s,
                   int *label)
{
    eval_sample(&lab->data, lab->crew, policy, n, lab->seed, STREAM_SAMPLE, -1, states, x0s, label);
}

/* What stays the same for the whole run. */
static void fill_fixed(Gallery *gallery, const Lab *lab, const Shape *shape)
{
    if (shape->teacher) {
        Policy teacher = lab_teacher(lab, shape->steps, lab->source.set.teacher_substeps);
        sample(lab, &teacher, shape->n, gallery->teacher, NULL, gallery->label);
    }
    for (int r = 0; r < shape->reference; r++) {
        int label;
        dataset_held_out(&lab->data, r, gallery->reference + (size_t)r * dims_of(shape), &label);
    }
}

static void name_classes(Gallery *gallery, const Dataset *data)
{
    for (int k = 0; k < gallery->view.classes; k++)
        snprintf(gallery->class_name[k], CLASS_NAME_SIZE, "%s", data->class_name[k]);
}

static void copy_fixed(Gallery *gallery, const Gallery *before, const Shape *shape)
{
    memcpy(gallery->teacher, before->teacher, states_of(shape) * sizeof(float));
    memcpy(gallery->reference, before->reference,
           (size_t)shape->reference * dims_of(shape) * sizeof(float));
}

/* ---- Teacher and critic at the diffused samples ---- */

typedef struct Judging {
    const Lab *lab;
    Gallery *gallery;
    int level;
} Judging;

/* Fixed noise: sample r's at a level is the same all along the run. */
static void judge_chunk(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)chunk;
    const Judging *judging = context;
    const Lab *lab = judging->lab;
    const SamplesView *view = &judging->gallery->view;
    int n = end - begin, d = lab->data.dims;
    float *noise = arena_floats(arena, n * d);
    double *t = arena_new(arena, double, n);
    for (int r = 0; r < n; r++) {
        uint64_t index = (uint64_t)1 << 61 | (uint64_t)judging->level << 20 | (uint64_t)(begin + r);
        Rng rng = rng_at(lab->seed, STREAM_SAMPLE, index);
        rng_normals(&rng, d, noise + r * d);
        t[r] = (double)level_times[judging->level];
    }
    size_t row = (size_t)begin * d, at = (size_t)judging->level * view->n * d + row;
    critic_scores(lab, arena,
                  &(Scores){n, view->student + (size_t)view->steps * view->n * d + row, noise, t,
                            judging->gallery->label + begin, judging->gallery->score + at,
                            judging->gallery->critic + at},
                  NULL);
}

static void judge(Gallery *gallery, const Lab *lab)
{
    for (int level = 0; level < gallery->view.levels; level++)
        crew_map(lab->crew, gallery->view.n, lab->method->critic(lab)->spec.chunk, judge_chunk,
                 &(Judging){lab, gallery, level});
}

/* What the student is at a step. */
static void fill(Gallery *gallery, const Lab *lab, long step)
{
    Policy student = lab_student(lab, false, 0);
    sample(lab, &student, gallery->view.n, gallery->student, gallery->student_x0, gallery->label);
    judge(gallery, lab);
    gallery->view.step = step;
}

Gallery *gallery_make(const Lab *lab, long step, const Gallery *before, bool paths)
{
    Shape shape = shape_of(lab);
    Gallery *gallery = gallery_new(&shape);
    fill(gallery, lab, step);
    if (before)
        copy_fixed(gallery, before, &shape);
    else
        fill_fixed(gallery, lab, &shape);
    name_classes(gallery, &lab->data);
    gallery->view.low = (float)lab->data.low;
    gallery->view.high = (float)lab->data.high;
    if (paths) {
        gallery->paths = paths_make(lab, &gallery->view, before ? before->paths : NULL);
        gallery->view.paths = paths_view(gallery->paths);
    }
    return gallery;
}

Gallery *gallery_renew(const Lab *lab, long step, Gallery *before, bool paths)
{
    if (atomic_load(&before->references) > 1 || before->paths || paths) {
        Gallery *gallery = gallery_make(lab, step, before, paths);
        gallery_drop(before);
        return gallery;
    }
    fill(before, lab, step);
    return before;
}

Gallery *gallery_keep(Gallery *gallery)
{
    if (gallery)
        atomic_fetch_add(&gallery->references, 1);
    return gallery;
}

void gallery_drop(Gallery *gallery)
{
    if (!gallery || atomic_fetch_sub(&gallery->references, 1) != 1)
        return;
    paths_drop(gallery->paths);
    free(gallery->caption);
    free(gallery);
}

const SamplesView *gallery_view(const Gallery *gallery) { return &gallery->view; }

double gallery_cost(const Lab *lab, bool paths)
{
    Shape shape = shape_of(lab);
    Policy student = lab_student(lab, false, 0);
    double sheet = (double)shape.n * shape.steps * denoiser_cost(&student.denoiser);
    double scores = (double)shape.n * shape.levels * (denoiser_cost(&lab->teacher) + 1);
    return sheet + scores + (paths ? paths_cost(lab) : 0);
}

size_t gallery_bytes(const Gallery *gallery)
{
    const SamplesView *view = &gallery->view;
    size_t dims = (size_t)view->height * (size_t)view->width * (size_t)view->channels;
    size_t rows = (size_t)(3 * view->steps + 2 + 2 * view->levels) * (size_t)view->n +
                  (size_t)view->n_reference;
    return sizeof *gallery + rows * dims * sizeof(float);
}

/* ---- In a file ---- */

/* The numbers that are not arrays. */
enum { HEAD = 8 };

typedef void ArrayVisit(void *context, const char *name, WalkType type, int rank, const long *shape,
                        void *data);

/* Names every array: the same order for declaring, giving and taking. */
static void visit_arrays(Gallery *gallery, int64_t head[HEAD], float box[2], ArrayVisit *visit,
                         void *context)
{
    const SamplesView *view = &gallery->view;
    long dims = (long)view->height * view->width * view->channels, one = HEAD, two = 2, n = view->n;
    long states[3] = {view->steps + 1, view->n, dims}, x0s[3] = {view->steps, view->n, dims};
    long reference[2] = {view->n_reference, dims};
    visit(context, "head", WALK_I64, 1, &one, head);
    visit(context, "box", WALK_F32, 1, &two, box);
    visit(context, "label", WALK_I32, 1, &n, gallery->label);
    visit(context, "student", WALK_F32, 3, states, gallery->student);
    visit(context, "student_x0", WALK_F32, 3, x0s, gallery->student_x0);
    visit(context, "teacher", WALK_F32, 3, states, gallery->teacher);
    visit(context, "reference", WALK_F32, 2, reference, gallery->reference);
    long scores[3] = {view->levels, view->n, dims};
    long names[2] = {view->classes, CLASS_NAME_SIZE};
    if (view->classes)
        visit(context, "class_name", WALK_U8, 2, names, gallery->class_name);
    if (view->levels) {
        visit(context, "score", WALK_F32, 3, scores, gallery->score);
        visit(context, "critic", WALK_F32, 3, scores, gallery->critic);
    }
}

static void declare(void *context, const char *name, WalkType type, int rank, const long *shape,
                    void *data)
{
    tensorwriter_declare(context, name, type, rank, shape, data);
}

static void give(void *context, const char *name, WalkType type, int rank, const long *shape,
                 void *data)
{
    (void)type;
    (void)rank;
    (void)shape;
    tensorwriter_give(context, name, data);
}

Status gallery_save(const Gallery *gallery, const char *path, Error *error)
{
    const SamplesView *view = &gallery->view;
    int64_t head[HEAD] = {view->step,     view->steps,       view->height,    view->width,
                          view->channels, view->n_reference, !!view->teacher, !!view->label};
    float box[2] = {view->low, view->high};
    TensorWriter *writer = tensorwriter_new();
    tensorwriter_meta(writer, "format", FORMAT);
    visit_arrays((Gallery *)gallery, head, box, declare, writer);
    Status status = tensorwriter_begin(writer, path, error);
    if (status) {
        tensorwriter_abandon(writer);
        return status;
    }
    visit_arrays((Gallery *)gallery, head, box, give, writer);
    return tensorwriter_commit(writer, error);
}

typedef struct Taking {
    const TensorFile *file;
    Status status;
} Taking;

static void take(void *context, const char *name, WalkType type, int rank, const long *shape,
                 void *data)
{
    Taking *taking = context;
    if (!taking->status)
        taking->status = tensorfile_take(taking->file, name, type, rank, shape, data, NULL);
}

/* Sizes from the file, believed only as far as they are small; the arrays must then fit
 * them. */
static Status read_shape(const TensorFile *file, Shape *shape, int64_t head[HEAD])
{
    long n = HEAD;
    const TensorInfo *label = tensorfile_find(file, "label");
    if (tensorfile_take(file, "head", WALK_I64, 1, &n, head, NULL) || !label || label->rank != 1)
        return STATUS_BAD_INPUT;
    for (int k = 1; k < HEAD; k++)
        if (head[k] < 0 || head[k] > SAMPLES_MAX)
            return STATUS_BAD_INPUT;
    *shape = (Shape){(int)label->shape[0],
                     (int)head[1],
                     (int)head[2],
                     (int)head[3],
                     (int)head[4],
                     (int)head[5],
                     head[6] != 0,
                     head[7] != 0,
                     0,
                     0};
    if (label->shape[0] > SAMPLES_MAX || shape->steps > STEPS_MAX || dims_of(shape) > NET_DIMS_MAX)
        return STATUS_BAD_INPUT;
    shape->levels = tensorfile_find(file, "critic") ? LEVELS : 0;
    const TensorInfo *names = tensorfile_find(file, "class_name");
    bool named = names && names->rank == 2 && names->shape[0] <= DATASET_CLASSES_MAX;
    shape->classes = named ? (int)names->shape[0] : 0;
    const TensorInfo *student = tensorfile_find(file, "student");
    const TensorInfo *reference = tensorfile_find(file, "reference");
    bool held = student && student->size == states_of(shape) * sizeof(float) && reference &&
                reference->size == (size_t)shape->reference * dims_of(shape) * sizeof(float);
    return held ? STATUS_OK : STATUS_BAD_INPUT;
}

/* "ddil samples 2", of other programs: finished samples, or the states at each sampling step before
 * them, as bytes (pictures) or floats (points): stages x n x height x width x channels. */
static bool read_pictures_shape(const TensorFile *file, const TensorInfo *pictures, Shape *shape)
{
    const TensorInfo *label = tensorfile_find(file, "label");
    bool good = pictures && pictures->rank == 5 &&
                (pictures->type == WALK_U8 || pictures->type == WALK_F32);
    for (int k = 0; good && k < 5; k++)
        good = pictures->shape[k] >= 1 && pictures->shape[k] <= SAMPLES_MAX;
    if (!good || pictures->shape[0] > STEPS_MAX || pictures->size > PICTURE_BYTES)
        return false;
    *shape = (Shape){.n = (int)pictures->shape[1],
                     .steps = pictures->shape[0] > 1 ? (int)pictures->shape[0] - 1 : 1,
                     .height = (int)pictures->shape[2],
                     .width = (int)pictures->shape[3],
                     .channels = (int)pictures->shape[4]};
    shape->labels = label && label->rank == 1 && label->type == WALK_I32 &&
                    label->shape[0] == pictures->shape[1];
    return shape->channels == 1 || shape->channels == 3 ||
           (shape->channels == 2 && shape->height == 1 && shape->width == 1);
}

static void take_pictures(Gallery *gallery, const TensorInfo *pictures, const void *data)
{
    SamplesView *view = &gallery->view;
    size_t row = (size_t)view->n * (size_t)view->height * (size_t)view->width *
                 (size_t)view->channels,
           stages = (size_t)pictures->shape[0], first = stages > 1 ? 0 : row;
    view->low = -1;
    view->high = 1;
    for (size_t k = 0; k < stages * row; k++) {
        float value;
        memcpy(&value, (const char *)data + 4 * (pictures->type == WALK_F32 ? k : 0), sizeof value);
        if (pictures->type == WALK_U8)
            value = (float)((const unsigned char *)data)[k] / 127.5f - 1;
        gallery->student[first + k] = isfinite(value) ? value : 0;
    }
    memcpy(gallery->student_x0, gallery->student + row, (size_t)view->steps * row * sizeof(float));
    for (size_t k = 0; view->channels == 2 && k < row; k++) {
        float end = gallery->student[(size_t)view->steps * row + k];
        view->low = end < view->low ? end : view->low;
        view->high = end > view->high ? end : view->high;
    }
}

static Gallery *load_pictures(const TensorFile *file)
{
    Shape shape;
    const TensorInfo *pictures = tensorfile_find(file, "pictures"),
                     *label = tensorfile_find(file, "label");
    const char *step = tensorfile_meta(file, "step");
    long at = 0;
    if (!read_pictures_shape(file, pictures, &shape))
        return NULL;
    if (step)
        number_whole(step, 0, STEP_MOST, &at);
    Gallery *gallery = gallery_new(&shape);
    gallery->view.step = at;
    take_pictures(gallery, pictures, tensorfile_data(file, pictures));
    if (shape.labels)
        memcpy(gallery->label, tensorfile_data(file, label), label->size);
    gallery->caption = captions_read(tensorfile_meta(file, "captions"), shape.n);
    gallery->view.caption = (const char(*)[CAPTION_SIZE])gallery->caption;
    return gallery;
}

enum { FILE_MOST = 1 << 30 }; /* bytes of arrays: far more than was ever written */

Gallery *gallery_load(const char *path)
{
    TensorFile *file;
    Shape shape;
    int64_t head[HEAD];
    float box[2];
    Gallery *gallery = NULL;
    if (tensorfile_open(&file, path, NULL))
        return NULL;
    const char *format = tensorfile_meta(file, "format");
    bool whole = tensorfile_size(file) <= FILE_MOST && !tensorfile_load(file, NULL);
    if (whole && format && strcmp(format, "ddil samples 2") == 0) {
        gallery = load_pictures(file);
    } else if (whole && format && strcmp(format, FORMAT) == 0 && !read_shape(file, &shape, head)) {
        Taking taking = {.file = file};
        gallery = gallery_new(&shape);
        visit_arrays(gallery, head, box, take, &taking);
        gallery->view.step = (long)head[0];
        gallery->view.low = box[0];
        gallery->view.high = box[1];
        for (int k = 0; k < shape.classes; k++)
            gallery->class_name[k][CLASS_NAME_SIZE - 1] = '\0';
        if (taking.status) {
            gallery_drop(gallery);
            gallery = NULL;
        }
    }
    tensorfile_close(file);
    return gallery;
}
