/* Owns the walk over a network's weights: counting, listing, initialising and binding are
 * the kind's forward function run with zero samples or with a batch. */
#include "engine/nets/net.h"
#include "engine/nets/layers.h"
#include "engine/tensor/op.h"
#include <string.h>

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
        spec->conditioning < 0 || spec->head < 0)
        return fail(error, STATUS_BAD_INPUT, "%s: sizes must not be negative", kind);
    if (spec->features % 2 || spec->conditioning % 2)
        return fail(error, STATUS_BAD_INPUT, "%s: %d time features; must be even (sine and cosine)",
                    kind, spec->features % 2 ? spec->features : spec->conditioning);
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
    h = op_silu(tape, layer_linear(params, "head.0", h, spec->head, false));
    return layer_linear(params, "head.1", h, 1, true);
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
    spec->kind->forward(params, spec, z, NULL, NULL);
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
    must(!spec->conditioning || more->condition || z->n == 0);
    Params params = {.mode = PARAMS_BIND,
                     .weights = weights,
                     .gradient = gradient,
                     .tape = tape,
                     .condition = more->condition};
    Tensor *v = spec->kind->forward(&params, spec, z, u, label);
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
