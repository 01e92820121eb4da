/* How often the 95 % intervals of reports hold: bench_coverage [TRIALS [ROLLOUTS]] draws TRIALS
 * (300) samples and references of known laws and counts. The population's value is closed form
 * where there is one, else that of a sample so large that its chance does not matter here. Not part
 * of the tests; about five minutes on one core. */
#include "engine/measure/eval.h"
#include "engine/measure/frechet.h"
#include "engine/measure/interval.h"
#include "engine/measure/modes.h"
#include "engine/measure/stats.h"
#include "engine/measure/sums.h"
#include "engine/measure/sw2.h"
#include "tests/labs.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STRIDE = 1 << 15 }; /* of reference rows from trial to trial */

typedef struct Count {
    int trials, low, high; /* truth below, above the interval */
    double width;
} Count;

static void count(Count *count, double low, double high, double truth)
{
    count->trials++;
    count->low += truth < low;
    count->high += truth > high;
    count->width += high - low;
}

static void show(const char *what, const Count *count, double truth, double value)
{
    int missed = count->low + count->high;
    printf("%-34s %5.1f %% (below %d, above %d of %d), truth %.5g, mean value %.5g, width %.3g\n",
           what, 100.0 * (count->trials - missed) / count->trials, count->low, count->high,
           count->trials, truth, value, count->width / count->trials);
    fflush(stdout);
}

/* ---- Points: sw2, energy, modes, within3sigma ---- */

static const char *const point_metrics[] = {"sw2", "energy", "modes", "within3sigma"};
enum { POINT_METRICS = 4 };

static const Metric *metric_of(const EvalReport *report, const char *name)
{
    for (int k = 0; k < report->metrics; k++)
        if (!strcmp(report->metric[k].name, name))
            return &report->metric[k];
    abort();
}

/* Of so large a sample; the energy, which is unbiased, of the trials' mean. */
static void point_truths(Bench *bench, const Policy *policy, double truth[POINT_METRICS])
{
    enum { MANY = 200000 };
    size_t mark = arena_mark(&bench->step), row = (size_t)MANY * 2;
    float *states = arena_floats(&bench->step, row * (size_t)(policy->steps + 1)),
          *real = arena_floats(&bench->step, row);
    int label;
    eval_sample(&bench->lab.data, bench->crew, policy, MANY, 99, STREAM_SAMPLE, -1, states, NULL,
                NULL);
    const float *x = states + row * (size_t)policy->steps;
    for (int r = 0; r < MANY; r++)
        dataset_held_out(&bench->lab.data, (1L << 40) + r, real + 2 * (size_t)r, &label);
    Pair pair = pair_of(MANY, x, MANY, real, 2);
    truth[0] = sw2(&pair, SW2_DIRECTIONS, 0, &(Work){bench->crew, &bench->step});
    Modes modes = modes_of(bench->lab.data.mixture, MANY, x);
    truth[2] = modes.found;
    truth[3] = modes.within;
    arena_rewind(&bench->step, mark);
}

static void study_points(Bench *bench, const char *name, const Policy *policy, int n, int trials)
{
    Count counts[POINT_METRICS] = {{0}};
    double truth[POINT_METRICS] = {0}, mean[POINT_METRICS] = {0};
    EvalReport *report = calloc((size_t)trials, sizeof *report);
    point_truths(bench, policy, truth);
    for (int t = 0; t < trials; t++) {
        Judge judge = {&bench->lab.data, NULL, bench->crew, &bench->step, (long)t * STRIDE};
        eval_policy(&judge, policy, n, (uint64_t)t + 1000, &report[t]);
        for (int k = 0; k < POINT_METRICS; k++)
            mean[k] += metric_of(&report[t], point_metrics[k])->value / trials;
    }
    truth[1] = mean[1];
    for (int k = 0; k < POINT_METRICS; k++) {
        char what[64];
        for (int t = 0; t < trials; t++) {
            const Metric *metric = metric_of(&report[t], point_metrics[k]);
            count(&counts[k], metric->low, metric->high, truth[k]);
        }
        snprintf(what, sizeof what, "%s, %s, n = %d", point_metrics[k], name, n);
        show(what, &counts[k], truth[k], mean[k]);
    }
    free(report);
}

/* ---- Frechet: normal laws of known moments ---- */

enum { WIDE = 64, REFERENCE = 10000 };

static void normals(int n, double scale, double move, uint64_t seed, uint64_t first, float *x)
{
    for (int r = 0; r < n; r++) {
        Rng rng = rng_at(seed, STREAM_EVAL, first + (uint64_t)r);
        float *row = x + (size_t)r * WIDE;
        rng_normals(&rng, WIDE, row);
        for (int c = 0; c < WIDE; c++)
            row[c] = (float)((double)row[c] * scale + move);
    }
}

static Interval frechet_interval(const Pair *pair, const Work *work)
{
    double x[INTERVAL_BLOCKS + 1], y[INTERVAL_BLOCKS + 1];
    Jackknife j;
    Pair turned = pair_of(pair->m, pair->y, pair->n, pair->x, pair->d);
    frechet_blocks(pair, INTERVAL_BLOCKS, x, work);
    frechet_blocks(&turned, INTERVAL_BLOCKS, y, work);
    memcpy(j.x, x, sizeof j.x);
    memcpy(j.y, y, sizeof j.y);
    j.whole = x[INTERVAL_BLOCKS];
    return interval_two(&j, true);
}

static void study_frechet(Bench *bench, double scale, double move, int n, int trials)
{
    size_t mark = arena_mark(&bench->step);
    Work work = {bench->crew, &bench->step};
    float *x = arena_floats(&bench->step, (size_t)n * WIDE),
          *y = arena_floats(&bench->step, (size_t)REFERENCE * WIDE);
    double truth = WIDE * (move * move + (scale - 1) * (scale - 1)), mean = 0;
    Count counts = {0};
    char what[64];
    for (int t = 0; t < trials; t++) {
        normals(n, scale, move, 1, (uint64_t)t * STRIDE, x);
        normals(REFERENCE, 1, 0, 2, (uint64_t)t * STRIDE, y);
        Pair pair = pair_of(n, x, REFERENCE, y, WIDE);
        Interval interval = frechet_interval(&pair, &work);
        count(&counts, fmax(0, interval.low), fmax(0, interval.high), truth);
        mean += interval.value / trials;
    }
    snprintf(what, sizeof what, "frechet, %d features, n = %d", WIDE, n);
    show(what, &counts, truth, mean);
    arena_rewind(&bench->step, mark);
}

/* ---- The worst class ---- */

static void study_worst(const char *name, const double chance[10], int each, int trials)
{
    Count counts = {0};
    double truth = 1, mean = 0;
    char what[64];
    for (int c = 0; c < 10; c++)
        truth = fmin(truth, chance[c]);
    for (int t = 0; t < trials; t++) {
        long asked[10], right[10] = {0};
        Rng rng = rng_at(3, STREAM_EVAL, (uint64_t)t);
        for (int c = 0; c < 10; c++) {
            asked[c] = each;
            for (int r = 0; r < each; r++)
                right[c] += rng_uniform(&rng) < chance[c];
        }
        Interval interval = interval_least(10, right, asked);
        count(&counts, interval.low, interval.high, truth);
        mean += interval.value / trials;
    }
    snprintf(what, sizeof what, "worst_class, %s, n = %d", name, 10 * each);
    show(what, &counts, truth, mean);
}

/* How many of eight labels have a quarter of an even share: `many` have `share` each, one the rest.
 */
static void study_reach(const char *name, int many, double share, int n, int trials)
{
    Count counts = {0};
    double mean = 0, truth = many * (share >= 1.0 / 32) + 1;
    char what[64];
    for (int t = 0; t < trials; t++) {
        long given[8] = {0};
        Rng rng = rng_at(4, STREAM_EVAL, (uint64_t)t);
        for (int r = 0; r < n; r++) {
            int label = (int)(rng_uniform(&rng) / share);
            given[label < many ? label : 7]++;
        }
        Interval interval = interval_reach(8, given, n, 1.0 / 32);
        count(&counts, interval.low, interval.high, truth);
        mean += interval.value / trials;
    }
    snprintf(what, sizeof what, "modes, %s, n = %d", name, n);
    show(what, &counts, truth, mean);
}

/* ---- The ratio at each sampling step, and the worst of them ---- */

static void study_ratio(Bench *bench, const char *name, int rollouts, int trials)
{
    int steps = bench->lab.grid.steps, all = rollouts * trials;
    size_t mark = arena_mark(&bench->step);
    Shift *shift = bench_shift(bench, all, bench->lab.source.set.teacher_substeps);
    Policy student = lab_student(&bench->lab, false, 0);
    double *own = arena_new(&bench->step, double, (size_t)steps *(size_t)all),
           *forward = arena_new(&bench->step, double, (size_t)steps *(size_t)all);
    shift_errors(shift, bench->crew, &bench->step, &student, own, forward);
    ShiftRow *rows = calloc((size_t)steps * (size_t)trials, sizeof *rows);
    double worst = 0;
    for (int s = 0; s < steps; s++) {
        const double *a = own + (size_t)s * (size_t)all, *b = forward + (size_t)s * (size_t)all;
        double truth = mean_of(all, a) / mean_of(all, b), mean = 0;
        Count counts = {0};
        char what[64];
        for (int t = 0; t < trials; t++) {
            Interval interval = interval_ratio(rollouts, a + (size_t)t * (size_t)rollouts,
                                               b + (size_t)t * (size_t)rollouts);
            rows[t * steps + s] = (ShiftRow){.i = steps - s,
                                             .ratio = interval.value,
                                             .low = interval.low,
                                             .high = interval.high};
            count(&counts, interval.low, interval.high, truth);
            mean += interval.value / trials;
        }
        worst = s > 0 ? fmax(worst, truth) : worst;
        snprintf(what, sizeof what, "ratio, %s, i = %d, %d", name, steps - s, rollouts);
        show(what, &counts, truth, mean);
    }
    Count counts = {0};
    double mean = 0;
    char what[64];
    for (int t = 0; t < trials; t++) {
        int row;
        double low, high;
        shift_worst_interval(rows + t * steps, steps, &low, &high);
        mean += shift_worst(rows + t * steps, steps, &row) / trials;
        count(&counts, low, high, worst);
    }
    snprintf(what, sizeof what, "worst ratio, %s, %d", name, rollouts);
    show(what, &counts, worst, mean);
    free(rows);
    arena_rewind(&bench->step, mark);
}

int main(int argc, char **argv)
{
    int trials = argc > 1 ? atoi(argv[1]) : 300, rollouts = argc > 2 ? atoi(argv[2]) : 2048;
    static const double even[10] = {.9, .9, .9, .9, .9, .9, .9, .9, .9, .9},
                        one[10] = {.95, .95, .95, .95, .95, .95, .95, .95, .95, .6},
                        two[10] = {.99, .98, .97, .96, .95, .9, .85, .8, .72, .7};
    if (trials < 1 || rollouts < 2)
        return 2;
    study_worst("one is worst", one, 50, 10 * trials);
    study_worst("all alike", even, 50, 10 * trials);
    study_worst("a slope", two, 200, 10 * trials);
    study_reach("one in doubt", 1, 0.0313, 2000, 10 * trials);
    study_reach("seven in doubt", 7, 0.0313, 2000, 10 * trials);
    Bench *bench = bench_open_file("presets/ring-pd.ini",
                                   (const char *const[]){"student.pretrain_steps=1000", NULL}, 1);
    study_frechet(bench, 1.002, 0.0085, 2000, trials);
    study_frechet(bench, 1.1, 0.1, 500, trials);
    Policy rough = lab_teacher(&bench->lab, 4, 1), fine = lab_teacher(&bench->lab, 16, 4),
           poor = lab_teacher(&bench->lab, 2, 1);
    study_points(bench, "4 steps", &rough, 1000, trials);
    study_points(bench, "2 steps", &poor, 1000, trials);
    study_points(bench, "64 steps", &fine, 1000, trials);
    bench_start(bench, 1000);
    bench_advance(bench, 0, 4000);
    study_ratio(bench, "ring-pd", rollouts, trials);
    bench_close(bench);
    return 0;
}
