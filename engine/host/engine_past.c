/* Owns what the engine shows of the past: runs' samples at checkpoints, made when asked for and
 * kept for a while, so that scrubbing back and forth is instant. The worker's only. */
#include "engine/host/engine_parts.h"
#include "engine/show/gallery.h"
#include "engine/store/checkpoint.h"
#include <string.h>

static const size_t KEPT_BYTES = (size_t)48 << 20;

/* ---- What was made ---- */

static void forget(Engine *engine, int at)
{
    gallery_drop(engine->kept[at].gallery);
    engine->keeps--;
    memmove(engine->kept + at, engine->kept + at + 1,
            sizeof *engine->kept * (size_t)(engine->keeps - at));
}

/* Of what was made before, or NULL; it counts as just used. */
static Gallery *recall(Engine *engine, int run, long step, bool paths)
{
    for (int i = 0; i < engine->keeps; i++) {
        Kept kept = engine->kept[i];
        if (kept.run != run || kept.step != step || (paths && !gallery_view(kept.gallery)->paths))
            continue;
        memmove(engine->kept + i, engine->kept + i + 1,
                sizeof kept * (size_t)(engine->keeps - 1 - i));
        engine->kept[engine->keeps - 1] = kept;
        return kept.gallery;
    }
    return NULL;
}

static void keep(Engine *engine, int run, long step, Gallery *gallery)
{
    size_t bytes = gallery_bytes(gallery);
    for (int i = 0; i < engine->keeps; i++)
        bytes += gallery_bytes(engine->kept[i].gallery);
    while (engine->keeps && (engine->keeps == PAST_MAX || bytes > KEPT_BYTES)) {
        bytes -= gallery_bytes(engine->kept[0].gallery);
        forget(engine, 0);
    }
    engine->kept[engine->keeps++] = (Kept){run, step, gallery};
}

/* ---- Looking ---- */

static void show(Engine *engine, Look *look, Gallery *past)
{
    if (past == look->past)
        return;
    gallery_drop(look->past);
    look->past = gallery_keep(past);
    engine->news = true;
}

void look_drop(Slot *slot)
{
    if (slot->run && slot->look.wanted)
        run_follow(slot->run, false);
    gallery_drop(slot->look.past);
    slot->look = (Look){0};
}

static void shut(Engine *engine)
{
    run_close(engine->looking);
    engine->looking = NULL;
}

Status look_run(Engine *engine, const Slot *slot, Run **run, Error *error)
{
    if (!engine->crew) /* a viewer's first look */
        engine->crew = crew_new(1);
    if (engine->looking && (slot->run || run_id(engine->looking) != slot->id))
        shut(engine);
    Status status = STATUS_OK;
    if (!slot->run && !engine->looking)
        status = run_look(&engine->looking, slot->folder, -1, engine->crew, error);
    *run = slot->run ? slot->run : engine->looking;
    return status;
}

/* Do the run's own samples hold all that is asked for? */
static bool enough(const Slot *slot)
{
    return slot->look.step < 0 && (slot->run || !slot->look.paths || slot->view->samples.paths);
}

static Status show_past(Engine *engine, Slot *slot, Error *error)
{
    Look *look = &slot->look;
    long step = look->step < 0 ? checkpoint_newest(slot->folder)
                               : checkpoint_before(slot->folder, look->step);
    Gallery *gallery = recall(engine, slot->id, step, look->paths);
    if (!gallery && step >= 0) {
        Run *run;
        Status status = look_run(engine, slot, &run, error);
        if (!status)
            status = run_past(run, step, look->paths, &gallery, error);
        if (status)
            return status;
        keep(engine, slot->id, step, gallery);
    }
    show(engine, look, gallery);
    return STATUS_OK;
}

static Status look_up(Engine *engine, Slot *slot, Error *error)
{
    Look *look = &slot->look;
    look->due = false;
    look->checkpoint = slot->view->checkpoint;
    if (slot->run) { /* at work: it makes its newest samples itself */
        run_follow(slot->run, look->paths);
        slot->changed = true;
    }
    if (!enough(slot))
        return show_past(engine, slot, error);
    show(engine, look, NULL);
    return STATUS_OK;
}

Status look_at(Engine *engine, Slot *slot, const Command *command, Error *error)
{
    Look *look = &slot->look;
    bool paths = strcmp(command->text, "paths") == 0;
    if (command->number < 0 && !paths) {
        look_drop(slot);
        engine->news = true;
        return STATUS_OK;
    }
    look->wanted = true;
    look->step = command->number;
    look->paths = paths;
    return look_up(engine, slot, error);
}

void look_again(Engine *engine)
{
    Error error;
    for (int i = 0; i < engine->slots; i++) {
        Slot *slot = &engine->slot[i];
        const Look *look = &slot->look;
        bool due = look->wanted && (look->due || slot->view->checkpoint != look->checkpoint);
        if (due && look_up(engine, slot, &error))
            note_add(engine, 0, STATUS_FAILED, slot->id, "%.255s", error.text);
    }
}

void look_forget(Engine *engine, Slot *slot)
{
    for (int i = engine->keeps - 1; i >= 0; i--)
        if (engine->kept[i].run == slot->id)
            forget(engine, i);
    if (engine->looking && run_id(engine->looking) == slot->id)
        shut(engine);
    slot->look.due = true;
}

void look_end(Engine *engine)
{
    shut(engine);
    while (engine->keeps)
        forget(engine, 0);
}
