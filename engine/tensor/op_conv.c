/* 3x3 convolution, alone or with what stands before and behind it in a residual block. */
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"

/* Inputs of the node. */
enum { X, WEIGHT, BIAS, MORE, GAMMA, BETA };

typedef struct Conv {
    ConvShape shape;
    ConvNorm norm; /* without gamma: none */
    bool flat;
} Conv;

static const ConvNorm *norm_of(const Conv *conv) { return conv->norm.gamma ? &conv->norm : NULL; }

static float *wanted(const Tensor *t) { return t ? t->g : NULL; }

/* Of what was added at every pixel, and of what was added to each. */
static void more_gradient(Tensor *y, Tensor *more, bool flat)
{
    int pixels = y->h * y->w;
    size_t sample = (size_t)pixels * (size_t)y->c;
    for (size_t i = 0; flat && more->g && i < (size_t)y->n; i++)
        kernel_column_sums(pixels, y->c, y->g + i * sample, more->g + i * (size_t)y->c);
    if (!flat)
        tape_hand_on(y, more);
}

static void backward(TapeNode *node, Arena *scratch)
{
    const Conv *conv = node->saved;
    Tensor *x = node->in[X], *y = node->out;
    ConvGrad to = {
        .add = x->g && !tape_first(x),
        .x = x->g,
        .gamma = wanted(node->in[GAMMA]),
        .beta = wanted(node->in[BETA]),
        .weight = node->in[WEIGHT]->g,
    };
    if (to.x || to.gamma || to.beta || to.weight)
        kernel_conv3x3_grad(conv->shape, norm_of(conv), x->x, node->in[WEIGHT]->x, y->g, to,
                            arena_floats(scratch, conv3x3_scratch(conv->shape)));
    if (wanted(node->in[BIAS]))
        kernel_column_sums(y->n * y->h * y->w, y->c, y->g, node->in[BIAS]->g);
    if (node->in[MORE])
        more_gradient(y, node->in[MORE], conv->flat);
}

static void check(const Tensor *x, const NormConv *c)
{
    const Tensor *w = c->weight, *more = c->more;
    must(w->n == 3 && w->h == 3 && w->w == x->c);
    must(!c->bias || tensor_size(c->bias) == (size_t)w->c);
    must(!c->gamma || (c->groups > 0 && x->c % c->groups == 0 && x->c <= KERNEL_NORM_CHANNELS));
    must(!c->gamma || (tensor_size(c->gamma) == (size_t)x->c && c->beta));
    must(!c->beta || tensor_size(c->beta) == (size_t)x->c);
    must(!more || (more->n == x->n && more->c == w->c));
    must(!more || (more->h == 1 && more->w == 1) || (more->h == x->h && more->w == x->w));
}

static bool any_gradient(const Tensor *x, const NormConv *c)
{
    return wanted(x) || wanted(c->weight) || wanted(c->bias) || wanted(c->more) ||
           wanted(c->gamma) || wanted(c->beta);
}

static Conv *conv_of(Tape *tape, const Tensor *x, const NormConv *c)
{
    Conv *conv = arena_new(tape->arena, Conv, 1);
    conv->shape = (ConvShape){x->n, x->h, x->w, x->c, c->weight->c, CONV_BY_RULE};
    conv->flat = c->more && c->more->h == 1 && c->more->w == 1;
    if (c->gamma)
        conv->norm = (ConvNorm){c->groups, c->gamma->x, c->beta->x,
                                arena_floats(tape->arena, 2 * x->n * c->groups)};
    return conv;
}

Tensor *op_norm_conv3x3(Tape *tape, Tensor *x, const NormConv *c)
{
    check(x, c);
    Tensor *y = tape_tensor(tape, x->n, x->h, x->w, c->weight->c, any_gradient(x, c));
    const Conv *conv = conv_of(tape, x, c);
    ConvEnd end = {c->bias ? c->bias->x : NULL, c->more ? c->more->x : NULL, conv->flat};
    size_t mark = arena_mark(tape->arena);
    kernel_conv3x3(conv->shape, norm_of(conv), x->x, c->weight->x, end, y->x,
                   arena_floats(tape->arena, x->n > 0 ? conv3x3_scratch(conv->shape) : 0));
    arena_rewind(tape->arena, mark);
    tape->flops += 18.0 * x->h * x->w * x->c * y->c;
    tape_node(tape, backward, y, (void *)conv, x, c->weight, c->bias, c->more);
    tape_more(tape, y, c->gamma, c->beta);
    tape_sets(tape, y, 1 << X | (c->more && !conv->flat ? 1 << MORE : 0));
    return y;
}

Tensor *op_conv3x3(Tape *tape, Tensor *x, Tensor *weight, Tensor *bias)
{
    return op_norm_conv3x3(tape, x, &(NormConv){.weight = weight, .bias = bias});
}
