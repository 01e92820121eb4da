/* Engines for tests: a folder with two tiny presets, commands and their answers. */
#ifndef DDIL_TESTS_ENGINES_H
#define DDIL_TESTS_ENGINES_H

#include "engine/engine.h"
#include "tests/runs.h"

typedef struct Place {
    char runs[PATH_SIZE], pd[PATH_SIZE], lcm[PATH_SIZE]; /* folder, presets */
} Place;
int place_enter(void **state);
int place_leave(void **state);
Engine *place_open(const Place *place, bool stepped, bool readonly);

/* Sends a command; the ticket. */
long tell(Engine *engine, CommandKind kind, int run, long number, const char *text);
/* The note with this ticket, or NULL. */
const NoteView *answer(const Snapshot *snapshot, long ticket);
/* Sends in lock-step and returns the answer's status. */
Status ask(Engine *engine, CommandKind kind, int run, long number, const char *text);
/* Fails the test unless the answer holds this word. */
void assert_answer(Engine *engine, long ticket, const char *word);

#endif
