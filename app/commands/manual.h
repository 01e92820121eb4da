/* The manual page. */
#ifndef DDIL_MANUAL_H
#define DDIL_MANUAL_H

#include "app/base/options.h"

/* Prints it as troff to standard output. */
void manual_print(const CommandRow *commands);

#endif
