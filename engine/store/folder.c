/* Owns the names and locks of run folders, and run.ini. May call base. */
#include "engine/store/folder.h"
#include "engine/base/number.h"
#include "engine/store/external.h"
#include "engine/store/guard.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NUMBER_DIGITS = 4, LOCK_TRIES = 10 };

/* ---- Names and numbers ---- */

Status folder_check_name(const char *name, Error *error)
{
    size_t length = strlen(name);
    bool good = length > 0 && length < NAME_SIZE - 8 && name[0] != '.' && name[0] != '-';
    for (size_t i = 0; i < length; i++)
        good = good && (isalnum((unsigned char)name[i]) || strchr("-_.", name[i]));
    if (good)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "--name %.60s: a run's name is 1 to %d letters, digits or "
                "- _ . and begins with a letter or digit",
                name, NAME_SIZE - 9);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *folder_name_after(const char *preset, char name[NAME_SIZE])
{
    const char *text = base_name(preset);
    size_t length = strlen(text), n = 0;
    if (length > 4 && strcmp(text + length - 4, ".ini") == 0)
        length -= 4;
    for (size_t i = 0; i < length && n < NAME_SIZE - 9; i++) {
        bool good = isalnum((unsigned char)text[i]) || (n > 0 && strchr("-_.", text[i]));
        if (good)
            name[n++] = text[i];
        else if (n > 0 && name[n - 1] != '-')
            name[n++] = '-';
    }
    while (n > 0 && name[n - 1] == '-')
        n--;
    name[n] = '\0';
    return n > 0 ? name : strcpy(name, "run");
}

/* "0007-lcm" -> 7; anything else -> 0. */
int folder_id(const char *path)
{
    const char *name = base_name(path);
    size_t digits = strspn(name, "0123456789");
    long number;
    if (digits < NUMBER_DIGITS || digits > 8 || name[digits] != '-')
        return 0;
    return number_lead(&name, 0, INT_MAX, &number) ? (int)number : 0;
}

const char *folder_name(const char *path)
{
    const char *name = base_name(path);
    return folder_id(name) ? strchr(name, '-') + 1 : name;
}

static int by_number(const void *a, const void *b)
{
    int x = folder_id(*(char *const *)a), y = folder_id(*(char *const *)b);
    return (x > y) - (x < y);
}

int folder_list(const char *runs, char ***names)
{
    int n = 0, room = 0;
    DIR *stream = opendir(runs);
    *names = NULL;
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        if (!folder_id(entry->d_name))
            continue;
        if (n == room) {
            room = room ? 2 * room : 32;
            *names = realloc(*names, sizeof **names * (size_t)room);
            need(*names);
        }
        (*names)[n++] = need(strdup(entry->d_name));
    }
    if (stream)
        closedir(stream);
    if (n)
        qsort(*names, (size_t)n, sizeof **names, by_number);
    return n;
}

static void free_names(int n, char **names)
{
    for (int i = 0; i < n; i++)
        free(names[i]);
    free(names);
}

static int next_number(const char *runs)
{
    char **names;
    int n = folder_list(runs, &names);
    int next = n ? folder_id(names[n - 1]) + 1 : 1;
    free_names(n, names);
    return next;
}

/* ---- Making and removing ---- */

static Status make_next(const char *runs, const char *name, char folder[PATH_SIZE], Error *error)
{
    char base[NAME_SIZE + 16];
    for (int number = next_number(runs);; number++) {
        snprintf(base, sizeof base, "%04d-%s", number, name);
        file_join(folder, runs, base);
        if (mkdir(folder, 0777) == 0) {
            file_sync_name(folder); /* without it a power cut may take the run */
            return STATUS_OK;
        }
        if (errno != EEXIST) /* else another process was faster */
            return fail(error, STATUS_BAD_INPUT,
                        "cannot make folder %s: %s; --runs names another "
                        "place",
                        folder, strerror(errno));
    }
}

/* One process at a time, so that no two runs get the same number; where the system has no lock to
 * give they may. */
Status folder_make(const char *runs, const char *name, char folder[PATH_SIZE], Error *error)
{
    int descriptor = open(runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0)
        flock(descriptor, LOCK_EX);
    Status status = make_next(runs, name, folder, error);
    if (descriptor >= 0)
        close(descriptor);
    return status;
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info;
    (void)type;
    (void)where;
    return remove(path);
}

Status folder_remove(const char *folder, Error *error)
{
    if (nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS) == 0)
        return STATUS_OK;
    return fail(error, STATUS_FAILED, "cannot remove %s: %s", folder, strerror(errno));
}

static void sweep_temporaries(const char *folder)
{
    char path[PATH_SIZE];
    DIR *stream = opendir(folder);
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        if (strstr(entry->d_name, ".tmp-"))
            unlink(file_join(path, folder, entry->d_name));
    if (stream)
        closedir(stream);
}

void folder_sweep(const char *folder)
{
    char samples[PATH_SIZE];
    sweep_temporaries(folder);
    sweep_temporaries(file_join(samples, folder, "samples"));
}

/* Nothing in it but a lock, and samples/ without a file? */
static bool is_hollow(const char *folder)
{
    bool hollow = true;
    DIR *stream = opendir(folder);
    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        const char *name = entry->d_name;
        bool ours = !strncmp(name, "lock", 4) || !strcmp(name, "samples");
        hollow = hollow && (ours || !strcmp(name, ".") || !strcmp(name, ".."));
    }
    if (stream)
        closedir(stream);
    return stream && hollow;
}

/* rmdir leaves what is not empty. */
static void sweep_hollow(const char *folder)
{
    char lock[PATH_SIZE], samples[PATH_SIZE];
    file_join(lock, folder, "lock");
    folder_sweep(folder);
    if (!is_hollow(folder) || folder_locked(lock))
        return;
    if (rmdir(file_join(samples, folder, "samples")) != 0 && errno != ENOENT)
        return;
    unlink(lock);
    unlink(file_join(lock, folder, "lock.held"));
    rmdir(folder);
}

void folder_sweep_runs(const char *runs)
{
    char folder[PATH_SIZE], ini[PATH_SIZE], **names;
    int n = folder_list(runs, &names);
    for (int i = 0; i < n; i++)
        if (!file_exists(file_join(ini, file_join(folder, runs, names[i]), "run.ini")))
            sweep_hollow(folder);
    free_names(n, names);
}

/* ---- Copies ---- */

/* When run.ini came to stand there, which a copy cannot keep. */
static double age_of(const char *runs, const char *name)
{
    char folder[PATH_SIZE], ini[PATH_SIZE];
    struct stat info;
    if (stat(file_join(ini, file_join(folder, runs, name), "run.ini"), &info) != 0)
        return INFINITY;
    return (double)info.st_ctim.tv_sec + 1e-9 * (double)info.st_ctim.tv_nsec;
}

static int renumber(const char *runs, const char *name)
{
    char from[PATH_SIZE], to[PATH_SIZE], fresh[NAME_SIZE + 300];
    int number = next_number(runs);
    snprintf(fresh, sizeof fresh, "%04d-%.255s", number, folder_name(name));
    return rename(file_join(from, runs, name), file_join(to, runs, fresh)) == 0 ? number : 0;
}

void folder_renumber(const char *runs, void (*tell)(void *context, const char *name, int number),
                     void *context)
{
    char **names;
    int n = folder_list(runs, &names);
    for (int i = 1, first = 0; i < n; i++) {
        int number = 0;
        bool copy = folder_id(names[i]) == folder_id(names[first]);
        bool older = copy && age_of(runs, names[i]) < age_of(runs, names[first]);
        if (copy)
            number = renumber(runs, names[older ? first : i]);
        if (number)
            tell(context, names[older ? first : i], number);
        if (!copy || older)
            first = i;
    }
    free_names(n, names);
}

/* ---- Locks ---- */

/* The number a lock's file begins with. */
static long holder_in(const char *path)
{
    char *text;
    size_t size;
    if (file_read(path, 256, &text, &size, NULL))
        return 0;
    long holder = 0;
    const char *number = text;
    number_lead(&number, 0, LONG_MAX, &holder);
    free(text);
    return holder;
}

long folder_owner(const char *path)
{
    char guard[PATH_SIZE];
    bool guarded = snprintf(guard, sizeof guard, "%s.held", path) < PATH_SIZE && file_exists(guard);
    long owner = guarded ? holder_in(guard) : 0;
    return owner ? owner : holder_in(path);
}

const char *folder_whose(const char *path, char text[WHOSE_SIZE])
{
    long owner = folder_owner(path);
    text[0] = '\0';
    if (owner)
        snprintf(text, WHOSE_SIZE, " (process %ld)", owner);
    return text;
}

void folder_sign(int descriptor) { guard_sign(descriptor); }

void folder_beat(int descriptor) { guard_beat(descriptor); }

void folder_unlock(int *descriptor)
{
    guard_release(*descriptor);
    *descriptor = -1;
}

bool folder_guarded(const char *path)
{
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (opened < 0)
        return false;
    bool guarded = flock(opened, LOCK_SH | LOCK_NB) != 0 && guard_needed(errno);
    close(opened);
    return guarded;
}

/* -1 with errno: nothing but a file of its own is a lock, wherever its name may lead. */
static int open_lock(const char *path)
{
    struct stat info;
    int opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (opened < 0 || (fstat(opened, &info) == 0 && S_ISREG(info.st_mode)))
        return opened;
    close(opened);
    errno = EINVAL;
    return -1;
}

Status folder_lock(const char *path, bool alone, int *descriptor, Error *error)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    int opened = open_lock(path);
    *descriptor = -1;
    if (opened < 0)
        return fail(error, status_of(errno), "cannot write %s: %s", path, strerror(errno));
    int reason = EWOULDBLOCK;
    for (int i = 0; i < LOCK_TRIES && reason;
         i++) { /* somebody may only be asking: folder_locked */
        reason = flock(opened, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 ? 0 : errno;
        if (reason && reason != EWOULDBLOCK && reason != EINTR)
            break;
        if (reason)
            nanosleep(&pause, NULL);
    }
    if (!reason) {
        folder_sign(opened);
        *descriptor = opened;
        return STATUS_OK;
    }
    close(opened);
    if (guard_needed(reason))
        return guard_take(path, alone, descriptor, error);
    if (reason != EWOULDBLOCK && reason != EINTR)
        return fail(error, STATUS_FAILED, "cannot lock %s: %s", path, strerror(reason));
    char whose[WHOSE_SIZE];
    return fail(error, STATUS_BLOCKED, "%s is held by another ddil%s", path,
                folder_whose(path, whose));
}

static bool is_held(const char *path, int against)
{
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (opened < 0)
        return false;
    int reason = flock(opened, against | LOCK_NB) != 0 ? errno : 0;
    close(opened);
    return reason == EWOULDBLOCK || (guard_needed(reason) && guard_held(path, against == LOCK_EX));
}

bool folder_locked(const char *path) { return is_held(path, LOCK_SH); }

bool folder_owned(const char *runs)
{
    char path[PATH_SIZE];
    return is_held(file_join(path, runs, ".lock"), LOCK_EX);
}

/* ---- run.ini ---- */

Status folder_write_ini(const char *folder, const Config *config, const Lineage *lineage,
                        Error *error)
{
    NewFile file;
    Status status = newfile_in(&file, folder, "run.ini", error);
    if (status)
        return status;
    fprintf(file.stream, "# Every parameter of this run.\n# program: ddil " DDIL_VERSION "\n");
    if (lineage && lineage->parent)
        fprintf(file.stream, "# parent: %04d-%s\n# parent_step: %ld\n", lineage->parent,
                lineage->parent_name, lineage->parent_step);
    fputc('\n', file.stream);
    config_write(config, file.stream);
    return newfile_commit(&file, error);
}

/* The text behind "# KEY: " in the head of run.ini; "" when there is none. */
static void head_value(const char *text, const char *key, char *value, size_t size)
{
    char wanted[40];
    snprintf(wanted, sizeof wanted, "# %s: ", key);
    value[0] = 0;
    for (const char *line = text; *line == '#';) {
        size_t length = strcspn(line, "\n");
        if (strncmp(line, wanted, strlen(wanted)) == 0)
            snprintf(value, size, "%.*s", (int)(length - strlen(wanted)), line + strlen(wanted));
        line += length + (line[length] == '\n');
    }
}

void folder_lineage(const char *text, Lineage *lineage)
{
    char parent[80], step[24];
    *lineage = (Lineage){0};
    head_value(text, "program", lineage->program, sizeof lineage->program);
    head_value(text, "parent", parent, sizeof parent);
    head_value(text, "parent_step", step, sizeof step);
    lineage->parent = folder_id(parent);
    snprintf(lineage->parent_name, sizeof lineage->parent_name, "%.63s", folder_name(parent));
    number_whole(step, 0, STEP_MOST, &lineage->parent_step);
}

Status folder_read_ini(const char *folder, Config *config, Lineage *lineage, Error *error)
{
    char path[PATH_SIZE], *text;
    size_t size;
    Status status = file_read(file_join(path, folder, "run.ini"), 1 << 20, &text, &size, error);
    if (status)
        return status;
    if (external_says(text)) {
        free(text);
        return fail(error, STATUS_BAD_INPUT,
                    "%s is trained by another program: what has to run its network is asked of "
                    "that program",
                    folder);
    }
    if (lineage)
        folder_lineage(text, lineage);
    status = config_read_text(config, path, text, error);
    free(text);
    return status;
}

char *folder_config_text(const Config *config)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    need(stream);
    config_write(config, stream);
    bool short_of = ferror(stream);
    if (fclose(stream) != 0 || short_of)
        need(NULL);
    return need(text); /* glibc closes well even when the text found no room at last */
}
