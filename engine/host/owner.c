/* Owns what the owner of a folder does, in a worker thread and in lock-step. The worker drains
 * commands; does one quantum of the live run that had least time; publishes when something changed
 * and 100 ms have passed, at once after commands and before going to sleep. */
#include "engine/base/clock.h"
#include "engine/host/engine_parts.h"
#include "engine/store/folder.h"
#include <errno.h>
#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

static const double PUBLISH_EVERY_S = 0.1, READ_EVERY_S = 0.05, BEAT_S = 30;

/* ---- Work ---- */

static bool live(const Slot *slot) { return slot->run && run_state(slot->run) == RUN_LIVE; }

/* Lock-step: in turn, whatever each takes. */
static Slot *next_in_turn(Engine *engine)
{
    for (int i = 0; i < engine->slots; i++) {
        Slot *slot = &engine->slot[(engine->turn + i) % engine->slots];
        if (live(slot))
            return slot;
    }
    return NULL;
}

/* Whoever had least CPU time (the clock would count what other programs took), so that a run of
 * short steps is not slowed to the pace of one with long steps. Time not used while resting is
 * forgotten. */
static Slot *next_live(Engine *engine)
{
    Slot *next = NULL;
    for (int i = 0; i < engine->slots; i++) {
        Slot *slot = &engine->slot[i];
        if (!live(slot))
            continue;
        slot->served = fmax(slot->served, engine->served);
        if (!next || slot->served < next->served)
            next = slot;
    }
    if (next)
        engine->served = next->served;
    return next;
}

static void end_of_run(Engine *engine, Slot *slot, RunPulse pulse, const Error *error)
{
    const char *name = slot->view->name;
    if (pulse == PULSE_DONE)
        note_add(engine, 0, STATUS_OK, slot->id, "%02d %s is done at step %ld", slot->id, name,
                 run_step(slot->run));
    else
        note_add(engine, 0, STATUS_FAILED, slot->id, "%02d %s failed: %.160s", slot->id, name,
                 error->text);
    slot_close(slot);
    slot->look.due = true;
}

static void quantum(Engine *engine, Slot *slot)
{
    Error error = {{0}};
    double start = clock_cpu_s();
    RunPulse pulse = run_advance(slot->run, &error);
    slot->served += clock_cpu_s() - start;
    engine->turn = (int)(slot - engine->slot) + 1;
    slot->used = ++engine->uses;
    slot->changed = true;
    if (pulse != PULSE_MORE)
        end_of_run(engine, slot, pulse, &error);
    else if (slot->pause_at >= 0 && run_step(slot->run) >= slot->pause_at) {
        run_mark_state(slot->run, RUN_PAUSED);
        slot->pause_at = -1;
    }
}

/* Besides training, a piece of the runs on disk every so often; without, one after the
 * other. true: there is more. */
static bool read_on(Engine *engine, bool working)
{
    double now = clock_s();
    if (working && now - engine->read_on < READ_EVERY_S)
        return true;
    engine->read_on = now;
    return slots_read_on(engine);
}

/* Sleeps until there is a command, a wish to publish, the end, or a look at other programs' runs is
 * due. */
static void wait_for_work(Engine *engine)
{
    double due = clock_s() + fmin(outsides_wait(engine), BEAT_S);
    struct timespec until = {.tv_sec = (time_t)due, .tv_nsec = (long)((due - floor(due)) * 1e9)};
    bool late = false;
    pthread_mutex_lock(&engine->lock);
    while (!engine->queued && !engine->stop && !engine->stirred && !late)
        late = pthread_cond_timedwait(&engine->work, &engine->lock, &until) == ETIMEDOUT;
    pthread_mutex_unlock(&engine->lock);
}

/* Others may only know by this that the owner lives. */
static void beat(Engine *engine)
{
    double now = clock_s();
    if (now - engine->beaten < BEAT_S)
        return;
    engine->beaten = now;
    folder_beat(engine->lock_file);
}

static void say_guard(Engine *engine)
{
    char path[PATH_SIZE];
    if (folder_guarded(file_join(path, engine->runs, ".lock")))
        note_add(engine, 0, STATUS_OK, 0,
                 "this file system has no locks: %.180s.held keeps others out instead", path);
}

static void owner_turn(Engine *engine)
{
    beat(engine);
    int commands = commands_do(engine);
    look_again(engine);
    outsides_turn(engine);
    Slot *slot = next_live(engine);
    if (slot)
        quantum(engine, slot);
    bool traded = frontier_turn(engine);
    bool worked = read_on(engine, slot) || slot || traded;
    if (commands || !worked || clock_s() - engine->published >= PUBLISH_EVERY_S)
        snapshot_publish(engine);
    if (!worked)
        wait_for_work(engine);
}

static int owner_advance(Engine *engine, int quanta)
{
    int done = 0;
    commands_do(engine);
    look_again(engine);
    outsides_turn(engine);
    while (slots_read_on(engine))
        continue;
    for (Slot *slot; done < quanta && (slot = next_in_turn(engine)); done++)
        quantum(engine, slot);
    while (done < quanta && frontier_turn(engine))
        done++;
    look_again(engine);
    snapshot_publish(engine);
    return done;
}

/* ---- The folder ---- */

/* A live run holds seven descriptors, a viewer one: as many as the system lets us have. */
static void raise_descriptors(void)
{
    enum { ENOUGH = 1 << 16 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= ENOUGH)
        return;
    limit.rlim_cur = limit.rlim_max < ENOUGH ? limit.rlim_max : ENOUGH;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static void tell_copy(void *context, const char *name, int number)
{
    note_add(context, 0, STATUS_OK, number, "%.100s is a copy: it is run %02d now", name, number);
}

Status owner_take(Engine *engine, Error *error)
{
    char path[PATH_SIZE];
    Status status = file_make_folder(engine->runs, error);
    if (!status)
        status =
            folder_lock(file_join(path, engine->runs, ".lock"), true, &engine->lock_file, error);
    if (status)
        return status;
    raise_descriptors();
    folder_sweep_runs(engine->runs);
    folder_renumber(engine->runs, tell_copy, engine);
    engine->crew = crew_new(engine->threads > 0 ? engine->threads : pool_cores());
    return STATUS_OK;
}

static Status open_port(Engine *engine, Error *error)
{
    const PortHost host = {.engine = engine,
                           .owner = engine_kind(engine)->owner,
                           .take = snapshot_take,
                           .drop = engine_drop,
                           .send = engine_send,
                           .stir = engine_stir,
                           .save_samples = run_view_save_samples};
    Port *port;
    say_guard(engine);
    snapshot_publish(engine);
    Status status = port_open(&port, &host, engine->runs, error);
    atomic_store(&engine->port, port);
    return status;
}

static OwnerView this_process(const Engine *engine)
{
    return (OwnerView){.kind = atomic_load(&engine->headless) ? OWNER_HEADLESS : OWNER_WORKBENCH,
                       .here = true,
                       .process = (long)getpid(),
                       .viewers = port_viewers(atomic_load(&engine->port))};
}

static void signal_work(Engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    pthread_cond_signal(&engine->work);
    pthread_mutex_unlock(&engine->lock);
}

/* Every run is tried; the first failure is told. */
Status owner_save(Engine *engine, Error *error)
{
    Status failed = STATUS_OK;
    for (int i = 0; i < engine->slots; i++) {
        Run *run = engine->slot[i].run;
        if (!run || run_state(run) == RUN_FAILED)
            continue;
        Error reason;
        if (run_save(run, &reason) && !failed)
            failed =
                fail(error, STATUS_FAILED, "%s could not be saved: %s", run_name(run), reason.text);
        if (run_state(run) == RUN_LIVE)
            run_mark_state(run, RUN_PAUSED);
    }
    return failed;
}

static void do_what_is_left(Engine *engine) { commands_do(engine); }

static Status show(Engine *engine, Error *error)
{
    (void)error;
    say_guard(engine);
    snapshot_publish(engine);
    return STATUS_OK;
}

const EngineKind ENGINE_OWNER = {.owns = true,
                                 .ready = open_port,
                                 .turn = owner_turn,
                                 .finish = do_what_is_left,
                                 .wake = signal_work,
                                 .owner = this_process};

const EngineKind ENGINE_OWNER_STEPPED = {.owns = true,
                                         .ready = show,
                                         .advance = owner_advance,
                                         .finish = do_what_is_left,
                                         .wake = signal_work,
                                         .owner = this_process};
