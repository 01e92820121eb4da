/* A small U-Net on 2x2 patches: residual blocks at half the picture's resolution,
 * residual blocks with self-attention at a quarter, one skip. Time and class meet in one
 * embedding that every residual block adds to its first convolution's output. What ends a
 * residual branch starts at zero, so that the network starts near the identity. Where nothing is
 * recorded a branch leaves only its output behind. */
#include "engine/nets/layers.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"
#include <stdio.h>

enum { GROUPS = 8, HEADS = 4, NAME_SIZE = 48 };

/* "side.index.part" */
static const char *named(char name[NAME_SIZE], const char *side, int index, const char *part)
{
    snprintf(name, NAME_SIZE, "%s.%d.%s", side, index, part);
    return name;
}

static Tensor *embedding(Params *params, const NetSpec *spec, const float *u, const int *label,
                         int n)
{
    Tape *tape = params->tape;
    Tensor *e = op_time_features(tape, u, n, spec->features, spec->time_scale, spec->time_range);
    e = layer_linear_silu(params, "time.0", e, spec->embed);
    e = layer_linear(params, "time.1", e, spec->embed, false);
    if (spec->classes > 0)
        e = op_add(tape, e,
                   layer_classes(params, "classes", spec->classes, spec->embed, 1, label, n));
    if (spec->conditioning > 0)
        e = op_add(tape, e, layer_condition(params, spec, spec->embed, n));
    return op_silu(tape, e);
}

/* Takes the norm and the convolution `part` of a residual block, 1 or 2. */
static NormConv norm_conv(Params *params, const char *side, int index, int part, int c)
{
    char norm[NAME_SIZE], conv[NAME_SIZE];
    snprintf(norm, NAME_SIZE, "%s.%d.norm%d", side, index, part);
    snprintf(conv, NAME_SIZE, "%s.%d.conv%d", side, index, part);
    return layer_norm_conv3x3(params, norm, conv, GROUPS, c, c, part == 2);
}

static Tensor *residual(Params *params, const char *side, int index, Tensor *x, Tensor *e)
{
    size_t mark = arena_mark(params->tape->arena);
    char name[NAME_SIZE];
    NormConv first = norm_conv(params, side, index, 1, x->c);
    first.more = layer_linear(params, named(name, side, index, "embed"), e, x->c, false);
    Tensor *h = op_norm_conv3x3(params->tape, x, &first);
    NormConv second = norm_conv(params, side, index, 2, x->c);
    second.more = x;
    return tape_keep(params->tape, mark, op_norm_conv3x3(params->tape, h, &second));
}

static Tensor *attention(Params *params, const char *side, int index, Tensor *x)
{
    Tape *tape = params->tape;
    size_t mark = arena_mark(tape->arena);
    char name[NAME_SIZE];
    Tensor *h = layer_group_norm(params, named(name, side, index, "norm3"), x, GROUPS, false);
    h = layer_linear(params, named(name, side, index, "qkv"), h, 3 * x->c, false);
    h = op_attention(tape, h, HEADS);
    h = layer_linear(params, named(name, side, index, "out"), h, x->c, true);
    return tape_keep(tape, mark, op_add(tape, x, h));
}

static Tensor *forward(Params *params, const NetSpec *spec, Tensor *z, const float *u,
                       const int *label)
{
    Tape *tape = params->tape;
    Tensor *e = embedding(params, spec, u, label, z->n);
    Tensor *h = op_space_to_depth(tape, z);
    int patch = h->c;
    h = layer_conv3x3(params, "in", h, spec->hidden, false);
    for (int i = 0; i < spec->depth; i++)
        h = residual(params, "enc", i, h, e);
    Tensor *skip = h;
    h = layer_linear(params, "down", op_space_to_depth(tape, h), spec->coarse, false);
    for (int i = 0; i < spec->coarse_depth; i++) {
        h = residual(params, "mid", i, h, e);
        h = attention(params, "mid", i, h);
    }
    params->features = h;
    h = op_depth_to_space(tape, layer_linear(params, "up", h, 4 * spec->hidden, false));
    h = layer_linear(params, "mix", op_concat(tape, h, skip), spec->hidden, false);
    for (int i = 0; i < spec->depth; i++)
        h = residual(params, "dec", i, h, e);
    NormConv out = layer_norm_conv3x3(params, "norm", "out", GROUPS, h->c, patch, true);
    return op_depth_to_space(tape, op_norm_conv3x3(tape, h, &out));
}

static Status complete(NetSpec *spec, Error *error)
{
    spec->hidden = spec->hidden ? spec->hidden : 32;
    spec->coarse = spec->coarse ? spec->coarse : 96;
    spec->depth = spec->depth ? spec->depth : 1;
    spec->coarse_depth = spec->coarse_depth ? spec->coarse_depth : 2;
    spec->embed = spec->embed ? spec->embed : 128;
    spec->chunk = spec->chunk ? spec->chunk : 16;
    if (spec->height % 4 || spec->width % 4)
        return fail(error, STATUS_BAD_INPUT,
                    "patch_unet: a picture of %d x %d; height and width must be multiples of 4",
                    spec->height, spec->width);
    if (spec->hidden % GROUPS || spec->coarse % GROUPS || spec->hidden > KERNEL_NORM_CHANNELS ||
        spec->coarse > KERNEL_NORM_CHANNELS)
        return fail(error, STATUS_BAD_INPUT,
                    "patch_unet: widths %d and %d must be multiples of %d, at most %d",
                    spec->hidden, spec->coarse, GROUPS, KERNEL_NORM_CHANNELS);
    return STATUS_OK;
}

const NetKind net_patch_unet = {
    .name = "patch_unet",
    .help = "small U-Net on 2x2 patches for pictures",
    .forward = forward,
    .complete = complete,
};
