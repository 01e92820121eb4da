/* Networks: one straight-line function describes each; a Params cursor counts, names,
 * initialises or binds the weights with that same walk, so sizes, checkpoints and weights
 * cannot drift apart. All weights of a network lie in one flat block of floats. */
#ifndef DDIL_NET_H
#define DDIL_NET_H

#include "engine/base/status.h"
#include "engine/tensor/tape.h"
#include <stdint.h>

enum { NET_DIMS_MAX = 3 * 64 * 64 };

typedef struct NetKind NetKind;

/* Everything that decides a network's shape. A plain value. */
typedef struct NetSpec {
    const NetKind *kind;
    int height, width, channels; /* of a sample; 1 x 1 x 2 for points */
    int classes;      /* 0: unconditional; else labels 0..classes-1, `classes` means none */
    int hidden;       /* mlp: layer width; patch_unet: fine width */
    int coarse;       /* patch_unet: coarse width (attention level) */
    int depth;        /* mlp: hidden layers; patch_unet: residual blocks a fine side */
    int coarse_depth; /* patch_unet: residual + attention pairs */
    int embed;        /* patch_unet: embedding width; classifier: features */
    int features;     /* time features */
    float time_scale, time_range;
    int chunk; /* samples a worker takes at once: fixed by the network, never the machine
                */
    int told;  /* features of a further number that it is told of each sample; 0: none */
    int head;  /* width of a head that tells real from fake by the inner features; 0: none */
} NetSpec;

typedef enum ParamsMode { PARAMS_COUNT, PARAMS_LIST, PARAMS_INIT, PARAMS_BIND } ParamsMode;
typedef enum Init {
    INIT_ZERO,
    INIT_ONE,
    INIT_NORMAL,
    INIT_LINEAR
} Init; /* NORMAL: N(0, 1/fan_in); LINEAR: U(+-1/sqrt(fan_in)) */

typedef struct ParamInfo {
    char name[64];
    int rank, shape[4];
    size_t offset, size; /* floats, in the flat block */
} ParamInfo;

typedef struct Params {
    ParamsMode mode;
    size_t used;
    const float *weights; /* BIND */
    float *target;        /* INIT */
    float *gradient;      /* BIND; NULL = frozen */
    uint64_t seed;        /* INIT */
    Tape *tape;
    void (*list)(void *context, const ParamInfo *info);
    void *context;
    const float *told; /* BIND: [n], where the network is told */
    Tensor *features;  /* out: the innermost activations, n x h x w x c */
} Params;

/* The next weight tensor of the walk. `name` like "mid.0.conv1.weight". Shapes: n h w c
 * with leading 1s left out by rank (1: c; 2: w,c; 4: n,h,w,c). fan_in is for INIT_LINEAR
 * and INIT_NORMAL. */
Tensor *params_take(Params *params, const char *name, int rank, const int *shape, Init init,
                    int fan_in);

struct NetKind {
    const char *name, *help;
    /* v prediction for noisy z (n x h x w x c) at times u[n] in [0, 1]; label[n] (ignored
     * when unconditional; `classes` or -1 means none, NULL none for all). */
    Tensor *(*forward)(Tape *tape, Params *params, const NetSpec *spec, Tensor *z, const float *u,
                       const int *label);
    /* Fills unset (zero) sizes and checks what is special to the kind. */
    Status (*complete)(NetSpec *spec, Error *error);
    bool classifies; /* forward gives scores of the classes (n x 1 x 1 x classes) instead:
                        no denoiser */
};
extern const NetKind net_mlp, net_patch_unet, net_classifier;
extern const NetKind *const net_kinds[];
extern const int net_kind_count;

static inline int net_dims(const NetSpec *spec)
{
    return spec->height * spec->width * spec->channels;
}

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
    const float *told; /* [n], around 0..1; needed where spec->told, unused elsewhere */
    bool judge;        /* where spec->head: set `logit` */
    Tensor *logit;     /* out: n x 1 x 1 x 1, above 0 for real */
} NetMore;
Tensor *net_forward_more(const NetSpec *spec, Tape *tape, const float *weights, float *gradient,
                         Tensor *z, const float *u, const int *label, NetMore *more);
/* Copies the tensors that both networks have, by name and size; the others keep what they hold. */
void net_adopt(const NetSpec *spec, float *weights, const NetSpec *from_spec, const float *from);
/* Forward and backward flops of one sample, counted analytically (multiply-add = 2). */
double net_flops(const NetSpec *spec);

#endif
