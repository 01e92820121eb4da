/* NPY files: written as version 1.0, little-endian float32 arrays in C order, as numpy.load
 * reads them; matrices read back from any version. */
#ifndef DDIL_NPY_H
#define DDIL_NPY_H

#include "engine/base/status.h"

/* Writes data of the given shape; the file is absent or whole. */
Status npy_write(const char *path, int rank, const long *shape, const float *data, Error *error);

/* A matrix read from a file: n x d float32 in memory, whether the file holds float32 or
 * float64. */
typedef struct NpyMatrix {
    int n, d;
    float *x; /* the caller frees it */
} NpyMatrix;
/* BAD_INPUT, naming file and reason: no NPY file, another type than little-endian float32 or
 * float64, Fortran order, another shape than (n, d), a size that does not fit, a value that is
 * not finite. */
Status npy_read(const char *path, NpyMatrix *matrix, Error *error);

#endif
