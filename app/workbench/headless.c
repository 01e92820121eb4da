/* Owns the loop of a process without a terminal. */
#include "app/workbench/headless.h"
#include "app/base/say.h"
#include "app/base/signals.h"
#include "app/workbench/live.h"
#include "engine/base/clock.h"
#include "engine/base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const double GRACE_S = 2, GRACE_WATCHED_S = 600;

Status headless_redirect(const char *runs, Error *error)
{
    char path[PATH_SIZE];
    int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int log =
        open(file_join(path, runs, "engine.log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (log < 0 || empty < 0)
        return fail(error, status_of(errno), "cannot write %s: %s", path, strerror(errno));
    fflush(stdout);
    fflush(stderr);
    dup2(empty, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    close(empty);
    close(log);
    return STATUS_OK;
}

static void log_news(const Snapshot *snapshot, long *told)
{
    long fresh = snapshot->notes_ever - *told;
    int first = fresh < snapshot->notes ? snapshot->notes - (int)fresh : 0;
    for (int i = first; i < snapshot->notes; i++)
        say(stdout, "%s %s\n", snapshot->note[i].time, snapshot->note[i].text);
    fflush(stdout);
    *told = snapshot->notes_ever;
}

/* What ends a process ends it, what asks for a save gets one; there is no terminal that could hang
 * up any more. */
static bool told_to_leave(Engine *engine, int signals)
{
    unsigned char number[64];
    ssize_t n = read(signals, number, sizeof number);
    bool leave = false, save = false;
    for (ssize_t i = 0; i < n; i++) {
        SignalSense sense = signals_sense(number[i]);
        leave = leave || sense == SENSE_STOP || number[i] == SIGINT;
        save = save || sense == SENSE_SAVE;
    }
    if (save)
        live_save(engine);
    return leave;
}

Status headless_serve(Engine *engine, int signals, Error *error)
{
    long told = 0;
    double idle_since = 0; /* clock; 0: at work */
    bool leave = false, ended = false;
    while (!leave && !ended) {
        const Snapshot *snapshot = engine_look(engine);
        log_news(snapshot, &told);
        double now = clock_s(), grace = engine_viewers(engine) ? GRACE_WATCHED_S : GRACE_S;
        if (live_any(snapshot))
            idle_since = 0;
        else if (idle_since == 0)
            idle_since = now;
        engine_drop(engine, snapshot);
        ended = idle_since > 0 && now - idle_since >= grace;
        struct pollfd wait[] = {{engine_wakeup(engine), POLLIN, 0}, {signals, POLLIN, 0}};
        if (!ended)
            poll(wait, 2, idle_since > 0 ? 500 : -1);
        leave = told_to_leave(engine, signals);
    }
    return leave ? fail(error, STATUS_INTERRUPTED, "told to leave; live runs are saved")
                 : STATUS_OK;
}
