/* A denoiser gives x0 estimates: the exact mixture or a network, with classifier-free
 * guidance. A policy is a denoiser with a thresholding site, a time grid and a sampling
 * rule: something that can roll out. */
#ifndef DDIL_DENOISER_H
#define DDIL_DENOISER_H

#include "engine/diffusion/mixture.h"
#include "engine/diffusion/step.h"
#include "engine/diffusion/threshold.h"
#include "engine/nets/crew.h"
#include "engine/nets/net.h"
#include <stdint.h>

typedef struct Denoiser {
    const Mixture *mixture; /* exact, or NULL */
    NetSpec spec;           /* network, when mixture is NULL; also gives dims, classes and chunk for
                               both */
    const float *weights;
    double guidance;         /* s: x_u + s (x_c - x_u); 1 = none; only with classes */
    const float *guidances;  /* of each row instead, or NULL */
    double condition;        /* of a network with spec.conditioning */
    const float *conditions; /* of each row instead, or NULL */
    Schedule schedule;
} Denoiser;

/* Network evaluations of one x0 estimate: 2 under guidance, else 1. */
int denoiser_cost(const Denoiser *denoiser);

/* x0 estimates of n rows z (n x dims) at times u[n], labels label[n] (spec.classes or -1
 * = none; NULL when unconditional). Within one worker: memory from `arena`, rewound on
 * return. x0 must not alias z. */
void denoise(const Denoiser *denoiser, Arena *arena, int n, const float *z, const double *u,
             const int *label, float *x0);

/* n rows z standing at sampling step i[row] of `steps`: u = i / steps. Labels as above. The rows
 * are numbered first.. where numbers fix their noise. */
typedef struct States {
    int n;
    const float *z;
    const int *i;
    int steps;
    const int *label;
    uint64_t first;
} States;

typedef struct Policy Policy;
struct Policy {
    Denoiser denoiser;
    Threshold threshold;
    Site site;    /* where its x0 estimates are thresholded */
    int steps;    /* N: stored states are at u = i/N, i = N..0 */
    int substeps; /* m: denoiser steps between two stored states */
    Rule rule;
    /* Mixed roll-in (methods.md 6.4): each step of each row is `other`'s with probability
     * mix. NULL: nobody's. It must have the same N. */
    const Policy *other;
    double mix;
};

/* Network evaluations of one sample, in the mean where two take turns. */
double policy_nfe(const Policy *policy);

/* The x0 estimate of a policy at its site. Everybody asks for x0 through this call. count
 * may be NULL. */
void policy_x0(const Policy *policy, Arena *arena, int n, const float *z, const double *u,
               const int *label, float *x0, Clipped *count);

/* Rolls n samples out from pure noise, all workers. For row r the noise is row r of
 * `noise` (n x dims), fresh noise of stochastic rules comes from rng_at(seed, stream,
 * first + r). states: (N+1) x n x dims, states[0] = noise (u = 1), states[N] = the
 * samples (u = 0). x0s (may be NULL): N x n x dims, the (last sub-step's) estimate of
 * each step. Returns network evaluations spent; of_other (may be NULL) gets those of
 * policy->other among them. count (may be NULL) adds up what was clipped, in order.
 * A part of a roll-out: `noise` holds the states of stage `from`, and it ends at stage `to` (0: N);
 * planes outside are left alone. Each step meets the fresh noise it meets in the whole one; the
 * first is of first order. Not where two take turns. Where it `ends` only, states are n x dims: the
 * last of them alone. */
typedef struct Rollout {
    const Policy *policy;
    uint64_t seed;
    Stream stream;
    uint64_t first;
    int n;
    const float *noise;
    const int *label;
    float *states, *x0s;
    Clipped *count;
    int from, to;
    bool ends;
    long *of_other;
} Rollout;
long rollout(Crew *crew, const Rollout *r);

#endif
