/* Owns the writing of safetensors. May call libc, jansson for the header, zlib for the checksum,
 * newfile. The metadata key "crc32" holds the checksum of all arrays in order of declaration; files
 * of other tools have none. Arrays are laid out by falling element size, so each starts at a
 * multiple of its own. */
#include "engine/base/file.h"
#include "engine/base/safetensors.h"
#include "engine/base/safetensors_parts.h"
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { ALIGNMENT = 64 };

struct TensorWriter {
    json_t *meta;
    int n, room, given;
    TensorInfo *info;   /* in order of declaration */
    unsigned long *crc; /* of each array */
    NewFile file;
    size_t data_start; /* in the file */
    bool lost;         /* a place in the file could not be reached */
};

TensorWriter *tensorwriter_new(void)
{
    TensorWriter *writer = calloc(1, sizeof *writer);
    need(writer);
    writer->meta = json_object();
    need(writer->meta);
    return writer;
}

void tensorwriter_meta(TensorWriter *writer, const char *key, const char *value)
{
    must(json_object_set_new(writer->meta, key, json_string(value)) == 0);
}

void tensorwriter_declare(TensorWriter *writer, const char *name, WalkType type, int rank,
                          const long *shape, const void *data)
{
    must(rank >= 0 && rank <= TENSOR_RANK_MAX && strlen(name) < TENSOR_NAME_SIZE);
    if (writer->n == writer->room) {
        writer->room = writer->room ? 2 * writer->room : 64;
        writer->info = need(realloc(writer->info, sizeof *writer->info * (size_t)writer->room));
        writer->crc = need(realloc(writer->crc, sizeof *writer->crc * (size_t)writer->room));
    }
    TensorInfo *info = &writer->info[writer->n];
    *info = (TensorInfo){.type = type, .rank = rank, .size = walk_type_size(type)};
    strcpy(info->name, name);
    for (int i = 0; i < rank; i++) {
        must(shape[i] >= 0);
        info->shape[i] = shape[i];
        info->size *= (size_t)shape[i];
    }
    writer->crc[writer->n++] = tensor_checksum(0, data, info->size);
}

/* Gives every array its place, widest elements first, and the checksum in that order. */
static size_t lay_out(TensorWriter *writer)
{
    static const size_t WIDTHS[] = {8, 4, 2, 1};
    size_t end = 0;
    unsigned long crc = 0;
    for (int w = 0; w < 4; w++) {
        for (int i = 0; i < writer->n; i++) {
            TensorInfo *info = &writer->info[i];
            if (walk_type_size(info->type) != WIDTHS[w])
                continue;
            info->begin = end;
            end += info->size;
            crc = crc32_combine(crc, writer->crc[i], (z_off_t)info->size);
        }
    }
    char text[16];
    snprintf(text, sizeof text, "%08lx", crc);
    tensorwriter_meta(writer, TENSOR_CHECKSUM, text);
    return end;
}

static json_t *entry_of(const TensorInfo *info)
{
    json_t *shape = json_array();
    for (int i = 0; i < info->rank; i++)
        json_array_append_new(shape, json_integer(info->shape[i]));
    return json_pack("{s:s, s:o, s:[I,I]}", "dtype", walk_type_name(info->type), "shape", shape,
                     "data_offsets", (json_int_t)info->begin,
                     (json_int_t)(info->begin + info->size));
}

/* The header as text, padded with blanks so that the data part is aligned. */
static char *header_text(const TensorWriter *writer, size_t *length)
{
    json_t *header = json_object();
    must(header && json_object_set(header, "__metadata__", writer->meta) == 0);
    for (int i = 0; i < writer->n; i++) {
        must(!json_object_get(header, writer->info[i].name));
        must(json_object_set_new(header, writer->info[i].name, entry_of(&writer->info[i])) == 0);
    }
    char *text = json_dumps(header, JSON_COMPACT);
    json_decref(header);
    need(text);
    size_t used = strlen(text);
    *length = (LENGTH_SIZE + used + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT - LENGTH_SIZE;
    text = need(realloc(text, *length + 1));
    memset(text + used, ' ', *length - used);
    return text;
}

Status tensorwriter_begin(TensorWriter *writer, const char *path, Error *error)
{
    unsigned char prefix[LENGTH_SIZE];
    size_t length;
    lay_out(writer);
    Status status = newfile_open(&writer->file, path, error);
    if (status)
        return status;
    char *text = header_text(writer, &length);
    for (int i = 0; i < LENGTH_SIZE; i++)
        prefix[i] = (unsigned char)((uint64_t)length >> (8 * i));
    writer->data_start = LENGTH_SIZE + length;
    fwrite(prefix, 1, LENGTH_SIZE, writer->file.stream); /* errors stick; commit looks */
    fwrite(text, 1, length, writer->file.stream);
    free(text);
    return STATUS_OK;
}

void tensorwriter_give(TensorWriter *writer, const char *name, const void *data)
{
    must(writer->file.stream && writer->given < writer->n);
    const TensorInfo *info = &writer->info[writer->given++];
    must(strcmp(info->name, name) == 0);
    if (fseeko(writer->file.stream, (off_t)(writer->data_start + info->begin), SEEK_SET) != 0)
        writer->lost = true;
    else
        fwrite(data, 1, info->size, writer->file.stream);
}

static void free_writer(TensorWriter *writer)
{
    json_decref(writer->meta);
    free(writer->info);
    free(writer->crc);
    free(writer);
}

Status tensorwriter_commit(TensorWriter *writer, Error *error)
{
    must(writer->given == writer->n);
    Status status;
    if (writer->lost) {
        status =
            fail(error, STATUS_FAILED, "cannot write %s: %s", writer->file.path, strerror(errno));
        newfile_abandon(&writer->file);
    } else {
        status = newfile_commit(&writer->file, error);
    }
    free_writer(writer);
    return status;
}

void tensorwriter_abandon(TensorWriter *writer)
{
    newfile_abandon(&writer->file);
    free_writer(writer);
}
