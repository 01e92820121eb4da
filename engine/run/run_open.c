/* Creating and resuming. Everything that can be wrong with a configuration, its data, its
 * teacher or the checkpoint it starts from is found before a folder is made. */
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Creating ---- */

/* The folder that holds a run's folder. */
static void runs_of(const char *folder, char runs[PATH_SIZE])
{
    snprintf(runs, PATH_SIZE, "%s", folder);
    size_t length = strlen(runs);
    while (length > 1 && runs[length - 1] == '/')
        runs[--length] = 0;
    char *slash = strrchr(runs, '/');
    if (slash)
        slash[slash == runs] = 0;
    else
        snprintf(runs, PATH_SIZE, ".");
}

/* Several headless runs share a runs folder; a workbench has it alone, also from the runs
 * it works on itself. */
static Status share_runs(Run *run, const char *runs, Error *error)
{
    char path[PATH_SIZE], whose[WHOSE_SIZE];
    Error reason;
    file_join(path, runs, ".lock");
    if (folder_locked(path) && folder_owner(path) == (long)getpid())
        return STATUS_OK;
    Status status = folder_lock(path, false, &run->runs_lock, &reason);
    if (status != STATUS_BLOCKED)
        return status ? fail(error, status, "%s", reason.text) : STATUS_OK;
    return fail(error, status,
                "the folder %.200s belongs to a ddil workbench%s; start the run "
                "there, quit it, or name another folder with --runs",
                runs, folder_whose(path, whose));
}

static Status lock_run(Run *run, Error *error)
{
    char path[PATH_SIZE], whose[WHOSE_SIZE];
    Error reason;
    Status status = folder_lock(file_join(path, run->folder, "lock"), true, &run->lock, &reason);
    if (status == STATUS_BLOCKED)
        return fail(error, status, "run %04d is being worked on by another ddil%s", run_id(run),
                    folder_whose(path, whose));
    return status ? fail(error, status, "%s", reason.text) : STATUS_OK;
}

void run_sign(Run *run) { folder_sign(run->lock); }

/* A run of its own says what keeps others out; in a workbench's folder the workbench does. */
static void warn_of_guard(Run *run)
{
    char path[PATH_SIZE];
    if (run->runs_lock >= 0 && folder_guarded(file_join(path, run->folder, "lock")))
        run_warn(run, "this file system has no locks: %.160s.held keeps others out instead", path);
}

/* Everything a new run's folder holds before its first quantum. */
static Status furnish(Run *run, const char *event, Error *error)
{
    char path[PATH_SIZE];
    if (mkdir(file_join(path, run->folder, "samples"), 0777) != 0)
        return fail(error, status_of(errno), "cannot make folder %s: %s", path, strerror(errno));
    Status status = lock_run(run, error);
    if (!status)
        status = folder_write_ini(run->folder, &run->config, &run->lineage, error);
    if (!status)
        status = run_inputs_keep(run, error);
    if (!status)
        status = log_open(&run->log, run->folder, run->terms, run->term, error);
    if (!status && *event)
        status = run_event(run, run->step, event, error);
    if (!status) {
        run_mark_state(run, RUN_LIVE);
        warn_of_guard(run);
    }
    return status;
}

/* Gives a run its folder; what was made is removed again on error. */
Status run_settle(Run *run, const char *runs, const char *name, const char *event, Error *error)
{
    bool made_runs = !file_exists(runs), made = false;
    char lock[PATH_SIZE];
    Status status = made_runs ? file_make_folder(runs, error) : STATUS_OK;
    if (status)
        return status;
    status = share_runs(run, runs, error);
    if (!status) {
        status = folder_make(runs, name, run->folder, error);
        made = !status;
    }
    if (!status)
        status = furnish(run, event, error);
    if (status && made)
        folder_remove(run->folder, NULL);
    if (status && made_runs) {
        unlink(file_join(lock, runs, ".lock"));
        rmdir(runs);
    }
    return status;
}

Status run_create(Run **out, const char *runs, const char *name, const Config *config, Crew *crew,
                  Error *error)
{
    Run *run;
    *out = NULL;
    Status status = folder_check_name(name, error);
    if (!status)
        status = lab_config_check(config, error);
    if (status)
        return status;
    status = run_new(&run, config, crew, error);
    if (!status)
        status = run_settle(run, runs, name, "", error);
    if (!status)
        run_warn_of_networks(run);
    return run_give(out, run, status);
}

Status run_try(const Config *config, Crew *crew, Error *error)
{
    Run *run;
    Status status = lab_config_check(config, error);
    if (!status) {
        status = run_new(&run, config, crew, error);
        run_close(run);
    }
    return status;
}

/* ---- Resuming ---- */

/* Cuts the logs to what stood in them at the checkpoint, and reads them. */
static Status reopen_logs(Run *run, Error *error)
{
    long last = run->checkpoint < 0 ? -1 : run->step;
    Status status = log_cut(run->folder, last, run->stage > STAGE_SHIFT ? last : last - 1,
                            run->stage > STAGE_EVAL ? last : last - 1, error);
    if (!status)
        status = run_adopt_terms(run, error);
    if (!status)
        status = log_open(&run->log, run->folder, run->terms, run->term, error);
    if (!status)
        status = history_read(&run->history, run->folder, error);
    return status;
}

/* The last evaluation in the shape that callers of run_last_eval expect. */
static void recall_eval(Run *run)
{
    const History *history = &run->history;
    if (history->metrics_step < 0)
        return;
    run->evaluated = true;
    run->eval = (EvalReport){.k = history->metrics_k,
                             .nfe = history->metrics_nfe,
                             .n = history->metrics_n,
                             .metrics = history->metrics};
    for (int i = 0; i < history->metrics; i++) {
        const MetricView *view = &history->metric[i];
        run->eval.metric[i] = (Metric){view->name, view->value, view->low, view->high};
    }
}

/* What the samples looked like when they were last saved, until they are renewed. */
static void recall_samples(Run *run)
{
    char path[PATH_SIZE];
    run->gallery = gallery_load(file_join(path, run->folder, "samples/latest.safetensors"));
    if (run->gallery)
        run->gallery_step = gallery_view(run->gallery)->step;
    run->gallery_stale = true;
}

void run_recall(Run *run)
{
    recall_eval(run);
    recall_samples(run);
}

Status run_open_folder(Run **made, const char *folder, const Config *config, const Lineage *lineage,
                       Crew *crew, Error *error)
{
    Status status = run_new(made, config, crew, error);
    snprintf((*made)->folder, PATH_SIZE, "%s", folder);
    for (size_t n = strlen((*made)->folder); n > 1 && (*made)->folder[n - 1] == '/'; n--)
        (*made)->folder[n - 1] = 0;
    (*made)->lineage = *lineage;
    return status;
}

/* What a killed process left: half files, and samples of steps that will come again. */
static void sweep(const char *folder)
{
    char path[PATH_SIZE];
    folder_sweep(folder);
    unlink(run_live_samples(path, folder));
}

/* The state of the newest good checkpoint, and its logs. */
static Status recover(Run *run, const char *folder, Error *error)
{
    Status status = run_inputs_check(run, error);
    if (status)
        return status;
    sweep(folder);
    status = run_load_newest(run, folder, error);
    if (!status)
        status = reopen_logs(run, error);
    if (!status && run->passed_over.text[0])
        status = run_event(run, run->step, run->passed_over.text, error);
    return status;
}

Status run_resume(Run **out, const char *folder, Crew *crew, Error *error)
{
    Config config;
    Lineage lineage;
    char runs[PATH_SIZE], changes[MARK_TEXT_SIZE];
    Run *run;
    *out = NULL;
    lab_config_init(&config);
    Status status = folder_read_ini(folder, &config, &lineage, error);
    if (status)
        return status;
    status = run_check_ini(folder, &config, changes, sizeof changes, error);
    if (status)
        return status;
    int replaced = run_inputs_find(&config, folder, false);
    status = run_open_folder(&run, folder, &config, &lineage, crew, error);
    runs_of(folder, runs);
    if (!status)
        status = share_runs(run, runs, error);
    if (!status)
        status = lock_run(run, error);
    if (!status)
        status = recover(run, folder, error);
    if (!status) {
        run_recall(run);
        checkpoint_mend(folder, run->checkpoint);
        run->said = run->history.marks;
        warn_of_guard(run);
        if (replaced)
            run_warn(run, "a network's file is gone: the copy in the run's folder takes its place");
        run->state = run->history.state == RUN_DONE ? RUN_DONE : RUN_PAUSED;
        status = run_mark_ini(run, changes, error);
    }
    if (!status)
        status = log_rest(&run->log, error);
    return run_give(out, run, status);
}
