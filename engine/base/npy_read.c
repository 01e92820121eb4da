/* Owns the reading of NPY files: arrays of plain numbers. Nothing in the file is trusted
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

/* What numpy spells like this, for messages. */
static const char *name_of(const char *type)
{
    static const char *const names[][2] = {
        {"<f4", "float32"}, {"<f8", "float64"}, {"|u1", "uint8"}, {"<i8", "int64"}};
    for (size_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strncmp(type, names[k][0], 3) == 0)
            return names[k][1];
    return "";
}

/* "float32 ('<f4') or float64 ('<f8')", of the types that have names. */
static void list_types(const NpyWish *wish, char *text, size_t size)
{
    size_t used = 0;
    *text = 0;
    for (const char *at = wish->types; used < size; at += 4) {
        if (*name_of(at))
            used += (size_t)snprintf(text + used, size - used, "%s%s ('%.3s')", used ? " or " : "",
                                     name_of(at), at);
        if (strlen(at) < 4)
            break;
    }
}

static bool among(const char *type, const char *types)
{
    for (const char *at = types;; at += 4) {
        if (strncmp(type, at, 3) == 0)
            return true;
        if (strlen(at) < 4)
            return false;
    }
}

static Status check_type(const NpyHeader *header, const NpyWish *wish, NpyFile *file, Error *error)
{
    const char *type = header->type + 1; /* behind the quote */
    if (header->type_length == 5 && among(type, wish->types)) {
        file->letter = type[1];
        file->width = type[2] - '0';
        return STATUS_OK;
    }
    char expected[160];
    list_types(wish, expected, sizeof expected);
    bool cut = header->type_length > SHOWN_MAX;
    return fail(error, STATUS_BAD_INPUT, "%s: holds %s of type %.*s%s; expected %s", file->path,
                kind_of(header), cut ? SHOWN_MAX : header->type_length, header->type,
                cut ? "..." : "", expected);
}

static Status check_order(const NpyHeader *header, const char *path, Error *error)
{
    if (!header->fortran)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "%s: in Fortran order; save numpy.ascontiguousarray of it",
                path);
}

static void write_shape(const NpyHeader *header, char *text, size_t size)
{
    size_t length = 0;
    *text = 0;
    for (int i = 0; i < header->axes && length + 24 < size; i++)
        length +=
            (size_t)snprintf(text + length, size - length, "%s%ld", i ? ", " : "", header->axis[i]);
    if (header->axes == 1)
        snprintf(text + length, size - length, ",");
}

static Status check_shape(const NpyHeader *header, const NpyWish *wish, NpyFile *file, Error *error)
{
    bool fits = header->axes >= wish->least && header->axes <= wish->most;
    long d = 1;
    for (int i = 0; i < header->axes && fits; i++) {
        long axis = header->axis[i];
        fits = axis >= 1 && axis <= INT_MAX && (i == 0 || axis <= INT_MAX / d);
        file->axis[i] = fits ? (int)axis : 0;
        d *= i && fits ? axis : 1;
    }
    char text[96];
    write_shape(header, text, sizeof text);
    if (!fits)
        return fail(error, STATUS_BAD_INPUT, "%s: of shape (%s); expected %s, each from 1 to %d",
                    file->path, text, wish->shape, INT_MAX);
    file->axes = header->axes;
    file->n = file->axis[0];
    file->d = (int)d;
    return STATUS_OK;
}

static Status check_size(const NpyFile *file, const NpyHeader *header, long size, Error *error)
{
    uint64_t width = (uint64_t)file->width, held = (uint64_t)(size - file->begin),
             numbers = (uint64_t)file->n * (uint64_t)file->d; /* below 2^62 */
    if (held % width == 0 && held / width == numbers)
        return STATUS_OK;
    char text[96];
    write_shape(header, text, sizeof text);
    return fail(error, STATUS_BAD_INPUT,
                "%s: holds %llu bytes of numbers; its shape (%s) needs %.0f", file->path,
                (unsigned long long)held, text, (double)numbers * (double)width);
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

static Status read_head(NpyFile *file, const NpyWish *wish, Error *error)
{
    long size = 0;
    char text[HEADER_MAX];
    NpyHeader header;
    Status status = open_regular(file, &size, error);
    if (!status)
        status = read_header(file, &header, text, error);
    if (!status)
        status = check_type(&header, wish, file, error);
    if (!status)
        status = check_order(&header, file->path, error);
    if (!status)
        status = check_shape(&header, wish, file, error);
    return status ? status : check_size(file, &header, size, error);
}

Status npy_open_as(NpyFile *file, const char *path, const NpyWish *wish, Error *error)
{
    must(wish->least >= 1 && wish->most <= NPY_AXES);
    *file = (NpyFile){.path = path};
    Status status = read_head(file, wish, error);
    if (status)
        npy_close(file);
    return status;
}

Status npy_open(NpyFile *file, const char *path, Error *error)
{
    static const NpyWish matrix = {"<f4 <f8", 2, 2, "(n, d), a row a sample"};
    return npy_open_as(file, path, &matrix, error);
}

void npy_close(NpyFile *file)
{
    if (file->stream)
        fclose(file->stream);
    file->stream = NULL;
}

/* ---- Numbers ---- */

static double number_of(const NpyFile *file, const unsigned char *bytes)
{
    if (file->letter == 'f') {
        float single;
        double twice;
        memcpy(&single, bytes, sizeof single);
        memcpy(&twice, bytes, sizeof twice);
        return file->width == 8 ? twice : (double)single;
    }
    uint64_t value = 0;
    for (int k = file->width; k-- > 0;)
        value = value << 8 | bytes[k];
    uint64_t sign = (uint64_t)1 << (8 * file->width - 1);
    return file->letter == 'i' ? (double)(int64_t)((value ^ sign) - sign) : (double)value;
}

/* Spreads the numbers at the start of `value` over it, from behind. */
static void widen(const NpyFile *file, size_t count, double *value)
{
    const unsigned char *bytes = (const unsigned char *)value;
    for (size_t k = count; k-- > 0;) {
        unsigned char number[8] = {0};
        memcpy(number, bytes + k * (size_t)file->width, (size_t)file->width);
        value[k] = number_of(file, number);
    }
}

Status npy_take(NpyFile *file, size_t count, double *value, Error *error)
{
    size_t width = (size_t)file->width, d = (size_t)file->d;
    if (fread(value, width, count, file->stream) != count)
        return fail(error, STATUS_BAD_INPUT, "cannot read %s: %s", file->path,
                    ferror(file->stream) ? strerror(errno) : "it has become shorter");
    if (file->letter != 'f' || file->width != 8)
        widen(file, count, value);
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
