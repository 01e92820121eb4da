/* The tape: tensors and nodes in one arena, walked backwards once. */
#include "engine/tensor/tape.h"
#include "engine/base/status.h"
#include <stdint.h>

void tape_begin(Tape *tape, Arena *arena, bool record)
{
    *tape = (Tape){.arena = arena, .record = record};
}

static Tensor *shape(Tape *tape, int n, int h, int w, int c)
{
    must(n >= 0 && h > 0 && w > 0 && c > 0);
    Tensor *t = arena_new(tape->arena, Tensor, 1);
    *t = (Tensor){.n = n, .h = h, .w = w, .c = c};
    return t;
}

Tensor *tape_tensor(Tape *tape, int n, int h, int w, int c, bool wants_gradient)
{
    Tensor *t = shape(tape, n, h, w, c);
    t->x = arena_floats(tape->arena, tensor_size(t));
    if (tape->record && wants_gradient)
        t->g = arena_new(tape->arena, float, tensor_size(t));
    return t;
}

Tensor *tape_input(Tape *tape, int n, int h, int w, int c, const float *x)
{
    return tape_leaf(tape, n, h, w, c, x, NULL);
}

Tensor *tape_leaf(Tape *tape, int n, int h, int w, int c, const float *x, float *g)
{
    Tensor *t = shape(tape, n, h, w, c);
    t->x = (float *)(uintptr_t)x; /* ops never write into an input's values */
    t->g = tape->record ? g : NULL;
    return t;
}

Tensor *tape_detach(Tape *tape, Tensor *t)
{
    return tape_input(tape, t->n, t->h, t->w, t->c, t->x);
}

void tape_node(Tape *tape, void (*backward)(TapeNode *, Arena *), Tensor *out, void *saved, Tensor *a,
               Tensor *b, Tensor *c, Tensor *d)
{
    if (!tape->record || !out->g)
        return;
    TapeNode *node = arena_new(tape->arena, TapeNode, 1);
    *node = (TapeNode){.backward = backward,
                       .previous = tape->last,
                       .in = {a, b, c, d},
                       .out = out,
                       .saved = saved};
    tape->last = node;
}

void tape_backward(Tape *tape, Tensor *loss)
{
    must(tape->record && loss->g && tensor_size(loss) == 1);
    loss->g[0] = 1.0f;
    for (TapeNode *node = tape->last; node; node = node->previous) {
        size_t mark = arena_mark(tape->arena);
        node->backward(node, tape->arena);
        arena_rewind(tape->arena, mark);
    }
}
