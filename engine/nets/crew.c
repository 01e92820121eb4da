/* A crew: a pool of workers with an arena each, and the ordered sum over what chunks
 * produce. Jobs of one map run concurrently and share nothing but what their context lets
 * them; a crew serves one map at a time. */
#include "engine/nets/crew.h"
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include <stdlib.h>
#include <string.h>

/* Address space, not memory. */
static const size_t ARENA_SIZE = (size_t)1 << 31;

Crew *crew_new(int threads)
{
    Crew *crew = calloc(1, sizeof *crew);
    need(crew);
    must(threads >= 1);
    kernel_init();
    crew->pool = pool_new(threads);
    crew->arena = calloc((size_t)threads, sizeof *crew->arena);
    need(crew->arena);
    for (int i = 0; i < threads; i++)
        arena_of_large_pages(&crew->arena[i], ARENA_SIZE);
    arena_of_large_pages(&crew->shared, ARENA_SIZE);
    return crew;
}

void crew_free(Crew *crew)
{
    if (!crew)
        return;
    for (int i = 0; i < pool_threads(crew->pool); i++)
        arena_done(&crew->arena[i]);
    pool_free(crew->pool);
    arena_done(&crew->shared);
    free(crew->arena);
    free(crew);
}

void crew_rest(Crew *crew)
{
    for (int i = 0; i < pool_threads(crew->pool); i++)
        arena_rest(&crew->arena[i]);
    arena_rest(&crew->shared);
}

/* Chunks, or rows: first .. end - 1. */
typedef struct Span {
    int first, end;
} Span;

/* The first rank has some whenever there are any. */
static Span chunks_of(const Crew *crew, int chunks, int rank)
{
    long ranks = crew->deal ? ranks_size(crew->ranks) : 1, round = ranks - 1;
    return (Span){(int)((chunks * (long)rank + round) / ranks),
                  (int)((chunks * (rank + 1L) + round) / ranks)};
}

static int own_rank(const Crew *crew) { return crew->deal ? ranks_rank(crew->ranks) : 0; }

static Span own_chunks(const Crew *crew, int chunks)
{
    return chunks_of(crew, chunks, own_rank(crew));
}

int crew_dealt(const Crew *crew, int chunks)
{
    int ranks = ranks_size(crew->ranks);
    return (chunks + ranks - 1) / ranks;
}

/* ---- Maps ---- */

typedef struct Map {
    Crew *crew;
    int n, chunk, first;
    CrewJob *job;
    void *context;
} Map;

static void map_chunk(void *context, int index, int worker)
{
    const Map *map = context;
    Arena *arena = &map->crew->arena[worker];
    size_t mark = arena_mark(arena);
    int number = map->first + index, begin = number * map->chunk;
    int end = map->n - begin < map->chunk ? map->n : begin + map->chunk;
    map->job(map->context, arena, begin, end, number);
    arena_rewind(arena, mark);
}

void crew_map(Crew *crew, int n, int chunk, CrewJob *job, void *context)
{
    must(chunk > 0 && n >= 0);
    Map map = {crew, n, chunk, 0, job, context};
    pool_run(crew->pool, crew_chunks(n, chunk), map_chunk, &map);
}

void crew_deal(Crew *crew, int n, int chunk, CrewJob *job, void *context)
{
    must(chunk > 0 && n >= 0);
    Span own = own_chunks(crew, crew_chunks(n, chunk));
    Map map = {crew, n, chunk, own.first, job, context};
    pool_run(crew->pool, own.end - own.first, map_chunk, &map);
}

/* ---- What a dealt map wrote ---- */

typedef struct Share {
    int n, chunk;
    const CrewItems *items;
    int count;
} Share;

static size_t plane_bytes(const Share *share, const CrewItems *item, Span chunks, size_t *from)
{
    int end = chunks.end * share->chunk < share->n ? chunks.end * share->chunk : share->n;
    Span span = item->chunks ? chunks : (Span){chunks.first * share->chunk, end};
    *from = (size_t)span.first * item->size;
    return span.end > span.first ? (size_t)(span.end - span.first) * item->size : 0;
}

/* Copies what these chunks wrote to `packed`, or from there. NULL: only counts. */
static size_t copy_span(const Share *share, Span chunks, char *packed, bool pack)
{
    size_t used = 0, from;
    for (int i = 0; i < share->count; i++) {
        const CrewItems *item = &share->items[i];
        size_t bytes = plane_bytes(share, item, chunks, &from);
        for (int p = 0; p < (item->planes ? item->planes : 1); p++, used += bytes) {
            char *at = (char *)item->at + (size_t)p * item->stride + from;
            if (packed)
                memcpy(pack ? packed + used : at, pack ? at : packed + used, bytes);
        }
    }
    return used;
}

void crew_share(Crew *crew, int n, int chunk, const CrewItems *items, int count)
{
    int ranks = ranks_size(crew->ranks), chunks = crew_chunks(n, chunk);
    if (!crew->deal || ranks == 1)
        return;
    size_t mark = arena_mark(&crew->shared), all = 0;
    size_t *size = arena_new(&crew->shared, size_t, ranks);
    Share share = {n, chunk, items, count};
    for (int r = 0; r < ranks; r++)
        all += size[r] = copy_span(&share, chunks_of(crew, chunks, r), NULL, true);
    char *packed = arena_alloc(&crew->shared, all);
    char *own = arena_alloc(&crew->shared, size[own_rank(crew)]);
    copy_span(&share, own_chunks(crew, chunks), own, true);
    ranks_gather(crew->ranks, own, size, packed);
    for (int r = 0; r < ranks; packed += size[r], r++)
        if (r != own_rank(crew))
            copy_span(&share, chunks_of(crew, chunks, r), packed, false);
    arena_rewind(&crew->shared, mark);
}

/* ---- Gradients ---- */

typedef struct GradientMap {
    Crew *crew;
    size_t size;
    Span own;
    bool begins;   /* the sum does: its first chunk works in `gradient` itself */
    float *blocks; /* of the other chunks, size floats each */
    float *gradient;
    CrewGradientJob *job;
    void *context;
    size_t from, n; /* the range that is being added up */
} GradientMap;

static float *block_of(const GradientMap *map, int chunk)
{
    int behind = chunk - map->own.first - map->begins;
    return behind < 0 ? map->gradient : map->blocks + (size_t)behind * map->size;
}

static void gradient_chunk(void *context, Arena *arena, int begin, int end, int chunk)
{
    const GradientMap *map = context;
    map->job(map->context, arena, begin, end, chunk, block_of(map, chunk));
}

enum { RANGE = 16384 };

/* Adds one range of this rank's further blocks to the sum, in their order. */
static void sum_range(void *context, int index, int worker)
{
    (void)worker;
    const GradientMap *map = context;
    size_t done = (size_t)index * RANGE, from = map->from + done;
    size_t n = map->n - done < RANGE ? map->n - done : RANGE;
    for (int chunk = map->own.first + map->begins; chunk < map->own.end; chunk++)
        kernel_accumulate(n, 1.0f, block_of(map, chunk) + from, map->gradient + from);
}

static void sum_own(void *context, size_t from, size_t n)
{
    GradientMap *map = context;
    map->from = from;
    map->n = n;
    if (map->own.end > map->own.first + map->begins)
        pool_run(map->crew->pool, (int)((n + RANGE - 1) / RANGE), sum_range, map);
}

static void sum_all(GradientMap *map)
{
    Crew *crew = map->crew;
    bool alone = !crew->deal || ranks_size(crew->ranks) == 1;
    if (!alone && crew->deal == DEAL_ORDERED) {
        ranks_chain(crew->ranks, map->size, map->gradient, sum_own, map);
        return;
    }
    sum_own(map, 0, map->size);
    if (!alone)
        ranks_sum(crew->ranks, map->size, map->gradient);
}

void crew_map_gradient(Crew *crew, int n, int chunk, size_t size, float *gradient,
                       CrewGradientJob *job, void *context)
{
    size_t mark = arena_mark(&crew->shared);
    Span own = own_chunks(crew, crew_chunks(n, chunk));
    bool begins = own_rank(crew) == 0 || crew->deal == DEAL_FAST;
    int blocks = own.end - own.first - begins;
    GradientMap map = {.crew = crew,
                       .size = size,
                       .own = own,
                       .begins = begins,
                       .blocks =
                           arena_floats(&crew->shared, blocks > 0 ? (size_t)blocks * size : 0),
                       .gradient = gradient,
                       .job = job,
                       .context = context};
    if (begins && own.end == own.first)
        memset(gradient, 0, sizeof(float) * size);
    crew_deal(crew, n, chunk, gradient_chunk, &map);
    sum_all(&map);
    arena_rewind(&crew->shared, mark);
}
