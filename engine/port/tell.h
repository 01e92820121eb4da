/* One command to the owner of a runs folder, and its answer, for programs that are no viewers. */
#ifndef DDIL_TELL_H
#define DDIL_TELL_H

#include "engine/engine.h"

/* Waits at most so many seconds. BLOCKED: nobody owns the folder, or nobody answers. */
Status tell_owner(const char *runs, const Command *command, double wait, NoteView *answer,
                  Error *error);

#endif
