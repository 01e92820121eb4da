/* A data set: the whole of it and what the distiller may see of it. Opened by dataset_open.h.
 *
 * A picture is height x width x channels numbers in [-1, 1], rows from the top, pixels from the
 * left, the channels of a pixel side by side (HWC, as the networks take them): element (y, x, c) is
 * at (y * width + x) * channels + c. Channels: 1 is grey, 3 red, green and blue. */
#ifndef DDIL_DATASET_H
#define DDIL_DATASET_H

#include "engine/base/arena.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include "engine/diffusion/mixture.h"
#include <stdbool.h>
#include <stdint.h>

enum { DATASET_CLASSES_MAX = 256 };

typedef struct DatasetKind DatasetKind;

/* What became of the files, or rows, that the pictures come from. */
typedef struct DatasetTally {
    int files;    /* looked at */
    int left_out; /* could not be read */
    int equal;    /* as another one before: counted once */
    int links;    /* not followed */
} DatasetTally;

typedef struct Dataset {
    const DatasetKind *kind;
    int height, width, channels, dims; /* 1 x 1 x 2 for points */
    int classes;                       /* labels there are (modes, arms, garments) */
    const char *const *class_name;     /* of each, or NULL: numbers, or as the kind says */
    int conditional;                   /* 1: networks and teachers are told the label */
    const Mixture *mixture;            /* the exact law, or NULL */
    double low, high; /* the threshold box: from the whole data, never changed by keep or limit */
    /* pictures in memory (NULL for laws): bytes, 0 .. 255 for -1 .. 1 */
    int n;            /* training rows */
    const uint8_t *x; /* n x dims */
    const int *label;
    int n_test; /* held-out rows */
    const uint8_t *test;
    const int *test_label;
    bool sparing; /* rows lie in a mapped file; once looked at they are given back to the system */
    DatasetTally tally;
    const char *left_out; /* a line a file, "NAME: why"; the first ones when there are many */
    /* what the distiller may see */
    unsigned char keep[DATASET_CLASSES_MAX];
    int limit;           /* 0: all */
    int n_seen;          /* rows in `seen`, when the distiller's data are a finite set */
    const int *seen;     /* row numbers into x (pictures) */
    const float *seen_x; /* or the rows themselves (a law with a limit): n_seen x dims */
    const int *seen_label;
} Dataset;

/* Where the data are and what is to be made of them. */
typedef struct DatasetFiles {
    const char *path;   /* file or folder; "" = the kind's own default */
    const char *labels; /* file of labels; "" = none, or where the kind looks by itself */
    const char *drawn;  /* a density, see drawn.c; "" = none */
    double kernel;      /* deviation of the kernel round a point; 0: by the points' distances */
    int size;           /* pixels a side; 0: as the pictures are, or the kind's usual */
    int channels;       /* 1 or 3; 0: as the pictures are */
    bool sparing;       /* pictures in a file rather than in memory, see Dataset */
} DatasetFiles;

struct DatasetKind {
    const char *name, *help;
    const char *const
        *class_name; /* of the labels 0 .. named - 1, or NULL: they have numbers only */
    int named;
    int conditional_default; /* what `data.conditional = auto` means with two classes or more */
    Status (*open)(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error);
    bool (*owns)(const char *path); /* does this look like such data? NULL: never */
    /* Procedural sets without a mixture draw here (checkerboard). */
    void (*draw)(const Dataset *dataset, const unsigned char *keep, Rng *rng, float *x, int *label);
};
/* The data sets there are, each in the file named beside it; those a preset may name are rows of
 * dataset_open.c. */
extern const DatasetKind dataset_ring, dataset_grid;        /* blobs.c */
extern const DatasetKind dataset_moons, dataset_spiral;     /* arcs.c */
extern const DatasetKind dataset_checkerboard;              /* checkerboard.c */
extern const DatasetKind dataset_fashion, dataset_idx;      /* fashion.c, siblings.c */
extern const DatasetKind dataset_folder;                    /* folder.c */
extern const DatasetKind dataset_drawn;                     /* drawn.c */
extern const DatasetKind dataset_npy, dataset_csv;          /* arrays.c, table.c */
extern const DatasetKind dataset_cifar10, dataset_cifar100; /* cifar.c */

/* Points in the plane (1 x 1 x 2), not pictures. */
bool dataset_is_points(const Dataset *dataset);
/* What a label is called, or NULL: it has a number only. */
const char *dataset_class_name(const Dataset *dataset, int label);
/* The label of a roll-out: one of all the classes, whatever the distiller sees; 0 where networks
 * are not told it. */
int dataset_label(const Dataset *dataset, Rng *rng);
/* CRC-32 of the whole law, whatever the distiller sees of it: sizes, every row and label of
 * file-based sets, some held-out draws of procedural ones. A fifth of a second for 60,000 pictures.
 */
unsigned long dataset_checksum(const Dataset *dataset);
/* Row r of n bytes x dims, as numbers. */
void dataset_row(const Dataset *dataset, const uint8_t *bytes, int r, float *x);
/* One row as the distiller sees the data. */
void dataset_draw(const Dataset *dataset, Rng *rng, float *x, int *label);
/* One row of the whole law (teacher training, reference): ignores keep and limit. */
void dataset_draw_all(const Dataset *dataset, Rng *rng, float *x, int *label);
/* Row r of the held-out reference: test files, or draws numbered r of the whole law under
 * a fixed seed. r is taken modulo n_test for file-based sets. */
void dataset_held_out(const Dataset *dataset, long r, float *x, int *label);
/* A draw of a law that is no finite set: of the labels for which keep[label] (NULL: of all). */
void dataset_draw_law(const Dataset *dataset, const unsigned char *keep, Rng *rng, float *x,
                      int *label);

#endif
