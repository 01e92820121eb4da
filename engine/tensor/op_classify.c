/* What classifiers need: the mean over pixels, and cross entropy. */
#include "engine/base/status.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <string.h>

static size_t pixels(const Tensor *x) { return (size_t)x->h * (size_t)x->w; }

static void mean_pixels_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    const Tensor *x = node->in[0], *y = node->out;
    size_t c = (size_t)x->c;
    float share = 1.0f / (float)pixels(x);
    for (size_t p = 0; p < (size_t)x->n * pixels(x); p++) {
        const float *g = y->g + p / pixels(x) * c;
        for (size_t j = 0; j < c; j++)
            x->g[p * c + j] += share * g[j];
    }
}

Tensor *op_mean_pixels(Tape *tape, Tensor *x)
{
    Tensor *y = tape_tensor(tape, x->n, 1, 1, x->c, x->g);
    size_t c = (size_t)x->c;
    float share = 1.0f / (float)pixels(x);
    if (x->n)
        memset(y->x, 0, sizeof(float) * tensor_size(y));
    for (size_t p = 0; p < (size_t)x->n * pixels(x); p++) {
        float *sum = y->x + p / pixels(x) * c;
        for (size_t j = 0; j < c; j++)
            sum[j] += share * x->x[p * c + j];
    }
    tape_node(tape, mean_pixels_backward, y, NULL, x, NULL, NULL, NULL);
    return y;
}

/* For the backward pass: softmax minus the label's unit vector, times the sample's weight. */
static void cross_entropy_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    const float *slope = node->saved;
    const Tensor *x = node->in[0];
    for (size_t k = 0; k < tensor_size(x); k++)
        x->g[k] += node->out->g[0] * slope[k];
}

/* -log softmax(x)[label]; slope gets softmax(x) - e_label. */
static double surprise(int classes, const float *x, int label, float *slope)
{
    double top = (double)x[0], sum = 0;
    for (int k = 1; k < classes; k++)
        top = fmax(top, (double)x[k]);
    for (int k = 0; k < classes; k++)
        sum += exp((double)x[k] - top);
    for (int k = 0; k < classes; k++)
        slope[k] = (float)(exp((double)x[k] - top) / sum - (k == label));
    return top + log(sum) - (double)x[label];
}

Tensor *op_cross_entropy(Tape *tape, Tensor *x, const int *label, const float *weight, float *each)
{
    must(x->h == 1 && x->w == 1);
    Tensor *y = tape_tensor(tape, 1, 1, 1, 1, x->g);
    float *slope = arena_floats(tape->arena, tensor_size(x));
    double total = 0;
    for (int i = 0; i < x->n; i++) {
        size_t at = (size_t)i * (size_t)x->c;
        must(label[i] >= 0 && label[i] < x->c);
        double loss = surprise(x->c, x->x + at, label[i], slope + at);
        for (int k = 0; k < x->c; k++)
            slope[at + (size_t)k] *= weight[i];
        total += (double)weight[i] * loss;
        if (each)
            each[i] = (float)loss;
    }
    y->x[0] = (float)total;
    tape_node(tape, cross_entropy_backward, y, slope, x, NULL, NULL, NULL);
    return y;
}
