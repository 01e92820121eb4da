/* Owns the files that stand for locks where there are none. link() makes one with its content or
 * not at all, on network file systems too. Who takes over from a dead holder looks again a moment
 * later whether it is alone. */
#include "engine/store/guard.h"
#include "engine/base/file.h"
#include "engine/base/number.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SHARERS = 64, HOST_SIZE = 65, STALE_S = 3 * GUARD_BEAT_S, MOMENT_NS = 50000000 };

typedef struct Holder {
    long process, start; /* start: of the process, in ticks since boot; 0: unknown */
    char host[HOST_SIZE];
} Holder;

bool guard_needed(int reason)
{
    return reason == ENOLCK || reason == ENOTSUP || reason == EOPNOTSUPP || reason == ENOSYS ||
           reason == EINVAL;
}

/* ---- Who ---- */

/* The 22nd word of /proc/PROCESS/stat; its second, in brackets, may hold anything. */
static long start_of(long process)
{
    char path[40], text[1024] = "";
    long start = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", process);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t n = fread(text, 1, sizeof text - 1, file);
    text[n] = 0;
    fclose(file);
    const char *word = strrchr(text, ')');
    for (int i = 2; word && i < 22; i++)
        word = strchr(word + 1, ' ');
    if (word++)
        number_lead(&word, 0, LONG_MAX, &start);
    return start;
}

static Holder myself(void)
{
    Holder holder = {.process = (long)getpid()};
    holder.start = start_of(holder.process);
    if (gethostname(holder.host, sizeof holder.host - 1) != 0 || !holder.host[0])
        snprintf(holder.host, sizeof holder.host, "here");
    return holder;
}

void guard_sign(int descriptor)
{
    char text[120];
    Holder me = myself();
    int length = snprintf(text, sizeof text, "%ld %ld %s\n", me.process, me.start, me.host);
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, (size_t)length, 0) != length)
        return; /* only makes a later message less telling */
}

/* false: nobody. */
static bool read_holder(int descriptor, Holder *holder)
{
    char text[120] = "";
    const char *word = text;
    ssize_t n = pread(descriptor, text, sizeof text - 1, 0);
    *holder = (Holder){0};
    if (n <= 0 || !number_lead(&word, 1, LONG_MAX, &holder->process))
        return false;
    word += *word == ' ';
    number_lead(&word, 0, LONG_MAX, &holder->start);
    word += *word == ' ';
    snprintf(holder->host, sizeof holder->host, "%.*s", (int)strcspn(word, "\n"), word);
    return true;
}

/* The clock that stamps files here is perhaps another machine's: a file touched now tells it. */
static bool fresh(const char *path, const struct stat *held)
{
    struct stat now;
    int opened = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool known = opened >= 0 && futimens(opened, NULL) == 0 && fstat(opened, &now) == 0;
    if (opened >= 0)
        close(opened);
    return !known || now.st_mtim.tv_sec - held->st_mtim.tv_sec < STALE_S;
}

static bool alive(const char *path, const char *held)
{
    Holder holder, me = myself();
    struct stat info = {0};
    int opened = open(held, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (opened < 0)
        return false;
    bool any = read_holder(opened, &holder) && fstat(opened, &info) == 0;
    close(opened);
    if (!any)
        return false;
    if (strcmp(holder.host, me.host) != 0)
        return fresh(path, &info);
    bool runs = kill((pid_t)holder.process, 0) == 0 || errno == EPERM;
    return runs && (!holder.start || holder.start == start_of(holder.process));
}

/* ---- Names ---- */

/* which: -1 alone, else one of those who share. */
static char *name_of(char name[PATH_SIZE], const char *path, int which)
{
    if (which < 0)
        need(snprintf(name, PATH_SIZE, "%s.held", path) < PATH_SIZE ? name : NULL);
    else
        need(snprintf(name, PATH_SIZE, "%s.held-%d", path, which) < PATH_SIZE ? name : NULL);
    return name;
}

static bool shared_by_any(const char *path)
{
    char name[PATH_SIZE];
    for (int i = 0; i < SHARERS; i++)
        if (alive(path, name_of(name, path, i)))
            return true;
    return false;
}

bool guard_held(const char *path, bool shared)
{
    char name[PATH_SIZE];
    return alive(path, name_of(name, path, -1)) || (shared && shared_by_any(path));
}

/* ---- Taking ---- */

static bool still_mine(int descriptor, const char *name)
{
    const struct timespec moment = {.tv_nsec = MOMENT_NS};
    struct stat mine, there;
    nanosleep(&moment, NULL);
    return fstat(descriptor, &mine) == 0 && stat(name, &there) == 0 && mine.st_ino == there.st_ino;
}

/* -1 with errno EEXIST when a living holder has the name. */
static int take_name(const char *path, const char *name)
{
    char temporary[PATH_SIZE];
    if (alive(path, name)) {
        errno = EEXIST;
        return -1;
    }
    if (snprintf(temporary, sizeof temporary, "%s.tmp-%ld", path, (long)getpid()) >= PATH_SIZE) {
        errno = ENAMETOOLONG;
        return -1;
    }
    unlink(temporary);
    int made = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made < 0)
        return -1;
    guard_sign(made);
    bool stale = unlink(name) == 0;
    bool taken = link(temporary, name) == 0;
    unlink(temporary);
    if (taken && (!stale || still_mine(made, name)))
        return made;
    close(made);
    errno = EEXIST;
    return -1;
}

static int take_share(const char *path)
{
    char name[PATH_SIZE];
    int taken = -1;
    errno = EEXIST;
    for (int i = 0; i < SHARERS && taken < 0 && errno == EEXIST; i++)
        taken = take_name(path, name_of(name, path, i));
    return taken;
}

Status guard_take(const char *path, bool alone, int *descriptor, Error *error)
{
    char name[PATH_SIZE];
    int taken = alone ? take_name(path, name_of(name, path, -1)) : take_share(path);
    int reason = taken < 0 ? errno : 0;
    if (taken >= 0 && (alone ? shared_by_any(path) : guard_held(path, false))) {
        guard_release(taken);
        reason = EEXIST;
    }
    *descriptor = reason ? -1 : taken;
    if (reason == EEXIST)
        return fail(error, STATUS_BLOCKED, "%s is held by another ddil", path);
    return reason ? fail(error, STATUS_BAD_INPUT, "cannot write %s: %s", path, strerror(reason))
                  : STATUS_OK;
}

void guard_release(int descriptor)
{
    if (descriptor < 0)
        return;
    if (ftruncate(descriptor, 0) != 0)
        guard_beat(descriptor); /* it stays held until its process ends */
    close(descriptor);
}

void guard_beat(int descriptor)
{
    if (descriptor >= 0 && futimens(descriptor, NULL) != 0)
        return; /* a holder on this machine needs none */
}
