/* Runs of other programs that are started from here: a preset with run.method = external and a
 * command line of the person's own. What is started belongs to nobody's terminal; its output goes
 * to output.log in the run's folder, its exit status to the file `exit`. Form: external.md. */
#ifndef DDIL_ENGINE_STORE_LAUNCH_H
#define DDIL_ENGINE_STORE_LAUNCH_H

#include "engine/base/file.h"

/* Makes a run's folder from a preset (a path) and lines "section.key=value" over it. Nothing is
 * started. Nothing is left behind on error. */
Status launch_create(const char *runs, const char *name, const char *preset, const char *lines,
                     char folder[PATH_SIZE], Error *error);
/* The same from a checkpoint of another such run: the newest at or before `step` (below 0: the
 * newest), its values as they were then. *at: its step. */
Status launch_fork(const char *runs, const char *parent, long step, const char *name,
                   const char *lines, char folder[PATH_SIZE], long *at, Error *error);
/* Starts the run's command. BAD_INPUT: it has none, or not that of the preset it names: then
 * somebody else wrote it, and nothing is run. */
Status launch_start(const char *folder, Error *error);
/* The last lines of its output, plain text, each ended by a newline; malloc'd. NULL: there is none.
 */
char *launch_output(const char *folder);
/* The exit status of what was started last, -1: it is under way, or nothing was. */
int launch_exit(const char *folder);

#endif
