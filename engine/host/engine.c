/* Owns an engine's life: what it is to its folder (EngineKind), its worker thread, its end. */
#include "engine/base/clock.h"
#include "engine/base/thread.h"
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

static const double OPEN_READ_S = 0.05;
enum { ATTACH_TRIES = 10 }; /* while an owner starts, or leaves */

/* ---- Opening ---- */

static void become(Engine *engine, bool stepped, const EngineKind *threaded,
                   const EngineKind *in_steps)
{
    atomic_store(&engine->kind, stepped ? in_steps : threaded);
}

/* Becomes the folder's owner, or a viewer of whoever owns it. */
static Status own_or_view(Engine *engine, bool stepped, Error *error)
{
    char path[PATH_SIZE], whose[WHOSE_SIZE];
    Error reason = {{0}};
    Status status = STATUS_BLOCKED;
    for (int i = 0; i < ATTACH_TRIES && status == STATUS_BLOCKED; i++) {
        if (viewer_open(engine)) /* whoever listens owns it */
            return STATUS_OK;
        status = owner_take(engine, &reason); /* waits a little when it is held */
    }
    file_join(path, engine->runs, ".lock");
    if (status == STATUS_BLOCKED && !folder_lock(path, false, &engine->lock_file, NULL))
        return STATUS_OK; /* plain runs have it together: they are sent commands by their folders */
    if (status == STATUS_BLOCKED)
        return fail(error, status,
                    "%.200s belongs to another ddil%s that does not listen (a plain "
                    "ddil run, perhaps); wait for it, look on with --readonly, or name another "
                    "folder with --runs",
                    engine->runs, folder_whose(path, whose));
    if (status)
        return fail(error, status, "%s; --runs names another folder", reason.text);
    viewer_close(engine);
    become(engine, stepped, &ENGINE_OWNER, &ENGINE_OWNER_STEPPED);
    return STATUS_OK;
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
    port_close(atomic_load(&engine->port));
    viewer_close(engine);
    slots_free(engine);
    if (engine->current)
        engine_drop(engine, engine->current);
    if (engine->crew)
        crew_free(engine->crew);
    for (int i = 0; i < 2; i++)
        if (engine->wake[i] >= 0)
            close(engine->wake[i]);
    folder_unlock(&engine->lock_file);
    pthread_mutex_destroy(&engine->lock);
    pthread_cond_destroy(&engine->work);
    free(engine);
}

static Status attach(Engine *engine, const EngineOptions *options, Error *error)
{
    become(engine, options->stepped, &ENGINE_VIEWER, &ENGINE_VIEWER_STEPPED);
    if (!options->readonly)
        return own_or_view(engine, options->stepped, error);
    if (!file_exists(engine->runs))
        return fail(error, STATUS_BAD_INPUT,
                    "--runs %.300s: no such folder, and --readonly makes none", engine->runs);
    viewer_open(engine);
    return STATUS_OK;
}

static Status prepare(Engine *engine, const EngineOptions *options, Error *error)
{
    Status status = open_pipe(engine, error);
    if (status)
        return status;
    if (snprintf(engine->runs, sizeof engine->runs, "%s", options->runs) > PATH_SIZE - 100)
        return fail(error, STATUS_BAD_INPUT, "--runs: the path is too long");
    status = attach(engine, options, error);
    if (status)
        return status;
    double begun =
        clock_s(); /* a long list leaves no time for reading any run whole before it is shown */
    slots_scan(engine);
    engine->scanned = clock_s();
    while ((options->stepped || clock_s() - begun < OPEN_READ_S) && slots_read_on(engine))
        continue;
    return engine_kind(engine)->ready(engine, error);
}

static void *work(void *context)
{
    Engine *engine = context;
    while (!engine_stopping(engine))
        engine_kind(engine)->turn(engine);
    return NULL;
}

static Status start_worker(Engine *engine, Error *error)
{
    if (!engine_kind(engine)->turn)
        return STATUS_OK;
    engine_end_work(engine, false);
    int reason = thread_start(&engine->thread, work, engine);
    if (!reason)
        return STATUS_OK;
    return fail(error, STATUS_FAILED, "cannot start a thread: %s", strerror(reason));
}

static void stop_worker(Engine *engine)
{
    if (!engine_kind(engine)->turn)
        return;
    engine_end_work(engine, true);
    pthread_join(engine->thread, NULL);
}

Status engine_open(Engine **opened, const EngineOptions *options, Error *error)
{
    Engine *engine = calloc(1, sizeof *engine);
    need(engine);
    *opened = NULL;
    engine->readonly = options->readonly;
    engine->threads = options->threads;
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

int engine_advance(Engine *engine, int quanta)
{
    return engine_kind(engine)->advance(engine, quanta);
}

/* ---- Parking ---- */

void engine_park(Engine *engine)
{
    must(engine_owns(engine));
    stop_worker(engine);
    pool_rest(engine->crew->pool);
    port_rest(atomic_load(&engine->port));
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
    Port *port = atomic_load(&engine->port);
    sign_locks(engine);
    pool_wake(engine->crew->pool);
    Status status = port ? port_wake(port, error) : STATUS_OK;
    return status ? status : start_worker(engine, error);
}

/* ---- Closing ---- */

Status engine_close(Engine *engine, Leave leave, Error *error)
{
    if (!engine)
        return STATUS_OK;
    stop_worker(engine);
    engine_kind(engine)->finish(engine);
    Status status = STATUS_OK;
    if (leave == LEAVE_SAVE && engine_owns(engine))
        status = owner_save(engine, error);
    release(engine);
    return status;
}

/* ---- The caller's side ---- */

int engine_wakeup(const Engine *engine) { return engine->wake[0]; }

bool engine_owns(const Engine *engine) { return engine_kind(engine)->owns; }

void engine_watch(Engine *engine, int run)
{
    if (atomic_exchange(&engine->watched, run) != run)
        engine_stir(engine);
}

int engine_viewers(const Engine *engine) { return port_viewers(atomic_load(&engine->port)); }

void engine_headless(Engine *engine)
{
    atomic_store(&engine->headless, true);
    engine_stir(engine);
}
