/* Owns the opening of runs for looking, and the questions asked of an output path before
 * the long work. */
#include "app/commands/commands.h"
#include "engine/base/file.h"
#include "engine/distill/method.h"
#include "engine/ranks/ranks.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCRATCH_GIB = 16 }; /* of address space, not memory */

Crew *crew_for(const Options *options)
{
    return crew_new(options->threads > 0 ? (int)options->threads : pool_cores());
}

Status must_be_alone(const char *what, Error *error)
{
    RanksLaunch launch = ranks_launch();
    if (launch.size == 1)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "%s is no work for %d ranks; start it without %s", what,
                launch.size, launch.by);
}

Status look_open(Look *look, const Options *options, Error *error)
{
    char folder[1024];
    *look = (Look){0};
    Status status = run_find(options->runs, options->argument[0], folder, error);
    if (status)
        return status;
    look->crew = crew_for(options);
    status = run_look(&look->run, folder, options->at, look->crew, error);
    if (status) {
        crew_free(look->crew);
        return status;
    }
    arena_init(&look->scratch, (size_t)SCRATCH_GIB << 30);
    look->lab = run_lab(look->run);
    look->seed = options->seed >= 0 ? (uint64_t)options->seed : look->lab->seed;
    return STATUS_OK;
}

void look_close(Look *look)
{
    run_close(look->run);
    arena_done(&look->scratch);
    crew_free(look->crew);
}

const char *run_label(const Look *look)
{
    const char *folder = run_folder(look->run), *slash = strrchr(folder, '/');
    return slash ? slash + 1 : folder;
}

Status check_memory(double bytes, Error *error)
{
    double room = 0.5 * (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (bytes <= room)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "so many samples and sampling steps need %.0f bytes, more than half of "
                "the memory (%.0f); "
                "ask for fewer with -n or --steps",
                bytes, room);
}

Status check_ending(const char *path, const char *const *endings, Error *error)
{
    char list[80] = "";
    const char *dot = strrchr(path, '.');
    for (int i = 0; endings[i]; i++) {
        if (dot && strcmp(dot, endings[i]) == 0 && dot > path && dot[-1] != '/')
            return STATUS_OK;
        const char *gap = i == 0 ? "" : endings[i + 1] ? ", " : " or ";
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%s", gap, endings[i]);
    }
    return fail(error, STATUS_BAD_INPUT, "%s: the file's name must end in %s", path, list);
}

static bool is_run(const char *folder)
{
    char path[PATH_SIZE];
    return strlen(folder) < PATH_SIZE - 16 && file_exists(file_join(path, folder, "run.ini")) &&
           file_exists(file_join(path, folder, "events.csv"));
}

/* The folder of the run that `path` would lie in, on the heap; NULL: in none. */
static char *run_above(const char *path)
{
    char *parent = strdup(path), *slash = parent ? strrchr(parent, '/') : NULL;
    if (slash)
        slash[slash == parent] = '\0';
    char *folder = realpath(slash ? parent : ".", NULL);
    free(parent);
    while (folder && *folder && !is_run(folder))
        *strrchr(folder, '/') = '\0';
    if (folder && *folder)
        return folder;
    free(folder);
    return NULL;
}

static Status check_place(const char *path, Error *error)
{
    char *run = run_above(path);
    if (!run)
        return STATUS_OK;
    fail(error, STATUS_BAD_INPUT,
         "%s: lies in the folder of a run (%s), whose files are its own; name a file elsewhere",
         path, run);
    free(run);
    return STATUS_BAD_INPUT;
}

Status check_writable(const char *path, Error *error)
{
    struct stat info;
    Status status = check_place(path, error);
    if (status)
        return status;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return fail(error, STATUS_BAD_INPUT, "cannot create %s: it is a folder", path);
    NewFile file;
    status = newfile_open(&file, path, error);
    if (!status)
        newfile_abandon(&file);
    return status;
}
