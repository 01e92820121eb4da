/* Owns what a plain run does with commands. See steer.h. */
#include "app/study/steer.h"

#include "engine/base/clock.h"
#include <string.h>
#include <time.h>

Steer steer_open(const Run *run)
{
    return (Steer){.inbox = inbox_open(run_folder(run)), .pause_at = -1};
}

void steer_close(Steer *steer)
{
    inbox_close(steer->inbox);
    steer->inbox = NULL;
}

static void rest(Steer *steer, Run *run)
{
    steer->pause_at = -1;
    if (!steer->paused)
        run_mark_state(run, RUN_PAUSED);
    steer->paused = true;
}

/* What is to be said of it; *status and `error` when it could not be done. */
static const char *obey(Steer *steer, Run *run, const Command *command, Status *status,
                        Error *error)
{
    switch (command->kind) {
    case COMMAND_PAUSE: rest(steer, run); return "paused";
    case COMMAND_STEP:
        steer->pause_at = run_step(run) + command->number;
        steer->paused = false;
        return "goes on for so many steps";
    case COMMAND_START: steer->paused = false; return "goes on";
    case COMMAND_SET: *status = run_set(run, command->text, error); return "set";
    case COMMAND_SAVE: *status = run_save(run, error); return "saved";
    case COMMAND_NOTE: run_note(run, command->number, command->text); return "noted";
    case COMMAND_STOP: steer->stop = true; return "stops, saved";
    default:
        *status = fail(error, STATUS_BAD_INPUT,
                       "a run that trains in a process of its own is paused, started, stepped, "
                       "set, saved, noted and stopped; nothing else");
        return "";
    }
}

static void hear(Steer *steer, Run *run)
{
    Command command;
    long tag;
    while (inbox_next(steer->inbox, &command, &tag)) {
        Error error = {.text = ""};
        Status status = STATUS_OK;
        const char *said = obey(steer, run, &command, &status, &error);
        inbox_answer(steer->inbox, tag, run_id(run), status, status ? error.text : said);
    }
}

bool steer_turn(Steer *steer, Run *run, bool (*leave)(void), double end)
{
    const struct timespec nap = {.tv_nsec = 50 * 1000 * 1000};
    if (!steer->inbox)
        return true;
    for (;;) {
        hear(steer, run);
        if (steer->pause_at >= 0 && run_step(run) >= steer->pause_at)
            rest(steer, run);
        inbox_beat(steer->inbox, steer->paused ? RUN_PAUSED : RUN_LIVE, run_step(run), -1);
        if (!steer->paused || steer->stop || leave() || clock_s() >= end)
            return !steer->stop;
        nanosleep(&nap, NULL);
    }
}
