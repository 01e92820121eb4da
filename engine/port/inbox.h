/* The mailbox of a run that trains in a process of its own (ddil run, a task of a job array): its
 * trainer's side of mailbox.h. Files `owner`, `commands` and `answers` in the run's folder, in the
 * form of external runs (external.md), so that the same senders reach it, from any host. One
 * thread's; nothing waits. */
#ifndef DDIL_INBOX_H
#define DDIL_INBOX_H

#include "engine/engine.h"

typedef struct Inbox Inbox;

/* NULL where the folder cannot be written: the run then hears nobody. */
Inbox *inbox_open(const char *folder);
/* Nobody answers from now on. NULL is fine, here and below. */
void inbox_close(Inbox *inbox);
/* Looks five times a second and no oftener; true: a command, not yet obeyed, to be answered under
 * its tag. */
bool inbox_next(Inbox *inbox, Command *command, long *tag);
void inbox_answer(Inbox *inbox, long tag, int run, Status status, const char *text);
/* Counts on, once a second and no oftener, and says where the run is. */
void inbox_beat(Inbox *inbox, RunState state, long step, long checkpoint);

#endif
