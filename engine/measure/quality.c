/* Owns the metrics of sample quality that ship, each with its interval. */
#include "engine/measure/frechet.h"
#include "engine/measure/metric.h"
#include "engine/measure/modes.h"
#include "engine/measure/prdc.h"
#include "engine/measure/sums.h"
#include "engine/measure/sw2.h"
#include <math.h>
#include <string.h>

enum { PICTURE_DIRECTIONS = 128, ENERGY_ROWS = 2000 };

static Work alone(const Sets *s) { return (Work){NULL, s->scratch}; }

/* Rows themselves, of at most so many of the reference. */
static Pair rows_of_sets(const Sets *s, int most)
{
    return pair_of(s->samples.n, s->samples.x, at_most(s->reference.n, most), s->reference.x,
                   s->data->dims);
}

static Pair features_of_sets(const Sets *s, int most)
{
    return pair_of(s->samples.n, s->samples.feature, at_most(s->reference.n, most),
                   s->reference.feature, s->d);
}

/* A function that gives a statistic without each block of x, and of all, asked twice. */
typedef void Blocks(const Pair *pair, double value[BLOCKS + 1], const Work *work);

static Interval of_both_sets(const Pair *pair, Blocks *blocks, bool biased, const Work *work)
{
    double x[BLOCKS + 1], y[BLOCKS + 1];
    Jackknife j;
    Pair turned = pair_of(pair->m, pair->y, pair->n, pair->x, pair->d);
    blocks(pair, x, work);
    blocks(&turned, y, work);
    memcpy(j.x, x, sizeof j.x);
    memcpy(j.y, y, sizeof j.y);
    j.whole = x[BLOCKS];
    return interval_two(&j, biased);
}

static void energy_blocks(const Pair *pair, double value[BLOCKS + 1], const Work *work)
{
    PairKernel kernel = kernel_energy();
    pair_statistic_blocks(&kernel, pair, BLOCKS, value, work);
}

static void kid_blocks(const Pair *pair, double value[BLOCKS + 1], const Work *work)
{
    PairKernel kernel = kernel_cubic(pair->d, NULL, 1);
    pair_statistic_blocks(&kernel, pair, BLOCKS, value, work);
}

static void frechet_ten(const Pair *pair, double value[BLOCKS + 1], const Work *work)
{
    frechet_blocks(pair, BLOCKS, value, work);
}

/* The reference of files along all directions, a picture at a time. */
static const float *reference_along(const Sets *s, int directions)
{
    int d = s->data->dims, n = s->reference.n, label;
    float *along = arena_floats(s->scratch, (size_t)directions * (size_t)n),
          *row = arena_floats(s->scratch, d),
          *direction = sw2_directions(d, directions, 0, s->scratch);
    for (int r = 0; r < n; r++) {
        dataset_held_out(s->data, r, row, &label);
        sw2_along(d, directions, direction, row, (size_t)n, along + r);
    }
    return along;
}

/* Many directions at once: each holds its own projections. */
static void judge_sw2(const Sets *s, Interval *value)
{
    Work work = alone(s);
    Jackknife j;
    Slices slices = {SW2_DIRECTIONS, 0, BLOCKS, NULL};
    if (!dataset_is_points(s->data))
        slices.directions = PICTURE_DIRECTIONS;
    if (!s->reference.x)
        slices.y_along = reference_along(s, slices.directions);
    Pair pair = rows_of_sets(s, s->reference.n);
    j.whole = sw2_blocks(&pair, &slices, j.x, j.y, &work);
    value[0] = interval_two(&j, true);
}

static void judge_energy(const Sets *s, Interval *value)
{
    Work work = alone(s);
    Pair pair = rows_of_sets(s, ENERGY_ROWS);
    value[0] = of_both_sets(&pair, energy_blocks, false, &work);
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

static Interval mode_kl(const Sets *s)
{
    size_t mark = arena_mark(s->scratch);
    float *rest = arena_floats(s->scratch, (size_t)s->samples.n * s->data->dims);
    Jackknife j = {0};
    for (int b = 0; b <= BLOCKS; b++) {
        int n;
        const float *x = without(s, b, rest, &n);
        *(b < BLOCKS ? &j.x[b] : &j.whole) = modes_of(s->data->mixture, n, x).kl;
    }
    arena_rewind(s->scratch, mark);
    return interval_one(&j);
}

static void judge_modes(const Sets *s, Interval *value)
{
    int n = s->samples.n;
    Modes modes = modes_of(s->data->mixture, n, s->samples.x);
    long count[DATASET_CLASSES_MAX];
    for (int c = 0; c < modes.labels; c++)
        count[c] = lround(modes.share[c] * n);
    value[0] = interval_reach(modes.labels, count, n, 1.0 / (4 * modes.labels));
    value[1] = interval_share(lround(modes.within * n), n);
    value[2] = mode_kl(s);
}

static void judge_frechet(const Sets *s, Interval *value)
{
    Work work = alone(s);
    Pair pair = features_of_sets(s, s->reference.n);
    value[0] = of_both_sets(&pair, frechet_ten, true, &work);
}

static void judge_kid(const Sets *s, Interval *value)
{
    Work work = alone(s);
    Pair pair = features_of_sets(s, PICTURE_ROWS);
    value[0] = of_both_sets(&pair, kid_blocks, false, &work);
}

static void judge_neighbours(const Sets *s, Interval *value)
{
    Prdc each[BLOCKS + 1];
    Pair pair = features_of_sets(s, PICTURE_ROWS);
    Work work = alone(s);
    Jackknife j[GROUP_MAX];
    prdc_blocks(&pair, PRDC_BALL, PRDC_DENSITY, BLOCKS, each, &work);
    for (int b = 0; b <= BLOCKS; b++) {
        const double four[GROUP_MAX] = {each[b].precision, each[b].recall, each[b].density,
                                        each[b].coverage};
        for (int i = 0; i < GROUP_MAX; i++)
            *(b < BLOCKS ? &j[i].x[b] : &j[i].whole) = four[i];
    }
    for (int i = 0; i < GROUP_MAX; i++)
        value[i] = interval_one(&j[i]);
}

static void judge_cover(const Sets *s, Interval *value)
{
    Prdc each[BLOCKS + 1];
    Pair pair = rows_of_sets(s, PICTURE_ROWS);
    Work work = alone(s);
    Jackknife j = {0};
    prdc_blocks(&pair, PRDC_BALL, PRDC_DENSITY, BLOCKS, each, &work);
    for (int b = 0; b <= BLOCKS; b++)
        *(b < BLOCKS ? &j.x[b] : &j.whole) = each[b].coverage;
    value[0] = interval_one(&j);
}

/* What the classifier makes of the samples, by class. */
static void judge_names(const Sets *s, Interval *value)
{
    int classes = s->data->classes, n = s->samples.n;
    long asked[DATASET_CLASSES_MAX] = {0}, right[DATASET_CLASSES_MAX] = {0},
         given[DATASET_CLASSES_MAX] = {0}, all_right = 0;
    for (int r = 0; r < n; r++) {
        int label = s->samples.label[r], named = s->samples.named[r];
        given[named]++;
        asked[label]++;
        right[label] += named == label;
        all_right += named == label;
    }
    value[0] = interval_share(all_right, n);
    value[1] = interval_least(classes, right, asked);
    value[2] = interval_reach(classes, given, n, 1.0 / (4 * classes));
}

/* clang-format off */
const Measure measure_sw2 = {DOMAIN_ALL, 0, judge_sw2, {{"sw2", 0, INFINITY}}};
const Measure measure_energy = {DOMAIN_POINTS, ENERGY_ROWS, judge_energy, {{"energy", -INFINITY, INFINITY}}};
const Measure measure_modes = {DOMAIN_MIXTURES, 0, judge_modes, {{"modes", 0, -1}, {"within3sigma", 0, 1}, {"mode_kl", 0, INFINITY}}};
const Measure measure_frechet = {DOMAIN_FEATURES, 0, judge_frechet, {{"frechet", 0, INFINITY}}};
const Measure measure_names = {DOMAIN_CLASSES, 0, judge_names, {{"agreement", 0, 1}, {"worst_class", 0, 1}, {"classes", 0, -1}}};
const Measure measure_kid = {DOMAIN_FEATURES, PICTURE_ROWS, judge_kid, {{"kid", -INFINITY, INFINITY}}};
const Measure measure_neighbours = {DOMAIN_FEATURES, PICTURE_ROWS, judge_neighbours, {{"precision", 0, 1}, {"recall", 0, 1}, {"density", 0, INFINITY}, {"coverage", 0, 1}}};
const Measure measure_cover = {DOMAIN_POINTS, PICTURE_ROWS, judge_cover, {{"coverage", 0, 1}}};
/* clang-format on */
