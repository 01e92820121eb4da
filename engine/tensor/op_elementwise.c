/* Activations, sums, and the constant maps of diffusion: values in, values of the same
 * shape out. */
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"
#include <string.h>

static bool same_shape(const Tensor *a, const Tensor *b)
{
    return a->n == b->n && a->h == b->h && a->w == b->w && a->c == b->c;
}

static Tensor *like(Tape *tape, const Tensor *x, bool wants_gradient)
{
    return tape_tensor(tape, x->n, x->h, x->w, x->c, wants_gradient);
}

static void silu_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    const Tensor *x = node->in[0];
    kernel_silu_grad(tensor_size(x), x->x, node->out->g, x->g);
}

Tensor *op_silu(Tape *tape, Tensor *x)
{
    Tensor *y = like(tape, x, x->g);
    kernel_silu(tensor_size(x), x->x, y->x);
    tape_node(tape, silu_backward, y, NULL, x, NULL, NULL, NULL);
    return y;
}

static void gelu_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    const Tensor *x = node->in[0];
    kernel_gelu_grad(tensor_size(x), x->x, node->out->g, x->g);
}

Tensor *op_gelu(Tape *tape, Tensor *x)
{
    Tensor *y = like(tape, x, x->g);
    kernel_gelu(tensor_size(x), x->x, y->x);
    tape_node(tape, gelu_backward, y, NULL, x, NULL, NULL, NULL);
    return y;
}

static void add_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    tape_pass(node->out, node->in[1]);
    tape_hand_on(node->out, node->in[0]);
}

Tensor *op_add(Tape *tape, Tensor *a, Tensor *b)
{
    must(same_shape(a, b));
    Tensor *y = like(tape, a, a->g || b->g);
    kernel_add(tensor_size(a), a->x, b->x, y->x);
    tape_node(tape, add_backward, y, NULL, a, b, NULL, NULL);
    tape_sets(tape, y, 1 | 2);
    return y;
}

static size_t sample_size(const Tensor *x) { return (size_t)x->h * (size_t)x->w * (size_t)x->c; }

static void affine_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    const Tensor *x = node->in[0];
    const float *scale = node->saved;
    size_t size = sample_size(x);
    for (size_t i = 0; i < (size_t)x->n; i++)
        kernel_accumulate(size, scale[i], node->out->g + i * size, x->g + i * size);
}

Tensor *op_affine(Tape *tape, Tensor *x, const float *scale, const float *shift)
{
    Tensor *y = like(tape, x, x->g);
    size_t size = sample_size(x);
    float *kept = arena_floats(tape->arena, x->n);
    for (size_t i = 0; i < (size_t)x->n; i++) {
        kept[i] = scale[i];
        for (size_t k = i * size; k < (i + 1) * size; k++)
            y->x[k] = scale[i] * x->x[k] + (shift ? shift[k] : 0.0f);
    }
    tape_node(tape, affine_backward, y, kept, x, NULL, NULL, NULL);
    return y;
}

static void straight_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    tape_hand_on(node->out, node->in[0]);
}

Tensor *op_clip_straight(Tape *tape, Tensor *x, float low, float high)
{
    must(low <= high);
    Tensor *y = like(tape, x, x->g);
    for (size_t k = 0; k < tensor_size(x); k++) {
        float floor = x->x[k] < low ? low : x->x[k]; /* comparisons that let NaN through */
        y->x[k] = floor > high ? high : floor;
    }
    tape_node(tape, straight_backward, y, NULL, x, NULL, NULL, NULL);
    tape_sets(tape, y, 1);
    return y;
}

Tensor *op_replace_straight(Tape *tape, Tensor *x, const float *values)
{
    Tensor *y = like(tape, x, x->g);
    if (x->n > 0)
        memcpy(y->x, values, sizeof(float) * tensor_size(x));
    tape_node(tape, straight_backward, y, NULL, x, NULL, NULL, NULL);
    tape_sets(tape, y, 1);
    return y;
}
