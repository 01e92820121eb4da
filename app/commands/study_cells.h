/* The runs of a study: looked for, run where they are missing, read. For commands that are made of
 * many runs: table, run --seeds. */
#ifndef DDIL_STUDY_CELLS_H
#define DDIL_STUDY_CELLS_H

#include "app/base/options.h"
#include "engine/base/file.h"
#include "engine/study/cell.h"
#include "engine/study/study.h"

typedef struct Cell {
    int preset, arm, seed;
    CellState state;
    bool broke; /* in this call */
    double nfe; /* spent, once done */
    char folder[PATH_SIZE];
} Cell;

typedef struct Table {
    const Study *study;
    const Options *options;
    Cell *cell; /* [preset][arm][seed] */
    int cells;
    int done_before, done; /* cells; of this call */
    double began;
    Error first; /* what broke first */
} Table;

/* Takes the lock of the study of this name in options->runs (made when missing): BLOCKED when
 * another process has it. Both are borrowed. *lock is to be closed by the caller. */
Status table_lock(const Study *study, const Options *options, int *lock, Error *error);
/* Looks for all runs. BAD_INPUT when one is not what the study asks for. Owns table->cell:
 * table_close, also after an error. */
Status table_open(Table *table, const Study *study, const Options *options, Error *error);
void table_close(Table *table);
/* Runs what is missing, options->threads at a time (0: one a core), each with one thread; progress
 * on standard error. INTERRUPTED: all saved. FAILED when a run could not be made; runs that left
 * the finite numbers are CELL_FAILED and no error. Before there are threads. */
Status table_run(Table *table, Error *error);
/* The study's metrics of all cells, value[preset][metric][arm][seed], NaN where there is none, and
 * failed[preset][arm]: allocated, the caller frees both. */
Status table_values(const Table *table, double **value, int **failed, Error *error);

#endif
