/* Sample quality against held-out data, with intervals (cli.md, "ddil eval --json"). */
#ifndef DDIL_EVAL_H
#define DDIL_EVAL_H

#include "engine/data/dataset.h"
#include "engine/diffusion/denoiser.h"

enum { EVAL_METRICS_MAX = 8 };

typedef struct Metric {
    const char *name;
    double value, low, high; /* 95 % interval: delete-a-block jackknife over 10 blocks of the samples */
} Metric;

typedef struct EvalReport {
    int k, nfe, n;  /* sampling steps, network evaluations a sample, samples */
    int metrics;
    Metric metric[EVAL_METRICS_MAX];
} EvalReport;

/* n samples of the policy at its own N from noise of rng_at(seed, STREAM_EVAL, row), against the full held-out reference. Metrics: sw2
 * (squared; 256 directions), and for mixtures modes, within3sigma, energy. Memory from `scratch`, rewound. */
void eval_policy(const Dataset *data, Crew *crew, Arena *scratch, const Policy *policy, int n, uint64_t seed,
                 EvalReport *report);
/* Held-out data against itself: what a perfect sampler would score at this n. */
void eval_real(const Dataset *data, Crew *crew, Arena *scratch, int n, EvalReport *report);
/* n samples (n x dims) and their labels as eval_policy draws them; labels may be NULL. first: number of the first row. */
void eval_sample(const Dataset *data, Crew *crew, const Policy *policy, int n, uint64_t seed, Stream stream,
                 int fixed_class /* -1: cycle through the classes */, float *states /* (N+1) x n x dims */,
                 float *x0s /* or NULL */, int *labels);

#endif
