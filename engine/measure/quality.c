/* Owns the metrics of sample quality that ship, each over the samples without one block at a time.
 */
#include "engine/measure/frechet.h"
#include "engine/measure/metric.h"
#include "engine/measure/modes.h"
#include "engine/measure/prdc.h"
#include "engine/measure/stats.h"
#include "engine/measure/sums.h"
#include "engine/measure/sw2.h"
#include <math.h>
#include <string.h>

enum { PICTURE_DIRECTIONS = 128, ENERGY_ROWS = 2000 };

/* Many directions at once: each holds its own projections. */
static void judge_sw2(const Sets *s, Values value)
{
    int directions = dataset_is_points(s->data) ? SW2_DIRECTIONS : PICTURE_DIRECTIONS;
    Pair pair = pair_of(s->samples.n, s->samples.x, s->reference.n, s->reference.x, s->data->dims);
    sw2_blocks(&pair, directions, 0, BLOCKS, value[0], &(Work){NULL, s->scratch});
}

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

/* clang-format off */
const Measure measure_sw2 = {DOMAIN_ALL, 0, judge_sw2, {{"sw2", 0, INFINITY}}};
const Measure measure_energy = {DOMAIN_POINTS, ENERGY_ROWS, judge_energy, {{"energy", -INFINITY, INFINITY}}};
const Measure measure_modes = {DOMAIN_MIXTURES, 0, judge_modes, {{"modes", 0, -1}, {"within3sigma", 0, 1}, {"mode_kl", 0, INFINITY}}};
const Measure measure_frechet = {DOMAIN_FEATURES, 0, judge_frechet, {{"frechet", 0, INFINITY}}};
const Measure measure_names = {DOMAIN_FEATURES, 0, judge_names, {{"agreement", 0, 1}, {"worst_class", 0, 1}, {"classes", 0, -1}}};
const Measure measure_kid = {DOMAIN_FEATURES, PICTURE_ROWS, judge_kid, {{"kid", -INFINITY, INFINITY}}};
const Measure measure_neighbours = {DOMAIN_FEATURES, PICTURE_ROWS, judge_neighbours, {{"precision", 0, 1}, {"recall", 0, 1}, {"density", 0, INFINITY}, {"coverage", 0, 1}}};
/* clang-format on */
