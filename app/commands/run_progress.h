/* What a run without a screen shows of itself on standard error: a bar on a terminal, lines
 * elsewhere. */
#ifndef DDIL_RUN_PROGRESS_H
#define DDIL_RUN_PROGRESS_H

#include "app/base/options.h"
#include "engine/run/run.h"

typedef struct Progress {
    bool shown, bar;
    double start, last;
    long line; /* the step at which the next line is due */
} Progress;

Progress progress_start(const Options *options);
/* When it is due. */
void progress_show(Progress *progress, Run *run);
void progress_end(const Progress *progress);
/* What asks for attention, on lines of its own. */
void progress_warn(const Progress *progress, Run *run);

#endif
