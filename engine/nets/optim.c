/* The optimiser: one pass over a flat block clips, steps and averages. */
#include "engine/nets/optim.h"
#include <math.h>
#include <string.h>

void model_init(Model *model, const NetSpec *spec, uint64_t seed, Arena *arena)
{
    *model = (Model){.spec = *spec, .size = net_size(spec)};
    model->weights = arena_new(arena, float, model->size);
    model->ema = arena_new(arena, float, model->size);
    model->moment1 = arena_new(arena, float, model->size);
    model->moment2 = arena_new(arena, float, model->size);
    net_init(spec, seed, model->weights);
    memcpy(model->ema, model->weights, sizeof(float) * model->size);
}

void model_reset(Model *model)
{
    memset(model->moment1, 0, sizeof(float) * model->size);
    memset(model->moment2, 0, sizeof(float) * model->size);
    model->updates = 0;
}

double model_ema_decay(double decay, long updates)
{
    return fmin(decay, (1.0 + (double)updates) / (10.0 + (double)updates));
}

double vector_norm(size_t n, const float *x)
{
    enum { LANES = 8 };
    double lane[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    for (; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    for (int j = 0; j < LANES; j++)
        sum += lane[j];
    return sqrt(sum);
}

void vector_ema(size_t n, float *target, const float *x, double decay)
{
    float move = (float)(1.0 - decay);
    for (size_t i = 0; i < n; i++)
        target[i] += move * (x[i] - target[i]);
}

/* What one step multiplies by, as floats. */
typedef struct Factors {
    float clip, keep1, keep2, new1, new2, decay, rate, root, epsilon, move;
} Factors;

static Factors factors(const AdamSettings *s, double norm, long updates)
{
    double bias1 = 1.0 - pow(s->beta1, (double)updates);
    double bias2 = 1.0 - pow(s->beta2, (double)updates);
    double clip = s->clip > 0 ? fmin(1.0, s->clip / (norm + 1e-6)) : 1.0;
    return (Factors){
        .clip = (float)clip,
        .keep1 = (float)s->beta1,
        .keep2 = (float)s->beta2,
        .new1 = (float)(1.0 - s->beta1),
        .new2 = (float)(1.0 - s->beta2),
        .decay = (float)(1.0 - s->lr * s->weight_decay),
        .rate = (float)(s->lr / bias1),
        .root = (float)(1.0 / sqrt(bias2)),
        .epsilon = (float)(s->epsilon > 0 ? s->epsilon : 1e-8),
        .move = (float)(1.0 - model_ema_decay(s->ema, updates)),
    };
}

/* AdamW (Loshchilov & Hutter 2019), the bias corrections as in PyTorch. */
static void step(size_t n, const Factors f, float *restrict g, float *restrict m,
                 float *restrict v, float *restrict w, float *restrict ema)
{
    for (size_t i = 0; i < n; i++) {
        float gi = g[i] * f.clip;
        g[i] = gi;
        m[i] = f.keep1 * m[i] + f.new1 * gi;
        v[i] = f.keep2 * v[i] + f.new2 * gi * gi;
        w[i] = w[i] * f.decay - f.rate * m[i] / (sqrtf(v[i]) * f.root + f.epsilon);
        ema[i] += f.move * (w[i] - ema[i]);
    }
}

double model_update(Model *model, float *gradient, const AdamSettings *settings)
{
    double norm = vector_norm(model->size, gradient);
    if (!isfinite(norm))
        return norm;
    model->updates++;
    step(model->size, factors(settings, norm, model->updates), gradient, model->moment1,
         model->moment2, model->weights, model->ema);
    return norm;
}
