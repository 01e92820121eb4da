/* Owns the metrics on two sets of vectors from anywhere. May call the other measures. */
#include "engine/measure/sets.h"
#include "engine/base/status.h"
#include "engine/measure/auc.h"
#include "engine/measure/frechet.h"
#include "engine/measure/mmd.h"
#include "engine/measure/prdc.h"
#include "engine/measure/sw2.h"
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct Asking {
    const Frame *frame;
    const SetsWish *wish;
    Work work;
    SetsReport *report;
} Asking;

static void note(const Asking *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void note(const Asking *a, const char *format, ...)
{
    SetsReport *report = a->report;
    must(report->notes < SETS_NOTES_MAX);
    va_list list;
    va_start(list, format);
    vsnprintf(report->note[report->notes++], sizeof report->note[0], format, list);
    va_end(list);
}

static void ask_frechet(const Asking *a, double *value)
{
    value[0] = frechet(&a->frame->pair, &a->work) * a->frame->scale * a->frame->scale;
}

/* What rounding may leave of a difference of cubes (|row|^2 / d + 1)^3. */
static double cubes_rounding(const Frame *frame)
{
    double square = 0;
    for (int c = 0; c < frame->pair.d; c++)
        square += pow(fabs(frame->centre[c]) + frame->scale, 2) / frame->pair.d;
    return DBL_EPSILON * pow(square + 1, 3);
}

static void ask_kid(const Asking *a, double *value)
{
    PairKernel kernel = kernel_cubic(a->frame->pair.d, a->frame->centre, a->frame->scale);
    value[0] = pair_statistic(&kernel, &a->frame->pair, &a->work);
    double rounding = cubes_rounding(a->frame);
    if (!(100 * rounding < fabs(value[0])) && rounding > 1e-12)
        note(a,
             "kid: the rows are so far from nought that its cubes are rounded by about %.2g; it is "
             "made for numbers near 1",
             rounding);
}

/* Balls of radius nought hold nothing strictly inside. */
static void note_points(const Asking *a)
{
    const Pair *pair = &a->frame->pair;
    int points = prdc_points(pair->n, pair->x, pair->d, PRDC_DENSITY, &a->work);
    if (points > 0)
        note(a,
             "density, coverage: %d of the first set's %d rows coincide with at least %d others; "
             "their radius is 0 and nothing lies strictly within",
             points, pair->n, PRDC_DENSITY);
}

static void ask_prdc(const Asking *a, double *value)
{
    const Pair *pair = &a->frame->pair;
    Pair samples = pair_of(pair->m, pair->y, pair->n, pair->x, pair->d);
    Prdc four = prdc(&samples, PRDC_BALL, PRDC_DENSITY, &a->work);
    value[0] = four.precision;
    value[1] = four.recall;
    value[2] = four.density;
    value[3] = four.coverage;
    note_points(a);
}

static void ask_energy(const Asking *a, double *value)
{
    PairKernel kernel = kernel_energy();
    value[0] = pair_statistic(&kernel, &a->frame->pair, &a->work) * a->frame->scale;
}

static void ask_mmd2(const Asking *a, double *value)
{
    const Pair *pair = &a->frame->pair;
    MmdKernel kernel = mmd_kernel(pair->n, pair->x, pair->d, &a->work);
    if (!kernel.median)
        note(a,
             "mmd2: the median distance within the first set is 0 (half of its pairs coincide); "
             "the bandwidth is %.6g instead, the root of their mean square",
             kernel.bandwidth * a->frame->scale);
    value[0] = pair_statistic(&kernel.pairs, pair, &a->work);
}

static void ask_sw2(const Asking *a, double *value)
{
    value[0] = sw2(&a->frame->pair, a->wish->directions, a->wish->seed, &a->work) *
               a->frame->scale * a->frame->scale;
}

static void ask_auc(const Asking *a, double *value)
{
    value[0] = auc_logistic(&a->frame->pair, a->wish->seed, &a->work);
}

enum { GROUP_MAX = 4 };

/* One row a computation, in the order of the contract. */
static const struct Row {
    void (*ask)(const Asking *asking, double *value);
    int least; /* rows that each set must have */
    const char *name[GROUP_MAX];
} rows[] = {
    {ask_frechet, 2, {"frechet"}},
    {ask_kid, 2, {"kid"}},
    {ask_prdc, PRDC_DENSITY + 1, {"precision", "recall", "density", "coverage"}},
    {ask_energy, 2, {"energy"}},
    {ask_mmd2, 2, {"mmd2"}},
    {ask_sw2, 1, {"sw2"}},
    {ask_auc, 4, {"auc"}},
};
enum { ROWS = sizeof rows / sizeof *rows };

/* ---- Which ---- */

static bool names(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == 0))
            return true;
    }
    return false;
}

static int count_names(const char *list)
{
    int n = 1;
    for (; *list; list++)
        n += *list == ',';
    return n;
}

/* Names, least rows and what is asked for. */
static Status prepare(const SetsWish *wish, SetsReport *report, Error *error)
{
    int asked = 0;
    *report = (SetsReport){0};
    for (int r = 0; r < ROWS; r++)
        for (int i = 0; i < GROUP_MAX && rows[r].name[i]; i++) {
            SetMetric *metric = &report->metric[report->metrics++];
            *metric = (SetMetric){rows[r].name[i], NAN, rows[r].least, true};
            metric->asked = !wish->only || names(wish->only, metric->name);
            asked += metric->asked;
        }
    if (wish->only && asked != count_names(wish->only))
        return fail(
            error, STATUS_BAD_INPUT,
            "--only: \"%s\" is no list of metrics; expected names between commas, each once: "
            "frechet, kid, precision, recall, density, coverage, energy, mmd2, sw2, auc",
            wish->only);
    return STATUS_OK;
}

static void ask_row(const Asking *asking, const struct Row *row, SetMetric *metric)
{
    double value[GROUP_MAX] = {0};
    const Pair *pair = &asking->frame->pair;
    bool asked = false;
    for (int i = 0; i < GROUP_MAX && row->name[i]; i++)
        asked = asked || metric[i].asked;
    if (!asked || pair->n < row->least || pair->m < row->least)
        return;
    row->ask(asking, value);
    for (int i = 0; i < GROUP_MAX && row->name[i]; i++)
        if (metric[i].asked)
            metric[i].value = value[i];
}

/* Address space: what the largest metric takes, and room for what LAPACK asks for. */
static size_t scratch_size(const Pair *pair)
{
    return (size_t)(2 * sets_memory(pair->n, pair->m, pair->d, 1)) + ((size_t)64 << 20);
}

Status sets_metrics(const Frame *frame, const SetsWish *wish, Crew *crew, SetsReport *report,
                    Error *error)
{
    Arena scratch;
    Asking asking = {frame, wish, {crew, &scratch}, report};
    SetMetric *metric = report->metric;
    Status status = prepare(wish, report, error);
    if (status)
        return status;
    arena_init(&scratch, scratch_size(&frame->pair));
    for (int r = 0; r < ROWS; r++) {
        ask_row(&asking, &rows[r], metric);
        for (int i = 0; i < GROUP_MAX && rows[r].name[i]; i++)
            metric++;
    }
    arena_done(&scratch);
    return STATUS_OK;
}

double sets_memory(int n, int m, int d, int threads)
{
    double wide = d, all = (double)n + m;
    return 48 * wide * wide + 4 * all * (wide + 10) + threads * (8192 * wide + 1e6);
}
