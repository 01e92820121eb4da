/* Owns the columns of metrics.csv that follow lr: the method's terms, the losses by origin, and, where thresholding was
 * on when the run began, what it did at each of its sites. A file keeps the columns it began with. */
#include "engine/base/file.h"
#include "engine/distill/method.h"
#include "engine/run/csv.h"
#include "engine/run/run_parts.h"
#include <math.h>

/* clip: the share of coordinates that were clipped since the last row; over: how far those stood out, in the mean. */
typedef struct SiteNames {
    const char *clip, *over;
} SiteNames;

enum { SITES = 5 };
static const SiteNames SITE_NAMES[SITES] = {
    {"clip_T", "over_T"},
    {"clip_R", "over_R"},
    {"clip_S", "over_S"},
    {"clip_L", "over_L"},
    {"clip_C", "over_C"},
};

static void name_term(Run *run, const char *name)
{
    must(run->terms < TERMS_MAX);
    run->term[run->terms++] = name;
}

static void name_terms(Run *run, unsigned sites)
{
    static const char *const ORIGIN[ORIGINS] = {"loss_data", "loss_teacher",
                                                "loss_student"};
    const Method *method = run->lab.method;
    run->terms = 0;
    run->clip_sites = sites;
    for (int i = 0; method->terms && method->terms[i]; i++)
        name_term(run, method->terms[i]);
    for (int o = 0; method->uses_source && o < ORIGINS; o++)
        name_term(run, ORIGIN[o]);
    for (int s = 0; s < SITES; s++) {
        if (!(sites & 1u << s))
            continue;
        name_term(run, SITE_NAMES[s].clip);
        name_term(run, SITE_NAMES[s].over);
    }
}

void run_name_terms(Run *run)
{
    const Threshold *threshold = &run->lab.threshold;
    name_terms(run, threshold->kind == THRESHOLD_NONE ? 0 : threshold->sites);
}

Status run_adopt_terms(Run *run, Error *error)
{
    char path[PATH_SIZE];
    CsvReader reader;
    unsigned sites = 0;
    Status status = csv_open(&reader, file_join(path, run->folder, "metrics.csv"), error);
    if (status)
        return status;
    for (int s = 0; s < SITES; s++)
        sites |= csv_column(&reader, SITE_NAMES[s].clip) >= 0 ? 1u << s : 0;
    if (reader.columns > 0)
        name_terms(run, sites);
    csv_close(&reader);
    return STATUS_OK;
}

void run_row_values(const Run *run, const StepReport *report, double *values)
{
    const Method *method = run->lab.method;
    int n = 0;
    for (int i = 0; method->terms && method->terms[i]; i++)
        values[n++] = report->term[i];
    for (int o = 0; method->uses_source && o < ORIGINS; o++)
        values[n++] = report->origin_count[o] ? report->origin_loss[o] : NAN;
    for (int s = 0; s < SITES; s++) {
        const Clipped *did = &run->lab.clipped[s];
        if (!(run->clip_sites & 1u << s))
            continue;
        values[n++] =
            did->coordinates ? (double)did->clipped / (double)did->coordinates : NAN;
        values[n++] = did->clipped ? did->overshoot / (double)did->clipped : NAN;
    }
    must(n == run->terms);
}
