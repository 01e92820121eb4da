/* What training costs on this machine: evaluations a CPU second. */
#ifndef DDIL_STUDY_PROBE_H
#define DDIL_STUDY_PROBE_H

#include "engine/base/param.h"
#include "engine/distill/lab.h"

/* Opens what the configuration says, takes steps from its middle for about `seconds` of this
 * process' CPU time (and at least a few), and forgets it all: *rate is network evaluations of
 * training in a CPU second. Nothing is written. */
Status probe_rate(const Config *config, double seconds, Crew *crew, double *rate, Error *error);

#endif
