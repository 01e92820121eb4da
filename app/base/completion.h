/* What a shell completes after ddil. */
#ifndef DDIL_COMPLETION_H
#define DDIL_COMPLETION_H

#include "app/base/options.h"

/* Prints the completion for a shell (bash, zsh, fish) to standard output. BAD_INPUT: for none of
 * that name. */
Status completion_print(const CommandRow *commands, const char *shell, Error *error);

#endif
