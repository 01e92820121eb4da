/* Owns the rings: room, order, age. */
#include "engine/distill/replay.h"
#include "engine/base/status.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void replay_open(Replay *replay, int capacity, int stages, int dims, Arena *arena)
{
    *replay = (Replay){.capacity = capacity, .stages = stages, .room = stages, .dims = dims};
    replay->row = arena_new(arena, float, (size_t)capacity *stages *dims);
    replay->label = arena_new(arena, int, capacity);
    replay->born = arena_new(arena, int64_t, capacity);
}

void replay_regrid(Replay *replay, int stages, bool forget)
{
    must(stages <= replay->room);
    replay->stages = stages;
    if (forget)
        replay->filled = replay->next = 0;
}

void replay_put(Replay *replay, const Rollout *r, const bool *keep, bool x0, long step)
{
    size_t d = (size_t)replay->dims;
    for (int k = 0; k < r->n; k++) {
        replay->made++;
        if (!keep[k])
            continue;
        float *row = replay->row + (size_t)replay->next * replay->stages * d;
        for (int s = 0; s < replay->stages; s++) {
            const float *from = s && x0 ? r->x0s + ((size_t)(s - 1) * r->n + k) * d
                                        : r->states + ((size_t)s * r->n + k) * d;
            memcpy(row + s * d, from, d * sizeof *row);
        }
        replay->label[replay->next] = r->label[k];
        replay->born[replay->next] = step;
        replay->next = (replay->next + 1) % replay->capacity;
        replay->filled += replay->filled < replay->capacity;
    }
}

int replay_due(const Replay *replay, double a_step, int every, long step)
{
    int slice = replay->capacity / 16 + 1, missing = replay->capacity - replay->filled;
    if (missing > 0)
        return missing < slice ? missing : slice;
    if (step % every)
        return 0;
    double block = a_step * every;
    return block < replay->capacity ? (int)ceil(block) : replay->capacity;
}

static int slot_of(const Replay *replay, int back)
{
    return (replay->next - 1 - back + replay->capacity) % replay->capacity;
}

/* FIFO: counted back from `next` they only get older, so
 * halving finds how many are young. */
int replay_draw(const Replay *replay, long oldest, Rng *rng)
{
    int young = 0, end = replay->filled; /* those before `young` are; from `end` on none is */
    while (young < end) {
        int middle = (young + end) / 2;
        if (replay->born[slot_of(replay, middle)] < oldest)
            end = middle;
        else
            young = middle + 1;
    }
    if (!young)
        return -1;
    return slot_of(replay, (int)rng_below(rng, (uint32_t)young));
}

const float *replay_row(const Replay *replay, int rollout, int stage)
{
    return replay->row + ((size_t)rollout * replay->stages + stage) * replay->dims;
}

void replay_walk(Replay *replay, Walk *walk, const char *name)
{
    enum { PARTS = 6 };
    static const char *const part[PARTS] = {"row", "label", "born", "filled", "next", "made"};
    char full[PARTS][64];
    if (!replay->capacity)
        return;
    for (int i = 0; i < PARTS; i++)
        snprintf(full[i], sizeof full[i], "%s.%s", name, part[i]);
    long shape[3] = {replay->capacity, replay->room, replay->dims};
    walk->visit(walk, full[0], WALK_F32, 3, shape, replay->row);
    walk_i32(walk, full[1], replay->capacity, replay->label);
    walk_i64(walk, full[2], replay->capacity, replay->born);
    walk_i32(walk, full[3], 1, &replay->filled);
    walk_i32(walk, full[4], 1, &replay->next);
    walk_i64(walk, full[5], 1, &replay->made);
}
