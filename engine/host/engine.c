/* Owns an engine's life and its worker thread: drain commands; one quantum of the live
 * run that had least time; publish when something changed and 100 ms have passed, at once
 * after commands and before going to sleep. */
#include "engine/base/clock.h"
#include "engine/distill/params.h"
#include "engine/host/engine_parts.h"
#include "engine/store/folder.h"
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double PUBLISH_EVERY_S = 0.1, VIEWER_WAIT_S = 1, FIRST_WAIT_S = 1, READ_EVERY_S = 0.05,
                    OPEN_READ_S = 0.05, LOCKSTEP_WAIT_S = 10;
enum { ATTACH_TRIES = 10 }; /* while an owner starts, or leaves */

/* ---- Work ---- */

static bool live(const Slot *slot) { return slot->run && run_state(slot->run) == RUN_LIVE; }

/* In lock-step: in turn, whatever each takes. */
static Slot *next_in_turn(Engine *engine)
{
    for (int i = 0; i < engine->slots; i++) {
        Slot *slot = &engine->slot[(engine->turn + i) % engine->slots];
        if (live(slot))
            return slot;
    }
    return NULL;
}

/* Whoever had least time, so that a run of short steps is not slowed to the pace of one
 * with long steps. Time not used while resting is forgotten. */
static Slot *next_live(Engine *engine)
{
    Slot *next = NULL;
    if (engine->stepped)
        return next_in_turn(engine);
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
    double start = clock_s();
    RunPulse pulse = run_advance(slot->run, &error);
    slot->served += clock_s() - start;
    engine->turn = (int)(slot - engine->slot) + 1;
    slot->changed = true;
    if (pulse != PULSE_MORE)
        end_of_run(engine, slot, pulse, &error);
    else if (slot->pause_at >= 0 && run_step(slot->run) >= slot->pause_at) {
        run_mark_state(slot->run, RUN_PAUSED);
        slot->pause_at = -1;
    }
}

/* One turn of the worker; false when there was nothing to do. */
static bool turn(Engine *engine)
{
    Slot *slot = next_live(engine);
    if (slot)
        quantum(engine, slot);
    return slot;
}

static bool stopping(Engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    bool stop = engine->stop;
    pthread_mutex_unlock(&engine->lock);
    return stop;
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

/* Sleeps until there is a command, a wish to publish, or the end. */
static void wait_for_work(Engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    while (!engine->queued && !engine->stop && !engine->stirred)
        pthread_cond_wait(&engine->work, &engine->lock);
    pthread_mutex_unlock(&engine->lock);
}

static void *worker(void *context)
{
    Engine *engine = context;
    while (!stopping(engine)) {
        int commands = commands_do(engine);
        look_again(engine);
        bool worked = turn(engine);
        worked = read_on(engine, worked) || worked;
        if (commands || !worked || clock_s() - engine->published >= PUBLISH_EVERY_S)
            snapshot_publish(engine);
        if (!worked)
            wait_for_work(engine);
    }
    return NULL;
}

static void *viewer(void *context)
{
    Engine *engine = context;
    while (!stopping(engine))
        viewer_turn(engine, VIEWER_WAIT_S);
    return NULL;
}

int engine_advance(Engine *engine, int quanta)
{
    int done = 0;
    must(engine->stepped);
    if (engine->viewer) {
        viewer_catch_up(engine, LOCKSTEP_WAIT_S);
        return 0;
    }
    commands_do(engine);
    look_again(engine);
    while (done < quanta && turn(engine))
        done++;
    look_again(engine);
    snapshot_publish(engine);
    return done;
}

/* ---- Opening ---- */

static Status own_folder(Engine *engine, Error *error)
{
    char path[PATH_SIZE];
    Status status = file_make_folder(engine->runs, error);
    if (status)
        return status;
    return folder_lock(file_join(path, engine->runs, ".lock"), true, &engine->lock_file, error);
}

/* Becomes the folder's owner, or a viewer of whoever owns it. */
static Status own_or_view(Engine *engine, Error *error)
{
    char path[PATH_SIZE];
    Error reason = {{0}};
    Status status = STATUS_BLOCKED;
    for (int i = 0; i < ATTACH_TRIES && status == STATUS_BLOCKED; i++) {
        engine->viewer = viewer_open(engine); /* whoever listens owns it */
        if (engine->viewer)
            return STATUS_OK;
        viewer_close(engine);
        status = own_folder(engine, &reason); /* waits a little when it is held */
    }
    if (status == STATUS_BLOCKED)
        return fail(error, status,
                    "%.200s belongs to another ddil (process %ld) that does not listen (a plain "
                    "ddil run, perhaps); wait for it, look on with --readonly, or name another "
                    "folder with --runs",
                    engine->runs, folder_owner(file_join(path, engine->runs, ".lock")));
    return status ? fail(error, status, "%s; --runs names another folder", reason.text) : STATUS_OK;
}

static Status open_pipe(Engine *engine, Error *error)
{
    if (pipe(engine->wake) != 0) {
        engine->wake[0] = engine->wake[1] = -1;
        return fail(error, STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    }
    for (int i = 0; i < 2; i++) {
        fcntl(engine->wake[i], F_SETFL, O_NONBLOCK);
        fcntl(engine->wake[i], F_SETFD, FD_CLOEXEC);
    }
    return STATUS_OK;
}

static void init_lock(Engine *engine)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&engine->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* clock_s is that one */
    pthread_cond_init(&engine->work, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void release(Engine *engine)
{
    look_end(engine);
    port_close(engine->port);
    viewer_close(engine);
    slots_free(engine);
    if (engine->current)
        engine_drop(engine, engine->current);
    if (engine->crew)
        crew_free(engine->crew);
    for (int i = 0; i < 2; i++)
        if (engine->wake[i] >= 0)
            close(engine->wake[i]);
    if (engine->lock_file >= 0)
        close(engine->lock_file);
    pthread_mutex_destroy(&engine->lock);
    pthread_cond_destroy(&engine->work);
    free(engine);
}

static Status prepare(Engine *engine, const EngineOptions *options, Error *error)
{
    Status status = open_pipe(engine, error);
    if (status)
        return status;
    if (snprintf(engine->runs, sizeof engine->runs, "%s", options->runs) > PATH_SIZE - 100)
        return fail(error, STATUS_BAD_INPUT, "--runs: the path is too long");
    if (!engine->readonly)
        status = own_or_view(engine, error);
    else if (!file_exists(engine->runs))
        status = fail(error, STATUS_BAD_INPUT,
                      "--runs %.300s: no such folder, and --readonly makes none", engine->runs);
    if (status)
        return status;
    if (engine->readonly)
        viewer_open(engine);
    if (!engine->viewer)
        engine->crew = crew_new(options->threads > 0 ? options->threads : pool_cores());
    double begun =
        clock_s(); /* a long list leaves no time for reading any run whole before it is shown */
    slots_scan(engine);
    engine->scanned = clock_s();
    while ((engine->stepped || clock_s() - begun < OPEN_READ_S) && slots_read_on(engine))
        continue;
    if (engine->viewer)
        viewer_catch_up(engine, FIRST_WAIT_S);
    snapshot_publish(engine);
    if (!engine->viewer && !engine->stepped)
        status = port_open(&engine->port, engine, engine->runs, error);
    return status;
}

static Status start_worker(Engine *engine, Error *error)
{
    sigset_t all, before;
    if (engine->stepped)
        return STATUS_OK;
    sigfillset(&all); /* signals are for the thread that listens to the terminal */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int problem = pthread_create(&engine->thread, NULL, engine->viewer ? viewer : worker, engine);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return problem ? fail(error, STATUS_FAILED, "cannot start a thread") : STATUS_OK;
}

static void stop_worker(Engine *engine)
{
    if (engine->stepped)
        return;
    pthread_mutex_lock(&engine->lock);
    engine->stop = true;
    pthread_cond_signal(&engine->work);
    pthread_mutex_unlock(&engine->lock);
    viewer_kick(engine);
    pthread_join(engine->thread, NULL);
    engine->stop = false;
}

Status engine_open(Engine **opened, const EngineOptions *options, Error *error)
{
    Engine *engine = calloc(1, sizeof *engine);
    must(engine);
    *opened = NULL;
    engine->readonly = engine->viewer = options->readonly;
    engine->stepped = options->stepped;
    engine->lock_file = engine->wake[0] = engine->wake[1] = -1;
    engine->cpu_share = NAN;
    lab_config_init(&engine->blank);
    atomic_init(&engine->headless, options->headless);
    init_lock(engine);
    Status status = prepare(engine, options, error);
    if (!status)
        status = start_worker(engine, error);
    if (status) {
        release(engine);
        return status;
    }
    *opened = engine;
    return STATUS_OK;
}

/* ---- Parking ---- */

void engine_park(Engine *engine)
{
    must(!engine->viewer);
    stop_worker(engine);
    pool_rest(engine->crew->pool);
    port_rest(engine->port);
}

/* The locks came along through fork; the numbers in them are to be this process's. */
static void sign_locks(Engine *engine)
{
    folder_sign(engine->lock_file);
    for (int i = 0; i < engine->slots; i++)
        if (engine->slot[i].run)
            run_sign(engine->slot[i].run);
}

Status engine_unpark(Engine *engine, Error *error)
{
    sign_locks(engine);
    pool_wake(engine->crew->pool);
    Status status = engine->port ? port_wake(engine->port, error) : STATUS_OK;
    return status ? status : start_worker(engine, error);
}

/* ---- Closing ---- */

/* Every run is tried; the first failure is told. */
static Status save_runs(Engine *engine, Error *error)
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

Status engine_close(Engine *engine, Leave leave, Error *error)
{
    if (!engine)
        return STATUS_OK;
    stop_worker(engine);
    Status status = leave == LEAVE_SAVE ? save_runs(engine, error) : STATUS_OK;
    release(engine);
    return status;
}

/* ---- The caller's side ---- */

int engine_wakeup(const Engine *engine) { return engine->wake[0]; }

long engine_send(Engine *engine, const Command *command)
{
    long ticket = 0;
    pthread_mutex_lock(&engine->lock);
    if (engine->queued < QUEUE_SIZE) {
        Order *order = &engine->queue[(engine->head + engine->queued++) % QUEUE_SIZE];
        ticket = order->ticket = ++engine->tickets;
        order->command = *command;
        order->command.text[COMMAND_TEXT_SIZE - 1] = 0;
        pthread_cond_signal(&engine->work);
    }
    pthread_mutex_unlock(&engine->lock);
    viewer_kick(engine);
    return ticket;
}

bool engine_owns(const Engine *engine) { return !engine->viewer; }

void engine_watch(Engine *engine, int run)
{
    if (atomic_exchange(&engine->watched, run) == run)
        return;
    viewer_kick(engine);
    engine_stir(engine);
}

int engine_viewers(const Engine *engine) { return port_viewers(engine->port); }

void engine_stir(Engine *engine)
{
    pthread_mutex_lock(&engine->lock);
    engine->stirred = true;
    pthread_cond_signal(&engine->work);
    pthread_mutex_unlock(&engine->lock);
}

void engine_headless(Engine *engine)
{
    atomic_store(&engine->headless, true);
    engine_stir(engine);
}

OwnerView engine_owner(const Engine *engine)
{
    return (OwnerView){.kind = atomic_load(&engine->headless) ? OWNER_HEADLESS : OWNER_WORKBENCH,
                       .here = true,
                       .process = (long)getpid(),
                       .viewers = port_viewers(engine->port)};
}
