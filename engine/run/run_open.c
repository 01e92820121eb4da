/* Opening, saving and closing of runs. Everything that can be wrong with a configuration,
 * its data, its teacher or the checkpoint it starts from is found before a folder is
 * made. */
#include "engine/distill/method.h"
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Address space, not memory: pages are taken as they are touched. */
static const size_t KEEP_BYTES = (size_t)8 << 30, SCRATCH_BYTES = (size_t)4 << 30;

/* ---- A run in memory
 * ------------------------------------------------------------------------------------------
 */

/* The columns that follow lr in metrics.csv. */
static void name_terms(Run *run)
{
    static const char *const ORIGIN[ORIGINS] = {"loss_data", "loss_teacher",
                                                "loss_student"};
    const Method *method = run->lab.method;
    for (int i = 0; method->terms && method->terms[i]; i++)
        run->term[run->terms++] = method->terms[i];
    for (int o = 0; method->uses_source && o < ORIGINS; o++)
        run->term[run->terms++] = ORIGIN[o];
}

/* A run with its lab, without a folder. */
static Status run_new(Run **made, const Config *config, Crew *crew, Error *error)
{
    Run *run = calloc(1, sizeof *run);
    must(run);
    *made = run;
    run->lock = run->runs_lock = -1;
    run->checkpoint = -1;
    run->config = *config;
    run->pretrain_loss = NAN;
    run->state = RUN_PAUSED;
    arena_init(&run->keep, KEEP_BYTES);
    arena_init(&run->scratch, SCRATCH_BYTES);
    Status status = lab_open(&run->lab, config, crew, &run->keep, &run->scratch, error);
    if (!status)
        status = run_open_shift(run);
    if (status)
        return status;
    run_set_cadence(run);
    name_terms(run);
    history_init(&run->history, run->terms, run->term);
    return STATUS_OK;
}

void run_close(Run *run)
{
    if (!run)
        return;
    log_close(&run->log);
    if (run->lock >= 0)
        close(run->lock);
    if (run->runs_lock >= 0)
        close(run->runs_lock);
    gallery_drop(run->gallery);
    history_done(&run->history);
    arena_done(&run->keep);
    arena_done(&run->scratch);
    free(run);
}

/* Hands the run over, or closes it. */
static Status give(Run **out, Run *run, Status status)
{
    if (status) {
        run_close(run);
        run = NULL;
    }
    *out = run;
    return status;
}

/* ---- Checkpoints
 * ------------------------------------------------------------------------------------------------
 */

static void state_walk(void *context, Walk *walk)
{
    Run *run = context;
    int64_t step = run->step, stage = run->stage, pretrained = run->pretrained;
    walk_i64(walk, "run.step", 1, &step);
    walk_i64(walk, "run.stage", 1, &stage);
    walk_i64(walk, "run.pretrained", 1, &pretrained);
    run->step = (long)step;
    run->stage = stage >= 0 && stage <= STAGE_STEP ? (Stage)stage : STAGE_STEP;
    run->pretrained = (long)pretrained;
    lab_walk(&run->lab, walk);
}

Status run_save_quietly(Run *run, Error *error)
{
    Status status = log_sync(&run->log, error);
    if (status)
        return status;
    char *config = folder_config_text(&run->config);
    status = checkpoint_save(run->folder, run->step, config, state_walk, run, error);
    free(config);
    if (!status)
        run->checkpoint = run->step;
    return status;
}

Status run_save(Run *run, Error *error)
{
    must(!run->looking);
    return run_save_quietly(run, error);
}

/* Numbers that index memory: a file cannot be trusted with them. */
static bool replay_sane(const Replay *replay, int classes)
{
    if (!replay->capacity)
        return true;
    bool sane = replay->filled >= 0 && replay->filled <= replay->capacity &&
                replay->next >= 0 && replay->next < replay->capacity && replay->made >= 0;
    for (int i = 0; i < replay->capacity; i++)
        sane = sane && replay->label[i] >= 0 && replay->label[i] <= classes;
    return sane;
}

/* Loads one checkpoint of `folder` into a fresh run. */
static Status load(Run *run, const char *folder, long step, Error *error)
{
    Status status = checkpoint_load(folder, step, state_walk, run, error);
    if (status)
        return status;
    const Lab *lab = &run->lab;
    bool sane = run->step == step && run->pretrained >= 0 && lab->student.updates >= 0 &&
                replay_sane(&lab->source.teacher, lab->data.classes) &&
                replay_sane(&lab->source.student, lab->data.classes);
    if (sane)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s: the checkpoint of step %ld holds counters that cannot be", folder,
                step);
}

/* The newest good checkpoint, if there is any checkpoint at all. A damaged one is passed
 * over. */
static Status load_newest(Run *run, const char *folder, Error *error)
{
    long *steps;
    int n = checkpoint_list(folder, &steps);
    Status status = STATUS_OK;
    Error reason = {{0}};
    for (int i = n - 1; i >= 0; i--) {
        status = load(run, folder, steps[i], i == n - 1 ? &reason : NULL);
        if (status)
            continue;
        run->checkpoint = steps[i];
        break;
    }
    free(steps);
    return status ? fail(error, STATUS_BAD_INPUT, "%s", reason.text) : STATUS_OK;
}

/* ---- Creating
 * ---------------------------------------------------------------------------------------------------
 */

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
    char path[PATH_SIZE];
    Error reason;
    file_join(path, runs, ".lock");
    if (folder_locked(path) && folder_owner(path) == (long)getpid())
        return STATUS_OK;
    Status status = folder_lock(path, false, &run->runs_lock, &reason);
    if (status != STATUS_BLOCKED)
        return status ? fail(error, status, "%s", reason.text) : STATUS_OK;
    return fail(
        error, status,
        "the folder %.200s belongs to a ddil workbench (process %ld); start the run "
        "there, quit it, or name another folder with --runs",
        runs, folder_owner(path));
}

static Status lock_run(Run *run, Error *error)
{
    char path[PATH_SIZE];
    Error reason;
    Status status =
        folder_lock(file_join(path, run->folder, "lock"), true, &run->lock, &reason);
    if (status == STATUS_BLOCKED)
        return fail(error, status,
                    "run %04d is being worked on by another ddil (process %ld)",
                    run_id(run), folder_owner(path));
    return status ? fail(error, status, "%s", reason.text) : STATUS_OK;
}

/* Everything a new run's folder holds before its first quantum. */
static Status furnish(Run *run, const char *event, Error *error)
{
    char path[PATH_SIZE];
    if (mkdir(file_join(path, run->folder, "samples"), 0777) != 0)
        return fail(error, STATUS_BAD_INPUT, "cannot make folder %s: %s", path,
                    strerror(errno));
    Status status = lock_run(run, error);
    if (!status)
        status = folder_write_ini(run->folder, &run->config, &run->lineage, error);
    if (!status)
        status = log_open(&run->log, run->folder, run->terms, run->term, error);
    if (!status && *event) {
        history_event(&run->history, run->step, event);
        status = log_event(&run->log, run->step, event, error);
    }
    if (!status)
        run_mark_state(run, RUN_LIVE);
    return status;
}

/* Gives a run its folder; what was made is removed again on error. */
static Status settle(Run *run, const char *runs, const char *name, const char *event,
                     Error *error)
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

Status run_create(Run **out, const char *runs, const char *name, const Config *config,
                  Crew *crew, Error *error)
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
        status = settle(run, runs, name, "", error);
    return give(out, run, status);
}

/* ---- Resuming
 * ---------------------------------------------------------------------------------------------------
 */

/* Cuts the logs to what stood in them at the checkpoint, and reads them. */
static Status reopen_logs(Run *run, Error *error)
{
    long last = run->checkpoint < 0 ? -1 : run->step;
    Status status = log_cut(run->folder, last, run->stage > STAGE_SHIFT ? last : last - 1,
                            run->stage > STAGE_EVAL ? last : last - 1, error);
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
        run->eval.metric[i] = (Metric){arena_text(&run->keep, view->name), view->value,
                                       view->low, view->high};
    }
}

static Status open_folder(Run **made, const char *folder, const Config *config,
                          const Lineage *lineage, Crew *crew, Error *error)
{
    Status status = run_new(made, config, crew, error);
    snprintf((*made)->folder, PATH_SIZE, "%s", folder);
    for (size_t n = strlen((*made)->folder); n > 1 && (*made)->folder[n - 1] == '/'; n--)
        (*made)->folder[n - 1] = 0;
    (*made)->lineage = *lineage;
    return status;
}

Status run_resume(Run **out, const char *folder, Crew *crew, Error *error)
{
    Config config;
    Lineage lineage;
    char runs[PATH_SIZE];
    Run *run;
    *out = NULL;
    lab_config_init(&config);
    Status status = folder_read_ini(folder, &config, &lineage, error);
    if (status)
        return status;
    status = open_folder(&run, folder, &config, &lineage, crew, error);
    runs_of(folder, runs);
    if (!status)
        status = share_runs(run, runs, error);
    if (!status)
        status = lock_run(run, error);
    if (!status)
        status = load_newest(run, folder, error);
    if (!status)
        status = reopen_logs(run, error);
    if (!status) {
        recall_eval(run);
        run->state = run->history.state == RUN_DONE ? RUN_DONE : RUN_PAUSED;
    }
    return give(out, run, status);
}

/* ---- Looking and forking
 * ----------------------------------------------------------------------------------------
 */

/* The configuration in force at a saved step; *step -1 becomes the newest. */
static Status config_at(const char *folder, long *step, Config *config, Lineage *lineage,
                        Error *error)
{
    long newest = checkpoint_newest(folder);
    char *text;
    lab_config_init(config);
    Status status = folder_read_ini(folder, config, lineage, error);
    if (!status && newest < 0)
        return fail(error, STATUS_BAD_INPUT, "%s: has no checkpoint yet", folder);
    if (*step < 0)
        *step = newest;
    if (status || *step == newest)
        return status;
    status = checkpoint_config(folder, *step, &text, error);
    if (status)
        return status;
    status = config_read_text(config, folder, text, error);
    free(text);
    return status;
}

Status run_look(Run **out, const char *folder, long step, Crew *crew, Error *error)
{
    Config config;
    Lineage lineage;
    Run *run;
    bool newest = step < 0;
    *out = NULL;
    Status status = config_at(folder, &step, &config, &lineage, error);
    if (status)
        return status;
    status = open_folder(&run, folder, &config, &lineage, crew, error);
    if (!status)
        status =
            newest ? load_newest(run, folder, error) : load(run, folder, step, error);
    if (!status)
        status = history_read(&run->history, folder, error);
    if (!status) {
        recall_eval(run);
        run->looking = true;
        run->checkpoint = run->step;
        run->state = run->history.state;
    }
    return give(out, run, status);
}

/* Applies lines of "section.key=value". */
static Status apply_lines(Config *config, const char *lines, Error *error)
{
    Status status = STATUS_OK;
    while (*lines && !status) {
        char line[COMMAND_TEXT_SIZE];
        size_t length = strcspn(lines, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, lines);
        lines += length + (lines[length] == '\n');
        if (line[strspn(line, " \t")])
            status = config_set(config, line, error);
    }
    return status;
}

/* Names the overrides that only apply to forks when the checkpoint does not fit: they
 * changed a shape. */
static Status blame(const Config *before, const Config *after, const Error *reason,
                    Error *error)
{
    char names[160] = "";
    for (int i = 0; i < after->n; i++) {
        size_t used = strlen(names);
        if (after->row[i]->applies == APPLIES_FORK &&
            strcmp(before->value[i].text, after->value[i].text) != 0)
            snprintf(names + used, sizeof names - used, "%s%s.%s", used ? ", " : "",
                     after->row[i]->section, after->row[i]->key);
    }
    if (!*names)
        return fail(error, STATUS_BAD_INPUT, "%s", reason->text);
    return fail(error, STATUS_BAD_INPUT,
                "a fork cannot change %s: the checkpoint does not fit (%.300s)", names,
                reason->text);
}

static Status load_fork(Run *run, const char *folder, long step, const Config *before,
                        Error *error)
{
    Error reason;
    Status status = load(run, folder, step, &reason);
    if (status)
        return blame(before, &run->config, &reason, error);
    if (run->step > run->lab.steps)
        return fail(error, STATUS_BAD_INPUT,
                    "run.steps = %ld: the fork begins at step %ld", run->lab.steps,
                    run->step);
    return STATUS_OK;
}

Status run_fork(Run **out, const char *runs, const char *folder, long step,
                const char *name, const char *overrides, Crew *crew, Error *error)
{
    Config before, config;
    Lineage lineage;
    char event[160];
    Run *run;
    *out = NULL;
    if (!name || !*name)
        name = folder_name(folder);
    Status status = folder_check_name(name, error);
    if (!status)
        status = config_at(folder, &step, &before, &lineage, error);
    config = before;
    if (!status)
        status = apply_lines(&config, overrides, error);
    if (!status)
        status = lab_config_check(&config, error);
    if (status)
        return status;
    status = run_new(&run, &config, crew, error);
    if (!status)
        status = load_fork(run, folder, step, &before, error);
    run->lineage = (Lineage){.parent = folder_id(folder), .parent_step = step};
    snprintf(run->lineage.parent_name, sizeof run->lineage.parent_name, "%.63s",
             folder_name(folder));
    snprintf(event, sizeof event, "forked from %04d@%ld", run->lineage.parent, step);
    if (!status)
        status = settle(run, runs, name, event, error);
    if (!status) { /* so that it can be resumed wherever it is stopped */
        status = run_save_quietly(run, error);
        if (status)
            folder_remove(run->folder, NULL);
    }
    return give(out, run, status);
}
