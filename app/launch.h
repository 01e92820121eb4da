/* From the command line to a Command: a preset with what was asked to change in it. */
#ifndef DDIL_LAUNCH_H
#define DDIL_LAUNCH_H

#include "app/options.h"
#include "engine/engine.h"

/* The COMMAND_NEW for positional argument `index`: -s in order, then --name, --seed and
 * --steps. A file's path becomes absolute: the owner of the folder may work elsewhere. */
Status launch_command(const Options *options, int index, Command *command, Error *error);

#endif
