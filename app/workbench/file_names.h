/* Names of files, for what is typed behind ':'. */
#ifndef DDIL_FILE_NAMES_H
#define DDIL_FILE_NAMES_H

#include <stdbool.h>
#include <stddef.h>

enum { FILE_NAMES_MAX = 200 };

/* The n-th name that begins with `typed`, a path, in no order; folders end with a slash. Hidden
 * ones only where their dot was typed. false: there are no more, or over FILE_NAMES_MAX. */
bool file_name(const char *typed, int n, char *name, size_t size);

#endif
