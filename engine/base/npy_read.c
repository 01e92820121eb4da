/* Owns the reading of NPY files: matrices of float32 or float64. Nothing in the file is trusted
 * before it is checked. May call engine/base only. */
#include "engine/base/file.h"
#include "engine/base/npy.h"
#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const size_t LARGEST = (size_t)8 << 30;
enum { HEADER_MAX = 65536 };

/* The header's text, and where the numbers begin. */
typedef struct Header {
    const char *path;
    char *text; /* heap */
    size_t end;
} Header;

static Status no_npy(const char *path, Error *error)
{
    return fail(error, STATUS_BAD_INPUT, "%s: not an NPY file, as numpy.save writes it", path);
}

/* Version 1 has two bytes of length, later ones four. */
static Status take_header(const char *path, const char *bytes, size_t size, Header *header,
                          Error *error)
{
    const unsigned char *b = (const unsigned char *)bytes;
    if (size < 12 || memcmp(bytes, "\x93NUMPY", 6) != 0 || b[6] < 1 || b[6] > 3)
        return no_npy(path, error);
    size_t start = b[6] == 1 ? 10 : 12, length = b[8] + 256u * b[9];
    if (b[6] > 1)
        length += ((size_t)b[10] << 16) + ((size_t)b[11] << 24);
    if (length > HEADER_MAX || start + length > size)
        return no_npy(path, error);
    *header = (Header){path, strndup(bytes + start, length), start + length};
    must(header->text);
    return STATUS_OK;
}

/* What stands behind 'key': in the header's dictionary; NULL when the key is missing. */
static const char *entry(const Header *header, const char *key)
{
    char quoted[32];
    for (const char *quote = "'\""; *quote; quote++) {
        snprintf(quoted, sizeof quoted, "%c%s%c", *quote, key, *quote);
        const char *at = strstr(header->text, quoted);
        if (!at)
            continue;
        at += strlen(quoted);
        at += strspn(at, " ");
        if (*at == ':')
            return at + 1 + strspn(at + 1, " ");
    }
    return NULL;
}

/* Bytes of a number: 4 or 8. */
static Status read_type(const Header *header, size_t *width, Error *error)
{
    const char *descr = entry(header, "descr");
    if (!descr)
        return no_npy(header->path, error);
    bool four = strncmp(descr + 1, "<f4", 3) == 0, eight = strncmp(descr + 1, "<f8", 3) == 0;
    if (!four && !eight)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: holds numbers of type %.*s; expected float32 ('<f4') or float64 ('<f8')",
                    header->path, (int)strcspn(descr, ","), descr);
    *width = four ? 4 : 8;
    return STATUS_OK;
}

static Status read_order(const Header *header, Error *error)
{
    const char *fortran = entry(header, "fortran_order");
    if (!fortran)
        return no_npy(header->path, error);
    if (strncmp(fortran, "False", 5) == 0)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "%s: in Fortran order; save numpy.ascontiguousarray of it",
                header->path);
}

/* "(n, d)", both from 1 and a size that fits. */
static Status read_shape(const Header *header, long shape[2], Error *error)
{
    const char *text = entry(header, "shape");
    if (!text || *text != '(')
        return no_npy(header->path, error);
    const char *at = text + 1;
    int axes = 0;
    for (; *at && *at != ')'; at++) {
        if (!isdigit((unsigned char)*at))
            continue;
        char *end;
        long value = strtol(at, &end, 10);
        if (axes < 2)
            shape[axes] = value;
        axes++;
        at = end - 1;
    }
    if (axes == 2 && shape[0] >= 1 && shape[1] >= 1 && shape[0] <= INT_MAX && shape[1] <= INT_MAX)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "%s: of shape %.*s; expected (n, d), a row a sample",
                header->path, (int)strcspn(text, ")") + 1, text);
}

static double number_at(const char *bytes, size_t width, size_t k)
{
    float single;
    double twice;
    if (width == 4) {
        memcpy(&single, bytes + 4 * k, sizeof single);
        return (double)single;
    }
    memcpy(&twice, bytes + 8 * k, sizeof twice);
    return twice;
}

static Status take_numbers(const char *path, const char *bytes, size_t width, const long shape[2],
                           NpyMatrix *matrix, Error *error)
{
    size_t d = (size_t)shape[1], count = (size_t)shape[0] * d;
    float *x = malloc(count * sizeof *x);
    need(x);
    for (size_t k = 0; k < count; k++) {
        x[k] = (float)number_at(bytes, width, k);
        if (isfinite(x[k]))
            continue;
        free(x);
        return fail(error, STATUS_BAD_INPUT,
                    "%s: row %zu, column %zu (from 0) is %g; expected finite float32 numbers", path,
                    k / d, k % d, number_at(bytes, width, k));
    }
    *matrix = (NpyMatrix){(int)shape[0], (int)shape[1], x};
    return STATUS_OK;
}

static Status read_matrix(const Header *header, const char *bytes, size_t size, NpyMatrix *matrix,
                          Error *error)
{
    size_t width = 0;
    long shape[2] = {0, 0};
    Status status = read_type(header, &width, error);
    if (!status)
        status = read_order(header, error);
    if (!status)
        status = read_shape(header, shape, error);
    if (status)
        return status;
    double expected = (double)shape[0] * (double)shape[1] * (double)width,
           held = (double)(size - header->end);
    if (expected != held)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: holds %.0f bytes of numbers; its shape (%ld, %ld) needs %.0f",
                    header->path, held, shape[0], shape[1], expected);
    return take_numbers(header->path, bytes + header->end, width, shape, matrix, error);
}

Status npy_read(const char *path, NpyMatrix *matrix, Error *error)
{
    char *bytes;
    size_t size;
    Header header = {.path = path};
    Status status = file_read(path, LARGEST, &bytes, &size, error);
    if (status)
        return status;
    status = take_header(path, bytes, size, &header, error);
    if (!status) {
        status = read_matrix(&header, bytes, size, matrix, error);
        free(header.text);
    }
    free(bytes);
    return status;
}
