/* safetensors: named arrays in one file that PyTorch and other tools open. A strict
 * reader, an atomic writer. Neither trusts a size read from a file. Layout: 8 bytes of
 * header length, a JSON header, the arrays back to back. */
#ifndef DDIL_SAFETENSORS_H
#define DDIL_SAFETENSORS_H

#include "engine/base/status.h"
#include "engine/base/walk.h"
#include <stddef.h>

enum { TENSOR_NAME_SIZE = 128, TENSOR_RANK_MAX = 8 };

typedef struct TensorInfo {
    char name[TENSOR_NAME_SIZE];
    WalkType type;
    int rank; /* 0: a scalar */
    long shape[TENSOR_RANK_MAX];
    size_t begin, size; /* bytes, within the data part */
} TensorInfo;

size_t walk_type_size(WalkType type);      /* bytes an element */
const char *walk_type_name(WalkType type); /* "F32", "F64", "I32", "I64", "U8" */
/* "F32 3x4", for messages. Returns `text`. */
char *tensor_shape_text(char *text, size_t size, WalkType type, int rank, const long *shape);

/* ---- Reading: the header is verified before the arrays are read, and the arrays before anything
 * is handed out ---- */

typedef struct TensorFile TensorFile;

/* Reads the header alone. Refuses (BAD_INPUT, says what and where): what is no regular file, a
 * header longer than the file or than 1 MiB, not JSON, duplicate names, unknown types, shapes that
 * do not match their bytes, gaps, overlaps, trailing bytes. */
Status tensorfile_open(TensorFile **file, const char *path, Error *error);
/* Reads the arrays, once the caller knows that they are what it wants: before data are had. Refuses
 * a checksum that does not match. */
Status tensorfile_load(TensorFile *file, Error *error);
void tensorfile_close(TensorFile *file);
int tensorfile_count(const TensorFile *file);
size_t tensorfile_size(const TensorFile *file); /* bytes of all arrays */
const TensorInfo *tensorfile_info(const TensorFile *file, int index);
/* NULL when there is none of that name. */
const TensorInfo *tensorfile_find(const TensorFile *file, const char *name);
/* The array's bytes (unaligned: copy them), of a loaded file. Valid until the file is closed. */
const void *tensorfile_data(const TensorFile *file, const TensorInfo *info);
/* A value of __metadata__, or NULL. */
const char *tensorfile_meta(const TensorFile *file, const char *key);
/* Exactly this array? BAD_INPUT names the file and both shapes. Copies it when data is
 * not NULL; then the file is a loaded one. */
Status tensorfile_take(const TensorFile *file, const char *name, WalkType type, int rank,
                       const long *shape, void *data, Error *error);

/* ---- Writing: declare every array, then give every array in the same order, then commit ---- */

typedef struct TensorWriter TensorWriter;

TensorWriter *tensorwriter_new(void);
void tensorwriter_meta(TensorWriter *writer, const char *key, const char *value);
/* `data` is only read for the checksum. Names must be unique. */
void tensorwriter_declare(TensorWriter *writer, const char *name, WalkType type, int rank,
                          const long *shape, const void *data);
/* Opens the temporary file and writes the header. */
Status tensorwriter_begin(TensorWriter *writer, const char *path, Error *error);
/* The next declared array; a name out of order is a programmer's error. */
void tensorwriter_give(TensorWriter *writer, const char *name, const void *data);
/* The file stands whole under its name, or the old one is unchanged and the error says
 * why. Frees the writer. */
Status tensorwriter_commit(TensorWriter *writer, Error *error);
/* Removes the temporary file. Frees the writer. */
void tensorwriter_abandon(TensorWriter *writer);

#endif
