/* Losses: sums over samples of weight[i] times a distance to a constant target; double
 * sums. */
#include "engine/base/status.h"
#include "engine/tensor/op.h"
#include <math.h>

/* For the backward pass: the gradient is factor[i] (x - target), divided by sqrt((x -
 * target)^2 + c^2) value by value when `huber`. */
typedef struct Loss {
    const float *target;
    float *factor;
    double c;
    bool huber;
} Loss;

static size_t dimensions(const Tensor *x) { return (size_t)x->h * (size_t)x->w * (size_t)x->c; }

static void loss_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    const Loss *loss = node->saved;
    const Tensor *x = node->in[0];
    size_t d = dimensions(x);
    float g = node->out->g[0], c2 = (float)(loss->c * loss->c);
    for (size_t i = 0; i < (size_t)x->n; i++)
        for (size_t k = i * d; k < (i + 1) * d; k++) {
            float difference = x->x[k] - loss->target[k];
            float slope = loss->huber ? 1.0f / sqrtf(difference * difference + c2) : 1.0f;
            x->g[k] += g * loss->factor[i] * difference * slope;
        }
}

static Loss *loss_new(Tape *tape, const Tensor *x, const float *target, double c, bool huber)
{
    must(c >= 0 && (!huber || c > 0));
    Loss *loss = arena_new(tape->arena, Loss, 1);
    *loss = (Loss){target, arena_floats(tape->arena, x->n), c, huber};
    return loss;
}

/* The loss tensor from the weighted total. */
static Tensor *finish(Tape *tape, Tensor *x, Loss *loss, double total)
{
    Tensor *y = tape_tensor(tape, 1, 1, 1, 1, x->g);
    y->x[0] = (float)total;
    tape_node(tape, loss_backward, y, loss, x, NULL, NULL, NULL);
    return y;
}

/* Mean over a sample's values of (x - target)^2. */
static double mean_square(const Tensor *x, const float *target, size_t i)
{
    size_t d = dimensions(x);
    double sum = 0;
    for (size_t k = i * d; k < (i + 1) * d; k++) {
        double difference = (double)(x->x[k] - target[k]);
        sum += difference * difference;
    }
    return sum / (double)d;
}

/* Notes sample i's loss and gives back its share of the total. */
static double share(double value, const float *weight, size_t i, float *each)
{
    if (each)
        each[i] = (float)value;
    return (double)weight[i] * value;
}

Tensor *op_mse(Tape *tape, Tensor *x, const float *target, const float *weight, float *each)
{
    Loss *loss = loss_new(tape, x, target, 0, false);
    double total = 0;
    for (size_t i = 0; i < (size_t)x->n; i++) {
        total += share(mean_square(x, target, i), weight, i, each);
        loss->factor[i] = (float)(2.0 * (double)weight[i] / (double)dimensions(x));
    }
    return finish(tape, x, loss, total);
}

Tensor *op_pseudo_huber(Tape *tape, Tensor *x, const float *target, const float *weight, float c,
                        float *each)
{
    Loss *loss = loss_new(tape, x, target, (double)c, false);
    must(c > 0);
    double total = 0;
    for (size_t i = 0; i < (size_t)x->n; i++) {
        double square = mean_square(x, target, i), root = sqrt(square + loss->c * loss->c);
        total +=
            share(square / (root + loss->c), weight, i, each); /* root - c without cancellation */
        loss->factor[i] = (float)((double)weight[i] / ((double)dimensions(x) * root));
    }
    return finish(tape, x, loss, total);
}

Tensor *op_huber(Tape *tape, Tensor *x, const float *target, const float *weight, float c,
                 float *each)
{
    Loss *loss = loss_new(tape, x, target, (double)c, true);
    size_t d = dimensions(x);
    double total = 0;
    for (size_t i = 0; i < (size_t)x->n; i++) {
        double sum = 0;
        for (size_t k = i * d; k < (i + 1) * d; k++) {
            double difference = (double)(x->x[k] - target[k]), square = difference * difference;
            sum += square / (sqrt(square + loss->c * loss->c) + loss->c);
        }
        total += share(sum / (double)d, weight, i, each);
        loss->factor[i] = (float)((double)weight[i] / (double)d);
    }
    return finish(tape, x, loss, total);
}

typedef struct Logistic {
    float *slope; /* of the total in each value */
} Logistic;

static void logistic_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    const Logistic *loss = node->saved;
    for (int i = 0; i < node->in[0]->n; i++)
        node->in[0]->g[i] += node->out->g[0] * loss->slope[i];
}

Tensor *op_logistic(Tape *tape, Tensor *x, float sign, const float *weight, float *each)
{
    must(dimensions(x) == 1 && (sign == 1 || sign == -1));
    Logistic *loss = arena_new(tape->arena, Logistic, 1);
    loss->slope = arena_floats(tape->arena, x->n);
    double total = 0;
    for (size_t i = 0; i < (size_t)x->n; i++) {
        double value = (double)sign * (double)x->x[i];
        total += share(fmax(value, 0) + log1p(exp(-fabs(value))), weight, i, each);
        loss->slope[i] = (float)((double)weight[i] * (double)sign / (1 + exp(-value)));
    }
    Tensor *y = tape_tensor(tape, 1, 1, 1, 1, x->g);
    y->x[0] = (float)total;
    tape_node(tape, logistic_backward, y, loss, x, NULL, NULL, NULL);
    return y;
}
