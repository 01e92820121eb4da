/* Owns the checkerboard: uniform on 8 of 4 x 4 cells, the cell its label. Sharp edges
 * make no mixture, so its teachers are learned. */
#include "engine/base/status.h"
#include "engine/data/procedural.h"
#include <math.h>

enum { SIDE = 4, CELLS = SIDE * SIDE / 2 };

/* Uniform on [-2, 2] in each coordinate; this is its RMS. */
static double rms(void) { return SIDE / sqrt(12); }

static Status open_checkerboard(Dataset *dataset, const DatasetFiles *files, Arena *arena,
                                Error *error)
{
    (void)files, (void)arena, (void)error;
    dataset_fill_points(dataset, CELLS, SIDE / 2 / rms());
    return STATUS_OK;
}

static int draw_cell(const unsigned char *keep, Rng *rng)
{
    int kept[CELLS], n = 0;
    for (int cell = 0; cell < CELLS; cell++)
        if (!keep || keep[cell])
            kept[n++] = cell;
    must(n > 0);
    return kept[rng_below(rng, (uint32_t)n)];
}

/* Cells count along rows, bottom row first: two in each row, shifted by one column in odd
 * rows. */
static void draw(const Dataset *dataset, const unsigned char *keep, Rng *rng, float *x, int *label)
{
    (void)dataset;
    int cell = draw_cell(keep, rng);
    int row = cell / (SIDE / 2), column = cell % (SIDE / 2) * 2 + row % 2;
    x[0] = (float)((column + rng_uniform(rng) - SIDE / 2) / rms());
    x[1] = (float)((row + rng_uniform(rng) - SIDE / 2) / rms());
    *label = cell;
}

const DatasetKind dataset_checkerboard = {
    .name = "checkerboard",
    .help = "8 squares of a 4 x 4 board; the label is the square; its teacher is learned",
    .open = open_checkerboard,
    .draw = draw,
};
