/* All pairs of rows of two sets, tile by tile: squared distances or products of 256 x 256 pairs at
 * a time, by matrix products where rows are long. Sums are taken tile by tile in a fixed order, so
 * the bits do not depend on the number of threads. Memory: 512 rows of doubles and a tile a
 * thread. */
#ifndef DDIL_PAIRS_H
#define DDIL_PAIRS_H

#include "engine/nets/crew.h"
#include <stdbool.h>

/* Two sets of rows of d coordinates: x (n x d) and y (m x d). */
typedef struct Pair {
    int n, m, d;
    const float *x, *y;
} Pair;
static inline Pair pair_of(int n, const float *x, int m, const float *y, int d)
{
    return (Pair){n, m, d, x, y};
}
/* One of them against itself. */
static inline Pair pair_within_x(const Pair *p) { return (Pair){p->n, p->n, p->d, p->x, p->x}; }
static inline Pair pair_within_y(const Pair *p) { return (Pair){p->m, p->m, p->d, p->y, p->y}; }

/* Who works: a crew, or, where `crew` is NULL, the calling thread alone, in `scratch`. What is
 * shared between threads comes from `scratch` either way (rewound). */
typedef struct Work {
    Crew *crew;
    Arena *scratch;
} Work;
/* Calls job for each of n chunks of one, as crew_map does. */
void work_map(const Work *work, int n, CrewJob *job, void *context);

/* What stands in a tile's values. */
typedef enum TileKind {
    TILE_SQUARES, /* |a - b|^2 */
    TILE_PRODUCTS /* (centre + scale a) . (centre + scale b) */
} TileKind;

typedef struct PairView {
    TileKind kind;
    const double *centre; /* d; NULL: 0 */
    double scale;
} PairView;

/* Rows p .. p + rows - 1 of x against rows q .. q + columns - 1 of y. */
typedef struct PairTile {
    const Pair *pair;
    int strip; /* p's number: tiles of one strip come one after another, by one thread, q rising */
    int p, rows, q, columns;
    double *value;                   /* rows x columns; the job's to change */
    const double *slack_x, *slack_y; /* by how much a square may be off: slack_x[i] + slack_y[j] */
} PairTile;

enum { TILE_SIDE = 256 };
static inline int pair_strips(const Pair *pair) { return (pair->n + TILE_SIDE - 1) / TILE_SIDE; }

/* Calls job for every tile; `below`: only those that hold pairs p > q (of a set with itself). */
typedef void PairJob(void *context, Arena *arena, const PairTile *tile);
void pairs_walk(const Work *work, const Pair *pair, const PairView *view, bool below, PairJob *job,
                void *context);

/* Whether the square at (i, j) of a tile is below `limit`, or equals it and `equal`: decided by the
 * tile's value where that is beyond doubt, else by squared_distance, so that ties are ties. */
bool tile_below(const PairTile *tile, int i, int j, double limit, bool equal);
/* squared_distance of the two rows. */
double tile_exact(const PairTile *tile, int i, int j);

#endif
