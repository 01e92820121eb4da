/* Looking at a run and branching from it: what starts from a saved step. */
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include <stdlib.h>
#include <string.h>

/* ---- Looking and forking ---- */

Status run_config_at(const char *folder, long *step, Config *config, Lineage *lineage, Error *error)
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
    Status status = run_config_at(folder, &step, &config, &lineage, error);
    if (status)
        return status;
    run_inputs_find(&config, folder, true);
    status = run_open_folder(&run, folder, &config, &lineage, crew, error);
    if (!status)
        status = newest ? run_load_newest(run, folder, error) : run_load(run, folder, step, error);
    if (!status)
        status = history_read(&run->history, folder, error);
    if (!status) {
        run_recall(run);
        run->looking = true;
        run->checkpoint = run->step;
        run->state = run->history.state;
    }
    return run_give(out, run, status);
}

/* Names the overrides that only apply to forks when the checkpoint does not fit: they
 * changed a shape. */
static Status blame(const Config *before, const Config *after, const Error *reason, Error *error)
{
    char names[160] = "";
    for (int i = 0; i < after->n; i++) {
        size_t used = strlen(names);
        if (after->row[i]->applies == APPLIES_FORK &&
            strcmp(config_value(before, i), config_value(after, i)) != 0)
            snprintf(names + used, sizeof names - used, "%s%s.%s", used ? ", " : "",
                     after->row[i]->section, after->row[i]->key);
    }
    if (!*names)
        return fail(error, STATUS_BAD_INPUT, "%s", reason->text);
    return fail(error, STATUS_BAD_INPUT,
                "a fork cannot change %s: the checkpoint does not fit (%.300s)", names,
                reason->text);
}

static Status load_fork(Run *run, const char *folder, long step, const Config *before, Error *error)
{
    Error reason;
    Status status = run_load(run, folder, step, &reason);
    if (status)
        return blame(before, &run->config, &reason, error);
    if (run->step > run->lab.steps)
        return fail(error, STATUS_BAD_INPUT, "run.steps = %ld: the fork begins at step %ld",
                    run->lab.steps, run->step);
    return STATUS_OK;
}

Status run_fork(Run **out, const char *runs, const char *folder, long step, const char *name,
                const char *overrides, Crew *crew, Error *error)
{
    Config before, config;
    Lineage lineage;
    char event[MARK_TEXT_SIZE], changes[MARK_TEXT_SIZE - 40];
    Run *run;
    *out = NULL;
    if (!name || !*name)
        name = folder_name(folder);
    Status status = folder_check_name(name, error);
    if (!status)
        status = run_config_at(folder, &step, &before, &lineage, error);
    if (status)
        return status;
    run_inputs_find(&before, folder, true);
    config = before;
    status = run_apply_lines(&config, overrides, error);
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
    if (run_describe_changes(&before, &config, changes, sizeof changes, NULL))
        snprintf(changes, sizeof changes, "many changes: see run.ini");
    snprintf(event, sizeof event, "forked from %04d@%ld%s%s", run->lineage.parent, step,
             *changes ? ": " : "", changes);
    if (!status)
        status = run_settle(run, runs, name, event, error);
    if (!status) {
        run_warn_of_networks(run);
        run_warn_of_stretch(run, &before, &run->config);
    }
    if (!status) { /* so that it can be resumed wherever it is stopped */
        status = run_save(run, error);
        if (status)
            folder_remove(run->folder, NULL);
    }
    return run_give(out, run, status);
}
