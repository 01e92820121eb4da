/* What decides a network's shape, and what a kind of network is: one straight-line function
 * over a Params cursor. */
#ifndef DDIL_NET_SPEC_H
#define DDIL_NET_SPEC_H

#include "engine/base/status.h"
#include "engine/nets/net_params.h"
#include <stdbool.h>

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
    int chunk;        /* samples a worker takes at once: fixed by the network, never the machine
                       */
    int conditioning; /* features of a further number it is conditioned on, one a sample; 0: none */
    int head;         /* width of a head that tells real from fake by the inner features; 0: none */
} NetSpec;

struct NetKind {
    const char *name, *help;
    /* v prediction for noisy z (n x h x w x c) at times u[n] in [0, 1]; label[n] (ignored
     * when unconditional; `classes` or -1 means none, NULL none for all). */
    Tensor *(*forward)(Params *params, const NetSpec *spec, Tensor *z, const float *u,
                       const int *label);
    /* Fills unset (zero) sizes and checks what is special to the kind. */
    Status (*complete)(NetSpec *spec, Error *error);
    bool classifies; /* forward gives scores of the classes (n x 1 x 1 x classes) instead:
                        no denoiser */
};
/* The networks that a run may have, each in the file of its name. What is declared here, the table
 * of net_kinds.c and the choices of net.kind follow from this one row each. */
#define NET_DENOISERS(row)    row(mlp) row(patch_unet)
#define NET_DECLARATION(name) extern const NetKind net_##name;
NET_DENOISERS(NET_DECLARATION)
extern const NetKind net_classifier;

static inline int net_dims(const NetSpec *spec)
{
    return spec->height * spec->width * spec->channels;
}

#endif
