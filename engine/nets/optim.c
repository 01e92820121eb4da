/* The optimiser: one pass over a flat block clips, steps and averages. */
#include "engine/nets/optim.h"
#include "engine/tensor/kernels.h"
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
    double sum;
    kernel_squares(n, x, &sum);
    return sqrt(sum);
}

void vector_ema(size_t n, float *target, const float *x, double decay)
{
    float move = (float)(1.0 - decay);
    for (size_t i = 0; i < n; i++)
        target[i] += move * (x[i] - target[i]);
}

static AdamFactors factors(const AdamSettings *s, double norm, long updates)
{
    double bias1 = 1.0 - pow(s->beta1, (double)updates);
    double bias2 = 1.0 - pow(s->beta2, (double)updates);
    double clip = s->clip > 0 ? fmin(1.0, s->clip / (norm + 1e-6)) : 1.0;
    return (AdamFactors){
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

typedef struct Update {
    Model *model;
    float *gradient;
    AdamFactors factors;
} Update;

static void update_range(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)arena, (void)chunk;
    const Update *u = context;
    const Model *m = u->model;
    kernel_adam((size_t)(end - begin), &u->factors, u->gradient + begin, m->moment1 + begin,
                m->moment2 + begin, m->weights + begin, m->ema + begin);
}

double model_update_by(Crew *crew, Model *model, float *gradient, const AdamSettings *settings)
{
    enum { RANGE = 16384 };
    double norm = vector_norm(model->size, gradient);
    if (!isfinite(norm))
        return norm;
    model->updates++;
    Update update = {model, gradient, factors(settings, norm, model->updates)};
    int size = (int)model->size;
    if (crew)
        crew_map(crew, size, RANGE, update_range, &update);
    else
        update_range(&update, NULL, 0, size, 0);
    return norm;
}

double model_update(Model *model, float *gradient, const AdamSettings *settings)
{
    return model_update_by(NULL, model, gradient, settings);
}
