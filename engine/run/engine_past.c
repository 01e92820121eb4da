/* Owns what the engine shows of the past: one run's samples at a checkpoint, made when asked for and kept for a while, so
 * that scrubbing back and forth is instant. The worker's only. */
#include "engine/run/checkpoint.h"
#include "engine/run/engine_parts.h"
#include "engine/run/gallery.h"
#include <string.h>

static const size_t KEPT_BYTES = (size_t)48 << 20;

/* ---- What was made ---------------------------------------------------------------- */

static void forget(Engine *engine, int at)
{
    gallery_drop(engine->kept[at].gallery);
    engine->keeps--;
    memmove(engine->kept + at, engine->kept + at + 1, sizeof *engine->kept * (size_t)(engine->keeps - at));
}

/* Of what was made before, or NULL; it counts as just used. */
static Gallery *recall(Engine *engine, int run, long step, bool paths)
{
    for (int i = 0; i < engine->keeps; i++) {
        Kept kept = engine->kept[i];
        if (kept.run != run || kept.step != step || (paths && !gallery_view(kept.gallery)->paths))
            continue;
        memmove(engine->kept + i, engine->kept + i + 1, sizeof kept * (size_t)(engine->keeps - 1 - i));
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

/* ---- Looking ---------------------------------------------------------------------- */

static void show(Engine *engine, Gallery *past)
{
    if (past == engine->look.past)
        return;
    gallery_drop(engine->look.past);
    engine->look.past = gallery_keep(past);
    engine->news = true;
}

static void close_look(Engine *engine)
{
    Slot *slot = slot_find(engine, engine->look.run);
    if (slot && slot->run)
        run_follow(slot->run, false);
    run_close(engine->look.open);
    engine->look.open = NULL;
    show(engine, NULL);
}

/* The run to make samples with: the one at work, or its folder opened for looking. */
static Status open_look(Engine *engine, const Slot *slot, Run **run, Error *error)
{
    Look *look = &engine->look;
    if (!engine->crew) /* a viewer's first look */
        engine->crew = crew_new(1);
    Status status = STATUS_OK;
    if (!slot->run && !look->open)
        status = run_look(&look->open, slot->folder, -1, engine->crew, error);
    *run = slot->run ? slot->run : look->open;
    return status;
}

/* Do the run's own samples hold all that is asked for? */
static bool enough(const Look *look, const Slot *slot)
{
    return look->step < 0 && (slot->run || !look->paths || slot->view->samples.paths);
}

static Status show_past(Engine *engine, const Slot *slot, Error *error)
{
    const Look *look = &engine->look;
    long step = look->step < 0 ? checkpoint_newest(slot->folder) : checkpoint_before(slot->folder, look->step);
    Gallery *gallery = recall(engine, slot->id, step, look->paths);
    if (!gallery && step >= 0) {
        Run *run;
        Status status = open_look(engine, slot, &run, error);
        if (!status)
            status = run_past(run, step, look->paths, &gallery, error);
        if (status)
            return status;
        keep(engine, slot->id, step, gallery);
    }
    show(engine, gallery);
    return STATUS_OK;
}

static Status look_up(Engine *engine, Error *error)
{
    Look *look = &engine->look;
    Slot *slot = slot_find(engine, look->run);
    look->due = false;
    if (slot && slot->run) { /* at work: it makes its newest samples itself */
        run_close(look->open);
        look->open = NULL;
        run_follow(slot->run, look->paths);
        slot->changed = true;
    }
    look->checkpoint = slot ? slot->view->checkpoint : -1;
    if (slot && !enough(look, slot))
        return show_past(engine, slot, error);
    show(engine, NULL);
    return STATUS_OK;
}

Status look_at(Engine *engine, Slot *slot, const Command *command, Error *error)
{
    Look *look = &engine->look;
    if (look->run != slot->id)
        close_look(engine);
    look->run = slot->id;
    look->step = command->number;
    look->paths = strcmp(command->text, "paths") == 0;
    return look_up(engine, error);
}

void look_order(Engine *engine, const Order *order)
{
    Error error;
    const Command *command = &order->command;
    Slot *slot = slot_find(engine, command->run);
    if (!slot)
        note_add(engine, order->ticket, STATUS_BAD_INPUT, 0, "there is no run %d", command->run);
    else if (look_at(engine, slot, command, &error))
        note_add(engine, order->ticket, STATUS_FAILED, slot->id, "%.255s", error.text);
}

void look_again(Engine *engine)
{
    Error error;
    const Slot *slot = engine->look.run ? slot_find(engine, engine->look.run) : NULL;
    bool saved = slot && slot->view->checkpoint != engine->look.checkpoint;
    if (engine->look.run && (engine->look.due || saved) && look_up(engine, &error))
        note_add(engine, 0, STATUS_FAILED, engine->look.run, "%.255s", error.text);
}

void look_forget(Engine *engine, int run)
{
    for (int i = engine->keeps - 1; i >= 0; i--)
        if (engine->kept[i].run == run)
            forget(engine, i);
    if (engine->look.run == run) {
        run_close(engine->look.open);
        engine->look.open = NULL;
        engine->look.due = true;
    }
}

void look_end(Engine *engine)
{
    close_look(engine);
    while (engine->keeps)
        forget(engine, 0);
}
