/* AdamW, gradient clipping and EMA, each one loop over a flat block. */
#ifndef DDIL_OPTIM_H
#define DDIL_OPTIM_H

#include "engine/nets/crew.h"
#include "engine/nets/net.h"

/* One trainable network: its weights and everything its optimiser keeps. Blocks of `size`
 * floats. */
typedef struct Model {
    NetSpec spec;
    size_t size;
    float *weights, *ema, *moment1, *moment2;
    long updates; /* Adam steps taken */
} Model;

typedef struct AdamSettings {
    double lr, beta1, beta2, epsilon, weight_decay,
        clip;   /* clip: largest gradient norm, 0 = none */
    double ema; /* decay; see model_ema_decay */
} AdamSettings;

/* All blocks from `arena`; initialised from `seed`; ema = weights. */
void model_init(Model *model, const NetSpec *spec, uint64_t seed, Arena *arena);
/* Forgets moments and the update count (a new round). */
void model_reset(Model *model);

/* EMA decay with warm-up: min(decay, (1 + updates) / (10 + updates)). */
double model_ema_decay(double decay, long updates);

/* Clips `gradient` in place, takes one AdamW step (decoupled decay), moves the EMA.
 * Returns the gradient's norm before clipping (double sum). A norm that is not finite
 * changes nothing and is returned as it is. */
double model_update(Model *model, float *gradient, const AdamSettings *settings);

/* model_update shared by a crew's workers, to the same bits. */
double model_update_by(Crew *crew, Model *model, float *gradient, const AdamSettings *settings);

double vector_norm(size_t n, const float *x);
/* target = decay * target + (1 - decay) * x */
void vector_ema(size_t n, float *target, const float *x, double decay);

#endif
