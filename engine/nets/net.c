/* Owns the walk over a network's weights: counting, listing, initialising and binding are
 * the kind's forward function run with zero samples or with a batch. */
#include "engine/nets/net.h"
#include "engine/base/rng.h"
#include "engine/nets/layers.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const NetKind *const net_kinds[] = {&net_mlp, &net_patch_unet, &net_classifier};
const int net_kind_count = sizeof net_kinds / sizeof *net_kinds;

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

static Status check(const NetSpec *spec, Error *error)
{
    const char *kind = spec->kind->name;
    if (spec->height < 1 || spec->width < 1 || spec->channels < 1)
        return fail(error, STATUS_BAD_INPUT, "%s: a sample of %d x %d x %d has no values", kind,
                    spec->height, spec->width, spec->channels);
    if ((long)spec->height * spec->width > NET_DIMS_MAX / spec->channels)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: a sample of %d x %d x %d is larger than %d values", kind, spec->height,
                    spec->width, spec->channels, NET_DIMS_MAX);
    if (spec->classes < 0 || spec->hidden < 0 || spec->coarse < 0 || spec->depth < 0 ||
        spec->coarse_depth < 0 || spec->embed < 0 || spec->features < 0 || spec->chunk < 0 ||
        spec->told < 0 || spec->head < 0)
        return fail(error, STATUS_BAD_INPUT, "%s: sizes must not be negative", kind);
    if (spec->features % 2 || spec->told % 2)
        return fail(error, STATUS_BAD_INPUT, "%s: %d time features; must be even (sine and cosine)",
                    kind, spec->features % 2 ? spec->features : spec->told);
    if (!(spec->time_scale >= 0 && spec->time_range >= 0))
        return fail(error, STATUS_BAD_INPUT, "%s: time scale and range must be positive", kind);
    return STATUS_OK;
}

Status net_spec_complete(NetSpec *spec, Error *error)
{
    must(spec->kind);
    NetSpec full = *spec;
    Status status = check(&full, error);
    if (status == STATUS_OK)
        status = full.kind->complete(&full, error);
    if (status != STATUS_OK)
        return status;
    full.features = full.features ? full.features : 64;
    full.time_scale = full.time_scale > 0 ? full.time_scale : 1000;
    full.time_range = full.time_range > 0 ? full.time_range : 10000;
    *spec = full;
    return STATUS_OK;
}

/* Two layers on the mean of the innermost activations; its weights are the last of the walk. */
static Tensor *head(Params *params, const NetSpec *spec)
{
    Tape *tape = params->tape;
    Tensor *h = op_mean_pixels(tape, params->features);
    h = op_silu(tape, layer_linear(tape, params, "head.0", h, spec->head, false));
    return layer_linear(tape, params, "head.1", h, 1, true);
}

/* Walks with zero samples on an arena of its own; gives back the forward flops of one
 * sample. */
static double walk(const NetSpec *spec, Params *params)
{
    Arena arena;
    Tape tape;
    arena_init(&arena, 1 << 22);
    tape_begin(&tape, &arena, false);
    params->tape = &tape;
    Tensor *z = tape_input(&tape, 0, spec->height, spec->width, spec->channels, NULL);
    spec->kind->forward(&tape, params, spec, z, NULL, NULL);
    if (spec->head)
        head(params, spec);
    arena_done(&arena);
    return tape.flops;
}

size_t net_size(const NetSpec *spec)
{
    Params params = {.mode = PARAMS_COUNT};
    walk(spec, &params);
    return params.used;
}

void net_init(const NetSpec *spec, uint64_t seed, float *weights)
{
    Params params = {.mode = PARAMS_INIT, .target = weights, .seed = seed};
    walk(spec, &params);
}

void net_list(const NetSpec *spec, void (*each)(void *context, const ParamInfo *info),
              void *context)
{
    Params params = {.mode = PARAMS_LIST, .list = each, .context = context};
    walk(spec, &params);
}

Tensor *net_forward(const NetSpec *spec, Tape *tape, const float *weights, float *gradient,
                    Tensor *z, const float *u, const int *label)
{
    return net_forward_more(spec, tape, weights, gradient, z, u, label, &(NetMore){0});
}

Tensor *net_forward_more(const NetSpec *spec, Tape *tape, const float *weights, float *gradient,
                         Tensor *z, const float *u, const int *label, NetMore *more)
{
    must(z->h == spec->height && z->w == spec->width && z->c == spec->channels);
    must(!spec->told || more->told || z->n == 0);
    Params params = {.mode = PARAMS_BIND,
                     .weights = weights,
                     .gradient = gradient,
                     .tape = tape,
                     .told = more->told};
    Tensor *v = spec->kind->forward(tape, &params, spec, z, u, label);
    if (spec->head && more->judge)
        more->logit = head(&params, spec);
    return v;
}

/* One tensor on its way from a network to another. */
typedef struct Adoption {
    const NetSpec *from_spec;
    const float *from;
    float *weights;
    const ParamInfo *wanted;
} Adoption;

static void adopt_from(void *context, const ParamInfo *info)
{
    const Adoption *a = context;
    if (info->size == a->wanted->size && strcmp(info->name, a->wanted->name) == 0)
        memcpy(a->weights + a->wanted->offset, a->from + info->offset, sizeof(float) * info->size);
}

static void adopt_param(void *context, const ParamInfo *info)
{
    Adoption *a = context;
    a->wanted = info;
    net_list(a->from_spec, adopt_from, a);
}

void net_adopt(const NetSpec *spec, float *weights, const NetSpec *from_spec, const float *from)
{
    Adoption adoption = {from_spec, from, weights, NULL};
    net_list(spec, adopt_param, &adoption);
}

/* Backward costs a product for the input and one for the weights: twice the forward pass.
 */
double net_flops(const NetSpec *spec)
{
    Params params = {.mode = PARAMS_COUNT};
    return 3 * walk(spec, &params);
}
