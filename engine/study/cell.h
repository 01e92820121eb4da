/* A cell of a study on disk: is its run there, is it the one that is asked for, is it done, and
 * what did it come to? Reads folders; writes nothing. */
#ifndef DDIL_CELL_H
#define DDIL_CELL_H

#include "engine/base/file.h"
#include "engine/base/param.h"
#include "engine/engine.h"

/* CELL_TRAINED: done, but figures are still to be made of it (cell_find does not say that). From
 * CELL_DONE on there is nothing more to run. */
typedef enum CellState {
    CELL_MISSING,
    CELL_BEGUN,
    CELL_TRAINED,
    CELL_DONE,
    CELL_FAILED,
    CELL_STOPPED, /* early, at a rung of a sweep (cell_find does not say that either) */
} CellState;

/* Figures that a run's own logs do not hold, as rows of figures.csv in its folder: step, name,
 * value. Names are METRIC@HOW:
 *
 *   sw2@2           at 2 sampling steps instead of the run's own
 *   sw2@mix0.25     each sampling step taken by the teacher with probability .25
 *   sw2@teacher16   of the teacher in 16 steps of its own
 *   sw2@law         from samples that the teacher draws in 64 steps, not from the data (sw2 only)
 */
typedef enum HowKind { HOW_STEPS, HOW_MIX, HOW_TEACHER, HOW_LAW } HowKind;
typedef struct How {
    HowKind kind;
    double number; /* sampling steps, or the teacher's share */
} How;
/* false: no such name, or one without '@'. */
bool cell_how(const char *name, How *how);
/* The figure of a run at a step; NaN: not there. */
double cell_figure(const char *folder, long step, const char *name);
enum { FIGURE_NAME_SIZE = 48 };
/* Adds rows; names that are there already stay. */
Status cell_add_figures(const char *folder, long step, int n, const char (*name)[FIGURE_NAME_SIZE],
                        const double *value, Error *error);

/* Looks for the run of this name under `runs`. BAD_INPUT names the first parameter in which its
 * run.ini is not `wanted` (where an expert's weights stand does not count, nor, if it was `probed`,
 * the budget and the steps), or the second folder of that name. folder: where it is, unless
 * missing. */
Status cell_find(const char *runs, const char *name, const Config *wanted, bool probed,
                 CellState *state, char folder[PATH_SIZE], Error *error);
/* Of a run that was found done: has it all these figures? */
bool cell_is_judged(const char *folder, int n, const char (*name)[FIGURE_NAME_SIZE]);

/* A figure of a run, by name; NaN when it has none; METRIC@HOW from figures.csv:
 *   a metric of its last evaluation (sw2, modes, frechet, ...)
 *   ratio.I own.I forward.I paired.I mmd2.I     of the last shift, at sampling step I
 *   shift       the largest ratio over the sampling steps I < N
 *   loss (smoothed), steps, nfe (network evaluations of training, measuring left out) */
double cell_value(const RunView *view, const char *folder, const char *name);
/* What a run costs, and what its teacher does, are no results of an arm: differences are shown, but
 * neither tested nor corrected for. */
bool cell_name_is_given(const char *name);
/* Could cell_value have a figure of this name? */
bool cell_name_known(const char *name);
/* The sampling step I of "ratio.I" and its like; 0: the name is of another kind. */
int cell_name_step(const char *name);

#endif
