/* Owns the tables of a study. */
#include "engine/study/report.h"

#include "engine/store/csv.h"
#include "engine/study/cell.h"
#include "engine/study/lacks.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- Findings ---- */

static int index_of(const Study *study, int preset, int metric, int arm)
{
    return (preset * study->metrics + metric) * study->arms + arm;
}

const double *values_of(const Findings *findings, int preset, int metric, int arm)
{
    const Study *study = findings->study;
    return findings->value + (size_t)index_of(study, preset, metric, arm) * (size_t)study->seeds;
}

const Finding *finding_of(const Findings *findings, int preset, int metric, int arm)
{
    return &findings->finding[index_of(findings->study, preset, metric, arm)];
}

static void adjust(Findings *findings, int n)
{
    double *p = malloc(sizeof *p * (size_t)n);
    int *order = malloc(sizeof *order * (size_t)n);
    need(p);
    need(order);
    for (int i = 0; i < n; i++)
        p[i] = findings->finding[i].difference.p;
    holm_adjust(n, p, order);
    for (int i = 0; i < n; i++) {
        findings->finding[i].holm = p[i];
        findings->tests += !isnan(p[i]);
    }
    free(order);
    free(p);
}

void findings_init(Findings *findings, const Study *study, const double *value, const bool *there)
{
    int n = study->presets * study->metrics * study->arms;
    *findings = (Findings){.study = study, .value = value, .there = there};
    findings->finding = calloc((size_t)n, sizeof *findings->finding);
    need(findings->finding);
    for (int i = 0; i < n; i++) {
        int arm = i % study->arms;
        const double *of_arm = value + (size_t)i * (size_t)study->seeds;
        const double *of_base = of_arm + (study->baseline - arm) * study->seeds;
        Finding *finding = &findings->finding[i];
        finding->value = student_sample(study->seeds, of_arm);
        finding->holm = NAN;
        bool own = arm == study->baseline;
        finding->difference =
            own ? student_sample(0, of_arm) : student_paired(study->seeds, of_arm, of_base);
        if (cell_name_is_given(study->metric[i / study->arms % study->metrics]))
            finding->difference.p = NAN;
    }
    adjust(findings, n);
}

int frontier_of(const Findings *findings, int preset, int arm, TradeView mean[TRADES_MAX],
                int *runs)
{
    const Study *study = findings->study;
    const RunView *run[STUDY_SEEDS];
    *runs = 0;
    for (int seed = 0; findings->view && seed < study->seeds; seed++) {
        const RunView *view = findings->view[(preset * study->arms + arm) * study->seeds + seed];
        if (view)
            run[(*runs)++] = view;
    }
    return run_trades(run, *runs, mean);
}

void findings_done(Findings *findings) { free(findings->finding); }

/* ---- Numbers for people ---- */

/* Three figures, without an exponent up to 999999. */
static const char *put(char text[32], double value)
{
    double size = fabs(value);
    if (!isfinite(value))
        return "-";
    if (size != 0 && (size < 1e-3 || size >= 1e6))
        snprintf(text, 32, "%.2e", value);
    else if (size >= 100)
        snprintf(text, 32, "%.0f", value);
    else
        snprintf(text, 32, "%.3g", value);
    return text;
}

static void put_n(int n, int usual, FILE *out)
{
    if (n > 0 && n < usual)
        fprintf(out, " (n %d)", n);
}

void report_put_mean(const Sample *sample, int runs, FILE *out)
{
    char mean[32], reach[32];
    fprintf(out, " %s", put(mean, sample->mean));
    if (isfinite(sample->reach))
        fprintf(out, " ± %s", put(reach, sample->reach));
    put_n(sample->n, runs, out);
    fputs(" |", out);
}

/* From Student's interval of several runs, or from that within the one there is. */
static void put_range(double value, double low, double high, FILE *out)
{
    char mean[32], reach[32], end[32];
    bool even = fabs(high + low - 2 * value) <= 1e-9 * fabs(value);
    if (!isfinite(low))
        fprintf(out, " %s |", put(mean, value));
    else if (even)
        fprintf(out, " %s ± %s |", put(mean, value), put(reach, high - value));
    else
        fprintf(out, " %s [%s, %s] |", put(mean, value), put(reach, low), put(end, high));
}

static void put_trade(const char *name, int runs, const TradeView *trade, FILE *out)
{
    fprintf(out, "| %s | %d | %d | %.3g |", name, runs, trade->k, trade->guidance);
    put_range(trade->quality, trade->quality_low, trade->quality_high, out);
    put_range(trade->diversity, trade->diversity_low, trade->diversity_high, out);
    fputc('\n', out);
}

/* "-104 ± 54 (p .013, d -2.4)", bold when Holm's rule rejects; of `usual` pairs unless it says n.
 */
static void put_difference(const Finding *finding, int usual, FILE *out)
{
    char mean[32], reach[32], p[32], effect[32];
    const Sample *d = &finding->difference;
    bool clear = finding->holm <= 0.05;
    const char *mark = clear ? "**" : "";
    if (d->n < 2 || isnan(d->p)) {
        fprintf(out, " %s |", put(mean, d->mean));
        return;
    }
    fprintf(out, " %s%s ± %s%s (p %s, d %s)", mark, put(mean, d->mean), put(reach, d->reach), mark,
            finding->holm < 1e-4 ? "< 1e-4" : put(p, finding->holm), put(effect, d->effect));
    put_n(d->n, usual, out);
    fputs(" |", out);
}

/* ---- Markdown ---- */

static void put_head(const Study *study, FILE *out)
{
    fputs("| arm | n |", out);
    for (int metric = 0; metric < study->metrics; metric++)
        fprintf(out, " %s |", study->metric[metric]);
    fputs("\n|---|---|", out);
    for (int metric = 0; metric < study->metrics; metric++)
        fputs("---|", out);
    fputc('\n', out);
}

/* Runs of an arm that were read: those of both, by seed. */
static int count(const Findings *findings, int preset, int arm, int other)
{
    const Study *study = findings->study;
    const bool *there = findings->there + (ptrdiff_t)preset * study->arms * study->seeds;
    int n = 0;
    for (int seed = 0; seed < study->seeds; seed++)
        n += there[arm * study->seeds + seed] && there[other * study->seeds + seed];
    return n;
}

static void put_table(const Findings *findings, int preset, const int *failed, FILE *out)
{
    const Study *study = findings->study;
    fprintf(out, "\n## %s\n\n", study->preset[preset]);
    put_head(study, out);
    for (int arm = 0; arm < study->arms; arm++) {
        int broke = failed[preset * study->arms + arm];
        int runs = count(findings, preset, arm, arm);
        fprintf(out, "| %s | %d", study->arm[arm].name, runs);
        if (broke)
            fprintf(out, " (%d failed)", broke);
        fputs(" |", out);
        for (int metric = 0; metric < study->metrics; metric++)
            report_put_mean(&finding_of(findings, preset, metric, arm)->value, runs, out);
        fputc('\n', out);
    }
    for (int arm = 0; arm < study->arms; arm++) {
        if (arm == study->baseline)
            continue;
        fprintf(out, "| %s - %s | |", study->arm[arm].name, study->arm[study->baseline].name);
        for (int metric = 0; metric < study->metrics; metric++)
            put_difference(finding_of(findings, preset, metric, arm),
                           count(findings, preset, arm, study->baseline), out);
        fputc('\n', out);
    }
}

typedef struct LackList {
    const Study *study;
    FILE *out;
    int arms, runs; /* lines so far */
} LackList;

static void put_lack(void *context, int preset, int arm, int seed, const char *metrics)
{
    LackList *list = context;
    char name[NAME_SIZE];
    if (!list->arms && !list->runs)
        fputs("\nNot in the means above:\n\n", list->out);
    list->arms += seed < 0;
    list->runs += seed >= 0;
    if (seed < 0) {
        fprintf(list->out, "- no run of %s has a figure of %s\n", list->study->arm[arm].name,
                metrics);
        return;
    }
    study_run_name(list->study, preset, arm, seed, name);
    fprintf(list->out, "- `%s` is done, but has no figure of %s\n", name, metrics);
}

/* What is done, but not in the means; and the remedy. */
static void put_lacks(const Findings *findings, int preset, FILE *out)
{
    LackList list = {findings->study, out, 0, 0};
    lacks_each(findings->study, findings->value, findings->there, preset, put_lack, &list);
    if (list.runs)
        fputs(
            "\nA log of such a run was lost or changed after its end. Delete or rename its folder, "
            "and the same command runs it anew.\n",
            out);
}

/* A row for each sampler of each arm, the baseline's teacher last. */
static void put_frontier(const Findings *findings, int preset, FILE *out)
{
    const Study *study = findings->study;
    TradeView mean[TRADES_MAX];
    int runs, n = frontier_of(findings, preset, study->baseline, mean, &runs);
    if (n == 0)
        return;
    fprintf(out,
            "\n| frontier | n | steps | guidance | %s | coverage |\n|---|---|---|---|---|---|\n",
            mean[0].quality_name);
    for (int k = 0; k <= study->arms; k++) {
        int arm = k < study->arms ? k : study->baseline;
        n = frontier_of(findings, preset, arm, mean, &runs);
        for (int i = 0; i < n; i++)
            if (mean[i].teacher == (k == study->arms))
                put_trade(k < study->arms ? study->arm[arm].name : "teacher", runs, &mean[i], out);
    }
}

static void put_budget(const Study *study, FILE *out)
{
    char text[32];
    fprintf(out, "%d seed%s (", study->seeds, study->seeds == 1 ? "" : "s");
    for (int i = 0; i < study->seeds; i++)
        fprintf(out, "%s%ld", i ? ", " : "", study->seed[i]);
    fputs("); ", out);
    if (study->budget_arm >= 0)
        fprintf(out,
                "equal compute: every run gets the network evaluations that %s spent on the same "
                "preset and seed",
                study->arm[study->budget_arm].name);
    else if (study->budget_nfe > 0)
        fprintf(out, "equal compute: %s network evaluations a run", put(text, study->budget_nfe));
    else if (study->budget_cpu_s > 0)
        fprintf(out,
                "equal compute: the network evaluations of about %s CPU seconds a run, by a probe",
                put(text, study->budget_cpu_s));
    else
        fputs("equal optimiser steps", out);
    if (study->steps)
        fprintf(out, "%s%ld steps", study->budget_arm >= 0 ? ", in " : "; ", study->steps);
    fputs(".\n", out);
}

static void put_notes(const Findings *findings, FILE *out)
{
    const Study *study = findings->study;
    if (study->seeds < 2) {
        fputs("\nOne seed: there is no interval over seeds.\n", out);
        return;
    }
    fprintf(
        out,
        "\nMean ± half of Student's 95 %% interval over seeds. Differences are paired by seed; "
        "p is "
        "Holm's, over the %d\n"
        "differences of this study (costs left out), bold below .05; d is the mean difference over "
        "its standard\n"
        "deviation. Points are judged against held-out samples of the seed's own, pictures\n"
        "against the same files for all seeds: there the intervals are of training and sampling "
        "alone.\n",
        findings->tests);
}

void report_markdown(const Findings *findings, const int *failed, const char *command, FILE *out)
{
    const Study *study = findings->study;
    fprintf(out, "# %s\n\n", *study->title ? study->title : study->name);
    put_budget(study, out);
    for (int preset = 0; preset < study->presets; preset++) {
        put_table(findings, preset, failed, out);
        put_lacks(findings, preset, out);
        put_frontier(findings, preset, out);
    }
    put_notes(findings, out);
    fprintf(out, "\nMade by `%s`.\n", command);
}

/* ---- CSV ---- */

static void put_row(const Findings *findings, int preset, int metric, int arm, FILE *out)
{
    const Study *study = findings->study;
    const Finding *finding = finding_of(findings, preset, metric, arm);
    const Sample *v = &finding->value, *d = &finding->difference;
    const double *value = values_of(findings, preset, metric, arm);
    csv_put_text(out, study->preset[preset]);
    fprintf(out, ",%s,%s,%d", study->arm[arm].name, study->metric[metric], v->n);
    const double numbers[] = {v->mean, v->mean - v->reach, v->mean + v->reach,
                              d->mean, d->mean - d->reach, d->mean + d->reach,
                              d->p,    finding->holm,      d->effect};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        csv_put(out, numbers[i]);
    for (int i = 0; i < study->seeds; i++)
        csv_put(out, value[i]);
    fputc('\n', out);
}

/* As put_row has it, the sampler in the metric's name: sw2@student4, coverage@teacher2-s1.5. */
static void put_trade_row(const Findings *findings, int preset, int arm, const TradeView *trade,
                          bool quality, FILE *out)
{
    const Study *study = findings->study;
    int runs = 0;
    const RunView *const *view = findings->view + (preset * study->arms + arm) * study->seeds;
    for (int i = 0; i < study->seeds; i++)
        runs += view[i] ? 1 : 0;
    csv_put_text(out, study->preset[preset]);
    fprintf(out, ",%s,%s@%s%d-s%.3g,%d", study->arm[arm].name,
            quality ? trade->quality_name : "coverage", trade->teacher ? "teacher" : "student",
            trade->k, trade->guidance, runs);
    csv_put(out, quality ? trade->quality : trade->diversity);
    csv_put(out, quality ? trade->quality_low : trade->diversity_low);
    csv_put(out, quality ? trade->quality_high : trade->diversity_high);
    for (int i = 0; i < 6; i++)
        csv_put(out, NAN);
    for (int i = 0; i < study->seeds; i++) {
        TradeView own[TRADES_MAX];
        double value = NAN;
        for (int k = view[i] ? run_trades(&view[i], 1, own) : 0; k-- > 0;)
            if (own[k].teacher == trade->teacher && own[k].k == trade->k &&
                fabs(own[k].guidance - trade->guidance) < 1e-9)
                value = quality ? own[k].quality : own[k].diversity;
        csv_put(out, value);
    }
    fputc('\n', out);
}

static void put_frontier_rows(const Findings *findings, int preset, FILE *out)
{
    TradeView mean[TRADES_MAX];
    for (int arm = 0; arm < findings->study->arms; arm++) {
        int runs, n = frontier_of(findings, preset, arm, mean, &runs);
        for (int i = 0; i < 2 * n; i++)
            put_trade_row(findings, preset, arm, &mean[i / 2], i % 2 == 0, out);
    }
}

void report_csv(const Findings *findings, FILE *out)
{
    const Study *study = findings->study;
    fputs("preset,arm,metric,n,mean,low,high,difference,difference_low,difference_high,p,p_holm,"
          "effect",
          out);
    for (int i = 0; i < study->seeds; i++)
        fprintf(out, ",seed_%ld", study->seed[i]);
    fputc('\n', out);
    for (int preset = 0; preset < study->presets; preset++)
        for (int metric = 0; metric < study->metrics; metric++)
            for (int arm = 0; arm < study->arms; arm++)
                put_row(findings, preset, metric, arm, out);
    for (int preset = 0; preset < study->presets; preset++)
        put_frontier_rows(findings, preset, out);
}
