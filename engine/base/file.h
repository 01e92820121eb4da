/* Files that are absent or whole: temporary file in the same folder, write, fsync, close checked,
 * rename, fsync of the folder. */
#ifndef DDIL_FILE_H
#define DDIL_FILE_H

#include "engine/base/status.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { PATH_SIZE = 1024 };

typedef struct NewFile {
    FILE *stream;         /* write here */
    char path[PATH_SIZE]; /* where it will stand */
    char temporary[PATH_SIZE];
} NewFile;

/* Opens a temporary file beside `path`. On error nothing is left behind. */
Status newfile_open(NewFile *file, const char *path, Error *error);
/* Makes it stand under its name, or removes it and says why. Always ends the NewFile. */
Status newfile_commit(NewFile *file, Error *error);
/* Removes it. */
void newfile_abandon(NewFile *file);
/* All three in one. */
Status file_write(const char *path, const void *data, size_t size, Error *error);

/* Reads a whole file into malloc'd memory (a zero byte is added past the end); the caller frees
 * *data. A file larger than `limit` bytes is refused. */
Status file_read(const char *path, size_t limit, char **data, size_t *size, Error *error);

bool file_exists(const char *path);
/* mkdir with parents. */
Status file_make_folder(const char *path, Error *error);
/* snprintf of "folder/name"; must fit. Returns `path`. */
char *file_join(char path[PATH_SIZE], const char *folder, const char *name);

#endif
