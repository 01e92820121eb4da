/* What a sweep found: its trials from the best on, with what differs between them, as Markdown and
 * as CSV. The text depends on what it is given alone. */
#ifndef DDIL_SWEEP_REPORT_H
#define DDIL_SWEEP_REPORT_H

#include "engine/study/study.h"
#include <stdio.h>

/* One trial. */
typedef struct Standing {
    int arm;
    int rung;         /* rungs it went past */
    bool stopped;     /* at the next one */
    int place, of;    /* there, or at the last one it went past; of 0: at none */
    int runs, failed; /* over, of its seeds; failed: left the finite numbers */
} Standing;

/* standing: [arms], the best first. value: [metric][arm][seed], NaN where there is none; of what
 * was stopped, where it stopped. */
void sweep_markdown(const Study *sweep, const Standing *standing, const double *value, FILE *out);
/* A row a trial: its place, what differs, where it stopped, then of each metric mean, interval and
 * the value of every seed. */
void sweep_csv(const Study *sweep, const Standing *standing, const double *value, FILE *out);

#endif
