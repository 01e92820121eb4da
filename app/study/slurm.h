/* A study or a sweep as job arrays of Slurm's: a task makes one run. Stages follow one another: of
 * a sweep the runs up to a rung, of a study those that wait for others. */
#ifndef DDIL_STUDY_SLURM_H
#define DDIL_STUDY_SLURM_H

#include "app/study/table.h"

/* Writes NAME.submit.sh for what is missing into options->runs, shows it on standard output, and
 * runs it. Nothing is submitted where nothing is missing. FAILED where sbatch does not take it. */
Status slurm_submit(const Table *table, Error *error);
/* options->task is "STAGE:NUMBER": table->only becomes that cell, and *lock keeps others from it;
 * -1 where it is over. FAILED where what it follows from is not there yet, BLOCKED where another
 * process makes it. */
Status slurm_task(Table *table, int *lock, Error *error);

#endif
