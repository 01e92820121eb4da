/* IDX files (LeCun), plain or gzip'd: strict about magic, sizes and trailing bytes. */
#ifndef DDIL_IDX_H
#define DDIL_IDX_H

#include "engine/base/status.h"
#include <stddef.h>
#include <stdint.h>

typedef struct Idx {
    int rank;
    int size[4];
    uint8_t *bytes; /* malloc'd, product of sizes; the caller frees */
} Idx;

/* Reads the header alone: rank and sizes. Unsigned-byte IDX of the given rank only, at most 1 GiB,
 * packed no tighter than pictures can be. BAD_INPUT names the file, what is wrong and what was
 * expected. */
Status idx_sizes(const char *path, int rank, Idx *idx, Error *error);
/* All of it, under the same conditions; gzip files of several members too. */
Status idx_read(const char *path, int rank, Idx *idx, Error *error);
/* The numbers row by row, a row being what one number of the first size stands for: `row` is good
 * until the call returns. `sizes`: what idx_sizes said. Rows that come before an error came. */
typedef void IdxRow(void *context, int r, const uint8_t *row);
Status idx_rows(const char *path, const Idx *sizes, IdxRow *each, void *context, Error *error);

#endif
