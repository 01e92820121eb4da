/* What another length of a run does to the schedules that have gone by already. */
#ifndef DDIL_STRETCH_H
#define DDIL_STRETCH_H

#include "engine/distill/lab.h"

/* Of a run at step `index`, what goes back where `after` takes the place of `before`: "learning
 * rate 1e-05 -> 0.000495, noise levels 161 -> 21"; "" where nothing does. Both are configurations
 * of the lab's run; the lab is under either. */
void stretch_describe(const Lab *lab, const Config *before, const Config *after, long index,
                      char text[160]);

#endif
