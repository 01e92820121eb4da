/* Linear layer and self-attention. */
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"

static int rows_of(const Tensor *t) { return t->n * t->h * t->w; }

static bool any_gradient(const Tensor *a, const Tensor *b, const Tensor *c)
{
    return a->g || b->g || (c && c->g);
}

static void bias_gradient(const Tensor *bias, const Tensor *y)
{
    if (bias && bias->g)
        kernel_column_sums(rows_of(y), y->c, y->g, bias->g);
}

static void linear_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    Tensor *x = node->in[0];
    Tensor *weight = node->in[1];
    const Tensor *y = node->out;
    if (x->g)
        kernel_linear_input(rows_of(x), x->c, y->c, y->g, weight->x, !tape_first(x), x->g);
    if (weight->g)
        kernel_linear_weight(rows_of(x), x->c, y->c, y->g, x->x, !tape_first(weight), weight->g);
    bias_gradient(node->in[2], y);
}

/* The output of a linear layer, its product in `out`, or in its own values if NULL. */
static Tensor *linear(Tape *tape, Tensor *x, Tensor *weight, Tensor *bias, float *out)
{
    must(weight->n == 1 && weight->h == 1 && weight->w == x->c);
    must(!bias || tensor_size(bias) == (size_t)weight->c);
    Tensor *y = tape_tensor(tape, x->n, x->h, x->w, weight->c, any_gradient(x, weight, bias));
    kernel_linear(rows_of(x), x->c, y->c, x->x, weight->x, bias ? bias->x : NULL, out ? out : y->x);
    tape->flops += 2.0 * x->h * x->w * x->c * y->c;
    return y;
}

Tensor *op_linear(Tape *tape, Tensor *x, Tensor *weight, Tensor *bias)
{
    Tensor *y = linear(tape, x, weight, bias, NULL);
    tape_node(tape, linear_backward, y, NULL, x, weight, bias, NULL);
    tape_sets(tape, y, 1 | 2);
    return y;
}

/* The output's gradient becomes the product's in place: it is read no more. */
static void linear_silu_backward(TapeNode *node, Arena *scratch)
{
    kernel_multiply(tensor_size(node->out), node->saved, node->out->g);
    linear_backward(node, scratch);
}

Tensor *op_linear_silu(Tape *tape, Tensor *x, Tensor *weight, Tensor *bias)
{
    bool slopes = tape->record && any_gradient(x, weight, bias);
    float *slope = slopes ? arena_floats(tape->arena, rows_of(x) * weight->c) : NULL;
    Tensor *y = linear(tape, x, weight, bias, slope);
    if (slopes)
        kernel_silu_slope(tensor_size(y), slope, y->x);
    else
        kernel_silu(tensor_size(y), y->x, y->x);
    tape_node(tape, linear_silu_backward, y, slope, x, weight, bias, NULL);
    tape_sets(tape, y, 1 | 2);
    return y;
}

typedef struct Attention {
    AttentionShape shape;
    float *p;
} Attention;

static void attention_backward(TapeNode *node, Arena *scratch)
{
    const Attention *a = node->saved;
    Tensor *qkv = node->in[0];
    kernel_attention_grad(a->shape, qkv->x, a->p, node->out->g, !tape_first(qkv), qkv->g,
                          arena_floats(scratch, attention_room(a->shape)));
}

/* One sample after the other in the room of one: nobody asks for the weights again. */
static void attend(Tape *tape, AttentionShape shape, const float *qkv, float *y)
{
    size_t sample = (size_t)shape.pixels * (size_t)shape.c, mark = arena_mark(tape->arena);
    float *p = arena_floats(tape->arena, attention_room(shape));
    int n = shape.n;
    shape.n = 1;
    for (size_t i = 0; i < (size_t)n; i++)
        kernel_attention(shape, qkv + 3 * i * sample, y + i * sample, p);
    arena_rewind(tape->arena, mark);
}

Tensor *op_attention(Tape *tape, Tensor *qkv, int heads)
{
    int c = qkv->c / 3, pixels = qkv->h * qkv->w;
    must(heads > 0 && qkv->c == 3 * c && c % heads == 0);
    Tensor *y = tape_tensor(tape, qkv->n, qkv->h, qkv->w, c, qkv->g);
    AttentionShape shape = {qkv->n, pixels, c, heads};
    tape->flops += 4.0 * pixels * pixels * c;
    if (!y->g) {
        attend(tape, shape, qkv->x, y->x);
        return y;
    }
    Attention *a = arena_new(tape->arena, Attention, 1);
    a->shape = shape;
    a->p = arena_floats(tape->arena, (size_t)qkv->n * attention_room(shape));
    kernel_attention(shape, qkv->x, y->x, a->p);
    tape_node(tape, attention_backward, y, a, qkv, NULL, NULL, NULL);
    tape_sets(tape, y, 1);
    return y;
}
