/* Quality against diversity: what a sampler of few steps, or a large guidance scale, gives up of
 * one for the other (methods.md 9). Quality is the Frechet distance in feature space where the data
 * have features, else sw2 of the rows; diversity is coverage (Naeem et al. 2020) in the same space,
 * of points in their own coordinates. */
#ifndef DDIL_FRONTIER_H
#define DDIL_FRONTIER_H

#include "engine/measure/eval.h"
#include "engine/measure/interval.h"

typedef struct Trade {
    const char *quality_name; /* "frechet" or "sw2": less is better */
    int k, nfe, n;            /* sampling steps, network evaluations a sample, samples */
    Interval quality, diversity;
} Trade;

/* n samples of the policy, drawn and judged as eval_policy does; within a worker's scratch of the
 * judge, rewound. false: the data are pictures without features: there is no diversity to measure.
 */
bool frontier_trade(const Judge *judge, const Policy *policy, int n, uint64_t seed, Trade *trade);

#endif
