/* From the command line to what the workbench opens with. */
#ifndef DDIL_APP_WORKBENCH_LAUNCH_H
#define DDIL_APP_WORKBENCH_LAUNCH_H

#include "app/base/options.h"
#include "app/terminal/term.h"
#include "engine/engine.h"

/* The COMMAND_NEW for positional argument `index`: -s in order, then --name, --seed and
 * --steps. A file's path becomes absolute: the owner of the folder may work elsewhere. */
Status launch_command(const Options *options, int index, Command *command, Error *error);
/* Sends one for each preset named as an argument. */
Status launch_presets(Engine *engine, const Options *options, Error *error);

/* --graphics, --mono, --size on the standard descriptors. BAD_INPUT: --size makes no sense. */
Status launch_terminal(const Options *options, TermOptions *term, Error *error);

#endif
