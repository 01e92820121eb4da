/* Owns the reading of files. May call libc and fail(). What a file says of its size is known, and
 * room made for just that, before its first byte is read. */
#include "engine/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Regular files ---- */

static const char *kind_of(mode_t mode)
{
    return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : "a device or socket";
}

static Status check_kind(OldFile *file, Error *error)
{
    struct stat info;
    if (fstat(file->descriptor, &info) != 0)
        return fail(error, status_of(errno), "cannot read %s: %s", file->path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return fail(error, STATUS_BAD_INPUT, "%s is %s; a regular file is needed", file->path,
                    kind_of(info.st_mode));
    file->size = (size_t)info.st_size;
    return STATUS_OK;
}

static int open_again(const char *path, int flags)
{
    int descriptor;
    do
        descriptor = open(path, flags | O_RDONLY | O_CLOEXEC | O_NOCTTY);
    while (descriptor < 0 && errno == EINTR);
    return descriptor;
}

static Status cannot_open(const char *path, Error *error)
{
    return fail(error, status_of(errno), "cannot open %s: %s", path, strerror(errno));
}

Status oldfile_open(OldFile *file, const char *path, Error *error)
{
    *file = (OldFile){.descriptor = open_again(path, O_NONBLOCK)}; /* no waiting for a writer */
    if (file->descriptor < 0)
        return cannot_open(path, error);
    snprintf(file->path, sizeof file->path, "%s", path);
    Status status = check_kind(file, error);
    if (status)
        oldfile_close(file);
    return status;
}

void oldfile_close(OldFile *file)
{
    if (file->descriptor >= 0)
        close(file->descriptor);
    file->descriptor = -1;
}

/* Returns 0 or an errno. */
static int read_some(int descriptor, char *out, size_t size, size_t *got)
{
    *got = 0;
    while (*got < size) {
        ssize_t n = read(descriptor, out + *got, size - *got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        if (n == 0)
            break;
        *got += (size_t)n;
    }
    return 0;
}

Status oldfile_some(OldFile *file, void *out, size_t size, size_t *got, Error *error)
{
    int reason = read_some(file->descriptor, out, size, got);
    if (!reason)
        return STATUS_OK;
    return fail(error, status_of(reason), "cannot read %s: %s", file->path, strerror(reason));
}

Status oldfile_take(OldFile *file, void *out, size_t size, Error *error)
{
    size_t got;
    Status status = oldfile_some(file, out, size, &got, error);
    if (status || got == size)
        return status;
    return fail(error, STATUS_BAD_INPUT, "%s ends before its time; is it still being written?",
                file->path);
}

/* ---- Whole files ---- */

static Status too_large(const char *path, size_t limit, Error *error)
{
    return fail(error, STATUS_BAD_INPUT, "%s is larger than %zu bytes", path, limit);
}

static Status no_memory(const char *path, size_t size, Error *error)
{
    return fail(error, STATUS_FAILED, "cannot read %s: no memory for its %zu bytes", path, size);
}

static Status read_whole(OldFile *file, char **data, size_t *size, Error *error)
{
    *data = malloc(file->size + 1);
    if (!*data)
        return no_memory(file->path, file->size, error);
    Status status = oldfile_some(file, *data, file->size, size, error);
    (*data)[*size] = 0;
    if (status)
        free(*data);
    return status;
}

Status file_read(const char *path, size_t limit, char **data, size_t *size, Error *error)
{
    OldFile file;
    Status status = oldfile_open(&file, path, error);
    if (status)
        return status;
    status =
        file.size > limit ? too_large(path, limit, error) : read_whole(&file, data, size, error);
    oldfile_close(&file);
    return status;
}

/* ---- Texts from anywhere ---- */

enum { PIECE = 1 << 14 };

static Status check_text(const char *path, const char *text, size_t size, Error *error)
{
    size_t length = strlen(text);
    int line = 1;
    if (length == size)
        return STATUS_OK;
    for (size_t i = 0; i < length; i++)
        line += text[i] == '\n';
    return fail(error, STATUS_BAD_INPUT, "%s:%d: holds a zero byte; this is no text", path, line);
}

static Status read_pieces(int descriptor, const char *path, size_t limit, char **text, size_t *size,
                          Error *error)
{
    size_t got = PIECE;
    for (*size = 0; got == PIECE && *size <= limit; *size += got) {
        char *more = realloc(*text, *size + PIECE + 1);
        if (!more)
            return no_memory(path, *size + PIECE, error);
        *text = more;
        int reason = read_some(descriptor, *text + *size, PIECE, &got);
        if (reason)
            return fail(error, status_of(reason), "cannot read %s: %s", path, strerror(reason));
    }
    (*text)[*size] = 0;
    return *size > limit ? too_large(path, limit, error) : check_text(path, *text, *size, error);
}

Status file_read_text(const char *path, size_t limit, char **text, size_t *size, Error *error)
{
    int descriptor = open_again(path, 0);
    if (descriptor < 0)
        return cannot_open(path, error);
    *text = NULL;
    Status status = read_pieces(descriptor, path, limit, text, size, error);
    close(descriptor);
    if (status)
        free(*text);
    return status;
}
