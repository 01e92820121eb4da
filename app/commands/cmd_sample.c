/* Owns sample and rollout: states of the student, the teacher or the forward law, drawn
 * and written. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "engine/base/file.h"
#include "engine/base/npy.h"
#include "engine/distill/method.h"
#include "engine/show/sheet_png.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* n roll-outs of one policy. */
typedef struct Drawn {
    int n, steps, dims;
    bool points;
    float *states; /* (steps+1) x n x dims */
    int *label;    /* n */
} Drawn;

static size_t draw_count(const Drawn *draw)
{
    return (size_t)(draw->steps + 1) * (size_t)draw->n * (size_t)draw->dims;
}

static Status draw_new(Drawn *draw, Error *error)
{
    size_t bytes = draw_count(draw) * sizeof *draw->states;
    Status status = check_memory((double)bytes, error);
    if (status)
        return status;
    draw->states = malloc(bytes);
    draw->label = malloc((size_t)draw->n * sizeof *draw->label);
    need(draw->states);
    need(draw->label);
    return STATUS_OK;
}

static void draw_free(Drawn *draw)
{
    free(draw->states);
    free(draw->label);
}

static const float *draw_samples(const Drawn *draw)
{
    return draw->states + (size_t)draw->steps * (size_t)draw->n * (size_t)draw->dims;
}

/* ---- Which policy ---- */

static Status check_teacher(const Look *look, const Options *options, Error *error)
{
    if (options->teacher && !look->lab->has_teacher)
        return fail(error, STATUS_BAD_INPUT,
                    "--teacher: %s has none: its method (%s) trains a teacher", run_label(look),
                    look->lab->method->name);
    return STATUS_OK;
}

static Status set_guidance(const Look *look, const Options *options, Policy *policy, Error *error)
{
    if (isnan(options->guidance))
        return STATUS_OK;
    if (policy->denoiser.spec.classes == 0 && !look->lab->data.conditional)
        return fail(error, STATUS_BAD_INPUT,
                    "--guidance: the networks of %s are not told the class", run_label(look));
    const Lab *lab = look->lab;
    bool conditioned =
        !options->teacher && lab->student.spec.conditioning && lab->method->conditions_on_guidance;
    if (conditioned) {
        policy->denoiser.condition = lab->method->condition(lab, options->guidance, policy->steps);
        return STATUS_OK;
    }
    if (!options->teacher && lab->has_teacher)
        return fail(error, STATUS_BAD_INPUT,
                    "--guidance: a distilled student has its teacher's baked in "
                    "(teacher.guidance = %g); add --teacher, or distil with another, or with "
                    "lcm.guidance_max above lcm.guidance_min",
                    lab->teacher.guidance);
    policy->denoiser.guidance = options->guidance;
    return STATUS_OK;
}

static Status check_class(const Look *look, const Options *options, Error *error)
{
    if (options->class < 0)
        return STATUS_OK;
    if (!look->lab->data.conditional)
        return fail(error, STATUS_BAD_INPUT, "--class: the networks of %s are not told the class",
                    run_label(look));
    if (options->class >= look->lab->data.classes)
        return fail(error, STATUS_BAD_INPUT, "--class: %ld is outside 0 .. %d", options->class,
                    look->lab->data.classes - 1);
    return STATUS_OK;
}

enum { SHEET_MAX = 10000 };

static Status check_sheet(const Drawn *draw, const char *path, Error *error)
{
    if (draw->points || draw->n <= SHEET_MAX || strcmp(strrchr(path, '.'), ".png") != 0)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s: a sheet holds at most %d pictures; ask for fewer, or for .npy", path,
                SHEET_MAX);
}

/* --steps K of the teacher are K plain ones; without it, those of its roll-outs. */
static Policy policy_for(const Look *look, const Options *options)
{
    const Lab *lab = look->lab;
    int steps = options->steps > 0 ? (int)options->steps : lab->grid.steps;
    if (!options->teacher)
        return lab_student(lab, false, steps);
    return lab_teacher(lab, steps, options->steps > 0 ? 1 : lab->source.set.teacher_substeps);
}

/* ---- Files ---- */

static Status write_npy(const Drawn *draw, const char *path, Error *error)
{
    long shape[2] = {draw->n, draw->dims};
    return npy_write(path, 2, shape, draw_samples(draw), error);
}

/* Nine digits give the same float back. */
static void write_csv_row(FILE *out, const float *x, int dims, int label)
{
    for (int d = 0; d < dims; d++)
        fprintf(out, "%.9g,", (double)x[d]);
    fprintf(out, "%d\n", label);
}

static Status write_csv(const Drawn *draw, const char *path, Error *error)
{
    NewFile file;
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    for (int d = 0; d < draw->dims; d++)
        if (draw->points)
            fprintf(file.stream, "%c,", "xy"[d]);
        else
            fprintf(file.stream, "p%d,", d);
    fputs("label\n", file.stream);
    for (int i = 0; i < draw->n; i++)
        write_csv_row(file.stream, draw_samples(draw) + (size_t)i * (size_t)draw->dims, draw->dims,
                      draw->label[i]);
    return newfile_commit(&file, error);
}

enum { REFERENCE = 2000 };

/* Pictures as a sheet of ten columns, points over held-out ones. */
static Status write_png(const Look *look, const Drawn *draw, const char *path, Error *error)
{
    static float reference[REFERENCE * 2];
    const Dataset *data = &look->lab->data;
    SamplesView view = {.n = draw->n,
                        .steps = draw->steps,
                        .height = data->height,
                        .width = data->width,
                        .channels = data->channels,
                        .label = draw->label,
                        .student = draw->states,
                        .low = (float)data->low,
                        .high = (float)data->high};
    for (int i = 0, label; i < REFERENCE && draw->points; i++)
        dataset_held_out(data, i, reference + 2 * i, &label);
    view.n_reference = draw->points ? REFERENCE : 0;
    view.reference = reference;
    return sheet_save(&view, path, error);
}

static Status write_samples(const Look *look, const Drawn *draw, const Options *options,
                            Error *error)
{
    const char *ending = strrchr(options->output, '.');
    if (strcmp(ending, ".npy") == 0)
        return write_npy(draw, options->output, error);
    if (strcmp(ending, ".csv") == 0)
        return write_csv(draw, options->output, error);
    return write_png(look, draw, options->output, error);
}

static Status check_output(const Options *options, const char *const *endings, Error *error)
{
    if (!options->output)
        return fail(error, STATUS_BAD_INPUT, "%s: say where to with -o FILE",
                    options->command->name);
    Status status = check_ending(options->output, endings, error);
    return status ? status : check_writable(options->output, error);
}

/* ---- The commands ---- */

static Status draw_policy(const Look *look, const Policy *policy, int class, Drawn *draw,
                          Error *error)
{
    draw->steps = policy->steps;
    Status status = draw_new(draw, error);
    if (!status)
        eval_sample(&look->lab->data, look->crew, policy, draw->n, look->seed, STREAM_SAMPLE, class,
                    draw->states, NULL, draw->label);
    return status;
}

static Drawn draw_for(const Look *look, const Options *options, int points, int pictures)
{
    int usual = dataset_is_points(&look->lab->data) ? points : pictures;
    return (Drawn){.n = options->samples > 0 ? (int)options->samples : usual,
                   .dims = look->lab->data.dims,
                   .points = dataset_is_points(&look->lab->data)};
}

/* A share of the steps becomes the teacher's. */
static void add_teacher(Policy *policy, const Policy *teacher, double mix)
{
    policy->other = mix > 0 ? teacher : NULL;
    policy->mix = mix;
}

static Status sample(const Look *look, const Options *options, Error *error)
{
    double mix;
    Drawn draw = draw_for(look, options, 2000, 100);
    Status status = check_teacher(look, options, error);
    if (!status)
        status = check_class(look, options, error);
    if (!status)
        status = mix_check(look, options, error);
    if (!status)
        status = mix_one(options, &mix, error);
    if (!status)
        status = check_sheet(&draw, options->output, error);
    if (status)
        return status;
    Policy policy = policy_for(look, options), teacher = mix_teacher(look, policy.steps);
    status = set_guidance(look, options, &policy, error);
    add_teacher(&policy, &teacher, mix);
    if (!status)
        status = draw_policy(look, &policy, (int)options->class, &draw, error);
    if (!status)
        status = write_samples(look, &draw, options, error);
    if (!status && !options->quiet)
        say(stderr, "%s: %d samples of %s's %s at step %ld, %d sampling steps, seed %llu\n",
            options->output, draw.n, run_label(look), options->teacher ? "teacher" : "student",
            run_step(look->run), policy.steps * policy.substeps, (unsigned long long)look->seed);
    draw_free(&draw);
    return status;
}

Status cmd_sample(const Options *options, Error *error)
{
    static const char *const endings[] = {".png", ".npy", ".csv", NULL};
    Look look;
    Status status = check_output(options, endings, error);
    if (!status)
        status = look_open(&look, options, error);
    if (status)
        return status;
    status = sample(&look, options, error);
    look_close(&look);
    return status;
}

/* Clean rows of the forward law are numbered apart from the noise of the roll-outs. */
static const uint64_t clean_rows = (uint64_t)1 << 62;

/* Row r of every level has the same clean row and the same noise. */
static void forward_row(const Look *look, Drawn *draw, int r)
{
    const Lab *lab = look->lab;
    size_t d = (size_t)draw->dims, level = (size_t)draw->n * d, at = (size_t)r * d;
    float *noise = draw->states + at, *clean = draw->states + (size_t)draw->steps * level + at;
    Rng rng = rng_at(look->seed, STREAM_SAMPLE, clean_rows + (uint64_t)r);
    dataset_draw(&lab->data, &rng, clean, &draw->label[r]);
    rng = rng_at(look->seed, STREAM_SAMPLE, (uint64_t)r);
    rng_normals(&rng, draw->dims, noise);
    for (int k = draw->steps - 1; k >= 0; k--) { /* level 0 is its own noise, so it comes last */
        Noise at_level = noise_at(lab->schedule, (double)(draw->steps - k) / draw->steps);
        float *z = draw->states + (size_t)k * level + at;
        for (size_t j = 0; j < d; j++)
            z[j] = (float)(at_level.alpha * clean[j] + at_level.sigma * noise[j]);
    }
}

static Status draw_forward(const Look *look, const Options *options, Drawn *draw, Error *error)
{
    draw->steps = options->steps > 0 ? (int)options->steps : look->lab->grid.steps;
    Status status = draw_new(draw, error);
    for (int r = 0; r < draw->n && !status; r++)
        forward_row(look, draw, r);
    return status;
}

static Status rollouts(const Look *look, const Options *options, Error *error)
{
    Drawn draw = draw_for(look, options, 1000, 100);
    double mix;
    Status status = check_teacher(look, options, error);
    if (!status)
        status = mix_check(look, options, error);
    if (!status)
        status = mix_one(options, &mix, error);
    if (status)
        return status;
    if (options->forward) {
        status = draw_forward(look, options, &draw, error);
    } else {
        Policy policy = policy_for(look, options), teacher = mix_teacher(look, policy.steps);
        add_teacher(&policy, &teacher, mix);
        status = draw_policy(look, &policy, -1, &draw, error);
    }
    long shape[3] = {draw.steps + 1, draw.n, draw.dims};
    if (!status)
        status = npy_write(options->output, 3, shape, draw.states, error);
    if (!status && !options->quiet)
        say(stderr, "%s: shape (%ld, %ld, %ld), %s of %s at step %ld\n", options->output, shape[0],
            shape[1], shape[2],
            options->forward   ? "forward law"
            : options->teacher ? "teacher's states"
                               : "student's states",
            run_label(look), run_step(look->run));
    draw_free(&draw);
    return status;
}

Status cmd_rollout(const Options *options, Error *error)
{
    static const char *const endings[] = {".npy", NULL};
    Look look;
    if (options->teacher && options->forward)
        return fail(error, STATUS_BAD_INPUT, "--teacher or --forward, not both");
    Status status = check_output(options, endings, error);
    if (!status)
        status = look_open(&look, options, error);
    if (status)
        return status;
    status = rollouts(&look, options, error);
    look_close(&look);
    return status;
}
