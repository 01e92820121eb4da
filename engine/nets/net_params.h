/* A Params cursor goes over the weights of a network in the order of its walk: it counts, names,
 * initialises or binds them. All weights of a network lie in one flat block of floats. */
#ifndef DDIL_NET_PARAMS_H
#define DDIL_NET_PARAMS_H

#include "engine/tensor/tape.h"
#include <stddef.h>
#include <stdint.h>

typedef enum ParamsMode { PARAMS_COUNT, PARAMS_LIST, PARAMS_INIT, PARAMS_BIND } ParamsMode;
typedef enum Init {
    INIT_ZERO,
    INIT_ONE,
    INIT_NORMAL,
    INIT_LINEAR
} Init; /* NORMAL: N(0, 1/fan_in); LINEAR: U(+-1/sqrt(fan_in)) */

typedef struct ParamInfo {
    char name[64];
    int rank, shape[4];
    size_t offset, size; /* floats, in the flat block */
} ParamInfo;

typedef struct Params {
    ParamsMode mode;
    size_t used;
    const float *weights; /* BIND */
    float *target;        /* INIT */
    float *gradient;      /* BIND; NULL = frozen */
    uint64_t seed;        /* INIT */
    Tape *tape;
    void (*list)(void *context, const ParamInfo *info);
    void *context;
    const float *condition; /* BIND: [n], where spec->conditioning */
    Tensor *features;       /* out: the innermost activations, n x h x w x c */
} Params;

/* The next weight tensor of the walk. `name` like "mid.0.conv1.weight". Shapes: n h w c
 * with leading 1s left out by rank (1: c; 2: w,c; 4: n,h,w,c). fan_in is for INIT_LINEAR
 * and INIT_NORMAL. */
Tensor *params_take(Params *params, const char *name, int rank, const int *shape, Init init,
                    int fan_in);

#endif
