/* Sample quality against held-out data, with intervals (cli.md, "ddil eval --json"). */
#ifndef DDIL_EVAL_H
#define DDIL_EVAL_H

#include "engine/data/dataset.h"
#include "engine/diffusion/denoiser.h"
#include "engine/measure/features.h"

enum { EVAL_METRICS_MAX = 16 };

typedef struct Metric {
    const char *name;
    double value, low, high; /* 95 % interval of the population's value, see eval_policy */
} Metric;

typedef struct EvalReport {
    int k, nfe, n; /* sampling steps, network evaluations a sample, samples */
    int metrics;
    Metric metric[EVAL_METRICS_MAX];
} EvalReport;

/* What samples are judged against and with; everything borrowed. */
typedef struct Judge {
    const Dataset *data;
    const Features
        *features; /* of the data's pictures; NULL: metrics in feature space are left out */
    Crew *crew;
    Arena *scratch; /* rewound */
    long first;     /* number of the reference's first row; of finite sets 0 */
} Judge;

/* Names of everything an evaluation may hold, in its order; NULL past the last. */
const char *eval_metric_name(int index);
/* Are larger values better? Of a name with "@" behind it, as of the name. */
bool eval_more_is_better(const char *name);

/* Intervals are of the population's value (interval.h): sw2, energy, frechet and kid know the
 * chance of the reference too, sw2 and frechet have their bias taken off; precision, recall,
 * density, coverage and mode_kl hold for the reference as it is. Measured over 300 trials
 * (tests/bench/bench_coverage.c, LOG.md). Held-out rows of a law start at judge->first, which runs
 * choose by their seed; pictures from files are the same for all seeds, so an interval over seeds
 * does not hold their chance.
 *
 * n samples of the policy at its own N from noise of rng_at(seed, STREAM_EVAL, row), against the
 * full held-out reference. Metrics: sw2 (squared; 256 directions for points, 128 for pictures); for
 * points energy; for mixtures modes, within3sigma, mode_kl; with features, in their space: frechet
 * (biased up at small n: see eval_real's beside it), kid, precision, recall, density, coverage
 * (against PICTURE_ROWS held-out rows), agreement (share of samples that the classifier gives the
 * class asked for), worst_class (the least of the classes' agreements), classes (how many get at
 * least a quarter of an even share). */
void eval_policy(const Judge *judge, const Policy *policy, int n, uint64_t seed,
                 EvalReport *report);
/* The same by these groups of metrics alone, those that are defined on the data. */
struct Measure;
void eval_some(const Judge *judge, const Policy *policy, int n, uint64_t seed, int groups,
               const struct Measure *const *measure, EvalReport *report);
/* Held-out data against itself: what a perfect sampler would score at this n. Of pictures one half
 * of the files against the other, their classes in turn like the samples'. */
void eval_real(const Judge *judge, int n, EvalReport *report);
/* Fresh noise of row r comes from this index on in the samples' stream. */
#define EVAL_FRESH ((uint64_t)1 << 60)
/* The n samples that eval_policy judges (n x dims) and their labels, which may be NULL. Of the
 * judge data and crew alone. */
void eval_draw(const Judge *judge, const Policy *policy, int n, uint64_t seed, float *x,
               int *labels);
/* n samples of a stream in the same way, with all the states on their way; labels may be NULL. */
void eval_sample(const Dataset *data, Crew *crew, const Policy *policy, int n, uint64_t seed,
                 Stream stream, int fixed_class /* -1: cycle through the classes */,
                 float *states /* (N+1) x n x dims */, float *x0s /* or NULL */, int *labels);

#endif
