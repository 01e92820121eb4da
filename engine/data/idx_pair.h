/* A pair of IDX files: pictures and their labels. */
#ifndef DDIL_IDX_PAIR_H
#define DDIL_IDX_PAIR_H

#include "engine/base/file.h"
#include "engine/data/idx.h"
#include <stdbool.h>

/* Pictures and labels of one half of a data set. */
typedef struct Half {
    Idx images, labels; /* of images the sizes alone */
    char image_path[PATH_SIZE], label_path[PATH_SIZE];
} Half;

/* Where a file is, packed or plain, with a hyphen or a dot before "idx"; false: the folder has
 * none. */
bool idx_find(const char *folder, const char *name, char path[PATH_SIZE]);
/* Finds the files called names[0] (pictures) and names[1] (labels), and reads and checks their
 * headers: no numbers yet. `remedy` says what to do when they are not there. BAD_INPUT. */
Status half_open(Half *half, const char *folder, const char *const names[2], const char *remedy,
                 Error *error);
/* The labels, which must be below `classes`; half_done frees them. */
Status half_labels(Half *half, int classes, Error *error);
/* The pictures, one after another; see idx_rows. */
Status half_rows(const Half *half, IdxRow *each, void *context, Error *error);
void half_done(Half *half);
/* Both of one size? */
Status half_match(const Half *train, const Half *test, Error *error);

#endif
