/* Layers: weights from the Params walk, arithmetic from ops. */
#include "engine/nets/layers.h"
#include "engine/tensor/op.h"
#include <stdio.h>

enum { NAME_SIZE = 64 };

static Tensor *take(Params *params, const char *prefix, const char *part, int rank,
                    const int *shape, Init init, int fan_in)
{
    char name[NAME_SIZE];
    int length = snprintf(name, sizeof name, "%s.%s", prefix, part);
    must(length > 0 && length < NAME_SIZE);
    return params_take(params, name, rank, shape, init, fan_in);
}

Tensor *layer_linear(Params *params, const char *prefix, Tensor *x, int out, bool zero)
{
    Init init = zero ? INIT_ZERO : INIT_LINEAR;
    Tensor *weight = take(params, prefix, "weight", 2, (int[]){x->c, out}, init, x->c);
    Tensor *bias = take(params, prefix, "bias", 1, &out, init, x->c);
    return op_linear(params->tape, x, weight, bias);
}

Tensor *layer_linear_silu(Params *params, const char *prefix, Tensor *x, int out)
{
    Tensor *weight = take(params, prefix, "weight", 2, (int[]){x->c, out}, INIT_LINEAR, x->c);
    Tensor *bias = take(params, prefix, "bias", 1, &out, INIT_LINEAR, x->c);
    return op_linear_silu(params->tape, x, weight, bias);
}

Tensor *layer_conv3x3(Params *params, const char *prefix, Tensor *x, int out, bool zero)
{
    Init init = zero ? INIT_ZERO : INIT_LINEAR;
    Tensor *weight = take(params, prefix, "weight", 4, (int[]){3, 3, x->c, out}, init, 9 * x->c);
    Tensor *bias = take(params, prefix, "bias", 1, &out, init, 9 * x->c);
    return op_conv3x3(params->tape, x, weight, bias);
}

NormConv layer_norm_conv3x3(Params *params, const char *norm, const char *conv, int groups, int in,
                            int out, bool zero)
{
    Init init = zero ? INIT_ZERO : INIT_LINEAR;
    NormConv c = {.groups = groups};
    c.gamma = take(params, norm, "weight", 1, &in, INIT_ONE, 0);
    c.beta = take(params, norm, "bias", 1, &in, INIT_ZERO, 0);
    c.weight = take(params, conv, "weight", 4, (int[]){3, 3, in, out}, init, 9 * in);
    c.bias = take(params, conv, "bias", 1, &out, init, 9 * in);
    return c;
}

Tensor *layer_group_norm(Params *params, const char *prefix, Tensor *x, int groups, bool silu)
{
    Tensor *gamma = take(params, prefix, "weight", 1, &x->c, INIT_ONE, 0);
    Tensor *beta = take(params, prefix, "bias", 1, &x->c, INIT_ZERO, 0);
    return silu ? op_group_norm_silu(params->tape, x, gamma, beta, groups)
                : op_group_norm(params->tape, x, gamma, beta, groups);
}

Tensor *layer_classes(Params *params, const char *prefix, int classes, int c, int fan_in,
                      const int *label, int n)
{
    Tensor *table = take(params, prefix, "weight", 2, (int[]){classes + 1, c}, INIT_NORMAL, fan_in);
    int *row = arena_new(params->tape->arena, int, n);
    for (int i = 0; i < n; i++)
        row[i] = !label || label[i] < 0 ? classes : label[i];
    return op_embed(params->tape, table, row, n);
}

Tensor *layer_condition(Params *params, const NetSpec *spec, int c, int n)
{
    Tensor *features = op_time_features(params->tape, params->condition, n, spec->conditioning,
                                        spec->time_scale, spec->time_range);
    Tensor *weight = take(params, "told", "weight", 2, (int[]){spec->conditioning, c}, INIT_ZERO,
                          spec->conditioning);
    return op_linear(params->tape, features, weight, NULL);
}
