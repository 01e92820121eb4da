/* Owns the columns of metrics.csv that follow lr: the method's terms, the losses by origin, where
 * thresholding was on when the run began what it did at each of its sites, the variances of loss
 * and gradient norm over the last steps, and the network evaluations so far by network. A file
 * keeps the columns it began with. */
#include "engine/base/file.h"
#include "engine/distill/lab.h"
#include "engine/run/run_parts.h"
#include "engine/store/csv.h"
#include <math.h>

static double term_value(const Run *run, const StepReport *report, int index)
{
    (void)run;
    return report->term[index];
}

static double origin_value(const Run *run, const StepReport *report, int index)
{
    (void)run;
    return report->origin_count[index] ? report->origin_loss[index] : NAN;
}

/* What a site did since the last row. */
static ClippedCount since_row(const Run *run, int site)
{
    ClippedCount now = clipped_total(&run->lab.clipped[site]),
                 then = clipped_total(&run->clipped_logged[site]);
    return (ClippedCount){now.coordinates - then.coordinates, now.clipped - then.clipped,
                          now.overshoot - then.overshoot};
}

/* The share of coordinates that were clipped. */
static double clip_value(const Run *run, const StepReport *report, int index)
{
    (void)report;
    ClippedCount did = since_row(run, index);
    return did.coordinates ? (double)did.clipped / (double)did.coordinates : NAN;
}

/* How far those stood out, in the mean. */
static double over_value(const Run *run, const StepReport *report, int index)
{
    (void)report;
    ClippedCount did = since_row(run, index);
    return did.clipped ? did.overshoot / (double)did.clipped : NAN;
}

static double variance_value(const Run *run, const StepReport *report, int index)
{
    (void)report;
    double variance[2];
    window_variances(&run->window, &variance[0], &variance[1]);
    return variance[index];
}

static double nfe_value(const Run *run, const StepReport *report, int index)
{
    (void)report;
    const Cost *cost = &run->lab.cost;
    const double spent[] = {cost->teacher, cost->student, cost->critic};
    return spent[index];
}

/* clang-format off */
static const TermColumn ORIGIN_COLUMNS[ORIGINS] = {
    {"loss_data",    origin_value, ORIGIN_DATA   },
    {"loss_teacher", origin_value, ORIGIN_TEACHER},
    {"loss_student", origin_value, ORIGIN_STUDENT},
};
/* clang-format on */
static const TermColumn SITE_COLUMNS[SITES][2] = {
    {{"clip_T", clip_value, 0}, {"over_T", over_value, 0}},
    {{"clip_R", clip_value, 1}, {"over_R", over_value, 1}},
    {{"clip_S", clip_value, 2}, {"over_S", over_value, 2}},
    {{"clip_L", clip_value, 3}, {"over_L", over_value, 3}},
    {{"clip_C", clip_value, 4}, {"over_C", over_value, 4}},
};
/* clang-format off */
static const TermColumn LAST_COLUMNS[] = {
    {"loss_var",    variance_value, 0},
    {"grad_var",    variance_value, 1},
    {"nfe_teacher", nfe_value,      0},
    {"nfe_student", nfe_value,      1},
    {"nfe_critic",  nfe_value,      2},
};
/* clang-format on */

static void add_columns(Run *run, int n, const TermColumn *columns)
{
    for (int i = 0; i < n; i++) {
        must(run->terms < TERMS_MAX);
        run->column[run->terms] = columns[i];
        run->term[run->terms++] = columns[i].name;
    }
}

/* Every column a run may have, with those of the sites given. */
static void all_columns(Run *run, unsigned sites)
{
    const Method *method = run->lab.method;
    run->terms = 0;
    for (int i = 0; method->terms && method->terms[i]; i++)
        add_columns(run, 1, &(TermColumn){method->terms[i], term_value, i});
    if (method->uses_source)
        add_columns(run, ORIGINS, ORIGIN_COLUMNS);
    for (int s = 0; s < SITES; s++)
        if (sites & 1u << s)
            add_columns(run, 2, SITE_COLUMNS[s]);
    add_columns(run, sizeof LAST_COLUMNS / sizeof *LAST_COLUMNS, LAST_COLUMNS);
}

void run_name_terms(Run *run)
{
    const Threshold *threshold = &run->lab.threshold;
    all_columns(run, threshold->kind == THRESHOLD_NONE ? 0 : threshold->sites);
}

Status run_adopt_terms(Run *run, Error *error)
{
    char path[PATH_SIZE];
    CsvReader reader;
    int kept = 0;
    Status status = csv_open_end(&reader, file_join(path, run->folder, "metrics.csv"), 1, error);
    if (status)
        return status;
    if (reader.columns > 0)
        all_columns(run, ~0u);
    for (int i = 0; i < run->terms && reader.columns > 0; i++)
        if (csv_column(&reader, run->term[i]) >= 0) {
            run->column[kept] = run->column[i];
            run->term[kept++] = run->term[i];
        }
    if (reader.columns > 0)
        run->terms = kept;
    csv_close(&reader);
    return STATUS_OK;
}

void run_row_values(const Run *run, const StepReport *report, double *values)
{
    for (int i = 0; i < run->terms; i++)
        values[i] = run->column[i].value(run, report, run->column[i].index);
}
