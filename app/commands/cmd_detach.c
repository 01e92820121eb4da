/* Owns run --detach: a child without a terminal opens the engine, starts the runs, tells
 * its parent how that went, and goes on alone. Where another process owns the folder, the
 * runs are started there. */
#include "app/base/say.h"
#include "app/base/signals.h"
#include "app/commands/commands.h"
#include "app/workbench/headless.h"
#include "app/workbench/launch.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the child tells its parent, once, through a pipe. */
typedef struct Report {
    Status status;
    bool elsewhere; /* in the process that owned the folder already */
    long process;
    int runs;
    int run[ARGUMENTS_MAX];
    char name[ARGUMENTS_MAX][NAME_SIZE];
    Error error;
} Report;

/* ---- The child ---- */

static const RunView *run_of(const Snapshot *snapshot, int id)
{
    for (int i = 0; i < snapshot->runs; i++)
        if (snapshot->run[i]->id == id)
            return snapshot->run[i];
    return NULL;
}

/* Waits for the answer to a command, and for the run it made to be known; its name. */
static NoteView answer_to(Engine *engine, long ticket, char name[NAME_SIZE])
{
    for (;;) {
        const Snapshot *snapshot = engine_look(engine);
        for (int i = 0; i < snapshot->notes; i++) {
            NoteView note = snapshot->note[i];
            const RunView *run = run_of(snapshot, note.run);
            if (note.ticket != ticket || (!note.status && !run))
                continue;
            if (run)
                snprintf(name, NAME_SIZE, "%s", run->name);
            engine_drop(engine, snapshot);
            return note;
        }
        engine_drop(engine, snapshot);
        struct pollfd wait = {engine_wakeup(engine), POLLIN, 0};
        poll(&wait, 1, -1);
    }
}

static void start_runs(Engine *engine, const Options *options, Report *report)
{
    for (int i = 0; i < options->arguments && !report->status; i++) {
        Command command;
        report->status = launch_command(options, i, &command, &report->error);
        if (report->status)
            return;
        NoteView note =
            answer_to(engine, engine_send(engine, &command), report->name[report->runs]);
        report->status = note.status;
        if (note.status)
            fail(&report->error, note.status, "%s", note.text);
        else
            report->run[report->runs++] = note.run;
    }
}

static void open_and_start(Engine **engine, const Options *options, Report *report)
{
    EngineOptions wanted = {.runs = options->runs,
                            .threads = options->threads > 0 ? (int)options->threads : 0,
                            .headless = true};
    report->process = (long)getpid();
    report->status = engine_open(engine, &wanted, &report->error);
    if (report->status)
        return;
    start_runs(*engine, options, report);
    const Snapshot *snapshot = engine_look(*engine);
    report->elsewhere = !engine_owns(*engine);
    report->process = snapshot->owner.process;
    engine_drop(*engine, snapshot);
    if (!report->status && !report->elsewhere)
        report->status = headless_redirect(options->runs, &report->error);
}

static Status child(const Options *options, int tell)
{
    Engine *engine = NULL;
    Report report = {.status = STATUS_OK};
    int signals = -1;
    setsid();
    report.status = signals_open(&signals, &report.error);
    if (!report.status)
        open_and_start(&engine, options, &report);
    bool goes_on = !report.status && !report.elsewhere;
    ssize_t told = write(tell, &report, sizeof report);
    close(tell);
    Error error = {{0}};
    Status status = told == (ssize_t)sizeof report ? report.status : STATUS_FAILED;
    if (goes_on)
        status = headless_serve(engine, signals, &error);
    if (error.text[0])
        printf("%s\n", error.text);
    if (engine_close(engine, LEAVE_SAVE, &error)) {
        printf("%s\n", error.text);
        status = STATUS_FAILED;
    }
    fflush(stdout);
    return status;
}

/* ---- The parent ---- */

static Status hear(int from, Report *report, Error *error)
{
    size_t got = 0;
    ssize_t n = 1;
    while (got < sizeof *report && (n > 0 || errno == EINTR)) {
        n = read(from, (char *)report + got, sizeof *report - got);
        got += n > 0 ? (size_t)n : 0;
        if (n == 0)
            break;
    }
    if (got < sizeof *report)
        return fail(error, STATUS_FAILED,
                    "the process in the background died before the "
                    "run was started");
    return report->status ? fail(error, report->status, "%s", report->error.text) : STATUS_OK;
}

static void print_how(const Report *report, const Options *options)
{
    for (int i = 0; i < report->runs; i++) {
        if (options->quiet)
            printf("%s/%04d-%s\n", options->runs, report->run[i], report->name[i]);
        else
            say(stdout, "run %d %s trains in the background (process %ld%s)\n", report->run[i],
                report->name[i], report->process,
                report->elsewhere ? ", which owned the folder already" : "");
    }
    if (!options->quiet)
        printf("look at it and steer it with: ddil --runs %s\n"
               "save and stop everything with: kill %ld\n",
               options->runs, report->process);
}

/* Forked before there are threads. */
Status detach_runs(const Options *options, Error *error)
{
    int ends[2];
    Report report;
    fflush(NULL);
    if (pipe(ends) != 0)
        return fail(error, STATUS_FAILED, "cannot make a pipe: %s", strerror(errno));
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    pid_t process = fork();
    if (process < 0)
        return fail(error, STATUS_FAILED, "cannot start a process: %s", strerror(errno));
    if (process == 0) {
        close(ends[0]);
        _exit((int)child(options, ends[1]));
    }
    close(ends[1]);
    Status status = hear(ends[0], &report, error);
    close(ends[0]);
    if (status || report.elsewhere)
        waitpid(process, NULL, 0);
    if (!status)
        print_how(&report, options);
    return status;
}
