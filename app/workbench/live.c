/* Owns what counts as live. See live.h. */
#include "app/workbench/live.h"

bool live_is(const RunView *view) { return view->state == RUN_LIVE || view->state == RUN_QUEUED; }

bool live_any(const Snapshot *snapshot)
{
    for (int i = 0; i < snapshot->runs; i++)
        if (live_is(snapshot->run[i]))
            return true;
    return false;
}

void live_save(Engine *engine)
{
    const Snapshot *snapshot = engine_look(engine);
    for (int i = 0; i < snapshot->runs; i++) {
        Command save = {.kind = COMMAND_SAVE, .run = snapshot->run[i]->id};
        if (live_is(snapshot->run[i]))
            engine_send(engine, &save);
    }
    engine_drop(engine, snapshot);
}
