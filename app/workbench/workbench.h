/* The workbench: one loop over keys, snapshots, signals and timers. */
#ifndef DDIL_WORKBENCH_H
#define DDIL_WORKBENCH_H

#include "app/base/options.h"

/* Opens the engine on the runs folder, launches the presets named as arguments, and runs
 * until the person leaves. OK; BLOCKED without a usable terminal or when another process
 * owns the folder; INTERRUPTED, with runs saved, after SIGTERM or when the terminal went
 * away. Prints where things stand to standard error on the way out. */
Status workbench_main(const Options *options, Error *error);

#endif
