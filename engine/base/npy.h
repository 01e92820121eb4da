/* NPY files: written as version 1.0, little-endian float32 arrays in C order, as numpy.load reads
 * them; arrays read back from any version, in pieces. */
#ifndef DDIL_NPY_H
#define DDIL_NPY_H

#include "engine/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes data of the given shape (rank 1 to 4); the file is absent or whole. */
Status npy_write(const char *path, int rank, const long *shape, const float *data, Error *error);

enum { NPY_AXES = 4 };

/* An array in a regular file, C order: its header is checked, its numbers are still to be read. */
typedef struct NpyFile {
    const char *path; /* borrowed */
    FILE *stream;
    int axes, axis[NPY_AXES]; /* each at least 1 */
    int n, d;                 /* the first axis; the product of the others */
    char letter;              /* 'f', 'i' or 'u', of `width` bytes */
    int width;
    size_t next; /* the number that comes next */
    long begin;  /* where the numbers begin */
} NpyFile;

/* What a reader can do with. */
typedef struct NpyWish {
    const char *types; /* "<f4 <f8", as numpy spells them */
    int least, most;   /* axes */
    const char *shape; /* for messages: "(n, d), a row a sample" */
} NpyWish;

/* Opens a file and reads its header; nothing is allocated for the numbers. BAD_INPUT, naming file
 * and reason: no regular file, no NPY file, another type than those wished for, Fortran order, too
 * few axes, too many, or one below 1, a size that is not the shape's. */
Status npy_open_as(NpyFile *file, const char *path, const NpyWish *wish, Error *error);
/* A matrix of little-endian float32 or float64: (n, d). */
Status npy_open(NpyFile *file, const char *path, Error *error);
void npy_close(NpyFile *file); /* one that was never opened is fine */

/* The next `count` numbers, row by row. BAD_INPUT: one that is not finite, named by row and column;
 * fewer in the file than there were when it was opened. */
Status npy_take(NpyFile *file, size_t count, double *value, Error *error);
/* Back to the first number. */
Status npy_rewind(NpyFile *file, Error *error);

/* ---- The header's text (npy_header.c) ---- */

/* What the dictionary says. Text is borrowed from it. */
typedef struct NpyHeader {
    const char *type; /* what stands behind 'descr', quotes and all */
    int type_length;
    bool fortran;
    int axes;
    long axis[32]; /* as written: may be negative; LONG_MAX stands for what is larger */
} NpyHeader;
/* Reads the dictionary of a header, `length` bytes that need no end mark. False when it is no
 * Python dictionary of just 'descr', 'fortran_order' and 'shape'. */
bool npy_header(const char *text, size_t length, NpyHeader *header);

#endif
