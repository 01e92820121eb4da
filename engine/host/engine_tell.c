/* Owns one command to whoever trains a run, for programs that are no viewers: by the mailbox in the
 * folder of an external run, or of one that trains in a process of its own, else by the socket of
 * the folder of runs. */
#include "engine/engine.h"
#include "engine/port/mailbox.h"
#include "engine/port/tell.h"
#include "engine/run/run.h"
#include "engine/store/external.h"
#include <poll.h>

static Status tell_trainer(const char *folder, const Command *command, double wait,
                           NoteView *answer, Error *error)
{
    Trainer trainer;
    if (!trainer_read(folder, &trainer))
        return fail(error, STATUS_BLOCKED, "nobody trains this run");
    Mailbox *mailbox = mailbox_open(folder, "");
    Status status = mailbox_send(mailbox, 1, command, error);
    while (!status && !mailbox_hear(mailbox, wait, answer))
        poll(NULL, 0, 20);
    mailbox_close(mailbox);
    return status;
}

/* Does the run train in a process of its own? On other hosts its silence will tell. */
static bool trains_alone(const char *folder)
{
    Trainer trainer;
    return trainer_read(folder, &trainer) &&
           (!trainer_is_of_this_host(&trainer) || trainer_is_here(&trainer));
}

Status engine_tell(const char *runs, const char *folder, const Command *command, double wait,
                   NoteView *answer, Error *error)
{
    const RunView *view = run_view_read(folder, error);
    Command numbered = *command;
    if (!view)
        return STATUS_BAD_INPUT;
    bool by_folder = view->external || trains_alone(folder);
    numbered.run = view->id;
    run_view_drop(view);
    return by_folder ? tell_trainer(folder, &numbered, wait, answer, error)
                     : tell_owner(runs, &numbered, wait, answer, error);
}
