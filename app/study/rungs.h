/* Successive halving: which of a sweep's trials go on past a rung, and which are stopped there.
 * What is decided follows from what the runs' folders hold, so it is decided again in the same way
 * whenever, and wherever, it is asked. */
#ifndef DDIL_RUNGS_H
#define DDIL_RUNGS_H

#include "app/study/table.h"
#include "engine/run/run.h"

/* Rungs at which the run of this folder was judged already. */
int rungs_reached(const Study *sweep, const char *folder);
/* The step at which this cell is to rest next, 0: it may go to its end. */
long rungs_goal(const Table *table, const Cell *cell);
/* The run rests at a rung, or at its end: keeps its figures there. BAD_INPUT where its logs do not
 * have what ranks. */
Status rungs_judge(const Table *table, const Cell *cell, const char *folder, Crew *crew,
                   Error *error);
/* Decides all rungs that every run in question has come to. FAILED when no trial is left. */
Status rungs_decide(Table *table, Error *error);
/* Is this cell's run up to its trial's rung, so that others are waited for? */
bool rungs_wait(const Table *table, const Cell *cell);

/* The arms in their order: those that went furthest first, then by the first metric. value: its
 * means of the done ones, by arm. order: [arms]. */
void rungs_order(const Table *table, const double *value, int *order);

#endif
