/* Owns the children. */
#include "app/base/jobs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static volatile sig_atomic_t interrupted;
static const int asked_by[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR2, SIGXCPU};
static const int deaf_to[] = {SIGUSR1, SIGALRM,
                              SIGPIPE}; /* jobs save at checkpoints of their own */
enum { ASKED_BY = sizeof asked_by / sizeof *asked_by, DEAF_TO = sizeof deaf_to / sizeof *deaf_to };

static void on_signal(int number) { interrupted = number; }

bool jobs_interrupted(void) { return interrupted != 0; }

/* SIGCHLD only wakes the parent from its sleep. */
static void on_child(int number) { (void)number; }

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal}, child = {.sa_handler = on_child};
    struct sigaction before;
    sigemptyset(&action.sa_mask);
    sigemptyset(&child.sa_mask);
    for (int i = 0; i < ASKED_BY; i++)
        if (sigaction(asked_by[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(asked_by[i], &action, NULL);
    for (int i = 0; i < DEAF_TO; i++)
        signal(deaf_to[i], SIG_IGN);
    sigaction(SIGCHLD, &child, NULL);
}

typedef struct Crowd {
    const Jobs *jobs;
    JobProgress *progress; /* [n], shared with the children */
    pid_t *process;        /* [n], 0: not running */
    bool *running;         /* [n] */
    int busy;
} Crowd;

/* ---- Children ---- */

static _Noreturn void child(Crowd *crowd, int job, pid_t parent)
{
    Error error = {.text = ""};
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    if (getppid() != parent)
        _exit(STATUS_INTERRUPTED); /* it died before we asked to be told */
    signal(SIGCHLD, SIG_DFL);
    JobProgress *progress = &crowd->progress[job];
    Status status = crowd->jobs->run(crowd->jobs->context, job, progress, &error);
    snprintf(progress->text, sizeof progress->text, "%.399s", status ? error.text : "");
    fflush(NULL);
    _exit(status);
}

static Status start(Crowd *crowd, int job, Error *error)
{
    pid_t parent = getpid();
    fflush(NULL); /* nothing is printed twice */
    crowd->progress[job] = (JobProgress){0};
    pid_t process = fork();
    if (process == 0)
        child(crowd, job, parent);
    if (process < 0)
        return fail(error, STATUS_FAILED, "cannot start a process: %s", strerror(errno));
    crowd->process[job] = process;
    crowd->running[job] = true;
    crowd->busy++;
    return STATUS_OK;
}

static Status start_what_is_ready(Crowd *crowd, Error *error)
{
    const Jobs *jobs = crowd->jobs;
    Status status = STATUS_OK;
    for (int job = 0; job < jobs->n && crowd->busy < jobs->at_once && !status; job++)
        if (!crowd->running[job] && jobs->state(jobs->context, job) == JOB_READY)
            status = start(crowd, job, error);
    return status;
}

static void took_its_leave(Crowd *crowd, int job, int how)
{
    const Jobs *jobs = crowd->jobs;
    char text[sizeof crowd->progress->text];
    snprintf(text, sizeof text, "%s", crowd->progress[job].text);
    Status status = WIFEXITED(how) ? (Status)WEXITSTATUS(how) : STATUS_FAILED;
    if (WIFSIGNALED(how))
        snprintf(text, sizeof text, "killed by signal %d", WTERMSIG(how));
    crowd->running[job] = false;
    crowd->process[job] = 0;
    crowd->busy--;
    jobs->ended(jobs->context, job, status, text);
}

static void gather(Crowd *crowd)
{
    int how;
    for (pid_t process; (process = waitpid(-1, &how, WNOHANG)) > 0;)
        for (int job = 0; job < crowd->jobs->n; job++)
            if (crowd->process[job] == process)
                took_its_leave(crowd, job, how);
}

/* ---- The parent ---- */

static void stop_all(const Crowd *crowd)
{
    for (int job = 0; job < crowd->jobs->n; job++)
        if (crowd->running[job])
            kill(crowd->process[job], SIGTERM);
}

static Status keep_busy(Crowd *crowd, Error *error)
{
    const struct timespec half = {0, 500 * 1000 * 1000};
    Status status = STATUS_OK;
    bool told = false;
    for (;;) {
        gather(crowd);
        bool stop = status || interrupted;
        if (!stop)
            status = start_what_is_ready(crowd, error);
        if (stop && !told) {
            stop_all(crowd);
            told = true;
        }
        if (crowd->busy == 0)
            break;
        crowd->jobs->tick(crowd->jobs->context, crowd->running, crowd->progress);
        nanosleep(&half, NULL); /* a child's end wakes it */
    }
    if (!status && interrupted)
        status = STATUS_INTERRUPTED;
    return status;
}

Status jobs_run(const Jobs *jobs, Error *error)
{
    size_t n = (size_t)jobs->n;
    JobProgress *progress = mmap(NULL, sizeof *progress * (n + 1), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        return fail(error, STATUS_FAILED, "no memory for %d jobs: %s", jobs->n, strerror(errno));
    Crowd crowd = {jobs, progress, calloc(n + 1, sizeof(pid_t)), calloc(n + 1, sizeof(bool)), 0};
    Status status = crowd.process && crowd.running
                        ? STATUS_OK
                        : fail(error, STATUS_FAILED, "no memory for %d jobs", jobs->n);
    if (!status) {
        catch_signals();
        status = keep_busy(&crowd, error);
    }
    free(crowd.running);
    free(crowd.process);
    munmap(progress, sizeof *progress * (n + 1));
    return status;
}
