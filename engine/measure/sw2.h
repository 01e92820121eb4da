/* Squared sliced Wasserstein-2 distance (methods.md 8.1 c). */
#ifndef DDIL_SW2_H
#define DDIL_SW2_H

#include "engine/measure/pairs.h"
#include <stdint.h>

enum { SW2_DIRECTIONS = 256 };

/* Mean over `directions` unit vectors w of the squared W2 between the projections x.w (x:
 * n x d) and y.w (y: m x d): sorted values are coupled, by quantiles when n != m.
 * Direction k comes from rng_at(seed, STREAM_DIRECTIONS, k): the same for every pair of
 * sets. Biased up by O(1/n): compare values of equal n and m. Directions are computed side by side
 * and summed in order; 8 (n + m) floats a thread. n = 4000, m = 10000, d = 2: about 0.1 s. */
double sw2(const Pair *pair, int directions, uint64_t seed, const Work *work);

/* What is asked of sw2 besides. */
typedef struct Slices {
    int directions;
    uint64_t seed;
    int blocks;           /* of the jackknife */
    const float *y_along; /* the m rows of y along each direction (directions x m), for sets too
                             large to stand in memory as numbers; NULL: they stand in the pair */
} Slices;

/* sw2 for the jackknife: without_x[b], without_y[b], b = 0 .. blocks-1, without the b-th of
 * `blocks` equal runs of rows of x, or of y; returns that of all. Sorts each set once a direction.
 */
double sw2_blocks(const Pair *pair, const Slices *slices, double *without_x, double *without_y,
                  const Work *work);

/* The directions (directions x d), and one row along each: along[k * stride] of direction k. */
float *sw2_directions(int d, int directions, uint64_t seed, Arena *arena);
void sw2_along(int d, int directions, const float *direction, const float *row, size_t stride,
               float *along);

#endif
