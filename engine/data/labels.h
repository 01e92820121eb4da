/* Labels that lie in a file of their own. */
#ifndef DDIL_LABELS_H
#define DDIL_LABELS_H

#include "engine/base/status.h"

/* n labels, in order: an NPY file of n whole numbers, or a text of one a line. BAD_INPUT names
 * file, row and value: too few, too many, no whole number, one outside 0 .. DATASET_CLASSES_MAX
 * - 1. */
Status labels_read(const char *path, int n, int *label, Error *error);

/* ---- By name (labels.csv of a folder) ---- */

typedef struct Named {
    char *file, *label; /* point into the text */
    int line;
} Named;

typedef struct NamedLabels {
    char *text;
    int n;
    Named *row; /* by file name, byte by byte */
} NamedLabels;

/* Lines "file,label"; names may stand in double quotes; a first line "file,label" is a heading.
 * BAD_INPUT names file and line: no comma, no label, a file named twice. */
Status named_labels_open(NamedLabels *labels, const char *path, Error *error);
void named_labels_close(NamedLabels *labels);
/* The row of a file, or NULL. */
const Named *named_labels_find(const NamedLabels *labels, const char *file);

#endif
