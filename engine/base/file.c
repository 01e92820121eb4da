/* Owns the reading and the replacing of whole files. May call libc and fail(). A NewFile
 * becomes visible under its name only after every byte is on the disk; any error before
 * that leaves the old file. */
#include "engine/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 1000 };

/* Not mkstemp: that makes files only the owner can read, whatever the umask says. */
static int open_temporary(NewFile *file)
{
    for (int i = 0; i < TRIES; i++) {
        int length =
            snprintf(file->temporary, PATH_SIZE, "%s.tmp-%ld-%d", file->path, (long)getpid(), i);
        if (length >= PATH_SIZE) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0 || errno != EEXIST)
            return descriptor;
    }
    return -1;
}

Status newfile_open(NewFile *file, const char *path, Error *error)
{
    *file = (NewFile){0};
    if (snprintf(file->path, PATH_SIZE, "%s", path) >= PATH_SIZE)
        return fail(error, STATUS_BAD_INPUT, "path is longer than %d bytes: %.100s...",
                    PATH_SIZE - 1, path);
    int descriptor = open_temporary(file);
    if (descriptor < 0)
        return fail(error, STATUS_BAD_INPUT, "cannot create %s: %s", path, strerror(errno));
    file->stream = fdopen(descriptor, "wb");
    if (file->stream)
        return STATUS_OK;
    int reason = errno;
    close(descriptor);
    unlink(file->temporary);
    return fail(error, STATUS_FAILED, "cannot write %s: %s", path, strerror(reason));
}

/* The folder's entry must be on the disk too, or a power cut brings the old file back.
 * Some file systems cannot sync a folder and say so: nothing more can be done there. */
static int sync_folder(const char *path)
{
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (!slash)
        snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = 0;
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return errno == EACCES ? 0 : errno;
    int reason = fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS ? 0 : errno;
    close(descriptor);
    return reason;
}

/* Flushes to the disk and closes, whatever happens. Returns the first errno, or 0. */
static int finish_stream(FILE *stream)
{
    int reason = 0;
    bool failed = ferror(stream);
    errno = 0;
    if (fflush(stream) != 0 || failed)
        reason = errno ? errno : EIO;
    if (!reason && fsync(fileno(stream)) != 0 && errno != EINVAL)
        reason = errno;
    if (fclose(stream) != 0 && !reason)
        reason = errno;
    return reason;
}

static Status unchanged(const NewFile *file, int reason, Error *error)
{
    return fail(error, STATUS_FAILED, "cannot write %s: %s; what stood there is unchanged",
                file->path, strerror(reason));
}

Status newfile_commit(NewFile *file, Error *error)
{
    int reason = finish_stream(file->stream);
    file->stream = NULL;
    if (!reason && rename(file->temporary, file->path) != 0)
        reason = errno;
    if (reason) {
        unlink(file->temporary);
        return unchanged(file, reason, error);
    }
    reason = sync_folder(file->path);
    if (reason)
        return fail(error, STATUS_FAILED, "%s is written but may not survive a power cut: %s",
                    file->path, strerror(reason));
    return STATUS_OK;
}

void newfile_abandon(NewFile *file)
{
    if (!file->stream)
        return;
    fclose(file->stream);
    file->stream = NULL;
    unlink(file->temporary);
}

Status file_write(const char *path, const void *data, size_t size, Error *error)
{
    NewFile file;
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    if (fwrite(data, 1, size, file.stream) == size)
        return newfile_commit(&file, error);
    int reason = errno;
    newfile_abandon(&file);
    return unchanged(&file, reason, error);
}

typedef struct Bytes {
    char *data;
    size_t size, room;
} Bytes;

/* Room for at least one more byte and the zero behind it. */
static bool grow(Bytes *bytes)
{
    if (bytes->room - bytes->size >= 2)
        return true;
    size_t room = bytes->room ? bytes->room * 2 : 1 << 14;
    char *data = realloc(bytes->data, room);
    if (data)
        *bytes = (Bytes){data, bytes->size, room};
    return data;
}

/* Reads to the end, at most `limit` bytes; returns 0, an errno, or EFBIG when there is
 * more. */
static int read_all(int descriptor, size_t limit, Bytes *bytes)
{
    ssize_t got = 1;
    while (got > 0 && bytes->size <= limit) {
        if (!grow(bytes))
            return ENOMEM;
        do
            got = read(descriptor, bytes->data + bytes->size, bytes->room - bytes->size - 1);
        while (got < 0 && errno == EINTR);
        if (got < 0)
            return errno;
        bytes->size += (size_t)got;
    }
    bytes->data[bytes->size] = 0;
    return bytes->size > limit ? EFBIG : 0;
}

Status file_read(const char *path, size_t limit, char **data, size_t *size, Error *error)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return fail(error, STATUS_BAD_INPUT, "cannot open %s: %s", path, strerror(errno));
    Bytes bytes = {0};
    int reason = read_all(descriptor, limit, &bytes);
    close(descriptor);
    if (reason)
        free(bytes.data);
    if (reason == EFBIG)
        return fail(error, STATUS_BAD_INPUT, "%s is larger than %zu bytes", path, limit);
    if (reason)
        return fail(error, STATUS_BAD_INPUT, "cannot read %s: %s", path, strerror(reason));
    *data = bytes.data;
    *size = bytes.size;
    return STATUS_OK;
}

bool file_exists(const char *path) { return access(path, F_OK) == 0; }

/* 0 when the folder is there afterwards, else an errno. */
static int make_one(const char *path)
{
    struct stat info;
    if (mkdir(path, 0777) == 0)
        return 0;
    int reason = errno;
    if (stat(path, &info) != 0)
        return reason;
    return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
}

Status file_make_folder(const char *path, Error *error)
{
    char part[PATH_SIZE];
    if (path[0] == 0 || snprintf(part, sizeof part, "%s", path) >= PATH_SIZE)
        return fail(error, STATUS_BAD_INPUT, "cannot make a folder from an empty or overlong path");
    for (char *end = part + 1;; end++) {
        if (*end != '/' && *end != 0)
            continue;
        char kept = *end;
        *end = 0;
        int reason = make_one(part);
        if (reason)
            return fail(error, STATUS_BAD_INPUT, "cannot make folder %s: %s", part,
                        strerror(reason));
        *end = kept;
        if (!kept)
            return STATUS_OK;
    }
}

char *file_join(char path[PATH_SIZE], const char *folder, const char *name)
{
    must(snprintf(path, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE);
    return path;
}
