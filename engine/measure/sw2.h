/* Squared sliced Wasserstein-2 distance (methods.md 8.1 c). */
#ifndef DDIL_SW2_H
#define DDIL_SW2_H

#include "engine/base/arena.h"
#include <stdint.h>

enum { SW2_DIRECTIONS = 256 };

/* Mean over `directions` unit vectors w of the squared W2 between the projections x.w (x:
 * n x d) and y.w (y: m x d): sorted values are coupled, by quantiles when n != m.
 * Direction k comes from rng_at(seed, STREAM_DIRECTIONS, k): the same for every pair of
 * sets. Biased up by O(1/n): compare values of equal n and m. Deterministic; any thread;
 * scratch (3 (n + m) floats) is rewound. n = 4000, m = 10000, d = 2: about 0.1 s. */
double sw2(int n, const float *x, int m, const float *y, int d, int directions,
           uint64_t seed, Arena *scratch);

#endif
