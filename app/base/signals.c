/* Owns the handlers. They only write: to a pipe, or, when all is lost, to the terminal.
 */
#include "app/base/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The last two are ignored. */
static const int caught[] = {SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP, SIGINT,
                             SIGUSR1,  SIGUSR2, SIGXCPU, SIGPIPE, SIGALRM};
static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
enum {
    CAUGHT = sizeof caught / sizeof *caught,
    FATAL = sizeof fatal / sizeof *fatal,
    HEARD = CAUGHT - 2
};

/* An interrupted sixel eats text until CAN and ST; then every mode we or curses may have
 * set goes off. */
static const char restore_text[] = "\030\033\\"
                                   "\033[?1000;1002;1003;1006l\033[?1004l\033[?2004l\033[?2026l"
                                   "\033(B\033[0m\033[?7h\033[?1l\033>\033[?25h\033[?1049l\r";

static struct {
    int pipe[2];
    struct sigaction before[CAUGHT], before_fatal[FATAL];
    volatile sig_atomic_t guarded;
    int terminal;
    struct termios sane;
    char *stack;
} own;

static void pass_on(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t ignored = write(own.pipe[1], &byte, 1); /* full: enough bytes are waiting */
    (void)ignored;
    errno = saved;
}

static void give_back(void)
{
    if (own.guarded) {
        own.guarded = 0;
        ssize_t ignored = write(own.terminal, restore_text, sizeof restore_text - 1);
        (void)ignored;
        tcsetattr(own.terminal, TCSANOW, &own.sane);
    }
}

static void crash(int number)
{
    give_back();
    for (int i = 0; i < FATAL; i++)
        if (fatal[i] == number)
            sigaction(number, &own.before_fatal[i], NULL);
    raise(number); /* delivered when this handler returns */
}

static void catch_fatal(void)
{
    own.stack = malloc(64 * 1024);
    stack_t stack = {.ss_sp = own.stack, .ss_size = 64 * 1024};
    struct sigaction action = {.sa_handler = crash, .sa_flags = SA_ONSTACK};
    need(own.stack);
    must(sigaltstack(&stack, NULL) == 0);
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &action, &own.before_fatal[i]);
}

SignalSense signals_sense(int number)
{
    switch (number) {
    case SIGUSR1: return SENSE_SAVE;
    case SIGTERM:
    case SIGUSR2:
    case SIGXCPU: return SENSE_STOP;
    default: return SENSE_NONE;
    }
}

sigset_t signals_caught(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (int i = 0; i < HEARD; i++)
        sigaddset(&set, caught[i]);
    return set;
}

Status signals_open(int *descriptor, Error *error)
{
    struct sigaction action = {.sa_handler = pass_on, .sa_flags = SA_RESTART};
    if (pipe(own.pipe) != 0)
        return fail(error, STATUS_FAILED, "cannot make a pipe for signals: %s", strerror(errno));
    for (int end = 0; end < 2; end++) {
        fcntl(own.pipe[end], F_SETFL, O_NONBLOCK);
        fcntl(own.pipe[end], F_SETFD, FD_CLOEXEC);
    }
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < CAUGHT; i++) {
        action.sa_handler = i < HEARD ? pass_on : SIG_IGN;
        sigaction(caught[i], &action, &own.before[i]);
    }
    catch_fatal();
    must_restore(give_back);
    *descriptor = own.pipe[0];
    return STATUS_OK;
}

void signals_close(void)
{
    must_restore(NULL);
    for (int i = 0; i < CAUGHT; i++)
        sigaction(caught[i], &own.before[i], NULL);
    for (int i = 0; i < FATAL; i++)
        sigaction(fatal[i], &own.before_fatal[i], NULL);
    stack_t off = {.ss_flags = SS_DISABLE};
    sigaltstack(&off, NULL);
    free(own.stack);
    own.stack = NULL;
    close(own.pipe[0]);
    close(own.pipe[1]);
}

void signals_stop_here(void)
{
    struct sigaction plain = {.sa_handler = SIG_DFL}, ours;
    sigaction(SIGTSTP, &plain, &ours);
    kill(0, SIGTSTP); /* the whole job, as the terminal would */
    sigaction(SIGTSTP, &ours, NULL);
}

void signals_guard(int descriptor, const struct termios *sane)
{
    own.terminal = descriptor;
    own.sane = *sane;
    own.guarded = 1;
}

void signals_unguard(void) { own.guarded = 0; }
