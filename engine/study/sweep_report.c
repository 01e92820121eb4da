/* Owns the tables of a sweep. */
#include "engine/study/sweep_report.h"

#include "engine/base/student.h"
#include "engine/store/csv.h"
#include "engine/study/report.h"
#include <math.h>
#include <string.h>

/* Of "section.key=value", the name or the value. */
static int name_length(const char *set) { return (int)strcspn(set, "="); }
static const char *value_of(const char *set) { return set + name_length(set) + 1; }

/* Do the trials differ in their set of this number? */
static bool differs(const Study *sweep, int set)
{
    for (int arm = 1; arm < sweep->arms; arm++)
        if (strcmp(sweep->arm[arm].set[set], sweep->arm[0].set[set]) != 0)
            return true;
    return false;
}

static const double *values(const Study *sweep, const double *value, int metric, int arm)
{
    return value + ((size_t)metric * (size_t)sweep->arms + (size_t)arm) * (size_t)sweep->seeds;
}

/* ---- Markdown ---- */

static void put_what(const Study *sweep, FILE *out)
{
    fprintf(out, "%d trial%s of %s, seed%s ", sweep->arms, sweep->arms == 1 ? "" : "s",
            sweep->preset[0], sweep->seeds == 1 ? "" : "s");
    for (int i = 0; i < sweep->seeds; i++)
        fprintf(out, "%s%ld", i ? ", " : "", sweep->seed[i]);
    if (sweep->steps)
        fprintf(out, "; %ld steps", sweep->steps);
    if (sweep->rungs > 0)
        fprintf(out, "; one in %d goes on at step", sweep->keep);
    for (int i = 0; i < sweep->rungs; i++)
        fprintf(out, "%s %ld", i ? "," : "", sweep->rung[i]);
    fprintf(out, ".\nRanked by %s: %s is better.\n\n", sweep->metric[0],
            sweep->more ? "more" : "less");
}

static void put_head(const Study *sweep, FILE *out)
{
    const StudyArm *any = &sweep->arm[0];
    int columns = sweep->metrics + 4;
    fputs("| place | trial |", out);
    for (int i = 0; i < any->sets; i++)
        if (differs(sweep, i)) {
            fprintf(out, " %.*s |", name_length(any->set[i]), any->set[i]);
            columns++;
        }
    for (int i = 0; i < sweep->metrics; i++)
        fprintf(out, " %s |", sweep->metric[i]);
    fputs(" runs | |\n|", out);
    while (columns-- > 0)
        fputs("---|", out);
    fputc('\n', out);
}

static void put_fate(const Study *sweep, const Standing *s, FILE *out)
{
    if (s->stopped)
        fprintf(out, " stopped at step %ld: place %d of %d |\n", sweep->rung[s->rung], s->place,
                s->of);
    else if (s->failed > 0)
        fprintf(out, " %d failed |\n", s->failed);
    else
        fprintf(out, " %s|\n", s->runs < sweep->seeds ? "under way " : "");
}

static void put_row(const Study *sweep, const Standing *s, int place, const double *value,
                    FILE *out)
{
    const StudyArm *arm = &sweep->arm[s->arm];
    fprintf(out, "| %d | %s |", place, arm->name);
    for (int i = 0; i < arm->sets; i++)
        if (differs(sweep, i))
            fprintf(out, " %s |", value_of(arm->set[i]));
    for (int i = 0; i < sweep->metrics; i++) {
        Sample sample = student_sample(sweep->seeds, values(sweep, value, i, s->arm));
        report_put_mean(&sample, s->runs - s->failed, out);
    }
    fprintf(out, " %d |", s->runs);
    put_fate(sweep, s, out);
}

void sweep_markdown(const Study *sweep, const Standing *standing, const double *value, FILE *out)
{
    fprintf(out, "# %s\n\n", *sweep->title ? sweep->title : sweep->name);
    put_what(sweep, out);
    put_head(sweep, out);
    for (int i = 0; i < sweep->arms; i++)
        put_row(sweep, &standing[i], i + 1, value, out);
    if (sweep->rungs > 0)
        fputs("\nA trial that was stopped early stands below those that went further, with the "
              "figures of the step where it\nstopped.\n",
              out);
    if (sweep->seeds > 1)
        fputs("\nMean ± half of Student's 95 % interval over seeds.\n", out);
    fprintf(out, "\nMade by `ddil sweep %s`.\n", sweep->name);
}

/* ---- CSV ---- */

static void csv_head(const Study *sweep, FILE *out)
{
    const StudyArm *any = &sweep->arm[0];
    fputs("place,trial", out);
    for (int i = 0; i < any->sets; i++)
        if (differs(sweep, i))
            fprintf(out, ",%.*s", name_length(any->set[i]), any->set[i]);
    fputs(",stopped_at,runs,failed", out);
    for (int i = 0; i < sweep->metrics; i++) {
        const char *name = sweep->metric[i];
        fprintf(out, ",%s,%s_low,%s_high", name, name, name);
        for (int seed = 0; seed < sweep->seeds; seed++)
            fprintf(out, ",%s_seed_%ld", name, sweep->seed[seed]);
    }
    fputc('\n', out);
}

static void csv_metric(const Study *sweep, const double *value, FILE *out)
{
    Sample sample = student_sample(sweep->seeds, value);
    csv_put(out, sample.mean);
    csv_put(out, sample.mean - sample.reach);
    csv_put(out, sample.mean + sample.reach);
    for (int seed = 0; seed < sweep->seeds; seed++)
        csv_put(out, value[seed]);
}

void sweep_csv(const Study *sweep, const Standing *standing, const double *value, FILE *out)
{
    csv_head(sweep, out);
    for (int i = 0; i < sweep->arms; i++) {
        const Standing *s = &standing[i];
        const StudyArm *arm = &sweep->arm[s->arm];
        fprintf(out, "%d,%s", i + 1, arm->name);
        for (int k = 0; k < arm->sets; k++)
            if (differs(sweep, k)) {
                fputc(',', out);
                csv_put_text(out, value_of(arm->set[k]));
            }
        csv_put(out, s->stopped ? (double)sweep->rung[s->rung] : (double)NAN);
        fprintf(out, ",%d,%d", s->runs, s->failed);
        for (int k = 0; k < sweep->metrics; k++)
            csv_metric(sweep, values(sweep, value, k, s->arm), out);
        fputc('\n', out);
    }
}
