/* Owns the listing of folders for completion. See file_names.h. */
#include "app/workbench/file_names.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static bool begins(const char *name, const char *begin)
{
    bool hidden = name[0] == '.' && begin[0] != '.';
    return !hidden && strncmp(name, begin, strlen(begin)) == 0;
}

/* folder + entry, and a slash behind a folder's; false: it does not fit. */
static bool join(const char *typed, size_t folder, const char *entry, char *name, size_t size)
{
    struct stat status;
    int n = snprintf(name, size, "%.*s%s", (int)folder, typed, entry);
    if (n < 0 || (size_t)n + 2 > size)
        return false;
    if (stat(name, &status) == 0 && S_ISDIR(status.st_mode))
        snprintf(name + n, size - (size_t)n, "/");
    return true;
}

bool file_name(const char *typed, int n, char *name, size_t size)
{
    char path[512];
    const char *slash = strrchr(typed, '/'), *begin = slash ? slash + 1 : typed;
    size_t folder = (size_t)(begin - typed);
    snprintf(path, sizeof path, "%.*s", (int)folder, typed);
    DIR *listing = n < FILE_NAMES_MAX ? opendir(folder > 0 ? path : ".") : NULL;
    bool found = false;
    for (struct dirent *entry; listing && !found && (entry = readdir(listing));)
        found = begins(entry->d_name, begin) && join(typed, folder, entry->d_name, name, size) &&
                n-- == 0;
    if (listing)
        closedir(listing);
    return found;
}
