/* Owns the replacing of whole files. May call libc, fail() and give_up(). A NewFile
 * becomes visible under its name only after every byte is on the disk; any error before
 * that leaves the old file. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* fopencookie */
#endif
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
        if (descriptor >= 0 || (errno != EEXIST && errno != EINTR))
            return descriptor;
    }
    return -1;
}

/* ---- The stream: an interrupted write goes on, and the first one that fails is remembered ---- */

static ssize_t put(void *context, const char *bytes, size_t size)
{
    NewFile *file = context;
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(file->descriptor, bytes + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            file->reason = file->reason ? file->reason : errno;
            return 0; /* the stream's way to hear of an error */
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}

static int move(void *context, off_t *place, int whence)
{
    NewFile *file = context;
    off_t now = lseek(file->descriptor, *place, whence);
    if (now < 0)
        return -1;
    *place = now;
    return 0;
}

static FILE *open_stream(NewFile *file)
{
    return fopencookie(file, "w", (cookie_io_functions_t){.write = put, .seek = move});
}

Status newfile_open(NewFile *file, const char *path, Error *error)
{
    *file = (NewFile){0};
    if (snprintf(file->path, PATH_SIZE, "%s", path) >= PATH_SIZE)
        return fail(error, STATUS_BAD_INPUT, "path is longer than %d bytes: %.100s...",
                    PATH_SIZE - 1, path);
    file->descriptor = open_temporary(file);
    if (file->descriptor < 0)
        return fail(error, status_of(errno), "cannot create %s: %s", path, strerror(errno));
    file->stream = open_stream(file);
    if (file->stream)
        return STATUS_OK;
    int reason = errno;
    close(file->descriptor);
    unlink(file->temporary);
    return fail(error, STATUS_FAILED, "cannot write %s: %s", path, strerror(reason));
}

Status newfile_in(NewFile *file, const char *folder, const char *name, Error *error)
{
    char path[PATH_SIZE];
    return newfile_open(file, file_join(path, folder, name), error);
}

int file_sync(int descriptor)
{
    int result;
    do
        result = fsync(descriptor);
    while (result != 0 && errno == EINTR);
    return result == 0 || errno == EINVAL ? 0 : errno;
}

/* The folder's entry must be on the disk too, or a power cut brings the old file back.
 * Some file systems cannot sync a folder and say so: nothing more can be done there. */
int file_sync_name(const char *path)
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
    int reason = file_sync(descriptor);
    close(descriptor);
    return reason == EROFS ? 0 : reason;
}

/* Flushes to the disk and closes, whatever happens. Returns the first errno, or 0. */
static int finish_stream(NewFile *file)
{
    bool failed = ferror(file->stream);
    failed = fclose(file->stream) != 0 || failed;
    file->stream = NULL;
    int reason = file->reason;
    if (failed && !reason)
        reason = EIO;
    if (!reason)
        reason = file_sync(file->descriptor);
    if (close(file->descriptor) != 0 && errno != EINTR && !reason)
        reason = errno;
    return reason;
}

static Status unchanged(const NewFile *file, int reason, Error *error)
{
    if (reason == ENOSPC || reason == EDQUOT)
        return fail(error, STATUS_FAILED,
                    "there is no room for %s: %s; what stood there is unchanged", file->path,
                    strerror(reason));
    return fail(error, STATUS_FAILED, "cannot write %s: %s; what stood there is unchanged",
                file->path, strerror(reason));
}

Status newfile_commit(NewFile *file, Error *error)
{
    int reason = finish_stream(file);
    if (!reason && rename(file->temporary, file->path) != 0)
        reason = errno;
    if (reason) {
        unlink(file->temporary);
        return unchanged(file, reason, error);
    }
    reason = file_sync_name(file->path);
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
    close(file->descriptor);
    unlink(file->temporary);
}

Status file_write(const char *path, const void *data, size_t size, Error *error)
{
    NewFile file;
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    fwrite(data, 1, size, file.stream);
    return newfile_commit(&file, error);
}

bool file_ends(const char *path, const char *ending)
{
    size_t length = strlen(path), tail = strlen(ending);
    return length >= tail && !strcmp(path + length - tail, ending);
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
            return fail(error, status_of(reason), "cannot make folder %s: %s", part,
                        strerror(reason));
        *end = kept;
        if (!kept)
            return STATUS_OK;
    }
}

char *file_join(char path[PATH_SIZE], const char *folder, const char *name)
{
    if (snprintf(path, PATH_SIZE, "%s/%s", folder, name) >= PATH_SIZE)
        give_up("the path of %.60s is longer than %d bytes: %.60s...", name, PATH_SIZE - 1, folder);
    return path;
}

char *file_cache_folder(char folder[PATH_SIZE])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length = 0;
    if (cache && *cache == '/')
        length = snprintf(folder, PATH_SIZE, "%s/ddil", cache);
    else if (home && *home == '/')
        length = snprintf(folder, PATH_SIZE, "%s/.cache/ddil", home);
    if (length == 0 || length >= PATH_SIZE - 64)
        *folder = 0;
    return folder;
}
