/* The tape: tensors and nodes in one arena, walked backwards once. The gradient of an
 * op's output exists from the first consumer's backward step to its own: until then it is
 * `pending`, afterwards its buffer serves another of its size. */
#include "engine/tensor/tape.h"
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include <stdint.h>
#include <string.h>

static const float pending = 0;

static bool is_pending(const Tensor *t) { return t->g == &pending; }

static void set_pending(Tensor *t) { t->g = (float *)(uintptr_t)&pending; }

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
        set_pending(t);
    return t;
}

Tensor *tape_input(Tape *tape, int n, int h, int w, int c, const float *x)
{
    return tape_leaf(tape, n, h, w, c, x, NULL);
}

struct TapeLeaf {
    Tensor tensor;
    TapeLeaf *before;
};

void tape_block(Tape *tape, float *block, size_t size)
{
    must(tape->record && !tape->block);
    tape->block = block;
    tape->block_size = size;
}

static Tensor *leaf_in_block(Tape *tape, Tensor t)
{
    TapeLeaf *leaf = tape->leaf;
    while (leaf && leaf->tensor.g > t.g)
        leaf = leaf->before;
    if (leaf && leaf->tensor.g == t.g) {
        must(leaf->tensor.x == t.x && tensor_size(&leaf->tensor) == tensor_size(&t));
        return &leaf->tensor;
    }
    must(leaf == tape->leaf && t.g + tensor_size(&t) <= tape->block + tape->block_size);
    t.unset = t.placed = true;
    leaf = arena_new(tape->arena, TapeLeaf, 1);
    *leaf = (TapeLeaf){t, tape->leaf};
    tape->leaf = leaf;
    return &leaf->tensor;
}

Tensor *tape_leaf(Tape *tape, int n, int h, int w, int c, const float *x, float *g)
{
    Tensor *t = shape(tape, n, h, w, c);
    t->x = (float *)(uintptr_t)x; /* ops never write into an input's values */
    t->g = tape->record ? g : NULL;
    bool inside = t->g && t->g >= tape->block && t->g < tape->block + tape->block_size;
    return inside ? leaf_in_block(tape, *t) : t;
}

Tensor *tape_keep(Tape *tape, size_t mark, Tensor *t)
{
    if (tape->record)
        return t;
    Tensor kept = *t;
    float *x = arena_rewind_to(tape->arena, mark, t->x, sizeof(float) * tensor_size(t));
    return tape_input(tape, kept.n, kept.h, kept.w, kept.c, x);
}

Tensor *tape_detach(Tape *tape, Tensor *t)
{
    return tape_input(tape, t->n, t->h, t->w, t->c, t->x);
}

void tape_node(Tape *tape, void (*backward)(TapeNode *, Arena *), Tensor *out, void *saved,
               Tensor *a, Tensor *b, Tensor *c, Tensor *d)
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

void tape_more(Tape *tape, const Tensor *out, Tensor *e, Tensor *f)
{
    if (tape->last && tape->last->out == out) {
        tape->last->in[4] = e;
        tape->last->in[5] = f;
    }
}

void tape_sets(Tape *tape, const Tensor *out, unsigned inputs)
{
    if (tape->last && tape->last->out == out)
        tape->last->sets = inputs;
}

void tape_pass(const Tensor *out, Tensor *in)
{
    if (!in->g)
        return;
    if (tape_first(in))
        memcpy(in->g, out->g, sizeof(float) * tensor_size(in));
    else
        kernel_accumulate(tensor_size(in), 1.0f, out->g, in->g);
}

void tape_hand_on(Tensor *out, Tensor *in)
{
    if (!in->unset || in->placed) {
        tape_pass(out, in);
        return;
    }
    float *values = out->g;
    out->g = in->g;
    in->g = values;
    in->unset = false;
}

/* A gradient buffer: this header, then `size` values on the next cache line. */
typedef struct Buffer Buffer;
struct Buffer {
    Buffer *next;
    size_t size;
};

enum { HEADER = 64 };

static float *values_of(Buffer *buffer) { return (float *)(void *)((char *)buffer + HEADER); }

/* Gives a pending tensor memory: an unused buffer of its size, or a new one. */
static void provide(Tensor *t, Buffer **unused, Arena *arena)
{
    size_t size = tensor_size(t);
    Buffer **link = unused, *buffer;
    while (*link && (*link)->size != size)
        link = &(*link)->next;
    if ((buffer = *link)) {
        *link = buffer->next;
    } else {
        buffer = arena_alloc(arena, HEADER + sizeof(float) * size);
        buffer->size = size;
    }
    t->g = values_of(buffer);
    t->unset = true;
}

static void zero(Tensor *t)
{
    if (tape_first(t))
        memset(t->g, 0, sizeof(float) * tensor_size(t));
}

/* Zeros where the block has no values yet. */
static void fill_block(Tape *tape)
{
    float *end = tape->block + tape->block_size;
    for (TapeLeaf *leaf = tape->leaf; leaf; leaf = leaf->before) {
        float *behind = leaf->tensor.g + tensor_size(&leaf->tensor);
        memset(behind, 0, sizeof(float) * (size_t)(end - behind));
        zero(&leaf->tensor);
        end = leaf->tensor.g;
    }
    if (tape->block)
        memset(tape->block, 0, sizeof(float) * (size_t)(end - tape->block));
}

static void release(Tensor *t, Buffer **unused)
{
    Buffer *buffer = (Buffer *)(void *)((char *)t->g - HEADER);
    buffer->next = *unused;
    *unused = buffer;
    set_pending(t);
}

/* Runs one node, whose output has a gradient, with memory behind its inputs'. */
static void step(TapeNode *node, Buffer **unused, Arena *arena)
{
    for (int i = 0; i < TAPE_INPUTS; i++) {
        Tensor *in = node->in[i];
        if (in && is_pending(in))
            provide(in, unused, arena);
        if (in && !(node->sets >> i & 1))
            zero(in);
    }
    size_t mark = arena_mark(arena);
    node->backward(node, arena);
    arena_rewind(arena, mark);
    release(node->out, unused);
}

void tape_backward(Tape *tape, Tensor *loss)
{
    must(tape->record && loss->g && tensor_size(loss) == 1);
    Buffer *unused = NULL;
    size_t start = arena_mark(tape->arena);
    provide(loss, &unused, tape->arena);
    loss->g[0] = 1.0f;
    loss->unset = false;
    for (TapeNode *node = tape->last; node; node = node->previous)
        if (!is_pending(node->out))
            step(node, &unused, tape->arena);
    fill_block(tape);
    arena_rewind(tape->arena, start);
}
