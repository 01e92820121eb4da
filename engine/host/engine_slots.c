/* Owns the table of runs an engine knows: on disk, open, coming and going. The worker's
 * only. */
#include "engine/base/pool.h"
#include "engine/host/engine_parts.h"
#include "engine/store/folder.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- The table ---- */

Slot *slot_find(Engine *engine, int id)
{
    for (int i = 0; i < engine->slots; i++)
        if (engine->slot[i].id == id)
            return &engine->slot[i];
    return NULL;
}

/* A new slot at its place: ids ascend. */
static Slot *insert(Engine *engine, int id, const char *folder)
{
    int at = engine->slots;
    if (engine->slots == engine->room) {
        engine->room = engine->room ? 2 * engine->room : 16;
        engine->slot = realloc(engine->slot, sizeof *engine->slot * (size_t)engine->room);
        need(engine->slot);
    }
    while (at > 0 && engine->slot[at - 1].id > id)
        at--;
    Slot *slot = &engine->slot[at];
    memmove(slot + 1, slot, sizeof *slot * (size_t)(engine->slots++ - at));
    *slot = (Slot){.id = id, .pause_at = -1};
    snprintf(slot->folder, sizeof slot->folder, "%s", folder);
    engine->news = true;
    return slot;
}

Slot *slot_add(Engine *engine, Run *run)
{
    Slot *slot = insert(engine, run_id(run), run_folder(run));
    run_watch(run);
    slot->run = run;
    slot->view = run_view(run);
    return slot;
}

void slot_remove(Engine *engine, Slot *slot)
{
    int at = (int)(slot - engine->slot);
    look_drop(slot);
    run_close(slot->run);
    run_view_drop(slot->view);
    follower_free(slot->follower);
    mailbox_close(slot->mailbox);
    engine->slots--;
    memmove(slot, slot + 1, sizeof *slot * (size_t)(engine->slots - at));
    engine->news = true;
}

void slots_free(Engine *engine)
{
    while (engine->slots)
        slot_remove(engine, &engine->slot[engine->slots - 1]);
    free(engine->slot);
    engine->slot = NULL;
}

/* ---- Open and closed ---- */

enum { RESTING_MOST = 8 }; /* open: each keeps memory and a descriptor */

static void replace_view(Slot *slot, const RunView *view)
{
    run_view_drop(slot->view);
    slot->view = view;
}

Status slot_open(Engine *engine, Slot *slot, Error *error)
{
    if (slot->run)
        return STATUS_OK;
    Status status = run_resume(&slot->run, slot->folder, engine->crew, error);
    if (status)
        return status;
    run_watch(slot->run);
    slot->changed = true;
    slot->look.due = true;
    slot->stale = false;
    follower_free(slot->follower);
    slot->follower = NULL;
    return STATUS_OK;
}

void slot_close(Slot *slot)
{
    if (!slot->run)
        return;
    replace_view(slot, run_view(slot->run));
    run_close(slot->run);
    slot->run = NULL;
    slot->changed = false;
    slot->pause_at = -1;
}

/* The run that rests, is not looked at, and was used longest ago; NULL when few enough are open. */
static Slot *tired(Engine *engine)
{
    Slot *oldest = NULL;
    int resting = 0;
    for (int i = 0; i < engine->slots; i++) {
        Slot *slot = &engine->slot[i];
        if (!slot->run || run_state(slot->run) != RUN_PAUSED)
            continue;
        resting++;
        if (slot->id != atomic_load(&engine->watched) && (!oldest || slot->used < oldest->used))
            oldest = slot;
    }
    return resting > RESTING_MOST ? oldest : NULL;
}

enum { READ_MOST = 64, READ_OLD_MOST = 16 }; /* runs read without being asked for; kept of others */

static int first_to_read(const Engine *engine)
{
    return engine->slots > READ_MOST ? engine->slots - READ_MOST : 0;
}

/* The old run whose curves and samples were asked for longest ago; NULL when few enough have them.
 */
static Slot *dusty(Engine *engine)
{
    Slot *oldest = NULL;
    int first = first_to_read(engine), whole = 0;
    for (int i = 0; i < first; i++) {
        Slot *slot = &engine->slot[i];
        bool in_use = slot->run || slot->follower || slot->look.wanted || slot->stale ||
                      slot->id == atomic_load(&engine->watched);
        if (slot->view->brief || in_use)
            continue;
        whole++;
        if (!oldest || slot->used < oldest->used)
            oldest = slot;
    }
    return whole > READ_OLD_MOST ? oldest : NULL;
}

/* A list of a thousand runs takes no more memory than their lines. */
static void forget_old(Engine *engine)
{
    for (Slot *slot; (slot = dusty(engine));) {
        replace_view(slot, run_view_in_brief(slot->view));
        engine->news = true;
    }
}

void slots_rest(Engine *engine)
{
    Error error;
    forget_old(engine);
    for (Slot *slot; (slot = tired(engine));) {
        if (run_save(slot->run, &error)) {
            note_add(engine, 0, STATUS_FAILED, slot->id, "%02d %s rests unsaved: %.160s", slot->id,
                     slot->view->name, error.text);
            return;
        }
        slot_close(slot);
        slot->look.due = true;
        engine->news = true;
    }
}

void slot_reread(Slot *slot)
{
    const RunView *view = run_view_read(slot->folder, NULL);
    if (view && slot->told)
        run_view_amend(view, &slot->about);
    if (view)
        replace_view(slot, view);
}

void slot_complain(Engine *engine, Slot *slot, const char *what)
{
    if (strcmp(slot->complaint, what) != 0)
        note_add(engine, 0, STATUS_BAD_INPUT, slot->id, "%02d %s: %.200s", slot->id,
                 slot->view->name, what);
    snprintf(slot->complaint, sizeof slot->complaint, "%s", what);
}

/* ---- Folders ---- */

/* Changes when one of the files that a view is made from does. */
static uint64_t signature_of(const char *folder)
{
    static const char *const FILES[] = {"run.ini",         "metrics.csv", "shift.csv", "eval.csv",
                                        "events.csv",      "latest",      "lock",      "params.csv",
                                        "checkpoints.csv", "frontier.csv"};
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        struct stat info;
        char path[PATH_SIZE];
        if (stat(file_join(path, folder, FILES[i]), &info) != 0)
            continue;
        const uint64_t part[] = {(uint64_t)info.st_size, (uint64_t)info.st_mtim.tv_sec,
                                 (uint64_t)info.st_mtim.tv_nsec, i};
        for (int k = 0; k < 4; k++)
            hash = (hash ^ part[k]) * 1099511628211u;
    }
    return hash;
}

/* A folder that is no run's (yet) is passed over. A new one is read in brief, unless it
 * was before (`view`): the rest comes piece by piece, see slots_read_on. */
static void scan(Engine *engine, const char *folder, const RunView *view)
{
    int id = folder_id(folder);
    Slot *slot = slot_find(engine, id);
    bool changes = !engine_kind(engine)->owns || (slot && slot->view->external);
    uint64_t signature = changes ? signature_of(folder) : 0;
    if (slot) {
        bool other = !slot->run && slot->signature != signature;
        slot->stale = slot->stale || other;
        slot->unreadable = slot->unreadable && !other;
        slot->signature = signature;
        return;
    }
    Error error = {{0}};
    if (!view)
        view = run_view_brief(folder, &engine->blank, &error);
    if (!view && !engine->current) /* once, at the start */
        note_add(engine, 0, STATUS_BAD_INPUT, id, "run %02d cannot be shown: %.200s", id,
                 error.text);
    if (!view)
        return;
    slot = insert(engine, id, folder);
    slot->view = view;
    slot->signature = signature;
}

void slot_scan(Engine *engine, const char *folder) { scan(engine, folder, NULL); }

/* ---- Piece by piece ---- */

enum { PIECE = 1 << 18 }; /* bytes of a log */

static bool to_be_read(const Slot *slot)
{
    return !slot->run && !slot->unreadable && (slot->stale || slot->view->brief);
}

static Slot *next_to_read(Engine *engine)
{
    Slot *watched = slot_find(engine, atomic_load(&engine->watched));
    int first = first_to_read(engine);
    if (watched && to_be_read(watched))
        return watched;
    for (int i = engine->slots - 1; i >= 0; i--) {
        Slot *slot = &engine->slot[i];
        bool live = slot->told && slot->about.state == RUN_LIVE;
        if (to_be_read(slot) && (i >= first || live || !slot->view->brief))
            return slot;
    }
    return NULL;
}

static void drop_follower(Slot *slot)
{
    follower_free(slot->follower);
    slot->follower = NULL;
}

bool slots_read_on(Engine *engine)
{
    Slot *slot = next_to_read(engine);
    if (!slot)
        return false;
    if (!slot->follower)
        slot->follower = follower_new(slot->folder);
    if (follower_read(slot->follower, PIECE))
        return true;
    const RunView *view = follower_view(slot->follower);
    slot->stale = false;
    slot->unreadable = !view;
    if (!view)
        slot_complain(engine, slot, "run.ini makes no sense: it is shown as it stood before");
    if (view && slot->told)
        run_view_amend(view, &slot->about);
    if (view && slot->lost)
        run_view_lost(view);
    if (view)
        replace_view(slot, view);
    if (slot->view->state != RUN_LIVE && !(slot->view->external && slot->view->state == RUN_PAUSED))
        drop_follower(slot);
    slot->used = ++engine->uses;
    forget_old(engine);
    engine->news = true;
    return true;
}

static void drop_vanished(Engine *engine)
{
    for (int i = engine->slots - 1; i >= 0; i--)
        if (!engine->slot[i].run && !file_exists(engine->slot[i].folder))
            slot_remove(engine, &engine->slot[i]);
}

typedef struct Folders {
    const Engine *engine;
    char **name;
    const RunView **view; /* in brief; NULL: not read, or no run's */
} Folders;

static void read_brief(void *context, int index, int worker)
{
    (void)worker;
    const Folders *folders = context;
    char folder[PATH_SIZE];
    Error error;
    file_join(folder, folders->engine->runs, folders->name[index]);
    folders->view[index] = run_view_brief(folder, &folders->engine->blank, &error);
}

/* At the start, on all cores: a person waits for them. */
static void read_all(Folders *folders, int n)
{
    Pool *pool = pool_new(pool_cores());
    pool_run(pool, n, read_brief, folders);
    pool_free(pool);
}

void slots_scan(Engine *engine)
{
    Folders folders = {.engine = engine};
    char folder[PATH_SIZE];
    int n = folder_list(engine->runs, &folders.name);
    folders.view = calloc((size_t)n + 1, sizeof *folders.view);
    need(folders.view);
    if (engine->slots == 0)
        read_all(&folders, n);
    for (int i = 0; i < n; i++) {
        scan(engine, file_join(folder, engine->runs, folders.name[i]), folders.view[i]);
        free(folders.name[i]);
    }
    free(folders.name);
    free(folders.view);
    drop_vanished(engine);
}
