/* Owns what an engine does about runs that other programs train: it looks at their folders, passes
 * commands on to their mailboxes, tells when a trainer is gone. The worker's only. */
#include "engine/base/clock.h"
#include "engine/base/number.h"
#include "engine/host/engine_parts.h"
#include "engine/port/mailbox.h"
#include "engine/store/external.h"
#include "engine/store/folder.h"
#include "engine/store/launch.h"
#include "engine/store/log.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const double LOOK_EVERY_S = 0.2, FOLDERS_EVERY_S = 1, SETTLE_S = 5, ANSWER_S = 10;

static bool at_work(const Trainer *trainer)
{
    return trainer->state == RUN_LIVE || trainer->state == RUN_PAUSED;
}

/* ---- Looking ---- */

static bool can_go_on(const Slot *slot)
{
    return external_checkpoint(slot->folder, STEP_MOST, NULL, NULL) >= 0;
}

/* One that had paused, or was told to stop, leaves nothing undone. */
static void tell_gone(Engine *engine, Slot *slot, const Trainer *trainer)
{
    bool lost = trainer->state == RUN_LIVE;
    note_add(engine, 0, lost ? STATUS_INTERRUPTED : STATUS_OK, slot->id,
             "%02d %s: process %ld on %s, which trained it, %s; start it again %s", slot->id,
             slot->view->name, trainer->process, trainer->host, lost ? "is gone" : "has ended",
             can_go_on(slot) ? "to resume from its newest checkpoint"
                             : "from its beginning: it has no checkpoint");
    slot->stale = true;
}

/* It trains on; what it has to write waits. */
static void tell_trouble(Engine *engine, Slot *slot, const Trainer *trainer)
{
    const char *now = trainer->trouble, *before = slot->watch.last.trouble;
    if (*now && !*before)
        note_add(engine, 0, STATUS_FAILED, slot->id,
                 "%02d %s: its trainer cannot write: %s; it trains on, its rows wait", slot->id,
                 slot->view->name, now);
    if (*before && !*now)
        note_add(engine, 0, STATUS_OK, slot->id, "%02d %s: its trainer can write again", slot->id,
                 slot->view->name);
}

/* What is wrong with its folder is said once. */
static void tell_odd(Engine *engine, Slot *slot)
{
    const Trainer *one = &slot->watch.former, *other = &slot->watch.last;
    if (slot->view->complaint[0] && !slot->unreadable)
        slot_complain(engine, slot, slot->view->complaint);
    if (slot->watch.rivals && !slot->rivals)
        note_add(
            engine, 0, STATUS_BAD_INPUT, slot->id,
            "%02d %s: two trainers write there, process %ld on %s and process %ld on %s: end one",
            slot->id, slot->view->name, one->process, one->host, other->process, other->host);
    slot->rivals = slot->watch.rivals;
}

static void look_at_trainer(Engine *engine, Slot *slot)
{
    Trainer trainer;
    bool was = slot->working, known = trainer_read(slot->folder, &trainer);
    if (known)
        tell_trouble(engine, slot, &trainer);
    slot->working = known && at_work(&trainer) && trainer_watch(&slot->watch, &trainer);
    if (was && !slot->working && known && at_work(&trainer) &&
        (slot->watch.seen || trainer.state == RUN_LIVE))
        tell_gone(engine, slot, &trainer);
    if (slot->working)
        slot->launched = 0;
    slot->lost = known && at_work(&trainer) && !slot->working;
    slot->stale = slot->stale || was != slot->working ||
                  (known && (trainer.step != slot->view->step ||
                             (!slot->lost && trainer.state != slot->view->state)));
    tell_odd(engine, slot);
}

bool outside_works(Engine *engine, Slot *slot)
{
    look_at_trainer(engine, slot);
    return slot->working;
}

static void hear_answers(Engine *engine, Slot *slot)
{
    NoteView note;
    while (slot->mailbox && mailbox_hear(slot->mailbox, ANSWER_S, &note))
        note_add(engine, note.ticket, note.status, slot->id, "%02d %s: %.200s", slot->id,
                 slot->view->name, note.text);
}

/* New folders show in the time of the one they are in; what stands in them may follow later. */
static void look_for_folders(Engine *engine, double now)
{
    struct stat info;
    if (now - engine->scanned < FOLDERS_EVERY_S || stat(engine->runs, &info) != 0)
        return;
    bool other = info.st_mtim.tv_sec != engine->runs_time.tv_sec ||
                 info.st_mtim.tv_nsec != engine->runs_time.tv_nsec;
    if (other)
        engine->runs_changed = now;
    engine->runs_time = info.st_mtim;
    engine->scanned = now;
    if (other || now - engine->runs_changed < SETTLE_S)
        slots_scan(engine);
}

void outsides_turn(Engine *engine)
{
    double now = clock_s();
    if (now - engine->looked_outside < LOOK_EVERY_S)
        return;
    engine->looked_outside = now;
    look_for_folders(engine, now);
    for (int i = 0; i < engine->slots; i++) {
        Slot *slot = &engine->slot[i];
        if (slot->run || !slot->view->external)
            continue;
        slot_scan(engine, slot->folder);
        look_at_trainer(engine, slot);
        hear_answers(engine, slot);
    }
}

double outsides_wait(const Engine *engine)
{
    for (int i = 0; i < engine->slots; i++)
        if (engine->slot[i].view->external)
            return LOOK_EVERY_S;
    return FOLDERS_EVERY_S;
}

/* ---- Commands ---- */

static Status pass_on(Slot *slot, const Order *order, Error *error)
{
    if (!slot->mailbox)
        slot->mailbox = mailbox_open(slot->folder, "");
    return mailbox_send(slot->mailbox, order->ticket, &order->command, error);
}

bool outside_mail(Engine *engine, const Order *order)
{
    Trainer trainer;
    Error error;
    Slot *slot = slot_find(engine, order->command.run);
    if (!slot || !trainer_read(slot->folder, &trainer) ||
        (trainer_is_of_this_host(&trainer) && !trainer_is_here(&trainer)))
        return false;
    if (pass_on(slot, order, &error))
        note_add(engine, order->ticket, STATUS_BLOCKED, slot->id, "%.250s", error.text);
    return true;
}

void outside_hear(Engine *engine)
{
    for (int i = 0; i < engine->slots; i++)
        hear_answers(engine, &engine->slot[i]);
}

static Status note_it(Engine *engine, Slot *slot, const Order *order, Error *error)
{
    char text[COMMAND_TEXT_SIZE + 8];
    long step = order->command.number, now = slot->view->step;
    snprintf(text, sizeof text, "note: %.240s", order->command.text);
    Status status = log_event_in(slot->folder, step < 0 || step > now ? now : step, text, error);
    slot->stale = true;
    if (!status)
        note_add(engine, order->ticket, STATUS_OK, slot->id, "%02d %s: noted", slot->id,
                 slot->view->name);
    return status;
}

static Status launch(Engine *engine, const Order *order, const char *folder, const char *what,
                     Error *error)
{
    Status status = launch_start(folder, error);
    slot_scan(engine, folder);
    Slot *slot = slot_find(engine, folder_id(folder));
    if (status || !slot)
        return status;
    slot->launched = clock_s();
    slot->stale = true;
    note_add(engine, order->ticket, STATUS_OK, slot->id, "%02d %s %s", slot->id, slot->view->name,
             what);
    return STATUS_OK;
}

Status outside_new(Engine *engine, const Order *order, const char *preset, const char *name,
                   const char *lines, Error *error)
{
    char folder[PATH_SIZE];
    Status status = launch_create(engine->runs, name, preset, lines, folder, error);
    return status ? status
                  : launch(engine, order, folder, "started: queued until it speaks", error);
}

static Status fork_it(Engine *engine, const Order *order, const Slot *slot, const OutsideFork *fork,
                      Error *error)
{
    char folder[PATH_SIZE], said[64];
    long at, step = order->command.number;
    Status status = launch_fork(engine->runs, slot->folder, step < 0 ? -1 : step, fork->name,
                                fork->lines, folder, &at, error);
    if (status)
        return status;
    snprintf(said, sizeof said, "forked from %02d@%ld", slot->id, at);
    return launch(engine, order, folder, said, error);
}

static Status start_it(Engine *engine, const Order *order, const Slot *slot, Error *error)
{
    if (slot->launched > 0 && launch_exit(slot->folder) < 0)
        return fail(error, STATUS_BAD_INPUT, "its program was started and has not spoken yet");
    return launch(engine, order, slot->folder,
                  can_go_on(slot) ? "started again"
                                  : "started again from its beginning: it has no checkpoint",
                  error);
}

Status outside_order(Engine *engine, const Order *order, Slot *slot, const OutsideFork *fork,
                     Error *error)
{
    Trainer trainer;
    if (order->command.kind == COMMAND_LOOK)
        return STATUS_OK; /* it shows what its trainer gives */
    if (order->command.kind == COMMAND_FORK)
        return fork_it(engine, order, slot, fork, error);
    if (outside_works(engine, slot))
        return pass_on(slot, order, error);
    if (order->command.kind == COMMAND_NOTE)
        return note_it(engine, slot, order, error);
    if (order->command.kind == COMMAND_START)
        return start_it(engine, order, slot, error);
    if (!trainer_read(slot->folder, &trainer))
        return fail(error, STATUS_BLOCKED, "nobody trains this run yet");
    return fail(error, STATUS_BLOCKED,
                "nobody trains this run: process %ld on %s is gone; start its program again with "
                "resume",
                trainer.process, trainer.host);
}
