/* A residual network on 2x2 patches: blocks at half the picture's resolution and at a quarter, the
 * mean over pixels, a layer of features, scores. */
#include "engine/nets/classifier.h"
#include "engine/nets/layers.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"
#include <stdio.h>

enum { GROUPS = 8, NAME_SIZE = 48 };

static Tensor *residual(Params *params, const char *side, int index, Tensor *x)
{
    Tensor *h = x;
    for (int part = 1; part <= 2; part++) {
        char norm[NAME_SIZE], conv[NAME_SIZE];
        snprintf(norm, sizeof norm, "%s.%d.norm%d", side, index, part);
        snprintf(conv, sizeof conv, "%s.%d.conv%d", side, index, part);
        NormConv c = layer_norm_conv3x3(params, norm, conv, GROUPS, x->c, x->c, part == 2);
        c.more = part == 2 ? x : NULL;
        h = op_norm_conv3x3(params->tape, h, &c);
    }
    return h;
}

/* The walk, and the layer before the last in *features. */
static Tensor *answer(Params *params, const NetSpec *spec, Tensor *x, Tensor **features)
{
    Tape *tape = params->tape;
    Tensor *h = layer_conv3x3(params, "in", op_space_to_depth(tape, x), spec->hidden, false);
    for (int i = 0; i < spec->depth; i++)
        h = residual(params, "fine", i, h);
    h = layer_linear(params, "down", op_space_to_depth(tape, h), spec->coarse, false);
    for (int i = 0; i < spec->coarse_depth; i++)
        h = residual(params, "coarse", i, h);
    h = op_mean_pixels(tape, layer_group_norm(params, "norm", h, GROUPS, true));
    *features = op_silu(tape, layer_linear(params, "features", h, spec->embed, false));
    return layer_linear(params, "out", *features, spec->classes, false);
}

Tensor *classifier_forward(const NetSpec *spec, Tape *tape, const float *weights, float *gradient,
                           Tensor *x, Tensor **features)
{
    Tensor *unwanted;
    Params params = {.mode = PARAMS_BIND, .weights = weights, .gradient = gradient, .tape = tape};
    must(spec->kind == &net_classifier);
    return answer(&params, spec, x, features ? features : &unwanted);
}

static Tensor *forward(Params *params, const NetSpec *spec, Tensor *z, const float *u,
                       const int *label)
{
    Tensor *features;
    (void)u;
    (void)label;
    return answer(params, spec, z, &features);
}

static Status complete(NetSpec *spec, Error *error)
{
    spec->hidden = spec->hidden ? spec->hidden : 32;
    spec->coarse = spec->coarse ? spec->coarse : 64;
    spec->depth = spec->depth ? spec->depth : 1;
    spec->coarse_depth = spec->coarse_depth ? spec->coarse_depth : 2;
    spec->embed = spec->embed ? spec->embed : 64;
    spec->chunk = spec->chunk ? spec->chunk : 16;
    if (spec->height % 4 || spec->width % 4)
        return fail(error, STATUS_BAD_INPUT,
                    "classifier: a picture of %d x %d; height and width must be multiples of 4",
                    spec->height, spec->width);
    if (spec->classes < 2)
        return fail(error, STATUS_BAD_INPUT, "classifier: %d classes; at least 2", spec->classes);
    if (spec->hidden % GROUPS || spec->coarse % GROUPS || spec->hidden > KERNEL_NORM_CHANNELS ||
        spec->coarse > KERNEL_NORM_CHANNELS)
        return fail(error, STATUS_BAD_INPUT,
                    "classifier: widths %d and %d must be multiples of %d, at most %d",
                    spec->hidden, spec->coarse, GROUPS, KERNEL_NORM_CHANNELS);
    return STATUS_OK;
}

const NetKind net_classifier = {
    .name = "classifier",
    .help = "residual network that names pictures' classes",
    .forward = forward,
    .complete = complete,
    .classifies = true,
};
