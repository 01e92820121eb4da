/* Owns frontiers that a person asked for: one sampler a turn, between the steps of the runs at
 * work. The worker's only. */
#include "engine/host/engine_parts.h"

Status frontier_begin(Engine *engine, Slot *slot, const Order *order, Error *error)
{
    Run *run;
    slot->trades = false;
    slot->trade = slot->trade_to = 0;
    if (order->command.number < 0)
        return STATUS_OK;
    Status status = look_run(engine, slot, &run, error);
    if (status)
        return status;
    slot->trades = true;
    slot->trade_to = run_samplers(run);
    slot->traded = slot->view->metrics_step;
    note_add(engine, order->ticket, STATUS_OK, slot->id, "%02d %s: its frontier: %d samplers",
             slot->id, slot->view->name, slot->trade_to);
    return STATUS_OK;
}

/* Only the student's move with training; the run is at work, or was when it was evaluated last. */
static void renew(Slot *slot)
{
    bool moved = slot->trades && slot->run && slot->view->metrics_step != slot->traded;
    if (!moved || slot->trade < slot->trade_to)
        return;
    slot->trade = 0;
    slot->trade_to = run_student_samplers(slot->run);
    slot->traded = slot->view->metrics_step;
}

static Slot *next(Engine *engine)
{
    for (int i = 0; i < engine->slots; i++) {
        Slot *slot = &engine->slot[i];
        renew(slot);
        if (slot->trade < slot->trade_to)
            return slot;
    }
    return NULL;
}

bool frontier_turn(Engine *engine)
{
    Slot *slot = next(engine);
    Error error;
    Run *run;
    if (!slot)
        return false;
    Status status = look_run(engine, slot, &run, &error);
    if (!status)
        status = run_trade(run, slot->trade++, &error);
    if (status) {
        slot->trades = false;
        slot->trade = slot->trade_to = 0;
        note_add(engine, 0, status, slot->id, "%.255s", error.text);
    } else if (slot->run) {
        slot->changed = true;
    } else {
        slot_reread(slot);
        engine->news = true;
    }
    return true;
}
