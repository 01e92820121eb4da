/* Lists of seeds: "1-5", "1,3,7", "1-3,9". Pure; any thread. */
#ifndef DDIL_SEEDS_H
#define DDIL_SEEDS_H

#include "engine/base/status.h"
#include <stddef.h>

/* Whole numbers from 0 on, in their order, each once, at most `most`. BAD_INPUT says what is wrong;
 * *n is then of no use. */
Status seeds_read(const char *text, int most, long *seed, int *n, Error *error);

/* Runs that differ in their seed alone are called STEM-sSEED. The length of the stem; 0: it is no
 * such name. */
size_t seeds_stem(const char *name, long *seed);

#endif
