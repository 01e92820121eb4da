/* The n-th call fails, for every n of a short run's life: of malloc and its kin, of open, write,
 * fsync, rename, close and mmap. The run then ends with a status and a sentence, never with a
 * signal, and goes on from what is on the disk to the same logs. */
#include "engine/base/number.h"
#include "engine/store/checkpoint.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define FAULTS 0 /* a sanitizer brings a malloc of its own */
#else
#define FAULTS 1
#endif

#if FAULTS
/* Every call up to EACH, then every STRIDE-th: later ones are those of every step and save. NTH=N
 * in the environment: all of them from the N-th on, which takes minutes. */
enum { EACH = 25, STRIDE = 97 };

typedef enum Call {
    CALL_NONE,
    CALL_MEMORY,
    CALL_OPEN,
    CALL_WRITE,
    CALL_FSYNC,
    CALL_RENAME,
    CALL_CLOSE,
    CALL_MMAP,
    CALL_SIGNALS /* every other one of write and fsync is interrupted */
} Call;

/* What fails, and what the message must tell of it. */
static const struct {
    const char *word, *reason;
    /* clang-format off */
} CALL_ROWS[] = {
    [CALL_MEMORY] = {"malloc", "memory"             },
    [CALL_OPEN]   = {"open",   "Too many open files"},
    [CALL_WRITE]  = {"write",  "No space left"      },
    [CALL_FSYNC]  = {"fsync",  "Input/output error" },
    [CALL_RENAME] = {"rename", "Permission denied"  },
    [CALL_CLOSE]  = {"close",  "Input/output error" },
    [CALL_MMAP]   = {"mmap",   "memory"             },
};
/* clang-format on */
static atomic_int armed;
static atomic_long *left; /* shared with children */

/* Is this the call that is to fail? */
static bool strikes(Call call, int reason)
{
    if (atomic_load(&armed) != (int)call || atomic_fetch_sub(left, 1) != 1)
        return false;
    errno = reason;
    return true;
}

static bool interrupts(void)
{
    static atomic_uint turn;
    if (atomic_load(&armed) != CALL_SIGNALS || atomic_fetch_add(&turn, 1) % 2)
        return false;
    errno = EINTR;
    return true;
}

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size) { return strikes(CALL_MEMORY, ENOMEM) ? NULL : __libc_malloc(size); }

void *calloc(size_t n, size_t size)
{
    return strikes(CALL_MEMORY, ENOMEM) ? NULL : __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    return strikes(CALL_MEMORY, ENOMEM) ? NULL : __libc_realloc(old, size);
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap___open_2(const char *path, int flags);
int __wrap_open(const char *path, int flags, ...)
{
    return strikes(CALL_OPEN, EMFILE) ? -1 : __real_open(path, flags, 0666);
}
int __wrap___open_2(const char *path, int flags)
{
    return strikes(CALL_OPEN, EMFILE) ? -1 : __real_open(path, flags);
}

ssize_t __real_write(int file, const void *bytes, size_t size);
ssize_t __wrap_write(int file, const void *bytes, size_t size);
ssize_t __wrap_write(int file, const void *bytes, size_t size)
{
    return interrupts() || strikes(CALL_WRITE, ENOSPC) ? -1 : __real_write(file, bytes, size);
}

int __wrap_fsync(int file);
int __wrap_fsync(int file) /* no test waits for the disk */
{
    (void)file;
    return interrupts() || strikes(CALL_FSYNC, EIO) ? -1 : 0;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return strikes(CALL_RENAME, EACCES) ? -1 : __real_rename(from, to);
}

int __real_close(int file);
int __wrap_close(int file);
int __wrap_close(int file)
{
    int result = __real_close(file);
    return strikes(CALL_CLOSE, EIO) ? -1 : result;
}

void *__real_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    if (strikes(CALL_MMAP, ENOMEM))
        return MAP_FAILED;
    return __real_mmap(at, size, protection, flags, file, offset);
}

static void short_config(Config *config)
{
    tiny_config(config, "pd");
    tiny_set(config, "run.steps=9");
    tiny_set(config, "run.checkpoint_every=4");
    tiny_set(config, "run.eval_samples=20");
    tiny_set(config, "shift.every=4");
}

/* A run's whole life with a crew of its own; ends the process as the program ends. */
static void live(const char *runs)
{
    Error error = {{0}};
    Config config;
    Run *run;
    short_config(&config);
    json_set_alloc_funcs(need_bytes, free); /* as main does */
    Crew *crew = crew_new(1);
    Status status = run_create(&run, runs, "tiny", &config, crew, &error);
    if (!status) {
        RunPulse pulse = PULSE_MORE;
        while (pulse == PULSE_MORE)
            pulse = run_advance(run, &error);
        status = pulse == PULSE_FAILED ? STATUS_FAILED : STATUS_OK;
        run_close(run);
    }
    crew_free(crew);
    if (status)
        dprintf(STDERR_FILENO, "ddil: %s\n", error.text);
    _exit(status);
}

/* The only run in the folder; false: there is none. */
static bool find_run(const char *runs, char folder[PATH_SIZE])
{
    DIR *stream = opendir(runs);
    bool found = false;
    for (struct dirent *entry; stream && (entry = readdir(stream));)
        if (strncmp(entry->d_name, "0001-", 5) == 0) {
            file_join(folder, runs, entry->d_name);
            found = true;
        }
    if (stream)
        closedir(stream);
    return found;
}

/* Resumes what a fault left behind, which must come to the logs of `whole`. */
static void assert_resumes(const World *world, const char *runs, const char *whole)
{
    char folder[PATH_SIZE], *latest, newest[64];
    Run *run;
    Error error = {{0}};
    if (!find_run(runs, folder) || checkpoint_newest(folder) < 0)
        return; /* nothing was promised yet */
    if (run_resume(&run, folder, world->crew, &error))
        fail_msg("%s", error.text);
    assert_int_equal(run_until(run, -1), PULSE_DONE);
    run_close(run);
    assert_same_logs(folder, whole);
    latest = log_text(folder, "latest");
    snprintf(newest, sizeof newest, "ckpt-%08ld.safetensors\n", checkpoint_newest(folder));
    assert_string_equal(latest, newest);
    free(latest);
}

/* False once no call was left to fail. */
static bool fail_nth(const World *world, Call call, long n, const char *whole)
{
    char runs[PATH_SIZE], text[2048] = "";
    int ends[2], status;
    folder_new(runs);
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        atomic_store(left, n);
        atomic_store(&armed, call);
        live(runs);
    }
    close(ends[1]);
    ssize_t used = 0;
    for (ssize_t got = 1; got > 0 && used<(ssize_t)sizeof text - 1; used += got> 0 ? got : 0)
        got = read(ends[0], text + used, sizeof text - 1 - (size_t)used);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    bool said = strstr(text, "ddil: ") && strstr(text, CALL_ROWS[call].reason);
    if (!WIFEXITED(status) || (WEXITSTATUS(status) && !said))
        fail_msg("%s %ld: status 0x%x, \"%s\"", CALL_ROWS[call].word, n, (unsigned)status, text);
    assert_resumes(world, runs, whole);
    folder_gone(runs);
    return atomic_load(left) <= 0;
}

static void fail_each(void **state, Call call)
{
    World *world = *state;
    Config config;
    char whole[PATH_SIZE];
    short_config(&config);
    world_whole(world, &config, whole);
    left = mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long n = 1;
    bool all = getenv("NTH") && number_whole(getenv("NTH"), 1, LONG_MAX, &n);
    while (fail_nth(world, call, n, whole))
        n += n < EACH || all ? 1 : STRIDE;
    print_message("# %s: %ld calls\n", CALL_ROWS[call].word, n - 1);
    assert_true(n > 1);
    munmap(left, sizeof *left);
}

static void hear(int number) { (void)number; }

/* Two thousand signals a second, of a kind that ends what waits, and files that are interrupted. */
static void test_signals(void **state)
{
    static const struct itimerval often = {{0, 500}, {0, 500}};
    World *world = *state;
    Config config;
    char whole[PATH_SIZE], runs[PATH_SIZE], folder[PATH_SIZE];
    int status;
    short_config(&config);
    world_whole(world, &config, whole);
    folder_new(runs);
    pid_t child = fork();
    if (child == 0) {
        sigaction(SIGALRM, &(struct sigaction){.sa_handler = hear}, NULL);
        setitimer(ITIMER_REAL, &often, NULL);
        atomic_store(&armed, CALL_SIGNALS);
        live(runs);
    }
    while (waitpid(child, &status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_int_equal(status, 0);
    assert_true(find_run(runs, folder));
    assert_same_logs(folder, whole);
    folder_gone(runs);
}

static void test_memory(void **state) { fail_each(state, CALL_MEMORY); }
static void test_open(void **state) { fail_each(state, CALL_OPEN); }
static void test_write(void **state) { fail_each(state, CALL_WRITE); }
static void test_fsync(void **state) { fail_each(state, CALL_FSYNC); }
static void test_rename(void **state) { fail_each(state, CALL_RENAME); }
static void test_close(void **state) { fail_each(state, CALL_CLOSE); }
static void test_mmap(void **state) { fail_each(state, CALL_MMAP); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_signals, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_memory, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_open, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_write, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_fsync, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_rename, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_close, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_mmap, world_enter, world_leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif

#if !FAULTS
int main(void)
{
    puts("1..0 # skipped: a sanitizer has a malloc of its own");
    return 0;
}
#endif
