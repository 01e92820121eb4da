/* Owns the writing of NPY files. May call engine/base only. */
#include "engine/base/npy.h"
#include "engine/base/file.h"
#include <stdint.h>
#include <string.h>

enum { ALIGN = 64, PREFIX = 10 }; /* magic, version and length */

/* The whole header: padded with spaces so that the data start at a multiple of 64.
 * Returns its length. */
static int build_header(char header[256], int rank, const long *shape)
{
    char *text = header + PREFIX;
    int n = snprintf(text, 180, "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (int i = 0; i < rank; i++)
        n += snprintf(text + n, (size_t)(180 - n), "%s%ld", i ? ", " : "", shape[i]);
    n += snprintf(text + n, (size_t)(180 - n), rank == 1 ? ",), }" : "), }");
    must(n < 180);
    while ((PREFIX + n + 1) % ALIGN)
        text[n++] = ' ';
    text[n++] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    header[8] = (char)(n & 255);
    header[9] = (char)(n >> 8);
    return PREFIX + n;
}

static int little_endian(void)
{
    uint16_t one = 1;
    return *(unsigned char *)&one;
}

Status npy_write(const char *path, int rank, const long *shape, const float *data, Error *error)
{
    must(rank >= 1 && rank <= 4 && little_endian());
    char header[256];
    int length = build_header(header, rank, shape);
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)shape[i];
    NewFile file;
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    fwrite(header, 1, (size_t)length, file.stream);
    fwrite(data, sizeof *data, count, file.stream);
    return newfile_commit(&file, error); /* a short write sticks to the stream */
}
