/* How far the student's paths are from the teacher's, and which step made the gap. Pure. */
#ifndef DDIL_PATH_GAPS_H
#define DDIL_PATH_GAPS_H

#include "engine/engine.h"

/* Of path `start` at a stage. */
const float *paths_point(const PathsView *paths, int start, int stage, int seed);
double paths_gap(const PathsView *paths, int start, int stage, int seed);
/* The part of the own path's gap that the step into the stage made. */
double paths_fresh(const PathsView *paths, int stage, int seed);
/* Share of the final gap that was there before the last step, within 0..1; NaN without a
 * gap. seed -1: of all seeds' together. */
double paths_inherited(const PathsView *paths, int seed);
/* The seed that ends farthest from the teacher. */
int paths_worst_seed(const PathsView *paths);
/* The stage whose step made most of its own. */
int paths_worst(const PathsView *paths, int seed);

#endif
