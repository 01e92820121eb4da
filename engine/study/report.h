/* What a study found, as Markdown and as CSV: for each preset and arm the mean over seeds with
 * Student's 95 % interval, and paired differences to the baseline with Holm's correction over all
 * of the study's differences. The text depends on the values alone. */
#ifndef DDIL_REPORT_H
#define DDIL_REPORT_H

#include "engine/base/student.h"
#include "engine/study/study.h"
#include <stdio.h>

/* One (preset, metric, arm). The baseline's own has no difference (n = 0). */
typedef struct Finding {
    Sample value, difference; /* of the arm less the baseline, by seed */
    double holm;              /* the adjusted p of the difference; NaN: none */
} Finding;

typedef struct Findings {
    const Study *study;
    const double *value;        /* as given */
    const bool *there;          /* as given */
    Finding *finding;           /* [preset][metric][arm] */
    int tests;                  /* differences that were tested */
    const RunView *const *view; /* [preset][arm][seed], NULL where there is none; borrowed, for the
                                   frontier; NULL: none */
} Findings;

/* value: [preset][metric][arm][seed], NaN where a cell has none; there: [preset][arm][seed], its
 * run was read; both borrowed. The creator ends it. */
void findings_init(Findings *findings, const Study *study, const double *value, const bool *there);
void findings_done(Findings *findings);
const Finding *finding_of(const Findings *findings, int preset, int metric, int arm);
/* The frontier of an arm over its seeds. How many samplers; *runs gets how many runs. */
int frontier_of(const Findings *findings, int preset, int arm, TradeView mean[TRADES_MAX],
                int *runs);
const double *values_of(const Findings *findings, int preset, int metric, int arm);

/* " mean ± reach |", a cell of a table of Markdown's; with " (n 3)" where there are fewer values
 * than runs. */
void report_put_mean(const Sample *sample, int runs, FILE *out);

/* failed: of each (preset, arm), how many runs failed. command: what prints this. */
void report_markdown(const Findings *findings, const int *failed, const char *command, FILE *out);
/* A row for each (preset, metric, arm): statistics, then the value of every seed. */
void report_csv(const Findings *findings, FILE *out);

#endif
