/* Pictures made ready once and kept in a file that is mapped the next time. */
#ifndef DDIL_PREPARED_H
#define DDIL_PREPARED_H

#include "engine/base/file.h"
#include "engine/data/dataset.h"
#include <stdio.h>

/* Where such a file may be, in this order: beside the data; in the cache folder, where the data
 * are read-only; a temporary one, removed at once, where neither can be written. */
enum { PREPARED_BESIDE, PREPARED_CACHE, PREPARED_PASSING, PREPARED_PLACES };

typedef struct Prepared {
    uint64_t key;      /* of the names, sizes and times of the files that the pictures come from */
    int64_t newest_ns; /* the time of the one that changed last */
    bool sparing;      /* see Dataset */
    char path[PREPARED_PLACES][PATH_SIZE];
} Prepared;

/* The places for a source and its options: the same whatever the files hold now, so that what is
 * out of date is replaced. */
void prepared_at(Prepared *prepared, const DatasetFiles *files);
/* A file that the pictures follow from; ns: when it changed last. */
void prepared_add(Prepared *prepared, const char *name, int64_t size, int64_t ns);
/* The same of a file on the disk; "", or one that is not there: nothing. */
void prepared_add_file(Prepared *prepared, const char *path);

/* Maps what lies beside the data or in the cache folder, if it has the key, is whole, and is
 * younger than all files by more than their times may be wrong, and fills the data set's sizes,
 * rows, labels, names and tally. False: not there; the arena is as it was. */
bool prepared_map(const Prepared *prepared, Dataset *dataset, Arena *arena);
/* Maps what was just written to a place; a passing file loses its name. */
bool prepared_map_new(const Prepared *prepared, int place, Dataset *dataset, Arena *arena);

/* Opens a file without a name for rows on their way, in the first place that can be written; its
 * number in *place. NULL when there is none. */
FILE *prepared_scratch(const Prepared *prepared, int *place);
/* Begins the file at a place with all but the rows, which are then written to file->stream,
 * training rows first. `dataset` has everything but x and test. */
Status prepared_begin(const Prepared *prepared, int place, const Dataset *dataset, NewFile *file,
                      Error *error);

#endif
