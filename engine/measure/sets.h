/* The metrics on two plain sets of vectors (cli.md, "ddil metrics --json"): x is the real one. */
#ifndef DDIL_SETS_H
#define DDIL_SETS_H

#include "engine/measure/frame.h"
#include <stdint.h>

enum { SETS_METRICS_MAX = 12, SETS_NOTES_MAX = 4 };

typedef struct SetMetric {
    const char *name;
    double value; /* NaN: too few rows for it, or not asked for */
    int least;    /* rows that each set must have */
    bool asked;
} SetMetric;

typedef struct SetsReport {
    int metrics;
    SetMetric metric[SETS_METRICS_MAX];
    int notes;
    char note[SETS_NOTES_MAX][160]; /* what must be known to read the numbers */
} SetsReport;

/* How they are to be computed. */
typedef struct SetsWish {
    const char *only; /* names between commas; NULL: all */
    int directions;   /* of sw2 */
    uint64_t seed;    /* of directions and of the test's split */
} SetsWish;

/* In this order: frechet, kid, precision, recall, density, coverage, energy, mmd2, sw2, auc: in the
 * files' own units. One after another, each on all cores; the same bits on any number of them.
 * Memory beside the sets: 6 d^2 doubles, the rows once more as floats, 1024 rows of d doubles a
 * thread. BAD_INPUT: a name that is none of these. */
Status sets_metrics(const Frame *frame, const SetsWish *wish, Crew *crew, SetsReport *report,
                    Error *error);
/* Bytes it takes beside the sets. */
double sets_memory(int n, int m, int d, int threads);

#endif
