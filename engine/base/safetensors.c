/* Owns the reading of safetensors. May call libc, jansson for the header, oldfile. Writing is in
 * safetensors_write.c. */
#include "engine/base/safetensors.h"
#include "engine/base/file.h"
#include "engine/base/safetensors_parts.h"
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* crc32 takes 32-bit lengths only. */
unsigned long tensor_checksum(unsigned long crc, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    while (size > 0) {
        uInt part = size > 1 << 30 ? 1 << 30 : (uInt)size;
        crc = crc32(crc, bytes, part);
        bytes += part;
        size -= part;
    }
    return crc;
}

enum { HEADER_MAX = 1 << 20 };
static const size_t FILE_MAX_BYTES = (size_t)1 << 33;

static const struct {
    const char *name;
    size_t size;
    /* clang-format off */
} TYPES[] = {
    [WALK_F32] = {"F32", 4},
      [WALK_F64] = {"F64", 8},
      [WALK_I32] = {"I32", 4},
    [WALK_I64] = {"I64", 8},
      [WALK_U8] = {"U8",  1},
    [WALK_F16] = {"F16", 2},
    [WALK_BF16] = {"BF16", 2},
};
/* clang-format on */
enum { TYPE_COUNT = sizeof TYPES / sizeof *TYPES };

size_t walk_type_size(WalkType type) { return TYPES[type].size; }

const char *walk_type_name(WalkType type) { return TYPES[type].name; }

char *tensor_shape_text(char *text, size_t size, WalkType type, int rank, const long *shape)
{
    size_t used = (size_t)snprintf(text, size, "%s ", walk_type_name(type));
    if (rank == 0)
        snprintf(text + used, size - used, "scalar");
    for (int i = 0; i < rank && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%ld", i ? "x" : "", shape[i]);
    return text;
}

/* ---- Reading ---- */

struct TensorFile {
    OldFile file; /* read up to its data part, or to its end */
    char *data;   /* its data part; NULL until loaded */
    size_t data_size;
    json_t *header;
    int n;
    TensorInfo *info;
};

static Status refuse(const TensorFile *file, const char *name, const char *what, Error *error)
{
    return fail(error, STATUS_BAD_INPUT, "%s: %s%s%s", file->file.path, name, *name ? ": " : "",
                what);
}

static Status read_type(const json_t *entry, WalkType *type)
{
    const char *name = json_string_value(json_object_get(entry, "dtype"));
    for (int i = 0; name && i < TYPE_COUNT; i++) {
        *type = (WalkType)i;
        if (strcmp(name, TYPES[i].name) == 0)
            return STATUS_OK;
    }
    return STATUS_BAD_INPUT;
}

/* Fills rank and shape; *size gets the bytes they imply, checked against overflow. */
static Status read_shape(const json_t *entry, TensorInfo *info, size_t *size)
{
    const json_t *shape = json_object_get(entry, "shape");
    if (!json_is_array(shape) || json_array_size(shape) > TENSOR_RANK_MAX)
        return STATUS_BAD_INPUT;
    info->rank = (int)json_array_size(shape);
    *size = walk_type_size(info->type);
    for (int i = 0; i < info->rank; i++) {
        const json_t *extent = json_array_get(shape, (size_t)i);
        json_int_t value = json_integer_value(extent);
        if (!json_is_integer(extent) || value < 0)
            return STATUS_BAD_INPUT;
        if (value > 0 && *size > FILE_MAX_BYTES / (size_t)value)
            return STATUS_BAD_INPUT;
        *size *= (size_t)value;
        info->shape[i] = (long)value;
    }
    return STATUS_OK;
}

static Status read_offsets(const json_t *entry, size_t data_size, TensorInfo *info)
{
    const json_t *offsets = json_object_get(entry, "data_offsets");
    if (!json_is_array(offsets) || json_array_size(offsets) != 2)
        return STATUS_BAD_INPUT;
    const json_t *from = json_array_get(offsets, 0), *to = json_array_get(offsets, 1);
    json_int_t begin = json_integer_value(from), end = json_integer_value(to);
    if (!json_is_integer(from) || !json_is_integer(to) || begin < 0 || end < begin)
        return STATUS_BAD_INPUT;
    if ((uint64_t)end > data_size)
        return STATUS_BAD_INPUT;
    info->begin = (size_t)begin;
    info->size = (size_t)(end - begin);
    return STATUS_OK;
}

static Status read_entry(TensorFile *file, const char *name, const json_t *entry, Error *error)
{
    TensorInfo *info = &file->info[file->n];
    size_t implied = 0;
    if (snprintf(info->name, sizeof info->name, "%s", name) >= TENSOR_NAME_SIZE)
        return refuse(file, "", "a tensor's name is longer than 127 bytes", error);
    if (!json_is_object(entry) || read_type(entry, &info->type))
        return refuse(file, info->name, "dtype is not one of F32, F64, I32, I64, U8", error);
    if (read_shape(entry, info, &implied))
        return refuse(file, info->name, "shape is not a list of at most 8 sizes", error);
    if (read_offsets(entry, file->data_size, info))
        return refuse(file, info->name, "data_offsets lie outside the file; it may be cut short",
                      error);
    if (implied != info->size)
        return refuse(file, info->name, "shape and data_offsets do not match", error);
    file->n++;
    return STATUS_OK;
}

static int by_place(const void *a, const void *b)
{
    const TensorInfo *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->size > y->size) - (x->size < y->size);
}

/* Sorts by place: the arrays must fill the data part without gap or overlap. */
static Status check_places(TensorFile *file, Error *error)
{
    size_t end = 0;
    if (file->n)
        qsort(file->info, (size_t)file->n, sizeof *file->info, by_place);
    for (int i = 0; i < file->n; i++) {
        if (file->info[i].begin != end)
            return refuse(file, file->info[i].name, "arrays overlap or leave a gap", error);
        end += file->info[i].size;
    }
    if (end != file->data_size)
        return refuse(file, "", "trailing bytes after the last array", error);
    return STATUS_OK;
}

static Status read_meta(TensorFile *file, const json_t *meta, Error *error)
{
    const char *key;
    json_t *value;
    if (!json_is_object(meta))
        return refuse(file, "__metadata__", "is not an object", error);
    json_object_foreach((json_t *)meta, key, value)
    {
        if (!json_is_string(value))
            return refuse(file, "__metadata__", "holds a value that is not text", error);
    }
    return STATUS_OK;
}

static Status read_entries(TensorFile *file, Error *error)
{
    const char *name;
    json_t *entry;
    Status status = STATUS_OK;
    file->info = need(malloc(sizeof *file->info * (json_object_size(file->header) + 1)));
    json_object_foreach(file->header, name, entry)
    {
        if (strcmp(name, "__metadata__") == 0)
            status = read_meta(file, entry, error);
        else
            status = read_entry(file, name, entry, error);
        if (status)
            return status;
    }
    return check_places(file, error);
}

static Status check_sum(const TensorFile *file, Error *error)
{
    const char *text = tensorfile_meta(file, TENSOR_CHECKSUM);
    if (!text)
        return STATUS_OK;
    char found[16];
    snprintf(found, sizeof found, "%08lx", tensor_checksum(0, file->data, file->data_size));
    if (strcmp(found, text) != 0)
        return refuse(file, "", "the checksum does not match: the file is damaged", error);
    return STATUS_OK;
}

/* Reads the length of the header and its first byte, which tell files of other kinds. */
static Status read_length(TensorFile *file, size_t *length, Error *error)
{
    unsigned char start[LENGTH_SIZE + 1];
    uint64_t found = 0;
    if (file->file.size < LENGTH_SIZE + 2)
        return refuse(file, "", "is not a safetensors file: too short", error);
    if (file->file.size > FILE_MAX_BYTES)
        return refuse(file, "", "is larger than 8 GiB", error);
    Status status = oldfile_take(&file->file, start, sizeof start, error);
    if (status)
        return status;
    for (int i = LENGTH_SIZE - 1; i >= 0; i--)
        found = found << 8 | start[i];
    bool fits = found >= 2 && found <= HEADER_MAX && found <= file->file.size - LENGTH_SIZE;
    if (!fits || start[LENGTH_SIZE] != '{')
        return refuse(file, "", "is not a safetensors file, or is cut short in its header", error);
    *length = (size_t)found;
    return STATUS_OK;
}

/* `text` has room for `length` bytes, of which the first is read. */
static Status parse_header(TensorFile *file, char *text, size_t length, Error *error)
{
    json_error_t reason;
    text[0] = '{';
    Status status = oldfile_take(&file->file, text + 1, length - 1, error);
    if (status)
        return status;
    file->header = json_loadb(text, length, JSON_REJECT_DUPLICATES, &reason);
    if (json_is_object(file->header))
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "%s: the header is not JSON: %s", file->file.path,
                reason.text);
}

static Status read_header(TensorFile *file, Error *error)
{
    size_t length = 0;
    Status status = read_length(file, &length, error);
    if (status)
        return status;
    char *text = need(malloc(length));
    status = parse_header(file, text, length, error);
    free(text);
    file->data_size = file->file.size - LENGTH_SIZE - length;
    return status ? status : read_entries(file, error);
}

Status tensorfile_open(TensorFile **opened, const char *path, Error *error)
{
    TensorFile *file = calloc(1, sizeof *file);
    need(file);
    Status status = oldfile_open(&file->file, path, error);
    if (!status)
        status = read_header(file, error);
    if (status) {
        tensorfile_close(file);
        file = NULL;
    }
    *opened = file;
    return status;
}

Status tensorfile_load(TensorFile *file, Error *error)
{
    must(!file->data);
    file->data = malloc(file->data_size + 1);
    if (!file->data)
        return fail(error, STATUS_FAILED, "%s: no memory for its %zu bytes of arrays",
                    file->file.path, file->data_size);
    Status status = oldfile_take(&file->file, file->data, file->data_size, error);
    return status ? status : check_sum(file, error);
}

void tensorfile_close(TensorFile *file)
{
    if (!file)
        return;
    oldfile_close(&file->file);
    json_decref(file->header);
    free(file->info);
    free(file->data);
    free(file);
}

int tensorfile_count(const TensorFile *file) { return file->n; }

size_t tensorfile_size(const TensorFile *file) { return file->data_size; }

const TensorInfo *tensorfile_info(const TensorFile *file, int index)
{
    must(index >= 0 && index < file->n);
    return &file->info[index];
}

const TensorInfo *tensorfile_find(const TensorFile *file, const char *name)
{
    for (int i = 0; i < file->n; i++)
        if (strcmp(file->info[i].name, name) == 0)
            return &file->info[i];
    return NULL;
}

const void *tensorfile_data(const TensorFile *file, const TensorInfo *info)
{
    must(file->data);
    return file->data + info->begin;
}

const char *tensorfile_meta(const TensorFile *file, const char *key)
{
    const json_t *meta = json_object_get(file->header, "__metadata__");
    return json_string_value(json_object_get(meta, key));
}

Status tensorfile_take(const TensorFile *file, const char *name, WalkType type, int rank,
                       const long *shape, void *data, Error *error)
{
    const TensorInfo *info = tensorfile_find(file, name);
    char wanted[64], found[64];
    if (!info)
        return refuse(file, name, "is missing", error);
    bool same = info->type == type && info->rank == rank;
    for (int i = 0; same && i < rank; i++)
        same = info->shape[i] == shape[i];
    if (!same)
        return fail(error, STATUS_BAD_INPUT, "%s: %s is %s where %s is needed", file->file.path,
                    name,
                    tensor_shape_text(found, sizeof found, info->type, info->rank, info->shape),
                    tensor_shape_text(wanted, sizeof wanted, type, rank, shape));
    if (data && info->size)
        memcpy(data, tensorfile_data(file, info), info->size);
    return STATUS_OK;
}
