/* Whole steps, timed: what `ddil bench` shows beside the machine's limits. */
#ifndef DDIL_BENCH_H
#define DDIL_BENCH_H

#include "engine/base/status.h"
#include <stdbool.h>

/* A named step. All of its work is in the time: random numbers, batch, forward, backward,
 * clip, Adam, EMA. */
typedef struct BenchStep {
    const char *name;
    const char *method; /* of a distiller on the ring; NULL: plain work of a network */
    bool points;        /* the network for points, not for pictures */
    int batch;          /* 0: the distiller's */
    int sampling_steps; /* 0: a training step */
} BenchStep;

/* Every name there may be, in the order of the table; the last row has no name. */
extern const BenchStep bench_steps[];
/* NULL when unknown. */
const BenchStep *bench_find(const char *name);
/* False for a method that this program does not have. */
bool bench_available(const BenchStep *step);

typedef struct BenchResult {
    int threads, batch;
    long params;
    /* Products and convolutions of the networks, from shapes: a multiply-add is two, a
     * convolution counts as direct, backward is twice forward. */
    double flops_per_step;
    double steps_per_second; /* median after warm-up */
    double best_steps_per_second;
    double cpu_seconds_per_step; /* of all threads together */
    double peak_rss_mib;         /* of a process that did nothing else */
    long timed;                  /* steps that were timed */
} BenchResult;

/* Warms up and times a step for about `seconds` in a process of its own. Call while the
 * caller has no other thread. FAILED when that process died. */
Status bench_run(const BenchStep *step, int threads, double seconds, BenchResult *result,
                 Error *error);

#endif
