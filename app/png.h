/* PNG files of samples: pictures as a sheet, points as a scatter plot. */
#ifndef DDIL_PNG_H
#define DDIL_PNG_H

#include "engine/base/status.h"

/* Samples to be drawn. */
typedef struct PngSamples {
    int n, height, width, channels; /* 1 x 1 x 2: points; else pictures of 1 or 3 channels */
    const float *x;                 /* n x height x width x channels */
    const int *label;               /* [n]: colours of points */
    int columns;                    /* of the sheet; 0: as square as can be */
    double low, high;               /* the data's box: black to white, or the plot's range less its margin */
    int n_reference;                /* points: drawn grey below the samples */
    const float *reference;         /* n_reference x 2 */
} PngSamples;

/* Writes the picture; the file is absent or whole. */
Status png_write_samples(const char *path, const PngSamples *samples, Error *error);

#endif
