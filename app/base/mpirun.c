/* Owns the child that is mpirun, or what mpirun started. */
#include "app/base/mpirun.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

static volatile sig_atomic_t child; /* its process, 0: none */

static void pass_on(int number)
{
    if (child > 0)
        kill((pid_t)child, number == SIGUSR1 ? SIGUSR1 : SIGUSR2);
}

static void catch_signals(void)
{
    static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU};
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART}, before;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        if (sigaction(caught[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(caught[i], &action, NULL);
}

static int await(pid_t process)
{
    int how = 0;
    while (waitpid(process, &how, 0) < 0 && errno == EINTR)
        continue;
    child = 0;
    return how;
}

/* ---- Above mpirun ---- */

/* A group of its own: what is typed at the terminal comes to us alone, and so does what it reads.
 */
_Noreturn static void be_launcher(char **argument, pid_t parent)
{
    int empty = open("/dev/null", O_RDONLY);
    setpgid(0, 0);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGTERM);
#endif
    if (getppid() == parent && empty >= 0 && dup2(empty, STDIN_FILENO) >= 0)
        execvp(argument[0], argument);
    fprintf(stderr, "ddil: cannot start %s: %s\n", argument[0], strerror(errno));
    _exit(STATUS_BLOCKED);
}

static char **arguments(long ranks, bool open_mpi, char *const *word, char *self, char number[24])
{
    int n = 0, i = 0;
    while (word[n])
        n++;
    char **argument = need(calloc((size_t)n + 8, sizeof *argument));
    argument[i++] = "mpirun";
    if (open_mpi) {
        argument[i++] = "--oversubscribe";
        argument[i++] = "--bind-to";
        argument[i++] = "none";
    }
    snprintf(number, 24, "%ld", ranks);
    argument[i++] = "-n";
    argument[i++] = number;
    argument[i++] = self;
    for (int k = 1; k < n; k++)
        argument[i++] = word[k];
    return argument;
}

/* This program's own codes are passed on; every other one is of a process that was lost. */
static Status ended(int how, Error *error)
{
    if (WIFEXITED(how) && WEXITSTATUS(how) <= STATUS_BLOCKED) {
        error->text[0] = 0; /* the first rank has said it */
        return (Status)WEXITSTATUS(how);
    }
    return fail(error, STATUS_FAILED, "a process of the run was lost (mpirun's own code is %d)",
                WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how));
}

Status mpirun(long ranks, bool open_mpi, char *const *word, Error *error)
{
    char number[24], *self = realpath("/proc/self/exe", NULL);
    char **argument = arguments(ranks, open_mpi, word, self ? self : word[0], number);
    pid_t parent = getpid(), process = fork();
    if (process == 0)
        be_launcher(argument, parent);
    child = process;
    catch_signals();
    int how = process > 0 ? await(process) : 0;
    free(argument);
    free(self);
    return process < 0 ? fail(error, STATUS_FAILED, "cannot start a process: %s", strerror(errno))
                       : ended(how, error);
}

/* ---- Beneath it ---- */

/* Whoever looks for the processes of a run by their command finds those that train. */
static void take_title(char *const *word, const char *title)
{
    size_t n = 0;
    for (int i = 0; word[i] && word[i] == word[0] + n; i++)
        n += strlen(word[i]) + 1;
    if (n > 0)
        strncpy(word[0], title, n - 1); /* and nothing behind it */
#ifdef __linux__
    prctl(PR_SET_NAME, title);
#endif
}

/* Half a second, in which the first rank says what stands. */
_Noreturn static void lament(int rank, int signal_number, pid_t process)
{
    const struct timespec half = {0, 500 * 1000 * 1000};
    fprintf(stderr, "ddil: rank %d (process %ld) was ended by signal %d\n", rank, (long)process,
            signal_number);
    nanosleep(&half, NULL);
    _exit(STATUS_FAILED);
}

_Noreturn static void watch(pid_t process, int rank, char *const *word, const sigset_t *mask)
{
    child = process;
    catch_signals();
    sigprocmask(SIG_SETMASK, mask, NULL);
    take_title(word, "(ddil waits)");
    int how = await(process);
    if (WIFSIGNALED(how))
        lament(rank, WTERMSIG(how), process);
    _exit(WEXITSTATUS(how));
}

void mpirun_watched(int rank, char *const *word)
{
    sigset_t all, mask;
    pid_t parent = getpid();
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &mask);
    pid_t process = fork();
    if (process > 0)
        watch(process, rank, word, &mask);
#ifdef __linux__
    if (process == 0)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (process == 0 && getppid() != parent)
        _exit(STATUS_FAILED);
    sigprocmask(SIG_SETMASK, &mask, NULL);
}
