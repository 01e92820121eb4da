/* The runs of a study: looked for, run where they are missing, read. For commands that are made of
 * many runs: table, sweep, run --seeds. */
#ifndef DDIL_STUDY_CELLS_H
#define DDIL_STUDY_CELLS_H

#include "app/study/table.h"

/* The whole of a study: its lock in options->runs (made when missing; BLOCKED when another process
 * has it), a look for all runs (BAD_INPUT when one is not what the study asks for), those that are
 * missing, options->threads at a time (0: one a core), each with one thread, progress on standard
 * error; then what is made of them, then(context, table). INTERRUPTED: all saved. FAILED when a run
 * could not be made; runs that left the finite numbers are CELL_FAILED and no error. Before there
 * are threads. options->report: none is run. options->task "STAGE:NUMBER": that one alone, beside
 * other processes that make others (slurm.h), and nothing is made of them; options->slurm: nor
 * here. */
typedef Status TableUse(void *context, const Table *table, Error *error);
Status table_make(const Study *study, const Options *options, TableUse *then, void *context,
                  Error *error);
/* What the cells that are over came to. */
typedef struct TableValues {
    double *value; /* [preset][metric][arm][seed]: the study's metrics, NaN where there is none */
    int *failed;   /* [preset][arm] */
    bool *there;   /* [preset][arm][seed]: its run was read */
} TableValues;

/* Runs that are done and lack a figure (lacks.h) are named on standard error, with the remedy. On
 * error too, values are for table_values_done. */
Status table_values(const Table *table, TableValues *values, Error *error);
void table_values_done(TableValues *values);
/* view[preset][arm][seed] of the cells that are done, else NULL, with their frontiers: allocated,
 * for table_views_drop. */
Status table_views(const Table *table, const RunView ***view, Error *error);
void table_views_drop(const Table *table, const RunView **view);

#endif
