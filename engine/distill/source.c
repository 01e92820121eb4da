/* The mixture of training states: priors under a schedule, two replay rings, and the draw of a row.
 *
 * What a ring keeps of a roll-out, `stages` rows of `dims` floats:
 *   teacher         its own states at every training time, row s at point M - s (row 0 is the
 * noise) student, M = N  its states at its sampling steps, row s at step N - s student, M > N  row
 * 0 the noise, row s the x0 estimate of its s-th step: a consistency student must be trained at
 *                   every solver point, so its estimates are re-noised to them, as its sampler does
 * (methods.md 6.4) An expert's ring (a few-step model in the teacher's place) is kept like the
 * student's. */
#include "engine/distill/source.h"
#include "engine/base/status.h"
#include <math.h>
#include <string.h>

/* Rows of a teacher's roll-out. */
static int teacher_stages(const Source *source, int stages)
{
    if (source->set.expert)
        return stages;
    return source->grid.points + source->set.path_labels;
}

void source_open(Source *source, const Grid *grid, const SourceSettings *settings,
                 const Dataset *data, Schedule schedule, uint64_t seed, Arena *arena)
{
    *source =
        (Source){.set = *settings,
                 .grid = *grid,
                 .dims = data->dims,
                 .schedule = schedule,
                 .data = data,
                 .seed = seed,
                 .measured_shift = 1,
                 .shift_steps = grid->steps < SOURCE_STEPS_MAX ? grid->steps : SOURCE_STEPS_MAX};
    for (int i = 0; i < SOURCE_STEPS_MAX; i++)
        source->shift[i] = 1;
    if (!grid->points)
        return;
    bool one_estimate = grid->points > grid->steps && grid->steps == 1;
    int stages = one_estimate ? 2 : grid->steps;
    replay_open(&source->teacher, settings->teacher_capacity, teacher_stages(source, stages),
                data->dims, arena);
    replay_open(&source->student, settings->capacity, stages, data->dims, arena);
}

void source_regrid(Source *source, const Grid *grid, bool forget)
{
    must(grid->points == grid->steps);
    source->grid = *grid;
    replay_regrid(&source->teacher, teacher_stages(source, grid->points), forget);
    replay_regrid(&source->student, grid->steps, forget);
}

/* ---- Priors ---- */

/* Data get `floor` at least; what they gain the other two lose in proportion. */
static void keep_floor(double beta[ORIGINS], double floor)
{
    double rest = 1 - beta[ORIGIN_DATA];
    if (beta[ORIGIN_DATA] >= floor || rest <= 0)
        return;
    beta[ORIGIN_TEACHER] *= (1 - floor) / rest;
    beta[ORIGIN_STUDENT] *= (1 - floor) / rest;
    beta[ORIGIN_DATA] = floor;
}

/* Scales the on-policy share and gives the rest to data. */
static void scale_on_policy(double beta[ORIGINS], double share)
{
    beta[ORIGIN_TEACHER] *= share;
    beta[ORIGIN_STUDENT] *= share;
    beta[ORIGIN_DATA] = 1 - beta[ORIGIN_TEACHER] - beta[ORIGIN_STUDENT];
}

/* Shift-adaptive: the student's share is the part of its error that data states do not show, 1 -
 * forward / own. */
static void follow_shift(double beta[ORIGINS], double ratio)
{
    double student = fmin(fmax(1 - 1 / fmax(ratio, 1e-9), 0.1), 0.7);
    double others = beta[ORIGIN_DATA] + beta[ORIGIN_TEACHER];
    double data = others > 0 ? beta[ORIGIN_DATA] / others : 1;
    beta[ORIGIN_STUDENT] = student;
    beta[ORIGIN_DATA] = (1 - student) * data;
    beta[ORIGIN_TEACHER] = (1 - student) * (1 - data);
}

/* The shift measured where sampling step i of the present grid lies. Pure noise is no state that a
 * policy leads to: what is measured there is the estimator's noise. */
static double shift_at(const Source *source, int i)
{
    int n = source->shift_steps, at = (i * n + source->grid.steps - 1) / source->grid.steps;
    double ratio = at < n ? source->shift[at - 1] : 1;
    return isfinite(ratio) ? fmin(fmax(ratio, 0.1), 10) : 1;
}

static void step_priors(const Source *source, int i, double beta[ORIGINS])
{
    memcpy(beta, source->set.beta, sizeof source->set.beta);
    follow_shift(beta, shift_at(source, i));
    keep_floor(beta, source->set.beta_floor);
}

static void mean_priors(const Source *source, double beta[ORIGINS])
{
    int steps = source->grid.steps;
    memset(beta, 0, ORIGINS * sizeof *beta);
    for (int i = 1; i <= steps; i++) {
        double one[ORIGINS];
        step_priors(source, i, one);
        for (int o = 0; o < ORIGINS; o++)
            beta[o] += one[o] / steps;
    }
}

void source_priors(const Source *source, double clock, long span, double beta[ORIGINS])
{
    const SourceSettings *set = &source->set;
    double warm = set->warmup * (double)span;
    memcpy(beta, set->beta, sizeof set->beta);
    if (!source->grid.points || (clock < warm && set->schedule != PRIOR_LINEAR)) {
        scale_on_policy(beta, 0);
        return;
    }
    switch (set->schedule) {
    case PRIOR_CONSTANT: return;
    case PRIOR_LINEAR: scale_on_policy(beta, warm > 0 ? fmin(clock / warm, 1) : 1); break;
    case PRIOR_GEOMETRIC: {
        const Replay *ring = set->beta[ORIGIN_STUDENT] > 0 ? &source->student : &source->teacher;
        double rounds = floor((double)ring->made / ring->capacity);
        scale_on_policy(beta, 1 - pow(0.5, rounds + 1));
        break;
    }
    case PRIOR_INDICATOR:
        if (beta[ORIGIN_DATA] < 1)
            scale_on_policy(beta, 1 / (1 - beta[ORIGIN_DATA]));
        break;
    case PRIOR_ADAPTIVE: follow_shift(beta, source->measured_shift); break;
    case PRIOR_STEPS: mean_priors(source, beta); return;
    }
    keep_floor(beta, set->beta_floor);
}

/* ---- Roll-outs into the rings ---- */

/* Keeps the streams of a roll-out's steps apart from that of its noise. */
#define APART ((uint64_t)1 << 60)

/* Which of the student's roll-outs are worth keeping: above a running quantile of their
 * disagreement, whose logarithm is nudged by each (Robbins & Monro). */
static void drop_safe(Source *source, const RollIn *in, const Rollout *r, bool *keep)
{
    static const double NUDGE = 0.05;
    double *error = arena_new(in->arena, double, r->n);
    in->ask(in->context, r, error);
    for (int k = 0; k < r->n; k++) {
        if (source->safedagger_level <= 0)
            source->safedagger_level = error[k];
        keep[k] = error[k] >= source->safedagger_level;
        source->safedagger_level *= exp(NUDGE * (source->set.safedagger - (keep[k] ? 0 : 1)));
    }
}

/* Roll-outs with a number that is none are not kept. Are all kept? */
static bool keep_finite(const Rollout *r, int d, bool *keep)
{
    bool all = true;
    for (int k = 0; k < r->n; k++) {
        keep[k] = true;
        for (int s = 0; s <= r->policy->steps && keep[k]; s++)
            for (int c = 0; c < d && keep[k]; c++)
                keep[k] = isfinite(r->states[((size_t)s * r->n + k) * d + c]);
        all = all && keep[k];
    }
    return all;
}

/* Roll-outs of `policy` for a ring. */
typedef struct Batchful {
    Replay *replay;
    const Policy *policy;
    Stream stream;
    int n;
    bool x0; /* estimates are kept, see replay_put */
} Batchful;

/* Labels and noise of n roll-outs, by their numbers. */
static void draw_starts(const Source *source, const Batchful *b, int *label, float *noise)
{
    for (int k = 0; k < b->n; k++) {
        Rng rng = rng_at(source->seed, b->stream, (uint64_t)(b->replay->made + k));
        label[k] = dataset_label(source->data, &rng);
        rng_normals(&rng, source->dims, noise + (size_t)k * source->dims);
    }
}

/* Who spent them, and what was clipped. */
static void count(const RollIn *in, const Batchful *b, bool student, long evaluations,
                  const Rollout *r)
{
    long of_other = *r->of_other;
    in->cost->student += student ? (double)(evaluations - of_other) : 0;
    in->cost->teacher += student ? (double)of_other : (double)evaluations;
    clipped_add(&in->clipped[b->policy->site], r->count);
}

/* Makes the roll-outs and puts them into their ring. Were all of them finite? */
static bool make_rollouts(Source *source, const RollIn *in, const Batchful *b, long step)
{
    size_t mark = arena_mark(in->arena), d = (size_t)source->dims;
    const Policy *policy = b->policy;
    int n = b->n, *label = arena_new(in->arena, int, n);
    float *states = arena_floats(in->arena, (size_t)(policy->steps + 1) * n * d);
    float *x0s = arena_floats(in->arena, (size_t)policy->steps * n * d);
    float *noise = arena_floats(in->arena, n * d);
    Clipped clipped = {.steps = in->clipped_steps};
    draw_starts(source, b, label, noise);
    long of_other;
    Rollout r = {.policy = policy,
                 .seed = source->seed,
                 .stream = b->stream,
                 .first = (uint64_t)b->replay->made | APART,
                 .n = n,
                 .noise = noise,
                 .label = label,
                 .states = states,
                 .x0s = x0s,
                 .count = &clipped,
                 .of_other = &of_other};
    long evaluations = rollout(in->crew, &r);
    bool student = b->replay == &source->student;
    count(in, b, student, evaluations, &r);
    bool *keep = arena_new(in->arena, bool, n), finite = keep_finite(&r, (int)d, keep);
    if (finite && student && source->set.safedagger > 0)
        drop_safe(source, in, &r, keep);
    replay_put(b->replay, &r, keep, b->x0, step);
    arena_rewind(in->arena, mark);
    return finite;
}

int source_teacher_steps(const Source *source)
{
    return source->set.expert ? source->grid.steps : source->grid.points;
}

int source_teacher_substeps(const Source *source)
{
    int substeps = source->set.teacher_substeps * source->grid.steps / source->grid.points;
    return substeps > 1 ? substeps : 1;
}

static bool refresh_teacher(Source *source, const RollIn *in, long step)
{
    if (source->set.path_labels && source->path != in->path) {
        replay_regrid(&source->teacher, source->teacher.stages, true);
        source->path = in->path;
    }
    int n = replay_due(&source->teacher, 0, 1, step);
    if (!n)
        return true;
    bool x0 = source->set.expert && source->grid.points > source->grid.steps;
    return make_rollouts(source, in,
                         &(Batchful){&source->teacher, &in->teacher, STREAM_TEACHER, n, x0}, step);
}

static bool refresh_student(Source *source, const RollIn *in, double share, long step)
{
    const SourceSettings *set = &source->set;
    double a_step = set->refresh > 0 ? set->refresh : in->batch * share / source->grid.steps;
    int n = replay_due(&source->student, a_step, set->refresh_every, step);
    if (!n)
        return true;
    Policy student = in->student;
    student.other = set->mix > 0 ? &in->partner : NULL;
    student.mix = set->mix;
    bool x0 = source->grid.points > source->grid.steps;
    return make_rollouts(source, in, &(Batchful){&source->student, &student, STREAM_ROLLOUT, n, x0},
                         step);
}

const char *source_refresh(Source *source, const RollIn *in, long step)
{
    if (!source->grid.points)
        return NULL;
    double beta[ORIGINS];
    source_priors(source, in->clock, in->span, beta);
    /* The teacher's ring is filled ahead, during the warm-up. */
    if (source->set.beta[ORIGIN_TEACHER] > 0 && !refresh_teacher(source, in, step))
        return source->set.expert ? "a state of the expert's roll-outs"
                                  : "a state of the teacher's roll-outs";
    if (beta[ORIGIN_STUDENT] > 0 && !refresh_student(source, in, beta[ORIGIN_STUDENT], step))
        return "a state of the student's roll-outs";
    return NULL;
}

/* ---- Drawing a row ---- */

static Origin draw_origin(const double beta[ORIGINS], double chance)
{
    if (chance < beta[ORIGIN_STUDENT])
        return ORIGIN_STUDENT;
    return chance < beta[ORIGIN_STUDENT] + beta[ORIGIN_TEACHER] ? ORIGIN_TEACHER : ORIGIN_DATA;
}

static void noise_row(const Source *source, double u, const float *x, Rng *rng, float *z)
{
    Noise t = noise_at(source->schedule, u);
    for (int k = 0; k < source->dims; k++)
        z[k] = (float)(t.alpha * (double)x[k] + t.sigma * (double)rng_normal(rng));
}

/* The sampling step that owns point j. */
static int owner(const Grid *grid, int j)
{
    return (j * grid->steps + grid->points - 1) / grid->points;
}

/* A state of the student's ring at point j, see the head of this file. */
static void student_row(const Source *source, const Replay *ring, int rollout, int j, Rng *rng,
                        float *z)
{
    const Grid *grid = &source->grid;
    size_t bytes = sizeof(float) * (size_t)source->dims;
    int stage = grid->steps - owner(grid, j);
    if (grid->points == grid->steps || j == grid->points)
        memcpy(z, replay_row(ring, rollout, stage), bytes);
    else
        noise_row(source, (double)j / grid->points, replay_row(ring, rollout, stage ? stage : 1),
                  rng, z);
}

/* A state of the teacher's ring at point j, and where its path leads. */
static void teacher_row(const Source *source, int rollout, int j, int r, Batch *batch)
{
    size_t at = (size_t)r * source->dims, bytes = sizeof(float) * (size_t)source->dims;
    int stage = source->grid.points - j;
    memcpy(batch->z + at, replay_row(&source->teacher, rollout, stage), bytes);
    if (!batch->known || !source->path)
        return;
    memcpy(batch->end + at, replay_row(&source->teacher, rollout, stage + 1), bytes);
    batch->known[r] = 1;
}

static void draw_data(const Source *source, double u, Rng *rng, int r, Batch *batch)
{
    size_t at = (size_t)r * source->dims;
    dataset_draw(source->data, rng, batch->x + at, &batch->label[r]);
    noise_row(source, u, batch->x + at, rng, batch->z + at);
}

/* On-policy rows; false when the ring has nothing to give (the row then comes from data). */
static bool draw_replay(const Source *source, const Draw *draw, Origin origin, Rng *rng, int r,
                        Batch *batch)
{
    bool student = origin == ORIGIN_STUDENT;
    const Replay *ring = student ? &source->student : &source->teacher;
    int rollout = replay_draw(ring, student ? draw->step - source->set.max_age : 0, rng);
    if (rollout < 0)
        return false;
    float *z = batch->z + (size_t)r * source->dims;
    int j = batch->point[r];
    if (student || source->set.expert)
        student_row(source, ring, rollout, j, rng, z);
    else
        teacher_row(source, rollout, j, r, batch);
    memset(batch->x + (size_t)r * source->dims, 0, sizeof *z * (size_t)source->dims);
    batch->label[r] = ring->label[rollout];
    return true;
}

/* A training time, 1..points. Importance: the sampling step in proportion to the shift measured
 * there. */
static int draw_point(const Source *source, Rng *rng)
{
    const Grid *grid = &source->grid;
    double a = source->set.importance, sum = 0;
    if (a <= 0 || rng_uniform(rng) >= a)
        return 1 + (int)rng_below(rng, (uint32_t)grid->points);
    for (int i = 1; i <= grid->steps; i++)
        sum += shift_at(source, i);
    double toss = rng_uniform(rng) * sum;
    int i = 1, each = grid->points / grid->steps;
    for (; i < grid->steps && toss >= shift_at(source, i); i++)
        toss -= shift_at(source, i);
    return (i - 1) * each + 1 + (int)rng_below(rng, (uint32_t)each);
}

/* Whence the row comes, when `chance` falls. */
static Origin row_origin(const Source *source, const Draw *draw, int point, double chance)
{
    double beta[ORIGINS];
    if (!draw->by_step)
        return draw_origin(draw->beta, chance);
    step_priors(source, owner(&source->grid, point), beta);
    return draw_origin(beta, chance);
}

uint64_t source_row_index(const Draw *draw, int r)
{
    return (uint64_t)draw->step << 20 | (uint64_t)draw->repeat << 13 | (uint64_t)r;
}

void source_draw(const Source *source, const Draw *draw, int r, Batch *batch)
{
    Rng rng = rng_at(source->seed, draw->stream, source_row_index(draw, r));
    double toss = rng_uniform(&rng);
    batch->chance[r] = rng_uniform(&rng);
    batch->point[r] = draw->continuous ? 0 : draw_point(source, &rng);
    batch->u[r] = draw->continuous ? (r + rng_uniform(&rng)) / draw->batch
                                   : (double)batch->point[r] / source->grid.points;
    if (batch->known)
        batch->known[r] = 0;
    Origin origin = row_origin(source, draw, batch->point[r], toss);
    if (origin == ORIGIN_DATA || !draw_replay(source, draw, origin, &rng, r, batch)) {
        origin = ORIGIN_DATA;
        draw_data(source, batch->u[r], &rng, r, batch);
    }
    batch->origin[r] = (unsigned char)origin;
    if (batch->noise)
        rng_normals(&rng, source->dims, batch->noise + (size_t)r * source->dims);
}

void source_walk(Source *source, Walk *walk)
{
    replay_walk(&source->teacher, walk, "source.teacher");
    replay_walk(&source->student, walk, "source.student");
    walk_f64(walk, "source.measured_shift", 1, &source->measured_shift);
    walk_f64(walk, "source.gate_level", 1, &source->safedagger_level);
    walk_f64(walk, "source.shift", source->shift_steps, source->shift);
    if (source->set.path_labels)
        walk_i64(walk, "source.path", 1, &source->path);
}
