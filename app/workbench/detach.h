/* Leaving without stopping: the engine goes on in a process of its own, without the
 * terminal. */
#ifndef DDIL_DETACH_H
#define DDIL_DETACH_H

#include "engine/engine.h"

/* Forks an owner's engine, after the present quantum, into a session of its own, where it
 * serves until headless_serve ends; that process never returns from here. Nothing is
 * loaded anew and the folder's lock and socket pass over: not a step is lost and viewers
 * stay connected. save: checkpoints of all live runs come first. This process says on
 * standard error what goes on and ends with `leave_with`; the call returns only when there
 * can be no other process, the engine being as before. Signals are open (app/base/signals.h). */
Status detach_engine(Engine *engine, const char *runs, bool save, Status leave_with, Error *error);

#endif
