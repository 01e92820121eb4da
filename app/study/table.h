/* The table of a study's runs while they are made: where each is, and who waits for whom. */
#ifndef DDIL_STUDY_TABLE_H
#define DDIL_STUDY_TABLE_H

#include "app/base/options.h"
#include "engine/base/file.h"
#include "engine/study/cell.h"
#include "engine/study/study.h"

typedef struct Cell {
    int preset, arm, seed;
    CellState state;
    bool broke;  /* in this call */
    int reached; /* rungs of a sweep: it was judged at so many */
    double nfe;  /* spent, once done */
    char folder[PATH_SIZE];
} Cell;

/* Of a sweep's arm: how far it may go, and where it stood when that was decided. */
typedef struct Trial {
    int rung; /* it may train up to this one; past the last: to its end */
    int place, of;
    double value; /* its mean of the first metric there */
} Trial;

typedef struct Table {
    const Study *study;
    const Options *options;
    Cell *cell; /* [preset][arm][seed] */
    int cells;
    Trial *trial;    /* [arm], of a sweep */
    int decided;     /* its rungs that were */
    int only;        /* -1, or the one cell that this process makes */
    int done_before; /* cells over when this call began */
    double began;
    double end;  /* on clock_s: by then runs are saved */
    Error first; /* what broke first */
    Status how;  /* and its status */
} Table;

/* Is there nothing more to run in it? */
static inline bool cell_is_over(const Cell *cell) { return cell->state >= CELL_DONE; }
/* Does it wait for a run that is not done? */
bool table_waits(const Table *table, const Cell *cell);
/* Cells that are over. */
int table_over(const Table *table);
/* The cell of another arm, of the same preset and seed. */
Cell *table_cell(const Table *table, const Cell *cell, int arm);

#endif
