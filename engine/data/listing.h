/* The files below a folder, in one order on every machine. */
#ifndef DDIL_LISTING_H
#define DDIL_LISTING_H

#include "engine/base/status.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct Listed {
    char *name;       /* from the folder on, with '/' between */
    int64_t size, ns; /* ns: when it changed last */
} Listed;

typedef struct Listing {
    int n, room;
    Listed *file; /* by name, byte by byte */
    int links;    /* symbolic links, which are not followed */
} Listing;

/* Regular files at any depth whose names, and whose folders' names, do not begin with a dot.
 * BAD_INPUT: no folder, one that may not be read, more than 4 million files, deeper than 32
 * folders, a path that is too long. */
Status listing_open(Listing *listing, const char *folder, Error *error);
/* Is there a file of this name, from the folder on? */
bool listing_has(const Listing *listing, const char *name);
void listing_close(Listing *listing);

#endif
