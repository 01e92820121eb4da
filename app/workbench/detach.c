/* Owns the fork of a workbench that leaves its engine running. */
#include "app/workbench/detach.h"
#include "app/base/say.h"
#include "app/base/signals.h"
#include "app/workbench/headless.h"
#include "app/workbench/live.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A hang-up may come as several signals: none may end the new process. */
static Status reopen_signals(int *signals, Error *error)
{
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    sigprocmask(SIG_BLOCK, &hangup, NULL);
    signals_close(); /* its pipe is shared with the process that leaves */
    Status status = signals_open(signals, error);
    sigprocmask(SIG_UNBLOCK, &hangup, NULL);
    return status;
}

_Noreturn static void go_on(Engine *engine, const char *runs, bool save, int tell)
{
    Error error = {{0}};
    int signals = -1;
    setsid();
    Status status = reopen_signals(&signals, &error);
    engine_headless(engine);
    if (!status)
        status = headless_redirect(runs, &error);
    if (!status)
        status = engine_unpark(engine, &error);
    if (!status && save)
        live_save(engine);
    if (write(tell, &error, sizeof error) != (ssize_t)sizeof error)
        status = STATUS_FAILED;
    close(tell);
    if (!status)
        status = headless_serve(engine, signals, &error);
    if (error.text[0])
        printf("%s\n", error.text);
    error.text[0] = 0;
    if (engine_close(engine, LEAVE_SAVE, &error))
        printf("%s\n", error.text);
    exit((int)status);
}

static void say_what_goes_on(const Snapshot *snapshot, const char *runs, long process)
{
    for (int i = 0; i < snapshot->runs; i++) {
        const RunView *view = snapshot->run[i];
        if (live_is(view))
            say(stderr, "run %d %s goes on at step %ld of %ld (process %ld)\n", view->id,
                view->name, view->step, view->steps, process);
    }
    say(stderr, "come back with: ddil --runs %s\n", runs);
    fprintf(stderr, "save and stop with: kill %ld\n", process);
}

Status detach_engine(Engine *engine, const char *runs, bool save, Status leave_with, Error *error)
{
    int ends[2];
    if (pipe(ends) != 0)
        return fail(error, STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    engine_park(engine);
    fflush(NULL);
    pid_t process = fork();
    if (process == 0) {
        close(ends[0]);
        go_on(engine, runs, save, ends[1]);
    }
    close(ends[1]);
    if (process < 0) {
        close(ends[0]);
        fail(error, STATUS_FAILED, "cannot start a process: %s", strerror(errno));
        Status status = engine_unpark(engine, NULL);
        return status ? status : STATUS_FAILED;
    }
    Error reason = {{0}};
    bool heard = read(ends[0], &reason, sizeof reason) == (ssize_t)sizeof reason;
    close(ends[0]);
    if (heard && !reason.text[0]) {
        say_what_goes_on(engine_look(engine), runs, (long)process);
    } else {
        fprintf(stderr, "ddil: %s\n", heard ? reason.text : "the engine did not go on");
        leave_with = STATUS_FAILED;
    }
    fflush(NULL);
    _exit((int)leave_with); /* what is open here is the other process's now */
}
