/* Which runs of a study are done and yet have no figure of a metric: a log of theirs was lost, cut
 * or changed afterwards. A mean leaves them out; whoever shows it says so. */
#ifndef DDIL_LACKS_H
#define DDIL_LACKS_H

#include "engine/study/study.h"
#include <stdbool.h>

enum { LACKS_SIZE = 256 };

/* seed: of the study's seeds, or -1: no run of the arm has them, so that its method, its steps or
 * its data may know none. metrics: "ratio.1, shift". */
typedef void LackUse(void *context, int preset, int arm, int seed, const char *metrics);

/* value: [preset][metric][arm][seed], there: [preset][arm][seed], its run was read. Arm by arm, an
 * arm's own before its seeds'. */
void lacks_each(const Study *study, const double *value, const bool *there, int preset,
                LackUse *use, void *context);

#endif
