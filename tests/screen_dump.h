/* Golden files. */
#ifndef DDIL_SCREEN_DUMP_H
#define DDIL_SCREEN_DUMP_H

#include "app/workbench/dump.h"

/* Compares `text` with the golden file of that name, or writes it when DDIL_GOLDEN=write.
 * On a difference prints the first differing line of both and returns false. */
bool golden_equal(const char *name, const char *text);

#endif
