/* What a run has logged, row by row, in memory: steps and a few quantities, with the sums
 * that Series in engine.h promises. Snapshots share it: it only grows, and what has been
 * written stays where it is. */
#ifndef DDIL_ROWS_H
#define DDIL_ROWS_H

#include "engine/engine.h"

typedef struct Rows Rows;

/* Heap; one reference. columns <= TERMS_MAX. */
Rows *rows_new(int columns);
/* Another reference, and the end of one (NULL is fine). Any thread. */
Rows *rows_keep(Rows *rows);
void rows_drop(Rows *rows);
/* One row; steps rise. NaN: not measured. One thread at a time, the owner's. */
void rows_add(Rows *rows, long step, const double *values);
/* A column as of now: valid as long as the caller's reference. */
Series rows_series(const Rows *rows, int column);
/* The debiased moving average (SMOOTHING[strength]) after the last row; NaN before the
 * first finite value. */
double rows_smooth(const Rows *rows, int column, int strength);

#endif
