/* Multi-layer perceptron for points: the point beside its time features, SiLU layers of
 * one width, linear out. A class is a row of a table added before the first SiLU. */
#include "engine/nets/layers.h"
#include "engine/tensor/op.h"
#include <stdio.h>

/* Where something is added before the SiLU: a class, a condition. */
static Tensor *first_with_more(Params *params, const NetSpec *spec, const char *name, Tensor *x,
                               const int *label)
{
    Tape *tape = params->tape;
    Tensor *h = layer_linear(params, name, x, spec->hidden, false);
    if (spec->classes > 0)
        h = op_add(tape, h,
                   layer_classes(params, "classes", spec->classes, spec->hidden, spec->hidden,
                                 label, x->n));
    if (spec->conditioning > 0)
        h = op_add(tape, h, layer_condition(params, spec, spec->hidden, x->n));
    return op_silu(tape, h);
}

static Tensor *forward(Params *params, const NetSpec *spec, Tensor *z, const float *u,
                       const int *label)
{
    Tape *tape = params->tape;
    Tensor *time =
        op_time_features(tape, u, z->n, spec->features, spec->time_scale, spec->time_range);
    Tensor *h = op_concat(tape, z, time);
    for (int i = 0; i < spec->depth; i++) {
        char name[32];
        snprintf(name, sizeof name, "layers.%d", i);
        h = i == 0 && (spec->classes > 0 || spec->conditioning > 0)
                ? first_with_more(params, spec, name, h, label)
                : layer_linear_silu(params, name, h, spec->hidden);
    }
    params->features = h;
    return layer_linear(params, "out", h, spec->channels, false);
}

static Status complete(NetSpec *spec, Error *error)
{
    if (spec->height != 1 || spec->width != 1)
        return fail(error, STATUS_BAD_INPUT,
                    "mlp: works on points (1 x 1), not on pictures of %d x %d; use patch_unet",
                    spec->height, spec->width);
    spec->hidden = spec->hidden ? spec->hidden : 256;
    spec->depth = spec->depth ? spec->depth : 4;
    spec->chunk = spec->chunk ? spec->chunk : 128;
    return STATUS_OK;
}

const NetKind net_mlp = {
    .name = "mlp",
    .help = "multi-layer perceptron for points",
    .forward = forward,
    .complete = complete,
};
