/* Moving values: joining channels, pixels into channels, table rows; and time features.
 */
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <string.h>

/* Channels [from, from + x->c) of y's gradient to x's. */
static void take_channels(const Tensor *y, int from, Tensor *x)
{
    if (!x->g)
        return;
    size_t rows = (size_t)x->n * (size_t)x->h * (size_t)x->w, width = (size_t)x->c;
    bool first = tape_first(x);
    for (size_t row = 0; row < rows; row++) {
        float *to = x->g + row * width;
        const float *part = y->g + row * (size_t)y->c + (size_t)from;
        for (size_t j = 0; j < width; j++)
            to[j] = first ? part[j] : to[j] + part[j];
    }
}

static void concat_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    take_channels(node->out, 0, node->in[0]);
    take_channels(node->out, node->in[0]->c, node->in[1]);
}

Tensor *op_concat(Tape *tape, Tensor *a, Tensor *b)
{
    must(a->n == b->n && a->h == b->h && a->w == b->w);
    Tensor *y = tape_tensor(tape, a->n, a->h, a->w, a->c + b->c, a->g || b->g);
    size_t rows = (size_t)a->n * (size_t)a->h * (size_t)a->w, ac = (size_t)a->c, bc = (size_t)b->c;
    for (size_t row = 0; row < rows; row++) {
        memcpy(y->x + row * (ac + bc), a->x + row * ac, sizeof(float) * ac);
        memcpy(y->x + row * (ac + bc) + ac, b->x + row * bc, sizeof(float) * bc);
    }
    tape_node(tape, concat_backward, y, NULL, a, b, NULL, NULL);
    tape_sets(tape, y, 1 | 2);
    return y;
}

static void space_to_depth_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    Tensor *x = node->in[0];
    kernel_depth_to_space(x->n, x->h, x->w, x->c, node->out->g, x->g, !tape_first(x));
}

Tensor *op_space_to_depth(Tape *tape, Tensor *x)
{
    must(x->h % 2 == 0 && x->w % 2 == 0);
    Tensor *y = tape_tensor(tape, x->n, x->h / 2, x->w / 2, 4 * x->c, x->g);
    kernel_space_to_depth(x->n, x->h, x->w, x->c, x->x, y->x, false);
    tape_node(tape, space_to_depth_backward, y, NULL, x, NULL, NULL, NULL);
    tape_sets(tape, y, 1);
    return y;
}

static void depth_to_space_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    Tensor *x = node->in[0];
    const Tensor *y = node->out;
    kernel_space_to_depth(y->n, y->h, y->w, y->c, y->g, x->g, !tape_first(x));
}

Tensor *op_depth_to_space(Tape *tape, Tensor *x)
{
    must(x->c % 4 == 0);
    Tensor *y = tape_tensor(tape, x->n, 2 * x->h, 2 * x->w, x->c / 4, x->g);
    kernel_depth_to_space(y->n, y->h, y->w, y->c, x->x, y->x, false);
    tape_node(tape, depth_to_space_backward, y, NULL, x, NULL, NULL, NULL);
    tape_sets(tape, y, 1);
    return y;
}

static void embed_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    const int *label = node->saved;
    const Tensor *y = node->out;
    size_t c = (size_t)y->c;
    for (size_t i = 0; i < (size_t)y->n; i++)
        kernel_accumulate(c, 1.0f, y->g + i * c, node->in[0]->g + (size_t)label[i] * c);
}

Tensor *op_embed(Tape *tape, Tensor *table, const int *label, int n)
{
    must(table->n == 1 && table->h == 1);
    Tensor *y = tape_tensor(tape, n, 1, 1, table->c, table->g);
    int *kept = arena_new(tape->arena, int, n);
    size_t c = (size_t)table->c;
    for (size_t i = 0; i < (size_t)n; i++) {
        must(label[i] >= 0 && label[i] < table->w);
        kept[i] = label[i];
        memcpy(y->x + i * c, table->x + (size_t)label[i] * c, sizeof(float) * c);
    }
    tape_node(tape, embed_backward, y, kept, table, NULL, NULL, NULL);
    return y;
}

Tensor *op_time_features(Tape *tape, const float *time, int n, int features, float scale,
                         float range)
{
    must(features >= 2 && features % 2 == 0 && range > 0);
    Tensor *y = tape_tensor(tape, n, 1, 1, features, false);
    int half = features / 2;
    size_t mark = arena_mark(tape->arena);
    double *frequency = arena_new(tape->arena, double, half);
    for (int k = 0; k < half; k++)
        frequency[k] = (double)scale * exp(-log((double)range) * k / half);
    kernel_time_features(n, half, time, frequency, y->x);
    arena_rewind(tape->arena, mark);
    return y;
}
