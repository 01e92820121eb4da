/* One line for a shell that brings back what is on screen. Pure. */
#ifndef DDIL_SHARE_H
#define DDIL_SHARE_H

#include "views/model/session.h"

/* "ddil ring-pd -s optimizer.lr=0.0005 --seed 3 # at step 900, stage 2, sample 4, view
 * curves": the chosen run by its method's parameters that differ from their defaults, and
 * where the cursor stands. Cut when it does not fit. */
void share_line(const Scene *scene, const char *view, char *line, size_t size);

#endif
