/* Owns the reading of NPY files: matrices of float32 or float64. Nothing in the file is trusted
 * before it is checked, and nothing is allocated for it. May call engine/base only. */
#include "engine/base/npy.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEADER_MAX = 10000, SHOWN_MAX = 40 }; /* numpy reads no longer header either */

static Status no_npy(const char *path, Error *error)
{
    return fail(error, STATUS_BAD_INPUT, "%s: not an NPY file, as numpy.save writes it", path);
}

/* ---- Type, order and shape ---- */

/* Types by their letter. */
static const struct Kind {
    char letter;
    const char *name;
} kinds[] = {
    {'i', "whole numbers"},
    {'u', "whole numbers"},
    {'b', "truth values"},
    {'c', "complex numbers"},
    {'f', "floating point"},
    {'O', "Python objects"},
    {'U', "text"},
    {'S', "text"},
    {'V', "records"},
    {'M', "dates"},
    {'m', "lengths of time"},
};

static const char *kind_of(const NpyHeader *header)
{
    if (header->type[0] == '[' || header->type_length < 4)
        return "records";
    if (header->type[1] == '>')
        return "big-endian numbers";
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
        if (kinds[k].letter == header->type[2])
            return kinds[k].name;
    return "things";
}

static Status check_type(const NpyHeader *header, NpyFile *file, Error *error)
{
    const char *type = header->type + 1; /* behind the quote */
    bool plain = header->type_length == 5;
    file->twice = plain && strncmp(type, "<f8", 3) == 0;
    if (file->twice || (plain && strncmp(type, "<f4", 3) == 0))
        return STATUS_OK;
    bool cut = header->type_length > SHOWN_MAX;
    return fail(error, STATUS_BAD_INPUT,
                "%s: holds %s of type %.*s%s; expected float32 ('<f4') or float64 ('<f8')",
                file->path, kind_of(header), cut ? SHOWN_MAX : header->type_length, header->type,
                cut ? "..." : "");
}

static Status check_order(const NpyHeader *header, const char *path, Error *error)
{
    if (!header->fortran)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "%s: in Fortran order; save numpy.ascontiguousarray of it",
                path);
}

static Status check_shape(const NpyHeader *header, NpyFile *file, Error *error)
{
    char text[96] = "";
    int length = 0;
    bool fits = header->axes == 2;
    for (int i = 0; i < header->axes; i++) {
        long axis = header->axis[i];
        fits = fits && axis >= 1 && axis <= INT_MAX;
        if (length + 24 < (int)sizeof text)
            length +=
                snprintf(text + length, sizeof text - (size_t)length, "%s%ld", i ? ", " : "", axis);
    }
    if (!fits)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: of shape (%s%s); expected (n, d), a row a sample, both from 1 to %d",
                    file->path, text, header->axes == 1 ? "," : "", INT_MAX);
    file->n = (int)header->axis[0];
    file->d = (int)header->axis[1];
    return STATUS_OK;
}

static Status check_size(const NpyFile *file, long size, Error *error)
{
    uint64_t width = file->twice ? 8 : 4, held = (uint64_t)(size - file->begin),
             numbers = (uint64_t)file->n * (uint64_t)file->d; /* below 2^62 */
    if (held % width == 0 && held / width == numbers)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s: holds %llu bytes of numbers; its shape (%d, %d) needs %.0f", file->path,
                (unsigned long long)held, file->n, file->d, (double)numbers * (double)width);
}

/* Version 1 has two bytes of length, later ones four. Leaves the stream at the first number. */
static Status read_header(NpyFile *file, NpyHeader *header, char text[HEADER_MAX], Error *error)
{
    unsigned char b[12] = {0};
    size_t start = 10;
    if (fread(b, 1, start, file->stream) != start || memcmp(b, "\x93NUMPY", 6) != 0)
        return no_npy(file->path, error);
    if (b[6] < 1 || b[6] > 3)
        return fail(error, STATUS_BAD_INPUT, "%s: NPY of version %d; expected 1 to 3", file->path,
                    b[6]);
    if (b[6] > 1)
        start += fread(b + start, 1, 2, file->stream);
    size_t length = b[8] + 256u * b[9] + ((size_t)b[10] << 16) + ((size_t)b[11] << 24);
    if (length > HEADER_MAX || fread(text, 1, length, file->stream) != length ||
        !npy_header(text, length, header))
        return no_npy(file->path, error);
    file->begin = (long)(start + length);
    return STATUS_OK;
}

/* ---- The file ---- */

/* A descriptor that does not wait for whoever writes into a pipe. */
static Status open_regular(NpyFile *file, long *size, Error *error)
{
    struct stat info;
    int descriptor = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return fail(error, STATUS_BAD_INPUT, "cannot open %s: %s", file->path, strerror(errno));
    bool regular = fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode);
    file->stream = regular ? fdopen(descriptor, "rb") : NULL;
    if (file->stream) {
        *size = (long)info.st_size;
        return STATUS_OK;
    }
    close(descriptor);
    return fail(error, STATUS_BAD_INPUT, "%s: %s", file->path,
                regular ? "no memory to read it" : "not a regular file; save it as one first");
}

static Status read_head(NpyFile *file, Error *error)
{
    long size = 0;
    char text[HEADER_MAX];
    NpyHeader header;
    Status status = open_regular(file, &size, error);
    if (!status)
        status = read_header(file, &header, text, error);
    if (!status)
        status = check_type(&header, file, error);
    if (!status)
        status = check_order(&header, file->path, error);
    if (!status)
        status = check_shape(&header, file, error);
    return status ? status : check_size(file, size, error);
}

Status npy_open(NpyFile *file, const char *path, Error *error)
{
    *file = (NpyFile){.path = path};
    Status status = read_head(file, error);
    if (status)
        npy_close(file);
    return status;
}

void npy_close(NpyFile *file)
{
    if (file->stream)
        fclose(file->stream);
    file->stream = NULL;
}

/* ---- Numbers ---- */

/* Spreads the floats at the start of `value` over it, from behind. */
static void widen(size_t count, double *value)
{
    const char *bytes = (const char *)value;
    for (size_t k = count; k-- > 0;) {
        float single;
        memcpy(&single, bytes + k * sizeof single, sizeof single);
        value[k] = (double)single;
    }
}

Status npy_take(NpyFile *file, size_t count, double *value, Error *error)
{
    size_t width = file->twice ? sizeof(double) : sizeof(float), d = (size_t)file->d;
    if (fread(value, width, count, file->stream) != count)
        return fail(error, STATUS_BAD_INPUT, "cannot read %s: %s", file->path,
                    ferror(file->stream) ? strerror(errno) : "it has become shorter");
    if (!file->twice)
        widen(count, value);
    for (size_t k = 0; k < count; k++)
        if (!isfinite(value[k]))
            return fail(error, STATUS_BAD_INPUT,
                        "%s: row %zu, column %zu (from 0) is %g; expected finite numbers",
                        file->path, (file->next + k) / d, (file->next + k) % d, value[k]);
    file->next += count;
    return STATUS_OK;
}

Status npy_rewind(NpyFile *file, Error *error)
{
    file->next = 0;
    if (fseek(file->stream, file->begin, SEEK_SET) == 0)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "cannot read %s: %s", file->path, strerror(errno));
}
