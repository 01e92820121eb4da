/* Sample quality: draw, compare with the held-out reference, and put an interval on every number.
 */
#include "engine/measure/eval.h"
#include "engine/measure/frechet.h"
#include "engine/measure/modes.h"
#include "engine/measure/prdc.h"
#include "engine/measure/stats.h"
#include "engine/measure/sums.h"
#include "engine/measure/sw2.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum {
    BLOCKS = 10,
    REFERENCE_ROWS = 10000,
    PICTURE_DIRECTIONS = 128,
    ENERGY_ROWS = 2000,
    PICTURE_ROWS = 2000
};
#define T_9 2.262 /* Student's t, 9 degrees of freedom, two-sided 95 % */

/* ---- Drawing ---- */

void eval_sample(const Dataset *data, Crew *crew, const Policy *policy, int n, uint64_t seed,
                 Stream stream, int fixed_class, float *states, float *x0s, int *labels)
{
    Arena arena;
    arena_init(&arena,
               sizeof(float) * (size_t)n * (size_t)data->dims + sizeof(int) * (size_t)n + 4096);
    float *noise = arena_floats(&arena, (size_t)n * data->dims);
    int *label = labels ? labels : arena_new(&arena, int, n);
    for (int r = 0; r < n; r++) {
        Rng rng = rng_at(seed, stream, (uint64_t)r);
        rng_normals(&rng, data->dims, noise + (size_t)r * data->dims);
        label[r] = !data->conditional ? 0 : fixed_class >= 0 ? fixed_class : r % data->classes;
    }
    Rollout r = {.policy = policy,
                 .seed = seed,
                 .stream = stream,
                 .first = EVAL_FRESH,
                 .n = n,
                 .noise = noise,
                 .label = label,
                 .states = states,
                 .x0s = x0s};
    rollout(crew, &r);
    arena_done(&arena);
}

/* ---- What is judged ---- */

/* Rows of one origin: samples, or the reference. */
typedef struct Rows {
    int n;
    const float *x;       /* n x dims */
    const int *label;     /* n: the class asked for, or the data's own */
    const float *feature; /* n x d of the features, or NULL */
    const int *named;     /* n: the class it is given */
} Rows;

typedef struct Sets {
    const Dataset *data;
    int d; /* of the features */
    Rows samples, reference;
    Arena *scratch;
} Sets;

/* Held-out rows first .. first + n - 1, with what the features say of them. */
static Rows held_out(const Judge *judge, int first, int n)
{
    const Dataset *data = judge->data;
    const Features *features = judge->features;
    float *x = arena_floats(judge->scratch, (size_t)n * data->dims);
    int *label = arena_new(judge->scratch, int, n);
    for (int r = 0; r < n; r++)
        dataset_held_out(data, (long)first + r, x + (size_t)r * data->dims, &label[r]);
    Rows rows = {.n = n, .x = x, .label = label};
    if (features && first + n <= data->n_test) {
        rows.feature = features->held_out + (size_t)first * features->d;
        rows.named = features->named + first;
    }
    return rows;
}

/* Whole rows of `from`, picked so that classes take turns as they do in eval_sample: shares of
 * classes that came out by chance would count as a distance. As many as there are, at most n. */
static Rows in_turn(const Judge *judge, const Rows *from, int n)
{
    const Dataset *data = judge->data;
    size_t dims = (size_t)data->dims, d = judge->features ? (size_t)judge->features->d : 0;
    float *x = arena_floats(judge->scratch, (size_t)n * dims),
          *feature = arena_floats(judge->scratch, (size_t)n * d);
    int *label = arena_new(judge->scratch, int, n), *named = arena_new(judge->scratch, int, n);
    int next[DATASET_CLASSES_MAX] = {0}, r = 0;
    for (; r < n; r++) {
        int wanted = r % data->classes, *at = &next[wanted];
        while (*at < from->n && from->label[*at] != wanted)
            ++*at;
        if (*at == from->n)
            break;
        memcpy(x + (size_t)r * dims, from->x + (size_t)*at * dims, dims * sizeof *x);
        label[r] = wanted;
        if (from->feature) {
            memcpy(feature + (size_t)r * d, from->feature + (size_t)*at * d, d * sizeof *feature);
            named[r] = from->named[*at];
        }
        ++*at;
    }
    return (Rows){r, x, label, from->feature ? feature : NULL, named};
}

static Rows sampled(const Judge *judge, const Policy *policy, int n, uint64_t seed)
{
    size_t row = (size_t)n * judge->data->dims;
    float *states = arena_floats(judge->scratch, row * (size_t)(policy->steps + 1));
    int *label = arena_new(judge->scratch, int, n);
    eval_sample(judge->data, judge->crew, policy, n, seed, STREAM_EVAL, -1, states, NULL, label);
    Rows rows = {.n = n, .x = states + row * (size_t)policy->steps, .label = label};
    if (judge->features) {
        float *feature = arena_floats(judge->scratch, (size_t)n * judge->features->d);
        int *named = arena_new(judge->scratch, int, n);
        features_of(judge->features, judge->crew, n, rows.x, feature, named);
        rows.feature = feature;
        rows.named = named;
    }
    return rows;
}

/* ---- Metrics ---- */

enum { GROUP_MAX = 4 };
/* value[metric of the group][b]: without block b of the samples; [BLOCKS]: of all. */
typedef double Values[GROUP_MAX][BLOCKS + 1];

/* Many directions at once: each holds its own projections. */
static void judge_sw2(const Sets *s, Values value)
{
    int directions = dataset_is_points(s->data) ? SW2_DIRECTIONS : PICTURE_DIRECTIONS;
    Pair pair = pair_of(s->samples.n, s->samples.x, s->reference.n, s->reference.x, s->data->dims);
    sw2_blocks(&pair, directions, 0, BLOCKS, value[0], &(Work){NULL, s->scratch});
}

static int at_most(int n, int most) { return n < most ? n : most; }

static void judge_energy(const Sets *s, Values value)
{
    PairKernel kernel = kernel_energy();
    Pair pair = pair_of(s->samples.n, s->samples.x, at_most(s->reference.n, ENERGY_ROWS),
                        s->reference.x, s->data->dims);
    pair_statistic_blocks(&kernel, &pair, BLOCKS, value[0], &(Work){NULL, s->scratch});
}

/* All rows but block b's, copied; b = BLOCKS: all. */
static const float *without(const Sets *s, int b, float *rest, int *n)
{
    size_t d = (size_t)s->data->dims, rows = (size_t)s->samples.n;
    size_t begin = rows * (size_t)b / BLOCKS, end = rows * ((size_t)b + 1) / BLOCKS;
    *n = s->samples.n;
    if (b == BLOCKS)
        return s->samples.x;
    *n -= (int)(end - begin);
    memcpy(rest, s->samples.x, sizeof *rest * d * begin);
    memcpy(rest + d * begin, s->samples.x + d * end, sizeof *rest * d * (rows - end));
    return rest;
}

static void judge_modes(const Sets *s, Values value)
{
    size_t mark = arena_mark(s->scratch);
    float *rest = arena_floats(s->scratch, (size_t)s->samples.n * s->data->dims);
    for (int b = 0; b <= BLOCKS; b++) {
        int n;
        const float *x = without(s, b, rest, &n);
        Modes modes = modes_of(s->data->mixture, n, x);
        value[0][b] = modes.found;
        value[1][b] = modes.within;
        value[2][b] = modes.kl;
    }
    arena_rewind(s->scratch, mark);
}

/* Features of the samples and of at most so many reference rows. */
static Pair features_of_sets(const Sets *s, int most)
{
    return pair_of(s->samples.n, s->samples.feature, at_most(s->reference.n, most),
                   s->reference.feature, s->d);
}

static void judge_frechet(const Sets *s, Values value)
{
    Pair pair = features_of_sets(s, s->reference.n);
    frechet_blocks(&pair, BLOCKS, value[0], &(Work){NULL, s->scratch});
}

static void judge_kid(const Sets *s, Values value)
{
    PairKernel kernel = kernel_cubic(s->d, NULL, 1);
    Pair pair = features_of_sets(s, PICTURE_ROWS);
    pair_statistic_blocks(&kernel, &pair, BLOCKS, value[0], &(Work){NULL, s->scratch});
}

static void judge_neighbours(const Sets *s, Values value)
{
    Prdc each[BLOCKS + 1];
    Pair pair = features_of_sets(s, PICTURE_ROWS);
    prdc_blocks(&pair, PRDC_BALL, PRDC_DENSITY, BLOCKS, each, &(Work){NULL, s->scratch});
    for (int b = 0; b <= BLOCKS; b++) {
        value[0][b] = each[b].precision;
        value[1][b] = each[b].recall;
        value[2][b] = each[b].density;
        value[3][b] = each[b].coverage;
    }
}

/* What the classifier makes of the samples of one class. */
typedef struct Named {
    int asked, right, given;
} Named;

static void judge_names(const Sets *s, Values value)
{
    size_t mark = arena_mark(s->scratch);
    int *block = arena_new(s->scratch, int, s->samples.n), classes = s->data->classes;
    block_rows(s->samples.n, BLOCKS, block);
    for (int b = 0; b <= BLOCKS; b++) {
        Named of[DATASET_CLASSES_MAX] = {{0}};
        int n = 0, right = 0, found = 0;
        double worst = 1;
        for (int r = 0; r < s->samples.n; r++) {
            int label = s->samples.label[r], named = s->samples.named[r];
            if (block[r] == b)
                continue;
            n++;
            of[named].given++;
            of[label].asked++;
            of[label].right += named == label;
        }
        for (int c = 0; c < classes; c++) {
            right += of[c].right;
            found += 4 * classes * of[c].given >= n;
            if (of[c].asked)
                worst = fmin(worst, (double)of[c].right / of[c].asked);
        }
        value[0][b] = (double)right / n;
        value[1][b] = worst;
        value[2][b] = found;
    }
    arena_rewind(s->scratch, mark);
}

typedef enum Domain { ALL_DATA, POINTS, MIXTURES, FEATURES } Domain;

typedef struct Bounds {
    const char *name;
    double least,
        most; /* what it can be at all: intervals end there; most < 0: the number of classes */
} Bounds;

/* Metrics that come out of one computation. */
typedef struct Measure {
    Domain domain; /* where they are defined, or cheap enough */
    int rows;      /* the first so many samples are judged; 0: all */
    void (*judge)(const Sets *sets, Values value);
    Bounds metric[GROUP_MAX];
} Measure;

/* clang-format off */
static const Measure measures[] = {
    {ALL_DATA, 0, judge_sw2, {{"sw2", 0, INFINITY}}},
    {POINTS, ENERGY_ROWS, judge_energy, {{"energy", -INFINITY, INFINITY}}},
    {MIXTURES, 0, judge_modes, {{"modes", 0, -1}, {"within3sigma", 0, 1}, {"mode_kl", 0, INFINITY}}},
    {FEATURES, 0, judge_frechet, {{"frechet", 0, INFINITY}}},
    {FEATURES, 0, judge_names, {{"agreement", 0, 1}, {"worst_class", 0, 1}, {"classes", 0, -1}}},
    {FEATURES, PICTURE_ROWS, judge_kid, {{"kid", -INFINITY, INFINITY}}},
    {FEATURES, PICTURE_ROWS, judge_neighbours,
     {{"precision", 0, 1}, {"recall", 0, 1}, {"density", 0, INFINITY}, {"coverage", 0, 1}}},
};
/* clang-format on */

static bool defined_for(const Measure *measure, const Sets *sets)
{
    switch (measure->domain) {
    case POINTS: return dataset_is_points(sets->data);
    case MIXTURES: return sets->data->mixture;
    case FEATURES: return sets->samples.feature && sets->reference.feature;
    case ALL_DATA: break;
    }
    return true;
}

static int group_size(const Measure *measure)
{
    int n = 0;
    while (n < GROUP_MAX && measure->metric[n].name)
        n++;
    return n;
}

const char *eval_metric_name(int index)
{
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++) {
        int n = group_size(&measures[i]);
        if (index < n)
            return measures[i].metric[index].name;
        index -= n;
    }
    return NULL;
}

/* ---- Intervals ---- */

/* Delete-a-block jackknife: se^2 = (B - 1) / B sum (v_b - mean)^2 (Kuensch 1989). */
static Metric with_interval(const Bounds *bounds, int classes, const double value[BLOCKS + 1])
{
    double variance = 0, mean = mean_of(BLOCKS, value);
    for (int b = 0; b < BLOCKS; b++)
        variance += (value[b] - mean) * (value[b] - mean) * (BLOCKS - 1) / BLOCKS;
    double whole = value[BLOCKS], reach = T_9 * sqrt(variance);
    double most = bounds->most < 0 ? classes : bounds->most;
    return (Metric){bounds->name, whole, fmax(whole - reach, bounds->least),
                    fmin(whole + reach, most)};
}

/* Groups of metrics are computed side by side. */
typedef struct Judging {
    const Sets *sets;
    const Measure *measure[EVAL_METRICS_MAX];
    Metric *metric[EVAL_METRICS_MAX]; /* where each group's go */
} Judging;

static void judge_one(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Judging *judging = context;
    const Measure *measure = judging->measure[begin];
    Sets sets = *judging->sets;
    Values value;
    sets.scratch = arena;
    if (measure->rows)
        sets.samples.n = at_most(sets.samples.n, measure->rows);
    measure->judge(&sets, value);
    for (int i = 0; i < group_size(measure); i++)
        judging->metric[begin][i] =
            with_interval(&measure->metric[i], sets.data->classes, value[i]);
}

static void judge_sets(const Judge *judge, const Rows *samples, const Rows *reference,
                       EvalReport *report)
{
    Sets sets = {judge->data, judge->features ? judge->features->d : 0, *samples, *reference, NULL};
    Judging judging = {.sets = &sets};
    int groups = 0;
    report->metrics = 0;
    for (size_t k = 0; k < sizeof measures / sizeof *measures; k++) {
        if (!defined_for(&measures[k], &sets))
            continue;
        judging.measure[groups] = &measures[k];
        judging.metric[groups++] = report->metric + report->metrics;
        report->metrics += group_size(&measures[k]);
        must(report->metrics <= EVAL_METRICS_MAX);
    }
    crew_map(judge->crew, groups, 1, judge_one, &judging);
}

void eval_policy(const Judge *judge, const Policy *policy, int n, uint64_t seed, EvalReport *report)
{
    size_t mark = arena_mark(judge->scratch);
    Rows samples = sampled(judge, policy, n, seed);
    Rows reference = held_out(judge, 0, judge->data->n_test ? judge->data->n_test : REFERENCE_ROWS);
    *report = (EvalReport){.k = policy->steps, .n = n, .nfe = (int)lround(policy_nfe(policy))};
    judge_sets(judge, &samples, &reference, report);
    arena_rewind(judge->scratch, mark);
}

void eval_real(const Judge *judge, int n, EvalReport *report)
{
    size_t mark = arena_mark(judge->scratch);
    int half = judge->data->n_test / 2; /* held-out files are finite: one half against the other */
    if (half && n > half)
        n = half;
    Rows reference = held_out(judge, 0, half ? half : REFERENCE_ROWS);
    Rows samples = held_out(judge, reference.n, half ? half : n);
    if (half)
        samples = in_turn(judge, &samples, n);
    *report = (EvalReport){.n = samples.n};
    judge_sets(judge, &samples, &reference, report);
    arena_rewind(judge->scratch, mark);
}
