/* Sample quality: draw, compare with the held-out reference, and put an interval on every number. */
#include "engine/measure/eval.h"
#include "engine/measure/modes.h"
#include "engine/measure/stats.h"
#include "engine/measure/sw2.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { BLOCKS = 10, REFERENCE_ROWS = 10000, PICTURE_DIRECTIONS = 128, ENERGY_ROWS = 2000 };
#define T_9 2.262 /* Student's t, 9 degrees of freedom, two-sided 95 % */

/* ---- Drawing ------------------------------------------------------------------------------------------------ */

void eval_sample(const Dataset *data, Crew *crew, const Policy *policy, int n, uint64_t seed, Stream stream,
                 int fixed_class, float *states, float *x0s, int *labels)
{
    Arena arena;
    arena_init(&arena, sizeof(float) * (size_t)n * (size_t)data->dims + sizeof(int) * (size_t)n + 4096);
    float *noise = arena_floats(&arena, (size_t)n * data->dims);
    int *label = labels ? labels : arena_new(&arena, int, n);
    for (int r = 0; r < n; r++) {
        Rng rng = rng_at(seed, stream, (uint64_t)r);
        rng_normals(&rng, data->dims, noise + (size_t)r * data->dims);
        label[r] = !data->conditional ? 0 : fixed_class >= 0 ? fixed_class : r % data->classes;
    }
    Rollout r = {.policy = policy, .seed = seed, .stream = stream, .first = (uint64_t)1 << 60, .n = n,
                 .noise = noise, .label = label, .states = states, .x0s = x0s};
    rollout(crew, &r);
    arena_done(&arena);
}

/* The full held-out reference, or its first rows. */
static int draw_reference(const Dataset *data, Arena *arena, int first, int n, float **rows)
{
    int total = data->n_test ? data->n_test : REFERENCE_ROWS;
    if (!n)
        n = total;
    *rows = arena_floats(arena, (size_t)n * data->dims);
    for (int r = 0; r < n; r++) {
        int label;
        dataset_held_out(data, (long)first + r, *rows + (size_t)r * data->dims, &label);
    }
    return n;
}

/* ---- Metrics ------------------------------------------------------------------------------------------------ */

typedef struct Sets {
    const Dataset *data;
    int n, m;
    const float *x, *reference;
    uint64_t seed;
    Arena *scratch;
} Sets;

/* Many directions at once: each holds its own projections. */
static void blocks_sw2(const Sets *s, double value[BLOCKS + 1])
{
    int directions = s->data->dims <= 3 ? SW2_DIRECTIONS : PICTURE_DIRECTIONS;
    sw2_blocks(s->n, s->x, s->m, s->reference, s->data->dims, directions, 0, BLOCKS, value, s->scratch);
}

static double metric_modes(const Sets *s)
{
    return modes_of(s->data->mixture, s->n, s->x).found;
}

static double metric_within(const Sets *s)
{
    return modes_of(s->data->mixture, s->n, s->x).within;
}

static double metric_mode_kl(const Sets *s)
{
    return modes_of(s->data->mixture, s->n, s->x).kl;
}

static double metric_energy(const Sets *s)
{
    int m = s->m < ENERGY_ROWS ? s->m : ENERGY_ROWS;
    if (s->n < 2 || m < 2)
        return NAN;
    PairSums sums = pair_sums(kernel_energy, NULL, s->n, s->x, m, s->reference, s->data->dims);
    return pair_unbiased(&sums);
}

typedef enum Domain { ALL_DATA, POINTS, MIXTURES } Domain;

typedef struct Measure {
    const char *name;
    Domain domain; /* where it is defined, or cheap enough */
    int rows;      /* the first so many samples are judged; 0: all */
    double least, most; /* what it can be at all: intervals end there; most < 0: the number of classes */
    double (*value)(const Sets *sets);
    void (*blocks)(const Sets *sets, double value[BLOCKS + 1]); /* instead of value: a cheaper way to all */
} Measure;

/* One row a metric. */
static const Measure measures[] = {
    {"sw2",          ALL_DATA, 0,           0,         INFINITY, NULL,           blocks_sw2},
    {"energy",       POINTS,   ENERGY_ROWS, -INFINITY, INFINITY, metric_energy,  NULL      },
    {"modes",        MIXTURES, 0,           0,         -1,       metric_modes,   NULL      },
    {"within3sigma", MIXTURES, 0,           0,         1,        metric_within,  NULL      },
    {"mode_kl",      MIXTURES, 0,           0,         INFINITY, metric_mode_kl, NULL      },
};

static bool defined_for(const Measure *measure, const Dataset *data)
{
    switch (measure->domain) {
    case POINTS: return data->dims <= 3;
    case MIXTURES: return data->mixture;
    case ALL_DATA: break;
    }
    return true;
}

/* Copies all rows but block b's; returns how many. */
static int leave_out(const Sets *sets, int b, float *rest)
{
    size_t d = (size_t)sets->data->dims;
    int begin = (int)((long)sets->n * b / BLOCKS), end = (int)((long)sets->n * (b + 1) / BLOCKS);
    memcpy(rest, sets->x, sizeof *rest * d * (size_t)begin);
    memcpy(rest + d * (size_t)begin, sets->x + d * (size_t)end, sizeof *rest * d * (size_t)(sets->n - end));
    return sets->n - (end - begin);
}

/* value[b]: without block b; value[BLOCKS]: whole. */
static void without_each(const Measure *measure, const Sets *sets, double value[BLOCKS + 1])
{
    if (measure->blocks) {
        measure->blocks(sets, value);
        return;
    }
    size_t mark = arena_mark(sets->scratch);
    float *rest = arena_floats(sets->scratch, (size_t)sets->n * sets->data->dims);
    for (int b = 0; b < BLOCKS; b++) {
        Sets part = *sets;
        part.n = leave_out(sets, b, rest);
        part.x = rest;
        value[b] = measure->value(&part);
    }
    arena_rewind(sets->scratch, mark);
    value[BLOCKS] = measure->value(sets);
}

/* Delete-a-block jackknife: se^2 = (B - 1) / B sum (v_b - mean)^2 (Kuensch 1989). */
static Metric with_interval(const Measure *measure, const Sets *all)
{
    Sets sets = *all;
    if (measure->rows && sets.n > measure->rows)
        sets.n = measure->rows;
    double value[BLOCKS + 1], variance = 0;
    without_each(measure, &sets, value);
    double mean = mean_of(BLOCKS, value);
    for (int b = 0; b < BLOCKS; b++)
        variance += (value[b] - mean) * (value[b] - mean) * (BLOCKS - 1) / BLOCKS;
    double whole = value[BLOCKS], reach = T_9 * sqrt(variance);
    double most = measure->most < 0 ? sets.data->classes : measure->most;
    return (Metric){measure->name, whole, fmax(whole - reach, measure->least), fmin(whole + reach, most)};
}

/* Metrics are computed side by side. */
typedef struct Judging {
    const Sets *sets;
    const Measure *const *measure;
    Metric *metric;
} Judging;

static void judge_one(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Judging *judging = context;
    Sets sets = *judging->sets;
    sets.scratch = arena;
    judging->metric[begin] = with_interval(judging->measure[begin], &sets);
}

static void judge(const Sets *sets, Crew *crew, EvalReport *report)
{
    const Measure *wanted[EVAL_METRICS_MAX];
    report->metrics = 0;
    for (size_t k = 0; k < sizeof measures / sizeof *measures; k++)
        if (defined_for(&measures[k], sets->data))
            wanted[report->metrics++] = &measures[k];
    Judging judging = {sets, wanted, report->metric};
    crew_map(crew, report->metrics, 1, judge_one, &judging);
}

void eval_policy(const Dataset *data, Crew *crew, Arena *scratch, const Policy *policy, int n, uint64_t seed,
                 EvalReport *report)
{
    size_t mark = arena_mark(scratch), row = (size_t)n * data->dims;
    float *states = arena_floats(scratch, row * (size_t)(policy->steps + 1)), *reference;
    eval_sample(data, crew, policy, n, seed, STREAM_EVAL, -1, states, NULL, NULL);
    int m = draw_reference(data, scratch, 0, 0, &reference);
    Sets sets = {data, n, m, states + row * (size_t)policy->steps, reference, seed, scratch};
    *report = (EvalReport){.k = policy->steps, .n = n,
                           .nfe = policy->steps * policy->substeps * denoiser_cost(&policy->denoiser)};
    judge(&sets, crew, report);
    arena_rewind(scratch, mark);
}

void eval_real(const Dataset *data, Crew *crew, Arena *scratch, int n, EvalReport *report)
{
    size_t mark = arena_mark(scratch);
    float *x, *reference;
    int half = data->n_test / 2; /* held-out files are finite: one half against the other */
    if (half && n > half)
        n = half;
    int m = draw_reference(data, scratch, 0, half, &reference);
    draw_reference(data, scratch, m, n, &x);
    Sets sets = {data, n, m, x, reference, 0, scratch};
    *report = (EvalReport){.n = n};
    judge(&sets, crew, report);
    arena_rewind(scratch, mark);
}
