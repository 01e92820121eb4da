/* NPY files (version 1.0): little-endian float32 arrays in C order, as numpy.load reads
 * them. */
#ifndef DDIL_NPY_H
#define DDIL_NPY_H

#include "engine/base/status.h"

/* Writes data of the given shape; the file is absent or whole. */
Status npy_write(const char *path, int rank, const long *shape, const float *data,
                 Error *error);

#endif
