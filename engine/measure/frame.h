/* Two sets of vectors from files, in one frame: what a file holds is centre + scale * x. Numbers
 * that floats hold are only scaled, by a power of two, so that ties stay ties; other float64 are
 * first centred in double, so that a small spread far from nought is not rounded away. */
#ifndef DDIL_ENGINE_MEASURE_FRAME_H
#define DDIL_ENGINE_MEASURE_FRAME_H

#include "engine/base/status.h"
#include "engine/measure/pairs.h"

typedef struct Frame {
    Pair pair;      /* the numbers are below 2 in size */
    float *x, *y;   /* pair's own */
    double *centre; /* d */
    double scale;
} Frame;

/* Reads both files, 4 MiB at a time; float64 that floats do not hold once more, when the frame is
 * known. BAD_INPUT: as npy_open and npy_take, sets of different width, fewer than 2 rows, a spread
 * whose square no double holds; FAILED: no memory. */
Status frame_read(Frame *frame, const char *path_x, const char *path_y, Error *error);
void frame_free(Frame *frame);

#endif
