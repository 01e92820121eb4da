/* Owns the data sets of separate Gaussian blobs, each blob a label: the ring of 8 and the
 * 5 x 5 grid. */
#include "engine/data/procedural.h"
#include <math.h>

static const double pi = 3.14159265358979323846;

/* cli.md: centres 2 (cos 2 pi k/8, sin 2 pi k/8), deviation 0.1, then divided by the
 * RMS 1.41774. */
static Status open_ring(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    (void)files, (void)error;
    Mixture *mixture = arena_new(arena, Mixture, 1);
    mixture->n = mixture->labels = 8;
    mixture->deviation = 0.1;
    for (int k = 0; k < mixture->n; k++) {
        mixture->mean[k][0] = 2 * cos(2 * pi * k / 8);
        mixture->mean[k][1] = 2 * sin(2 * pi * k / 8);
        mixture->label[k] = k;
    }
    dataset_fill_mixture(dataset, mixture);
    return STATUS_OK;
}

/* Spacing 1: the RMS is the ring's, so modes have the same width 0.0705 after scaling.
 * Narrower than 0.05 a small teacher cannot resolve them (methods.md 11.1). */
static Status open_grid(Dataset *dataset, const DatasetFiles *files, Arena *arena, Error *error)
{
    (void)files, (void)error;
    Mixture *mixture = arena_new(arena, Mixture, 1);
    mixture->n = mixture->labels = 25;
    mixture->deviation = 0.1;
    for (int k = 0; k < mixture->n; k++) {
        mixture->mean[k][0] = k % 5 - 2;
        mixture->mean[k][1] = k / 5 - 2;
        mixture->label[k] = k;
    }
    dataset_fill_mixture(dataset, mixture);
    return STATUS_OK;
}

const DatasetKind dataset_ring = {
    .name = "ring",
    .help = "8 Gaussians on a circle; the label is the mode",
    .open = open_ring,
};

const DatasetKind dataset_grid = {
    .name = "grid",
    .help = "5 x 5 Gaussians on a grid; the label is the mode",
    .open = open_grid,
};
