/* Parallel = map over chunks, then an ordered sum. A crew is a pool whose workers own an
 * arena each. A batch is cut into chunks of a fixed size; a worker takes a whole chunk on
 * its own tape; what the chunks produce is combined in chunk order, so the bits do not
 * depend on the number of threads. */
#ifndef DDIL_CREW_H
#define DDIL_CREW_H

#include "engine/base/arena.h"
#include "engine/base/pool.h"
#include "engine/ranks/ranks.h"
#include <stdbool.h>
#include <stddef.h>

/* How the chunks of crew_deal and crew_map_gradient are shared among ranks. */
typedef enum CrewDeal {
    DEAL_NOT,     /* all of them are this process's */
    DEAL_ORDERED, /* sums in chunk order: the bits of one process */
    DEAL_FAST,    /* sums in whatever order the library finds fast */
} CrewDeal;

typedef struct Crew {
    Pool *pool;
    Arena *arena;  /* one a worker */
    Arena shared;  /* gradients of chunks; used between maps by the caller only */
    Ranks *ranks;  /* borrowed; NULL: one process */
    CrewDeal deal; /* other than DEAL_NOT only while all ranks do the same */
} Crew;

/* Starts a crew of threads >= 1, the caller's counted; the crew is the creator's to free.
 * Also makes BLAS single-threaded: the workers are the threads. */
Crew *crew_new(int threads);
void crew_free(Crew *crew);
/* Between maps: gives back the memory that the last ones worked in. */
void crew_rest(Crew *crew);

/* Calls job(context, arena, begin, end, chunk) for each chunk [begin, end) of 0..n-1,
 * concurrently. The arena is the worker's own and is rewound after the chunk. */
typedef void CrewJob(void *context, Arena *arena, int begin, int end, int chunk);
void crew_map(Crew *crew, int n, int chunk, CrewJob *job, void *context);

static inline int crew_chunks(int n, int chunk) { return (n + chunk - 1) / chunk; }

/* As crew_map for those chunks that are dealt to this rank: a span of them, the lower the rank the
 * lower. */
void crew_deal(Crew *crew, int n, int chunk, CrewJob *job, void *context);

/* What a dealt map wrote: an item of `size` bytes a row, or a chunk; and the same again in `planes`
 * (0: one) that lie `stride` bytes apart. */
typedef struct CrewItems {
    void *at;
    size_t size;
    bool chunks;
    int planes;
    size_t stride;
} CrewItems;
/* After a map that was dealt: each rank's items become everybody's. Nothing to do in one process.
 */
void crew_share(Crew *crew, int n, int chunk, const CrewItems *items, int count);

/* How many chunks this rank has at most: how much memory a map wants. */
int crew_dealt(const Crew *crew, int chunks);

/* As crew_deal for jobs that set a gradient of `size` floats: each chunk gets a block of its own,
 * without values (tape_block); `gradient` becomes the sum of all in chunk order, in every rank. */
typedef void CrewGradientJob(void *context, Arena *arena, int begin, int end, int chunk,
                             float *gradient);
void crew_map_gradient(Crew *crew, int n, int chunk, size_t size, float *gradient,
                       CrewGradientJob *job, void *context);

#endif
