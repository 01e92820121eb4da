/* The presets that a command line names. */
#ifndef DDIL_PRESETS_H
#define DDIL_PRESETS_H

#include "app/base/options.h"

/* Is every positional argument the name of a preset, or a file? BAD_INPUT names the nearest;
 * without a command a mistyped one may have been meant as well. */
Status presets_check(const Options *options, Error *error);

#endif
