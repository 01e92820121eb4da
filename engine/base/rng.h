/* Counter-based random numbers: Philox4x32-10 (Salmon et al., SC 2011). A generator is a plain
 * value that is fully determined by (seed, stream, index), so the order of sampling never changes a
 * run: give each sample its own index. */
#ifndef DDIL_RNG_H
#define DDIL_RNG_H

#include <stdint.h>

/* What a random number is for. Streams never overlap. Append, never reorder: runs depend on it. */
typedef enum Stream {
    STREAM_INIT = 1,   /* network initialisation */
    STREAM_BATCH,      /* the samples of a training step */
    STREAM_PRETRAIN,   /* the samples of the regression before distillation */
    STREAM_ROLLOUT,    /* student roll-outs for the replay ring */
    STREAM_TEACHER,    /* teacher roll-outs */
    STREAM_SHIFT,      /* fixed noise of the shift measure */
    STREAM_NULL,       /* permutations and bootstraps */
    STREAM_EVAL,       /* evaluation samples */
    STREAM_REFERENCE,  /* held-out draws of a procedural data set */
    STREAM_LIMIT,      /* which samples `data.limit` keeps */
    STREAM_DIRECTIONS, /* directions of the sliced Wasserstein distance */
    STREAM_SAMPLE,     /* ddil sample, rollout and the live sheet */
    STREAM_SPLIT,      /* which rows train the classifier of the two-sample test */
    STREAM_REAL,       /* real samples that a critic tells from the student's */
    STREAM_SWEEP,      /* the values that a random sweep tries */
    STREAM_LAST
} Stream;

typedef struct Rng {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t out[4];
    int left;    /* unused words of out */
    float spare; /* second normal of a Box-Muller pair */
    int has_spare;
} Rng;

Rng rng_at(uint64_t seed, Stream stream, uint64_t index);
uint32_t rng_u32(Rng *rng);
double rng_uniform(Rng *rng);             /* in (0, 1), 32 bits */
uint32_t rng_below(Rng *rng, uint32_t n); /* 0 .. n-1, n >= 1, unbiased */
float rng_normal(Rng *rng);               /* N(0, 1) by Box-Muller */
void rng_normals(Rng *rng, int n, float *out);

/* The raw block function, for tests against the published vectors. */
void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

#endif
