/* Seeds followed through the sampler: the student's path beside the teacher's from the same noise,
 * and the student's from each of the teacher's states, which tells a step's own error from what
 * came down to it. Immutable once made and reference counted. */
#ifndef DDIL_SAMPLE_PATHS_H
#define DDIL_SAMPLE_PATHS_H

#include "engine/distill/lab.h"
#include "engine/engine.h"

typedef struct Paths Paths;

/* The paths of the first of these samples, which are the lab's student's. What is the teacher's is
 * shared with `before` when that is not NULL: then the lab must not have changed but for the
 * student. One reference. */
Paths *paths_make(const Lab *lab, const SamplesView *samples, const Paths *before);
void paths_drop(Paths *paths); /* NULL is fine */
const PathsView *paths_view(const Paths *paths);
/* Network evaluations of a renewal with `before`. */
double paths_cost(const Lab *lab);

#endif
