/* Owns the step from one weight tensor to the next. */
#include "engine/nets/net_params.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void initialise(const Params *params, size_t size, Init init, int fan_in)
{
    float *w = params->target + params->used;
    Rng rng = rng_at(params->seed, STREAM_INIT, params->used);
    double bound = 1.0 / sqrt(fan_in > 0 ? (double)fan_in : 1.0);
    for (size_t i = 0; i < size; i++)
        switch (init) {
        case INIT_ZERO: w[i] = 0.0f; break;
        case INIT_ONE: w[i] = 1.0f; break;
        case INIT_NORMAL: w[i] = (float)bound * rng_normal(&rng); break;
        case INIT_LINEAR: w[i] = (float)(bound * (2.0 * rng_uniform(&rng) - 1.0)); break;
        }
}

static void list(const Params *params, const char *name, int rank, const int *shape, size_t size)
{
    ParamInfo info = {.rank = rank, .offset = params->used, .size = size};
    must(snprintf(info.name, sizeof info.name, "%s", name) < (int)sizeof info.name);
    memcpy(info.shape, shape, sizeof(int) * (size_t)rank);
    params->list(params->context, &info);
}

Tensor *params_take(Params *params, const char *name, int rank, const int *shape, Init init,
                    int fan_in)
{
    must(rank == 1 || rank == 2 || rank == 4);
    int full[4] = {1, 1, 1, 1};
    memcpy(full + 4 - rank, shape, sizeof(int) * (size_t)rank);
    size_t size = 1;
    for (int i = 0; i < 4; i++)
        size *= (size_t)full[i];
    if (params->mode == PARAMS_LIST)
        list(params, name, rank, shape, size);
    if (params->mode == PARAMS_INIT)
        initialise(params, size, init, fan_in);
    bool bound = params->mode == PARAMS_BIND;
    const float *x = bound ? params->weights + params->used : NULL;
    float *g = bound && params->gradient ? params->gradient + params->used : NULL;
    params->used += size;
    return tape_leaf(params->tape, full[0], full[1], full[2], full[3], x, g);
}
