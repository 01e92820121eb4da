/* Owns snapshots: one allocation each, reference counted, sharing the views of runs that
 * did not change; and the notes. */
#include "engine/base/clock.h"
#include "engine/host/engine_parts.h"
#include <math.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Block {
    Snapshot snapshot;
    atomic_int references;
    const RunView *run[];
} Block;

static Block *block_of(const Snapshot *snapshot)
{
    return (Block *)(void *)((char *)(size_t)snapshot - offsetof(Block, snapshot));
}

/* ---- Notes ---- */

void note_add(Engine *engine, long ticket, Status status, int run, const char *format, ...)
{
    char clock[32];
    va_list arguments;
    if (engine->notes == NOTES_MAX)
        memmove(engine->note, engine->note + 1, sizeof *engine->note * (size_t)(--engine->notes));
    NoteView *note = &engine->note[engine->notes++];
    engine->notes_ever++;
    *note = (NoteView){.ticket = ticket, .status = status, .run = run};
    clock_stamp(clock, sizeof clock);
    snprintf(note->time, sizeof note->time, "%.11s", strlen(clock) > 11 ? clock + 11 : "");
    va_start(arguments, format);
    vsnprintf(note->text, sizeof note->text, format, arguments);
    va_end(arguments);
    engine->news = true;
    Port *port = atomic_load(&engine->port);
    if (port)
        port_note(port, note);
}

/* ---- The process ---- */

static double rss_mib(void)
{
    long pages = 0, all;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return NAN;
    if (fscanf(file, "%ld %ld", &all, &pages) != 2)
        pages = 0;
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static void sample_usage(Engine *engine)
{
    engine->rss_mib = rss_mib();
    double now = clock_s(), used = clock_cpu_s();
    double passed = now - engine->cpu_clock;
    if (passed < 1)
        return;
    if (engine->cpu_clock > 0)
        engine->cpu_share = (used - engine->cpu_used) / (passed * pool_cores());
    engine->cpu_clock = now;
    engine->cpu_used = used;
}

/* ---- Building and publishing ---- */

static Block *build(Engine *engine)
{
    Block *block = malloc(sizeof *block + sizeof *block->run * (size_t)(engine->slots + 1));
    need(block);
    if (engine_kind(engine)->owns)
        sample_usage(engine);
    block->snapshot = (Snapshot){.runs = engine->slots,
                                 .run = block->run,
                                 .notes = engine->notes,
                                 .cpu_share = engine->cpu_share,
                                 .notes_ever = engine->notes_ever,
                                 .rss_mib = engine->rss_mib};
    block->snapshot.owner = engine_kind(engine)->owner(engine);
    memcpy(block->snapshot.note, engine->note, sizeof *engine->note * (size_t)engine->notes);
    block->references = 1;
    for (int i = 0; i < engine->slots; i++) {
        const Slot *slot = &engine->slot[i];
        block->run[i] = slot->look.past ? run_view_with_past(slot->view, slot->look.past)
                                        : run_view_keep(slot->view);
    }
    return block;
}

/* Samples cost more than all else in a view. A run that comes to rest shows its newest. */
static void show(const Engine *engine, Slot *slot)
{
    double now = clock_s();
    if (engine_kind(engine)->turn && run_state(slot->run) == RUN_LIVE &&
        now - slot->shown < RUN_SHOW_MS / 1e3)
        return;
    slot->shown = now;
    run_show(slot->run);
}

/* Brings the views of changed slots up to date. */
static bool refresh(Engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool any = engine->news || engine->stirred;
    engine->stirred = false;
    pthread_mutex_unlock(&engine->lock);
    for (int i = 0; i < engine->slots; i++) {
        Slot *slot = &engine->slot[i];
        if (!slot->changed || !slot->run)
            continue;
        show(engine, slot);
        run_view_drop(slot->view);
        slot->view = run_view(slot->run);
        slot->changed = false;
        any = true;
    }
    engine->news = false;
    return any;
}

void snapshot_publish(Engine *engine)
{
    if (!refresh(engine) && engine->current)
        return;
    Block *block = build(engine);
    engine->published = clock_s();
    pthread_mutex_lock(&engine->lock);
    const Snapshot *before = engine->current;
    block->snapshot.serial = ++engine->serial;
    engine->current = &block->snapshot;
    bool ring = !engine->signalled;
    engine->signalled = true;
    pthread_mutex_unlock(&engine->lock);
    if (ring && write(engine->wake[1], "", 1) < 0)
        return; /* full: it is readable already */
    if (before)
        engine_drop(engine, before);
}

const Snapshot *snapshot_take(Engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    const Snapshot *snapshot = engine->current;
    atomic_fetch_add(&block_of(snapshot)->references, 1);
    pthread_mutex_unlock(&engine->lock);
    return snapshot;
}

const Snapshot *engine_look(Engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    const Snapshot *snapshot = engine->current;
    atomic_fetch_add(&block_of(snapshot)->references, 1);
    bool drain = engine->signalled;
    engine->signalled = false;
    pthread_mutex_unlock(&engine->lock);
    char byte[16];
    if (drain && read(engine->wake[0], byte, sizeof byte) < 0)
        return snapshot; /* the byte is still on its way: the descriptor will be readable
                            once in vain */
    return snapshot;
}

void engine_drop(Engine *engine, const Snapshot *snapshot)
{
    (void)engine;
    Block *block = block_of(snapshot);
    if (atomic_fetch_sub(&block->references, 1) != 1)
        return;
    for (int i = 0; i < snapshot->runs; i++)
        run_view_drop(block->run[i]);
    free(block);
}
