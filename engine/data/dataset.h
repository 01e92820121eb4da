/* Data sets: procedural mixtures and IDX images, the whole of it and what the distiller
 * may see of it. */
#ifndef DDIL_DATASET_H
#define DDIL_DATASET_H

#include "engine/base/arena.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include "engine/diffusion/mixture.h"
#include <stdbool.h>

enum { DATASET_CLASSES_MAX = 256 };

typedef struct DatasetKind DatasetKind;

typedef struct Dataset {
    const DatasetKind *kind;
    int height, width, channels, dims; /* 1 x 1 x 2 for points */
    int classes;                       /* labels there are (modes, arms, garments) */
    int conditional;                   /* 1: networks and teachers are told the label */
    const char *const *class_name;     /* classes names, or NULL */
    const Mixture *mixture;            /* the exact law, or NULL */
    double low, high; /* the threshold box: from the whole data, never changed by keep or limit */
    /* rows of images in memory (NULL for procedural sets) */
    int n;          /* training rows */
    const float *x; /* n x dims, in [-1, 1] */
    const int *label;
    int n_test; /* held-out rows */
    const float *test;
    const int *test_label;
    /* what the distiller may see */
    unsigned char keep[DATASET_CLASSES_MAX];
    int limit;           /* 0: all */
    int n_seen;          /* rows in `seen`, when the distiller's data are a finite set */
    const int *seen;     /* row numbers into x (images) */
    const float *seen_x; /* or the rows themselves (procedural with a limit): n_seen x dims */
    const int *seen_label;
} Dataset;

struct DatasetKind {
    const char *name, *help;
    int conditional_default; /* what `data.conditional = auto` means */
    Status (*open)(Dataset *dataset, const char *path, Arena *arena, Error *error);
    /* Procedural sets without a mixture draw here (checkerboard). */
    void (*draw)(const Dataset *dataset, const unsigned char *keep, Rng *rng, float *x, int *label);
};
extern const DatasetKind *const dataset_kinds[];
extern const int dataset_kind_count;

typedef struct DatasetOptions {
    const char *name; /* ring, grid, moons, spiral, checkerboard, fashion, ... */
    const char *path; /* folder for file-based sets; "" = the kind's own default */
    int conditional;  /* -1 = the kind's default */
    const int *keep;  /* labels the distiller may see; n_keep = 0: all */
    int n_keep;
    int limit;     /* rows the distiller may see; 0: all */
    uint64_t seed; /* for limit */
} DatasetOptions;

/* Everything from `arena`. BAD_INPUT says which file, what is wrong with it, and what to
 * install or set. On error the caller rewinds the arena. */
Status dataset_open(Dataset *dataset, const DatasetOptions *options, Arena *arena, Error *error);

/* Points in the plane (1 x 1 x 2), not pictures. */
bool dataset_is_points(const Dataset *dataset);
/* The label of a roll-out: one of all the classes, whatever the distiller sees; 0 where networks
 * are not told it. */
int dataset_label(const Dataset *dataset, Rng *rng);
/* One row as the distiller sees the data. */
void dataset_draw(const Dataset *dataset, Rng *rng, float *x, int *label);
/* One row of the whole law (teacher training, reference): ignores keep and limit. */
void dataset_draw_all(const Dataset *dataset, Rng *rng, float *x, int *label);
/* Row r of the held-out reference: test files, or draws numbered r of the whole law under
 * a fixed seed. r is taken modulo n_test for file-based sets. */
void dataset_held_out(const Dataset *dataset, long r, float *x, int *label);

#endif
