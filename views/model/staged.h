/* Values a person has prepared for one run but not applied: a pure model, checked by the
 * parameter table as they come. */
#ifndef DDIL_STAGED_H
#define DDIL_STAGED_H

#include "views/model/param_steps.h"

enum { STAGED_MAX = 10 };

typedef struct StagedValue {
    int row; /* of run_param_row */
    char text[VALUE_SIZE];
} StagedValue;

typedef struct Staged {
    int run; /* RunView.id they are meant for */
    int n;
    StagedValue value[STAGED_MAX];
} Staged;

/* Does it apply to a run under way? Else in a fork only. */
bool staged_is_live(const RunView *run, int row);
/* The value staged for a row; NULL: none. */
const char *staged_text(const Staged *staged, int row);
/* The staged value, else the run's own. */
const char *staged_value(const Staged *staged, const RunView *run, int row);
/* Stages a value; one that the run has already is unstaged instead. What was staged for
 * another run is dropped. BAD_INPUT, in the table's own words, changes nothing. */
Status staged_put(Staged *staged, const RunView *run, int row, const char *text, Error *error);
void staged_drop(Staged *staged, int row);
/* Forgets what the run has by now, and everything when `run` is the fork that all of it
 * went into. */
void staged_settle(Staged *staged, const RunView *run);
/* How many are staged for this run, and how many of them for a fork only. */
int staged_count(const Staged *staged, const RunView *run, int *fork_only);
/* The lines of a command, "section.key=value\n" each; `live_only` leaves out what applies
 * in forks only. Returns how many. */
int staged_lines(const Staged *staged, const RunView *run, bool live_only,
                 char text[COMMAND_TEXT_SIZE]);

#endif
