/* A replay ring of roll-outs: what was rolled out last is kept, the oldest goes first. Rows of a
 * ring are numbered by roll-outs ever made; a roll-out's noise depends on that number only. */
#ifndef DDIL_REPLAY_H
#define DDIL_REPLAY_H

#include "engine/base/walk.h"
#include "engine/diffusion/denoiser.h"
#include <stdbool.h>

/* Of each roll-out `stages` rows of `dims` floats are kept: its states, or its noise and the x0
 * estimates of its steps. */
typedef struct Replay {
    int capacity, stages, dims;
    int room; /* stages that a roll-out has memory for, at least `stages` */
    int filled, next;
    int64_t made;  /* roll-outs ever made: numbers their random streams */
    float *row;    /* capacity x stages x dims */
    int *label;    /* capacity */
    int64_t *born; /* capacity: optimiser step */
} Replay;

/* An empty ring from `arena`. */
void replay_open(Replay *replay, int capacity, int stages, int dims, Arena *arena);
/* Other stages from now on, at most as many as there is room for; forget: what it holds is of no
 * use then. */
void replay_regrid(Replay *replay, int stages, bool forget);
/* Puts in the roll-outs of `r` for which keep[k]; the others count as made. x0: stage s > 0 is the
 * estimate of the s-th step, else the state after it. */
void replay_put(Replay *replay, const Rollout *r, const bool *keep, bool x0, long step);
/* How many roll-outs to add: a slice while filling, then a block of those due at `a_step` a step
 * every so many steps. */
int replay_due(const Replay *replay, double a_step, int every, long step);
/* A roll-out born at `oldest` or later, all alike; -1: there is none. */
int replay_draw(const Replay *replay, long oldest, Rng *rng);
/* Its row, dims floats. */
const float *replay_row(const Replay *replay, int rollout, int stage);
/* The ring, as NAME.row and so on; nothing of a ring without capacity. */
void replay_walk(Replay *replay, Walk *walk, const char *name);

#endif
