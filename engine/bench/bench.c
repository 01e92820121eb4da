/* Owns the table of named steps and their timing, each in a process of its own so that
 * each has its own peak of memory. */
#include "engine/bench/bench.h"
#include "engine/base/clock.h"
#include "engine/bench/bench_work.h"
#include "engine/distill/methods.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* clang-format off */
const BenchStep bench_steps[] = {
    {"mlp2d-train",    NULL,   true,  512, 0},
    {"image-train",    NULL,   false, 64,  0},
    {"image-sample-1", NULL,   false, 64,  1},
    {"image-sample-4", NULL,   false, 64,  4},
    {"pd-step",        "pd",   true,  0,   0},
    {"lcm-step",       "lcm",  true,  0,   0},
    {"dmd2-step",      "dmd2", true,  0,   0},
    {NULL,             NULL,   false, 0,   0},
};
/* clang-format on */

const BenchStep *bench_find(const char *name)
{
    for (const BenchStep *step = bench_steps; step->name; step++)
        if (strcmp(step->name, name) == 0)
            return step;
    return NULL;
}

bool bench_available(const BenchStep *step) { return !step->method || method_find(step->method); }

/* The reference networks: every size at its default. */
static const NetSpec points = {.kind = &net_mlp, .height = 1, .width = 1, .channels = 2};
static const NetSpec pictures = {
    .kind = &net_patch_unet, .height = 28, .width = 28, .channels = 1, .classes = 10};

static Status open_work(Work *work, const BenchStep *step, Error *error)
{
    const NetSpec *spec = step->points ? &points : &pictures;
    if (step->method)
        return work_lab(work, step->method, error);
    if (step->sampling_steps)
        work_sample(work, spec, step->batch, step->sampling_steps);
    else
        work_train(work, spec, step->batch);
    return STATUS_OK;
}

/* ---- Timing ---- */

enum { TURNS_MAX = 100000, TURNS_MIN = 5 };

static void do_turn(Work *work)
{
    for (int i = 0; i < work->turn; i++) {
        work->run(work);
        work->steps++;
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void time_turns(Work *work, double seconds, BenchResult *result)
{
    double *times = arena_alloc(&work->keep, sizeof *times * TURNS_MAX);
    int n = 0;
    for (int i = 0; i < work->warmup; i++)
        do_turn(work);
    long steps = work->steps;
    double flops = work->flops, cpu = clock_cpu_s();
    for (double end = clock_s() + seconds; n < TURNS_MAX; n++) {
        double start = clock_s();
        if (n >= TURNS_MIN && start >= end)
            break;
        do_turn(work);
        times[n] = clock_s() - start;
    }
    cpu = clock_cpu_s() - cpu;
    qsort(times, (size_t)n, sizeof *times, by_value);
    result->timed = work->steps - steps;
    result->cpu_seconds_per_step = cpu / (double)result->timed;
    result->flops_per_step = (work->flops - flops) / (double)result->timed;
    result->steps_per_second = work->turn / times[n / 2];
    result->best_steps_per_second = work->turn / times[0];
}

static double peak_mib(void)
{
    struct rusage usage;
    must(getrusage(RUSAGE_SELF, &usage) == 0);
#ifdef __APPLE__
    return (double)usage.ru_maxrss / (1 << 20);
#else
    return (double)usage.ru_maxrss / (1 << 10);
#endif
}

static Status bench_here(const BenchStep *step, int threads, double seconds, BenchResult *result,
                         Error *error)
{
    Work work = {.crew = crew_new(threads)};
    arena_init(&work.keep, (size_t)1 << 30);
    arena_init(&work.step, (size_t)1 << 30);
    Status status = open_work(&work, step, error);
    if (!status) {
        time_turns(&work, seconds, result);
        result->threads = threads;
        result->batch = work.batch;
        result->params = (long)work.model.size;
        result->peak_rss_mib = peak_mib();
    }
    arena_done(&work.step);
    arena_done(&work.keep);
    crew_free(work.crew);
    return status;
}

/* ---- A process of its own ---- */

/* What the child says, in one piece. */
typedef struct Message {
    Status status;
    BenchResult result;
    Error error;
} Message;

_Noreturn static void child(int out, const BenchStep *step, int threads, double seconds)
{
    Message message = {0};
    message.status = bench_here(step, threads, seconds, &message.result, &message.error);
    ssize_t written = write(out, &message, sizeof message);
    _exit(written == (ssize_t)sizeof message ? 0 : 1);
}

/* Reads until the child closes; true when it said everything. */
static bool listen_to(int in, Message *message)
{
    size_t have = 0;
    while (have < sizeof *message) {
        ssize_t n = read(in, (char *)message + have, sizeof *message - have);
        if (n > 0)
            have += (size_t)n;
        else if (n == 0 || errno != EINTR)
            break;
    }
    return have == sizeof *message;
}

Status bench_run(const BenchStep *step, int threads, double seconds, BenchResult *result,
                 Error *error)
{
    int ends[2];
    if (pipe(ends) != 0)
        return fail(error, STATUS_FAILED, "bench: no pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        child(ends[1], step, threads, seconds);
    }
    int why = errno;
    close(ends[1]);
    Message message = {0};
    bool told = pid > 0 && listen_to(ends[0], &message);
    close(ends[0]);
    if (pid < 0)
        return fail(error, STATUS_FAILED, "bench: no process: %s", strerror(why));
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (!told)
        return fail(error, STATUS_FAILED, "bench: %s with %d threads died", step->name, threads);
    *result = message.result;
    return message.status ? fail(error, message.status, "%s", message.error.text) : STATUS_OK;
}
