/* A folder of one's own for a test of data sets, and a data set opened from it. */
#ifndef DDIL_TESTS_PLACE_H
#define DDIL_TESTS_PLACE_H

#include "engine/base/file.h"
#include "engine/data/dataset_open.h"

typedef struct Place {
    char path[64], file[PATH_SIZE], labels[PATH_SIZE];
    Arena arena;
    Dataset data;
    Error error;
} Place;

/* For cmocka: the folder made, and removed with all that is in it. */
int make_place(void **state);
int remove_place(void **state);
/* Opens what lies at `file` below the place ("": the place itself). */
Status open_set(Place *place, const char *name, const char *file, DatasetFiles files);
/* Fails the test unless that is BAD_INPUT and the message holds `what`. */
void refuses(Place *place, const char *name, const char *file, DatasetFiles files,
             const char *what);

#endif
