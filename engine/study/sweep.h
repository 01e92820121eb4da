/* Sweeps: many runs of one preset over parameters and seeds, as a file says
 * (presets/sweeps/NAME.ini):
 *
 *   [sweep]
 *   title = ...
 *   preset = ring-pd-ddil
 *   search = grid                        every combination; random: `trials` draws
 *   trials = 12
 *   draw = 1                             seed of the draws: trial k is drawn from (draw, k) alone
 *   seeds = 1-2                          of each trial; also 1,3,7
 *   steps = 1500                         0: as the preset says
 *   rungs = 200, 600                     steps at which only the best stay; empty: all run whole
 *   keep = 3                             one in three goes on past a rung, at least one
 *   metrics = sw2, ratio.1               names of cell.h; the first one ranks
 *   better = auto                        less or more of it; auto: as is usual for it
 *
 *   [parameters]
 *   optimizer.lr = 3e-4, 1e-3, 3e-3      values
 *   data.keep = 0,1 | 0,1,2              where values have commas
 *   source.beta_student = 0.1 .. 0.6     a range, for random draws; "log" behind it: of its
 *                                        logarithm
 *
 *   [slurm]                              options of sbatch's, for --slurm
 *
 * What comes of it is a Study of one preset: an arm is a trial, called 01, 02, ... in the order of
 * the grid (its last parameter moves first) or of the draws. Every run is of its whole length from
 * the beginning, so that schedules know it; at a rung it is judged (run.eval_at), and rests until
 * all have come there. Successive halving: K. Jamieson, A. Talwalkar, Non-stochastic Best Arm
 * Identification and Hyperparameter Optimization, AISTATS 2016. */
#ifndef DDIL_SWEEP_H
#define DDIL_SWEEP_H

#include "engine/study/study.h"

/* Reads a sweep by path, or by name from presets/sweeps, and checks it whole, as study_read does.
 */
Status sweep_read(Study *sweep, const char *path, Error *error);

/* How many of n trials go on past a rung: one in `keep`, rounded up. */
int sweep_stay(int n, int keep);
/* The places of n values: order[0] is the index of the best one. What is NaN comes last, equals
 * stay in their order. */
void sweep_rank(int n, const double *value, bool more, int *order);

#endif
