/* Parallel = map over chunks, then an ordered sum. A crew is a pool whose workers own an
 * arena each. A batch is cut into chunks of a fixed size; a worker takes a whole chunk on
 * its own tape; what the chunks produce is combined in chunk order, so the bits do not
 * depend on the number of threads. */
#ifndef DDIL_CREW_H
#define DDIL_CREW_H

#include "engine/base/arena.h"
#include "engine/base/pool.h"
#include <stddef.h>

typedef struct Crew {
    Pool *pool;
    Arena *arena; /* one a worker */
    Arena shared; /* gradients of chunks; used between maps by the caller only */
} Crew;

/* Starts a crew of threads >= 1, the caller's counted; the crew is the creator's to free.
 * Also makes BLAS single-threaded: the workers are the threads. */
Crew *crew_new(int threads);
void crew_free(Crew *crew);

/* Calls job(context, arena, begin, end, chunk) for each chunk [begin, end) of 0..n-1,
 * concurrently. The arena is the worker's own and is rewound after the chunk. */
typedef void CrewJob(void *context, Arena *arena, int begin, int end, int chunk);
void crew_map(Crew *crew, int n, int chunk, CrewJob *job, void *context);

static inline int crew_chunks(int n, int chunk) { return (n + chunk - 1) / chunk; }

/* As crew_map for jobs that add into a gradient of `size` floats: each chunk gets its own
 * zeroed block; `gradient` becomes their sum in chunk order. */
typedef void CrewGradientJob(void *context, Arena *arena, int begin, int end, int chunk,
                             float *gradient);
void crew_map_gradient(Crew *crew, int n, int chunk, size_t size, float *gradient,
                       CrewGradientJob *job, void *context);

#endif
