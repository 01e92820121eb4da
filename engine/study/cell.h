/* A cell of a study on disk: is its run there, is it the one that is asked for, is it done, and
 * what did it come to? Reads folders; writes nothing. */
#ifndef DDIL_CELL_H
#define DDIL_CELL_H

#include "engine/base/file.h"
#include "engine/base/param.h"
#include "engine/engine.h"

/* From CELL_DONE on there is nothing more to run. */
typedef enum CellState { CELL_MISSING, CELL_BEGUN, CELL_DONE, CELL_FAILED } CellState;

/* Looks for the run of this name under `runs`. BAD_INPUT names the first parameter in which its
 * run.ini is not `wanted`, or the second folder of that name. folder: where it is, unless missing.
 */
Status cell_find(const char *runs, const char *name, const Config *wanted, CellState *state,
                 char folder[PATH_SIZE], Error *error);

/* A figure of a run, by name; NaN when it has none:
 *   a metric of its last evaluation (sw2, modes, frechet, ...)
 *   ratio.I own.I forward.I paired.I mmd2.I     of the last shift, at sampling step I
 *   shift       the largest ratio over the sampling steps I < N
 *   loss (smoothed), steps, nfe (network evaluations of training, measuring left out) */
double cell_value(const RunView *view, const char *name);
/* What a run costs is no result: its differences are shown, but neither tested nor corrected for.
 */
bool cell_name_is_cost(const char *name);
/* Could cell_value have a figure of this name? */
bool cell_name_known(const char *name);

#endif
