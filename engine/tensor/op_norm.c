/* Group norm, alone or followed by SiLU. */
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"

typedef struct GroupNorm {
    NormShape shape;
    float *stats;
} GroupNorm;

static void group_norm_backward(TapeNode *node, Arena *scratch)
{
    const GroupNorm *norm = node->saved;
    Tensor *x = node->in[0];
    const Tensor *gamma = node->in[1], *beta = node->in[2];
    kernel_group_norm_grad(
        norm->shape, x->x, gamma->x, beta->x, norm->stats, node->out->g, !tape_first(x), x->g,
        gamma->g, beta->g, node->out->x,
        arena_floats(scratch, (size_t)norm->shape.pixels * (size_t)norm->shape.c));
}

static Tensor *group_norm(Tape *tape, Tensor *x, Tensor *gamma, Tensor *beta, int groups, bool silu)
{
    must(groups > 0 && x->c % groups == 0 && x->c <= KERNEL_NORM_CHANNELS);
    must(tensor_size(gamma) == (size_t)x->c && tensor_size(beta) == (size_t)x->c);
    Tensor *y = tape_tensor(tape, x->n, x->h, x->w, x->c, x->g || gamma->g || beta->g);
    GroupNorm *norm = arena_new(tape->arena, GroupNorm, 1);
    norm->shape = (NormShape){x->n, x->h * x->w, x->c, groups, silu};
    norm->stats = arena_floats(tape->arena, 2 * x->n * groups);
    kernel_group_norm(norm->shape, x->x, gamma->x, beta->x, y->x, norm->stats);
    tape_node(tape, group_norm_backward, y, norm, x, gamma, beta, NULL);
    tape_sets(tape, y, 1);
    return y;
}

Tensor *op_group_norm(Tape *tape, Tensor *x, Tensor *gamma, Tensor *beta, int groups)
{
    return group_norm(tape, x, gamma, beta, groups, false);
}

Tensor *op_group_norm_silu(Tape *tape, Tensor *x, Tensor *gamma, Tensor *beta, int groups)
{
    return group_norm(tape, x, gamma, beta, groups, true);
}
