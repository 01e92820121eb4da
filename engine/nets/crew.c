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
        arena_init(&crew->arena[i], ARENA_SIZE);
    arena_init(&crew->shared, ARENA_SIZE);
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

typedef struct Map {
    Crew *crew;
    int n, chunk;
    CrewJob *job;
    void *context;
} Map;

static void map_chunk(void *context, int index, int worker)
{
    const Map *map = context;
    Arena *arena = &map->crew->arena[worker];
    size_t mark = arena_mark(arena);
    int begin = index * map->chunk;
    int end = map->n - begin < map->chunk ? map->n : begin + map->chunk;
    map->job(map->context, arena, begin, end, index);
    arena_rewind(arena, mark);
}

void crew_map(Crew *crew, int n, int chunk, CrewJob *job, void *context)
{
    must(chunk > 0 && n >= 0);
    Map map = {crew, n, chunk, job, context};
    pool_run(crew->pool, crew_chunks(n, chunk), map_chunk, &map);
}

typedef struct GradientMap {
    size_t size;
    int chunks;
    float *blocks; /* (chunks - 1, size): the first chunk works in `gradient` itself */
    float *gradient;
    CrewGradientJob *job;
    void *context;
} GradientMap;

static void gradient_chunk(void *context, Arena *arena, int begin, int end, int chunk)
{
    const GradientMap *map = context;
    float *block = chunk == 0 ? map->gradient : map->blocks + (size_t)(chunk - 1) * map->size;
    memset(block, 0, sizeof(float) * map->size);
    map->job(map->context, arena, begin, end, chunk, block);
}

enum { RANGE = 16384 };

/* Adds one range of the other chunks' blocks to the first chunk's, in their order. */
static void sum_range(void *context, int index, int worker)
{
    (void)worker;
    const GradientMap *map = context;
    size_t from = (size_t)index * RANGE;
    size_t n = map->size - from < RANGE ? map->size - from : RANGE;
    float *sum = map->gradient + from;
    for (int chunk = 1; chunk < map->chunks; chunk++)
        kernel_accumulate(n, 1.0f, map->blocks + (size_t)(chunk - 1) * map->size + from, sum);
}

void crew_map_gradient(Crew *crew, int n, int chunk, size_t size, float *gradient,
                       CrewGradientJob *job, void *context)
{
    size_t mark = arena_mark(&crew->shared);
    int chunks = crew_chunks(n, chunk);
    float *blocks = arena_floats(&crew->shared, chunks > 1 ? (size_t)(chunks - 1) * size : 0);
    if (chunks == 0)
        memset(gradient, 0, sizeof(float) * size);
    GradientMap map = {size, chunks, blocks, gradient, job, context};
    crew_map(crew, n, chunk, gradient_chunk, &map);
    if (chunks > 1)
        pool_run(crew->pool, (int)((size + RANGE - 1) / RANGE), sum_range, &map);
    arena_rewind(&crew->shared, mark);
}
