/* run, resume and fork of runs that other programs train. */
#ifndef DDIL_CMD_EXTERNAL_H
#define DDIL_CMD_EXTERNAL_H

#include "app/commands/commands.h"

bool is_external_preset(const char *preset);
bool is_external_run(const char *folder);
/* lines: "section.key=value\n" each, over the preset or over what the parent had. */
Status run_external(const Options *options, const char *lines, Error *error);
Status fork_external(const Options *options, const char *parent, const char *lines, Error *error);
/* Starts the program of a run's folder anew; waits for its end, unless detached. */
Status start_external(const Options *options, const char *folder, Error *error);

#endif
