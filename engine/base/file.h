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
    FILE *stream; /* write here: errors stick, the commit says the first one's reason */
    int descriptor;
    int reason;           /* errno of the first write that failed, or 0 */
    char path[PATH_SIZE]; /* where it will stand */
    char temporary[PATH_SIZE];
} NewFile;

/* Opens a temporary file beside `path`. On error nothing is left behind. The stream knows the
 * NewFile: do not move it. */
Status newfile_open(NewFile *file, const char *path, Error *error);
/* The same for a name in a folder. */
Status newfile_in(NewFile *file, const char *folder, const char *name, Error *error);
/* Makes it stand under its name, or removes it and says why. Always ends the NewFile. */
Status newfile_commit(NewFile *file, Error *error);
/* Removes it. */
void newfile_abandon(NewFile *file);
/* All three in one. */
Status file_write(const char *path, const void *data, size_t size, Error *error);

/* A regular file being read; its size is known before its first byte. */
typedef struct OldFile {
    int descriptor;
    size_t size; /* bytes, when it was opened */
    char path[PATH_SIZE];
} OldFile;

/* Refuses what is no regular file (a folder, a pipe, a device) without waiting for it. */
Status oldfile_open(OldFile *file, const char *path, Error *error);
/* The next `size` bytes, no fewer: BAD_INPUT when the file ends before. */
Status oldfile_take(OldFile *file, void *out, size_t size, Error *error);
/* The next bytes, at most `size`; fewer only at the end. */
Status oldfile_some(OldFile *file, void *out, size_t size, size_t *got, Error *error);
void oldfile_close(OldFile *file);

/* Reads a whole regular file into malloc'd memory of just its size (a zero byte is added past the
 * end); the caller frees *data. A file larger than `limit` bytes is refused unread. */
Status file_read(const char *path, size_t limit, char **data, size_t *size, Error *error);
/* The same for a text a person names, which may come from a pipe or a device: those are read up to
 * their end or until there is more than `limit`. A zero byte is refused, with its line. */
Status file_read_text(const char *path, size_t limit, char **text, size_t *size, Error *error);

/* Does the name end so? */
bool file_ends(const char *path, const char *ending);
bool file_exists(const char *path);
/* fsync, again when it is interrupted; 0, or an errno. What cannot be synced by its kind is fine.
 */
int file_sync(int descriptor);
/* The name's entry in its folder is on the disk: 0, or an errno. */
int file_sync_name(const char *path);
/* Where things that can be made again are kept: $XDG_CACHE_HOME/ddil or ~/.cache/ddil, which need
 * not be there; "" when neither is set. Returns `folder`. */
char *file_cache_folder(char folder[PATH_SIZE]);
/* mkdir with parents. */
Status file_make_folder(const char *path, Error *error);
/* snprintf of "folder/name"; gives up when it does not fit. Returns `path`. */
char *file_join(char path[PATH_SIZE], const char *folder, const char *name);

#endif
