/* Owns the walk through a folder. Links are counted, never followed: no circle, no file twice. */
#include "engine/data/listing.h"
#include "engine/base/file.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEPTH_MAX = 32, FILES_MAX = 4000000 };

static void keep_file(Listing *listing, const char *name, const struct stat *info)
{
    if (listing->n == listing->room) {
        listing->room = listing->room ? 2 * listing->room : 256;
        listing->file = need(realloc(listing->file, sizeof *listing->file * (size_t)listing->room));
    }
    listing->file[listing->n++] =
        (Listed){need(strdup(name)), info->st_size,
                 (int64_t)info->st_ctim.tv_sec * 1000000000 + info->st_ctim.tv_nsec};
}

static Status walk(Listing *listing, const char *root, int folder, const char *below, int depth,
                   Error *error);

static Status take(Listing *listing, const char *root, int folder, const char *below,
                   const char *name, int depth, Error *error)
{
    struct stat info;
    char path[PATH_SIZE];
    int length = snprintf(path, sizeof path, "%s%s%s", below, *below ? "/" : "", name);
    if (fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return STATUS_OK; /* gone since */
    if (S_ISLNK(info.st_mode))
        listing->links++;
    else if (length >= PATH_SIZE - 1 || (S_ISDIR(info.st_mode) && depth == DEPTH_MAX) ||
             listing->n == FILES_MAX)
        return fail(error, STATUS_BAD_INPUT,
                    "data.path: %s/%s: too deep, its path too long or one of too many; at most %d "
                    "folders and %d files",
                    root, path, (int)DEPTH_MAX, (int)FILES_MAX);
    else if (S_ISREG(info.st_mode))
        keep_file(listing, path, &info);
    else if (S_ISDIR(info.st_mode))
        return walk(listing, root,
                    openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path,
                    depth + 1, error);
    return STATUS_OK;
}

/* Takes over the descriptor. */
static Status walk(Listing *listing, const char *root, int folder, const char *below, int depth,
                   Error *error)
{
    DIR *open = folder >= 0 ? fdopendir(folder) : NULL;
    if (!open) {
        Status status =
            fail(error, STATUS_BAD_INPUT, "data.path: cannot read the folder %s%s%s: %s", root,
                 *below ? "/" : "", below, strerror(errno));
        if (folder >= 0)
            close(folder);
        return status;
    }
    Status status = STATUS_OK;
    for (struct dirent *entry = readdir(open); entry && !status; entry = readdir(open))
        if (entry->d_name[0] != '.')
            status = take(listing, root, folder, below, entry->d_name, depth, error);
    closedir(open);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Listed *)a)->name, ((const Listed *)b)->name);
}

Status listing_open(Listing *listing, const char *folder, Error *error)
{
    *listing = (Listing){0};
    int root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
    Status status = walk(listing, folder, root, "", 0, error);
    if (status) {
        listing_close(listing);
        return status;
    }
    if (listing->n > 1)
        qsort(listing->file, (size_t)listing->n, sizeof *listing->file, by_name);
    return STATUS_OK;
}

bool listing_has(const Listing *listing, const char *name)
{
    Listed wanted = {.name = (char *)(size_t)name};
    return listing->n > 0 &&
           bsearch(&wanted, listing->file, (size_t)listing->n, sizeof wanted, by_name);
}

void listing_close(Listing *listing)
{
    for (int k = 0; k < listing->n; k++)
        free(listing->file[k].name);
    free(listing->file);
    *listing = (Listing){0};
}
