/* What can be said of a run before it begins: what training costs on this machine, in evaluations a
 * CPU second, and which metrics its data have. */
#ifndef DDIL_STUDY_PROBE_H
#define DDIL_STUDY_PROBE_H

#include "engine/base/param.h"
#include "engine/distill/lab.h"
#include "engine/study/cell.h"

/* Opens what the configuration says, takes steps from its middle for about `seconds` of this
 * process' CPU time (and at least a few), and forgets it all: *rate is network evaluations of
 * training in a CPU second. Nothing is written. */
Status probe_rate(const Config *config, double seconds, Crew *crew, double *rate, Error *error);

/* Opens what the configuration says and closes it again: could a run of it have all of these
 * metrics (names of cell.h)? BAD_INPUT says what one of them needs. */
Status probe_metrics(const Config *config, int n, const char (*name)[FIGURE_NAME_SIZE], Crew *crew,
                     Error *error);

#endif
