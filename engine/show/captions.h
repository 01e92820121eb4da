/* What the samples of other programs were made from, in words. */
#ifndef DDIL_CAPTIONS_H
#define DDIL_CAPTIONS_H

#include "engine/engine.h"

/* The first n of a JSON list of texts, plain and cut to size, "" where there are fewer; malloc'd.
 * NULL: it is none, or empty. */
char (*captions_read(const char *list, int n))[CAPTION_SIZE];

#endif
