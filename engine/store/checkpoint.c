/* Owns checkpoint files. May call base. Invariants:
 *   1. A checkpoint is absent or complete: it is written beside, synced, and renamed.
 *   2. No size read from a file is trusted: every array must have exactly the type and
 * shape the walk asks for, which follow from the configuration, and there must be no
 * other arrays.
 *   3. Loading changes no live state until the whole file is verified: one walk verifies,
 * a second one copies.
 *   4. Resuming gives the same bits as never having stopped: the walk holds everything
 * the next step depends on, counters too; logs past the checkpoint are cut (log.c).
 * Random numbers have no state.
 *   5. A failed save leaves the old file and says so.
 * The file of a step is found by its name; `latest` names the newest for people and
 * scripts. */
#include "engine/store/checkpoint.h"
#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/base/safetensors.h"
#include "engine/base/trace.h"
#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char FORMAT[] = "ddil checkpoint 1";
enum { VERSION_AT = sizeof FORMAT - 2 }; /* where its version begins */

char *checkpoint_path(char *path, const char *folder, long step)
{
    char name[48];
    snprintf(name, sizeof name, "ckpt-%08ld.safetensors", step);
    return file_join(path, folder, name);
}

/* ---- What there is ---- */

/* The step in a checkpoint's file name, or -1. */
static long step_of(const char *name)
{
    long step;
    const char *digits = name + 5;
    if (strncmp(name, "ckpt-", 5) != 0 || name[5] < '0' || name[5] > '9')
        return -1;
    bool good = number_lead(&digits, 0, STEP_MOST, &step);
    return good && strcmp(digits, ".safetensors") == 0 ? step : -1;
}

static int ascending(const void *a, const void *b)
{
    long x = *(const long *)a, y = *(const long *)b;
    return (x > y) - (x < y);
}

int checkpoint_list(const char *folder, long **steps)
{
    int n = 0, room = 0;
    DIR *stream = opendir(folder);
    *steps = NULL;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        long step = step_of(entry->d_name);
        if (step < 0)
            continue;
        if (n == room) {
            room = room ? 2 * room : 32;
            *steps = realloc(*steps, sizeof **steps * (size_t)room);
            need(*steps);
        }
        (*steps)[n++] = step;
    }
    if (stream)
        closedir(stream);
    if (n)
        qsort(*steps, (size_t)n, sizeof **steps, ascending);
    return n;
}

long checkpoint_newest(const char *folder)
{
    long *steps;
    int n = checkpoint_list(folder, &steps);
    long newest = n ? steps[n - 1] : -1;
    free(steps);
    return newest;
}

long checkpoint_before(const char *folder, long step)
{
    long *steps;
    int n = checkpoint_list(folder, &steps);
    long found = n ? steps[0] : -1;
    for (int i = 0; i < n; i++)
        if (steps[i] <= step)
            found = steps[i];
    free(steps);
    return found;
}

/* ---- Saving ---- */

typedef struct Saving {
    Walk walk; /* first: visits get this */
    TensorWriter *writer;
} Saving;

static void declare(Walk *walk, const char *name, WalkType type, int rank, const long *shape,
                    void *data)
{
    tensorwriter_declare(((Saving *)walk)->writer, name, type, rank, shape, data);
}

static void give(Walk *walk, const char *name, WalkType type, int rank, const long *shape,
                 void *data)
{
    (void)type;
    (void)rank;
    (void)shape;
    tensorwriter_give(((Saving *)walk)->writer, name, data);
}

static Status point_latest(const char *folder, long step, Error *error)
{
    char path[PATH_SIZE], name[48];
    int length = snprintf(name, sizeof name, "ckpt-%08ld.safetensors\n", step);
    return file_write(file_join(path, folder, "latest"), name, (size_t)length, error);
}

void checkpoint_prune(const char *folder, long keep)
{
    char path[PATH_SIZE];
    long *steps;
    int n = keep > 0 ? checkpoint_list(folder, &steps) : 0;
    for (int i = 0; i < n - keep; i++)
        unlink(checkpoint_path(path, folder, steps[i]));
    if (keep > 0)
        free(steps);
}

void checkpoint_mend(const char *folder, long step)
{
    char path[PATH_SIZE], name[48], *text = NULL;
    size_t size;
    snprintf(name, sizeof name, "ckpt-%08ld.safetensors\n", step);
    if (step < 0)
        return;
    bool read = file_read(file_join(path, folder, "latest"), 4096, &text, &size, NULL) == STATUS_OK;
    if (!read || strcmp(text, name) != 0)
        point_latest(folder, step, NULL);
    if (read)
        free(text);
}

Status checkpoint_save(const char *folder, long step, const char *config, CheckpointState *state,
                       void *context, Error *error)
{
    char path[PATH_SIZE], number[24];
    Saving saving = {.walk = {declare}, .writer = tensorwriter_new()};
    snprintf(number, sizeof number, "%ld", step);
    tensorwriter_meta(saving.writer, "format", FORMAT);
    tensorwriter_meta(saving.writer, "program", "ddil " DDIL_VERSION);
    tensorwriter_meta(saving.writer, "step", number);
    tensorwriter_meta(saving.writer, "config", config);
    state(context, &saving.walk);
    Status status = tensorwriter_begin(saving.writer, checkpoint_path(path, folder, step), error);
    if (status) {
        tensorwriter_abandon(saving.writer);
        return status;
    }
    saving.walk.visit = give;
    state(context, &saving.walk);
    status = tensorwriter_commit(saving.writer, error);
    trace_event("checkpoint", "%s status %d", path, (int)status);
    return status ? status : point_latest(folder, step, error);
}

/* ---- Loading ---- */

typedef struct Loading {
    Walk walk; /* first: visits get this */
    const TensorFile *file;
    int arrays;
    bool copy; /* else only verify */
    Status status;
    Error *error;
} Loading;

static void take(Walk *walk, const char *name, WalkType type, int rank, const long *shape,
                 void *data)
{
    Loading *loading = (Loading *)walk;
    if (loading->status)
        return;
    loading->arrays++;
    loading->status = tensorfile_take(loading->file, name, type, rank, shape,
                                      loading->copy ? data : NULL, loading->error);
}

/* "no checkpoint at step 7; there are 0, 500, 1000". */
static Status missing(const char *folder, long step, Error *error)
{
    long *steps;
    char list[200] = "";
    int n = checkpoint_list(folder, &steps);
    for (int i = 0; i < n && strlen(list) + 32 < sizeof list; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s%ld", i ? ", " : "", steps[i]);
    free(steps);
    return fail(error, STATUS_BAD_INPUT, "%s: no checkpoint at step %ld; there %s %s", folder, step,
                n == 1 ? "is" : "are", n ? list : "none");
}

/* Opens a file and makes sure that it is a checkpoint of this step. */
static Status open_file(TensorFile **file, const char *folder, long step, char *path, Error *error)
{
    if (!file_exists(checkpoint_path(path, folder, step)))
        return missing(folder, step, error);
    Status status = tensorfile_open(file, path, error);
    if (status)
        return status;
    const char *format = tensorfile_meta(*file, "format");
    const char *number = tensorfile_meta(*file, "step");
    long held;
    const char *program = tensorfile_meta(*file, "program");
    if (format && !strncmp(format, FORMAT, VERSION_AT) && strcmp(format, FORMAT) != 0)
        status = fail(error, STATUS_BAD_INPUT,
                      "%s: format \"%.40s\", written by %.40s; this is ddil " DDIL_VERSION
                      ", which reads \"%s\": go on with that ddil",
                      path, format, program ? program : "another program", FORMAT);
    else if (!format || strcmp(format, FORMAT) != 0)
        status = fail(error, STATUS_BAD_INPUT,
                      "%s: is no checkpoint of this program (format "
                      "\"%.40s\", \"%s\" is needed)",
                      path, format ? format : "", FORMAT);
    else if (!number || !number_whole(number, step, step, &held))
        status = fail(error, STATUS_BAD_INPUT, "%s: holds step %.20s; was it renamed?", path,
                      number ? number : "?");
    if (status)
        tensorfile_close(*file);
    return status;
}

static Status load(const char *folder, long step, bool whole, CheckpointState *state, void *context,
                   Error *error)
{
    char path[PATH_SIZE];
    TensorFile *file;
    Status status = open_file(&file, folder, step, path, error);
    if (status)
        return status;
    Loading loading = {.walk = {take}, .file = file, .error = error};
    state(context, &loading.walk);
    if (!loading.status && whole && loading.arrays != tensorfile_count(file))
        loading.status = fail(error, STATUS_BAD_INPUT, "%s: holds %d arrays, this run has %d", path,
                              tensorfile_count(file), loading.arrays);
    if (!loading.status)
        loading.status = tensorfile_load(file, error);
    if (!loading.status) {
        loading.copy = true;
        state(context, &loading.walk);
    }
    tensorfile_close(file);
    return loading.status;
}

Status checkpoint_load(const char *folder, long step, CheckpointState *state, void *context,
                       Error *error)
{
    return load(folder, step, true, state, context, error);
}

Status checkpoint_load_part(const char *folder, long step, CheckpointState *part, void *context,
                            Error *error)
{
    return load(folder, step, false, part, context, error);
}

Status checkpoint_config(const char *folder, long step, char **text, Error *error)
{
    char path[PATH_SIZE];
    TensorFile *file;
    Status status = open_file(&file, folder, step, path, error);
    if (status)
        return status;
    const char *config = tensorfile_meta(file, "config");
    if (config)
        *text = need(strdup(config));
    else
        status = fail(error, STATUS_BAD_INPUT, "%s: holds no configuration", path);
    tensorfile_close(file);
    return status;
}
