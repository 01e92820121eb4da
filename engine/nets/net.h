/* Networks: one straight-line function describes each; a Params cursor counts, names,
 * initialises or binds the weights with that same walk, so sizes, checkpoints and weights
 * cannot drift apart. All weights of a network lie in one flat block of floats. */
#ifndef DDIL_NET_H
#define DDIL_NET_H

#include "engine/nets/net_spec.h"

/* A spec with every unset (zero) size at the kind's own default, checked: BAD_INPUT says
 * what does not fit. */
Status net_spec_complete(NetSpec *spec, Error *error);

size_t net_size(const NetSpec *spec); /* floats */
void net_init(const NetSpec *spec, uint64_t seed, float *weights);
void net_list(const NetSpec *spec, void (*each)(void *context, const ParamInfo *info),
              void *context);

/* FROZEN or TRAIN is an argument of the call: gradient == NULL is frozen. Input gradient
 * follows z->g. */
Tensor *net_forward(const NetSpec *spec, Tape *tape, const float *weights, float *gradient,
                    Tensor *z, const float *u, const int *label);
/* What a call may give and take besides. */
typedef struct NetMore {
    const float
        *condition; /* [n], around 0..1; needed where spec->conditioning, unused elsewhere */
    bool judge;     /* where spec->head: set `logit` */
    Tensor *logit;  /* out: n x 1 x 1 x 1, above 0 for real */
} NetMore;
Tensor *net_forward_more(const NetSpec *spec, Tape *tape, const float *weights, float *gradient,
                         Tensor *z, const float *u, const int *label, NetMore *more);
/* Copies the tensors that both networks have, by name and size; the others keep what they hold. */
void net_adopt(const NetSpec *spec, float *weights, const NetSpec *from_spec, const float *from);
/* Forward and backward flops of one sample, counted analytically (multiply-add = 2). */
double net_flops(const NetSpec *spec);

#endif
