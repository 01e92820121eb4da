/* Sample quality: draw, compare with the held-out reference, and put an interval on every number.
 */
#include "engine/measure/eval.h"
#include "engine/measure/metrics.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { REFERENCE_ROWS = 10000 };

/* ---- Drawing ---- */

/* Noise and labels of a roll-out that is given without. */
static void roll(const Dataset *data, Crew *crew, Rollout r, int fixed_class, int *labels)
{
    Arena arena;
    arena_init(&arena,
               sizeof(float) * (size_t)r.n * (size_t)data->dims + sizeof(int) * (size_t)r.n + 4096);
    float *noise = arena_floats(&arena, (size_t)r.n * data->dims);
    int *label = labels ? labels : arena_new(&arena, int, r.n);
    for (int k = 0; k < r.n; k++) {
        Rng rng = rng_at(r.seed, r.stream, (uint64_t)k);
        rng_normals(&rng, data->dims, noise + (size_t)k * data->dims);
        label[k] = !data->conditional ? 0 : fixed_class >= 0 ? fixed_class : k % data->classes;
    }
    r.first = EVAL_FRESH;
    r.noise = noise;
    r.label = label;
    rollout(crew, &r);
    arena_done(&arena);
}

void eval_sample(const Dataset *data, Crew *crew, const Policy *policy, int n, uint64_t seed,
                 Stream stream, int fixed_class, float *states, float *x0s, int *labels)
{
    Rollout r = {
        .policy = policy, .seed = seed, .stream = stream, .n = n, .states = states, .x0s = x0s};
    roll(data, crew, r, fixed_class, labels);
}

void eval_draw(const Judge *judge, const Policy *policy, int n, uint64_t seed, float *x,
               int *labels)
{
    Rollout r = {
        .policy = policy, .seed = seed, .stream = STREAM_EVAL, .n = n, .states = x, .ends = true};
    roll(judge->data, judge->crew, r, -1, labels);
}

/* ---- What is judged ---- */

/* Held-out rows first .. first + n - 1, with what the features say of them. Those of files begin at
 * the files' first, as the features do, and stay there. */
static Rows held_out(const Judge *judge, int first, int n)
{
    const Dataset *data = judge->data;
    const Features *features = judge->features;
    if (data->test && first + n <= data->n_test)
        return (Rows){.n = n,
                      .label = data->test_label + first,
                      .feature = features ? features->held_out + (size_t)first * features->d : NULL,
                      .named = features ? features->named + first : NULL};
    float *x = arena_floats(judge->scratch, (size_t)n * data->dims);
    int *label = arena_new(judge->scratch, int, n);
    for (int r = 0; r < n; r++)
        dataset_held_out(data, judge->first + first + r, x + (size_t)r * data->dims, &label[r]);
    return (Rows){.n = n, .x = x, .label = label};
}

/* Whole rows of `from`, held-out ones of files from the first-th on, picked so that classes take
 * turns as they do in eval_sample: shares of classes that came out by chance would count as a
 * distance. As many as there are, at most n. */
static Rows in_turn(const Judge *judge, const Rows *from, int first, int n)
{
    const Dataset *data = judge->data;
    size_t dims = (size_t)data->dims, d = judge->features ? (size_t)judge->features->d : 0;
    float *x = arena_floats(judge->scratch, (size_t)n * dims),
          *feature = arena_floats(judge->scratch, (size_t)n * d);
    int *label = arena_new(judge->scratch, int, n), *named = arena_new(judge->scratch, int, n);
    int next[DATASET_CLASSES_MAX] = {0}, r = 0;
    for (int turn = 0, missed = 0; r < n && missed < data->classes; turn++) {
        int wanted = turn % data->classes, *at = &next[wanted];
        while (*at < from->n && from->label[*at] != wanted)
            ++*at;
        missed = *at == from->n ? missed + 1 : 0; /* small classes run out */
        if (missed)
            continue;
        dataset_held_out(data, first + *at, x + (size_t)r * dims, &label[r]);
        if (from->feature) {
            memcpy(feature + (size_t)r * d, from->feature + (size_t)*at * d, d * sizeof *feature);
            named[r] = from->named[*at];
        }
        ++*at;
        r++;
    }
    return (Rows){r, x, label, from->feature ? feature : NULL, named};
}

static Rows sampled(const Judge *judge, const Policy *policy, int n, uint64_t seed)
{
    float *x = arena_floats(judge->scratch, (size_t)n * judge->data->dims);
    int *label = arena_new(judge->scratch, int, n);
    eval_draw(judge, policy, n, seed, x, label);
    Rows rows = {.n = n, .x = x, .label = label};
    if (judge->features) {
        float *feature = arena_floats(judge->scratch, (size_t)n * judge->features->d);
        int *named = arena_new(judge->scratch, int, n);
        features_of(judge->features, judge->crew, n, rows.x, feature, named);
        rows.feature = feature;
        rows.named = named;
    }
    return rows;
}

const char *eval_metric_name(int index) { return measure_metric_name(index); }

bool eval_more_is_better(const char *name)
{
    static const char *const names[] = {"modes",     "classes", "within3sigma",
                                        "agreement", "recall",  "worst_class",
                                        "precision", "density", "coverage"};
    size_t length = strcspn(name, "@");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0)
            return true;
    return false;
}

/* ---- Side by side ---- */

static Metric metric_of(const Bounds *bounds, int classes, Interval interval)
{
    double most = bounds->most < 0 ? classes : bounds->most;
    return (Metric){bounds->name, interval.value, fmax(interval.low, bounds->least),
                    fmax(fmin(interval.high, most), bounds->least)};
}

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
    Interval value[GROUP_MAX];
    sets.scratch = arena;
    if (measure->rows)
        sets.samples.n = at_most(sets.samples.n, measure->rows);
    measure->judge(&sets, value);
    for (int i = 0; i < measure_size(measure); i++)
        judging->metric[begin][i] = metric_of(&measure->metric[i], sets.data->classes, value[i]);
}

static void judge_sets(const Judge *judge, const Rows *samples, const Rows *reference, int n,
                       const Measure *const *measure, EvalReport *report)
{
    Sets sets = {judge->data, judge->features ? judge->features->d : 0, *samples, *reference, NULL};
    Judging judging = {.sets = &sets};
    int groups = 0;
    report->metrics = 0;
    for (int k = 0; k < n; k++) {
        if (!measure_defined(measure[k], &sets))
            continue;
        judging.measure[groups] = measure[k];
        judging.metric[groups++] = report->metric + report->metrics;
        report->metrics += measure_size(measure[k]);
        must(report->metrics <= EVAL_METRICS_MAX);
    }
    crew_map(judge->crew, groups, 1, judge_one, &judging);
}

void eval_some(const Judge *judge, const Policy *policy, int n, uint64_t seed, int groups,
               const Measure *const *measure, EvalReport *report)
{
    size_t mark = arena_mark(judge->scratch);
    Rows samples = sampled(judge, policy, n, seed);
    Rows reference = held_out(judge, 0, judge->data->n_test ? judge->data->n_test : REFERENCE_ROWS);
    *report = (EvalReport){.k = policy->steps, .n = n, .nfe = (int)lround(policy_nfe(policy))};
    judge_sets(judge, &samples, &reference, groups, measure, report);
    arena_rewind(judge->scratch, mark);
}

void eval_policy(const Judge *judge, const Policy *policy, int n, uint64_t seed, EvalReport *report)
{
    eval_some(judge, policy, n, seed, measure_count, measures, report);
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
        samples = in_turn(judge, &samples, half, n);
    *report = (EvalReport){.n = samples.n};
    judge_sets(judge, &samples, &reference, measure_count, measures, report);
    arena_rewind(judge->scratch, mark);
}
