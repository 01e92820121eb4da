/* What a scheduler's job means for work that is long: when it ends, and whether its signals come
 * through. */
#ifndef DDIL_JOB_H
#define DDIL_JOB_H

#include "engine/base/status.h"
#include <stdbool.h>

/* Seconds of "3h55m", "90m", "2d12h", "45s": whole numbers with their units, the larger first. */
Status job_seconds(const char *text, double *seconds, Error *error);

/* When to stop, on clock_s: `limit` (as above) after `started`, or, without one (NULL), a minute
 * before Slurm ends this job; INFINITY: nobody says. "0": never. */
Status job_end(const char *limit, double started, double *end, Error *error);

/* Within a job of Slurm's? */
bool job_within(void);
/* Run plainly by a batch script: Slurm signals the script's shell alone, whose death takes this
 * process along, unsaved. */
bool job_deaf(void);

#endif
