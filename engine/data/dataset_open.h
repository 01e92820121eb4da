/* The table of data sets, and opening one by its name. */
#ifndef DDIL_DATASET_OPEN_H
#define DDIL_DATASET_OPEN_H

#include "engine/data/dataset.h"

extern const DatasetKind *const dataset_kinds[];
extern const int dataset_kind_count;

typedef struct DatasetOptions {
    const char *name; /* of a row of dataset_kinds */
    DatasetFiles files;
    int conditional; /* -1 = the kind's default */
    const int *keep; /* labels the distiller may see; n_keep = 0: all */
    int n_keep;
    int limit;     /* rows the distiller may see; 0: all */
    uint64_t seed; /* for limit */
} DatasetOptions;

/* The kind that a file or folder looks like: a folder that is nothing else holds pictures. NULL:
 * none, or nothing there. */
const DatasetKind *dataset_recognise(const char *path);
/* By name, or NULL. */
const DatasetKind *dataset_kind(const char *name);
/* Everything from `arena`. BAD_INPUT says which file, what is wrong with it, and what to
 * install or set. On error the caller rewinds the arena. */
Status dataset_open(Dataset *dataset, const DatasetOptions *options, Arena *arena, Error *error);

#endif
