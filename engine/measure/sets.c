/* Owns the metrics on two sets of vectors from anywhere. May call the other measures. */
#include "engine/measure/sets.h"
#include "engine/base/status.h"
#include "engine/measure/auc.h"
#include "engine/measure/frechet.h"
#include "engine/measure/mmd.h"
#include "engine/measure/prdc.h"
#include "engine/measure/sw2.h"
#include <math.h>

typedef struct Pair {
    int n, m, d, directions;
    const float *x, *y;
    uint64_t seed;
} Pair;

static void pair_frechet(const Pair *p, double *value, Arena *scratch)
{
    value[0] = frechet(p->n, p->x, p->m, p->y, p->d, scratch);
}

static void pair_kid(const Pair *p, double *value, Arena *scratch)
{
    (void)scratch;
    PairSums sums = pair_sums(kernel_cubic, NULL, p->n, p->x, p->m, p->y, p->d);
    value[0] = pair_unbiased(&sums);
}

static void pair_prdc(const Pair *p, double *value, Arena *scratch)
{
    Prdc prdc_value = prdc(p->m, p->y, p->n, p->x, p->d, PRDC_BALL, PRDC_DENSITY, scratch);
    value[0] = prdc_value.precision;
    value[1] = prdc_value.recall;
    value[2] = prdc_value.density;
    value[3] = prdc_value.coverage;
}

static void pair_energy(const Pair *p, double *value, Arena *scratch)
{
    (void)scratch;
    PairSums sums = pair_sums(kernel_energy, NULL, p->n, p->x, p->m, p->y, p->d);
    value[0] = pair_unbiased(&sums);
}

static void pair_mmd2(const Pair *p, double *value, Arena *scratch)
{
    MmdKernel kernel = mmd_kernel(p->n, p->x, p->d, scratch);
    value[0] = mmd2(&kernel, p->n, p->x, p->m, p->y, p->d);
}

static void pair_sw2(const Pair *p, double *value, Arena *scratch)
{
    value[0] = sw2(p->n, p->x, p->m, p->y, p->d, p->directions, p->seed, scratch);
}

static void pair_auc(const Pair *p, double *value, Arena *scratch)
{
    value[0] = auc_logistic(p->n, p->x, p->m, p->y, p->d, p->seed, scratch);
}

/* One row a computation; the dearest first, so that nobody waits for it alone at the end. */
static const struct Row {
    void (*compute)(const Pair *pair, double *value, Arena *scratch);
    int least; /* rows that each set must have */
    int first; /* place of its first metric in `names` */
    int n;
    /* clang-format off */
} rows[] = {
    {pair_mmd2, 2, 7, 1}, {pair_prdc, PRDC_DENSITY + 1, 2, 4}, {pair_kid, 2, 1, 1}, {pair_energy, 2, 6, 1},
    {pair_auc, 4, 9, 1},  {pair_frechet, 2, 0, 1},             {pair_sw2, 1, 8, 1},
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows };

static const char *const names[] = {"frechet",  "kid",    "precision", "recall", "density",
                                    "coverage", "energy", "mmd2",      "sw2",    "auc"};
enum { NAMES = sizeof names / sizeof *names };

typedef struct Computing {
    const Pair *pair;
    SetMetric *metric;
} Computing;

static void compute(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Computing *computing = context;
    const Pair *pair = computing->pair;
    const struct Row *row = &rows[begin];
    double value[4] = {NAN, NAN, NAN, NAN};
    if (pair->n >= row->least && pair->m >= row->least)
        row->compute(pair, value, arena);
    for (int i = 0; i < row->n; i++)
        computing->metric[row->first + i].value = value[i];
}

int sets_metrics(Crew *crew, int n, const float *x, int m, const float *y, int d, int directions,
                 uint64_t seed, SetMetric metric[SETS_METRICS_MAX])
{
    must(n >= 2 && m >= 2 && d >= 1);
    Pair pair = {n, m, d, directions, x, y, seed};
    Computing computing = {&pair, metric};
    for (int i = 0; i < NAMES; i++)
        metric[i] = (SetMetric){names[i], NAN};
    crew_map(crew, ROWS, 1, compute, &computing);
    return NAMES;
}
