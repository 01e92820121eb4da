/* Steering a run under way: new values, all or none of them, and notes. A checkpoint with the old
 * values is written first, so that whatever was changed can be undone by a fork from there. */
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include <string.h>

Status run_apply_lines(Config *config, const char *lines, Error *error)
{
    Status status = STATUS_OK;
    while (*lines && !status) {
        char line[COMMAND_TEXT_SIZE];
        lines += strspn(lines, " \t");
        size_t length = strcspn(lines, "\n");
        snprintf(line, sizeof line, "%.*s", (int)length, lines);
        lines += length + (lines[length] == '\n');
        if (*line)
            status = config_set(config, line, error);
    }
    return status;
}

/* May a run under way take what `config` changes? */
static Status check_changes(const Run *run, const Config *config, Error *error)
{
    bool any = false;
    for (int i = 0; i < config->n; i++) {
        const ParamRow *row = config->row[i];
        if (strcmp(config_value(config, i), config_value(&run->config, i)) == 0)
            continue;
        any = true;
        if (row->applies == APPLIES_FORK)
            return fail(error, STATUS_BAD_INPUT,
                        "%s.%s applies to a new run only; fork this one with the new value",
                        row->section, row->key);
    }
    if (!any)
        return fail(error, STATUS_BAD_INPUT, "nothing to change: the run has these values already");
    Status status = lab_config_check(config, error);
    if (!status && config_int(config, "run.steps") < run->step)
        return fail(error, STATUS_BAD_INPUT, "run.steps = %ld: the run is at step %ld already",
                    config_int(config, "run.steps"), run->step);
    return status;
}

/* An empty value is written so that it can be seen and read. */
static const char *shown(const char *value) { return *value ? value : "\"\""; }

Status run_describe_changes(const Config *before, const Config *after, char *text, size_t size,
                            Error *error)
{
    size_t used = 0;
    *text = 0;
    for (int i = 0; i < after->n && used < size; i++) {
        if (strcmp(config_value(before, i), config_value(after, i)) != 0)
            used += (size_t)snprintf(text + used, size - used, "%s%s.%s %s -> %s", used ? ", " : "",
                                     after->row[i]->section, after->row[i]->key,
                                     shown(config_value(before, i)), shown(config_value(after, i)));
    }
    if (used >= size)
        return fail(error, STATUS_BAD_INPUT,
                    "too many changes for one mark; apply them in two parts");
    return STATUS_OK;
}

/* Takes the new values, which are written already. */
static void adopt(Run *run, const Config *config)
{
    run->config = run->lab.config = *config;
    lab_configure(&run->lab);
    run_open_shift(run);
    run_set_cadence(run);
    run->gallery_stale = true;
}

Status run_set(Run *run, const char *lines, Error *error)
{
    Config config = run->config;
    char mark[MARK_TEXT_SIZE];
    Status status = run_apply_lines(&config, lines, error);
    if (!status)
        status = check_changes(run, &config, error);
    if (!status)
        status = run_describe_changes(&run->config, &config, mark, sizeof mark, error);
    if (!status)
        status = run_save(run, error);
    if (!status)
        status = folder_write_ini(run->folder, &config, &run->lineage, error);
    if (status)
        return status;
    run_warn_of_stretch(run, &run->config, &config);
    adopt(run, &config);
    status = run->enlisted ? run_enlist(run, error) : STATUS_OK;
    return status ? status : run_event(run, run->step, mark, error);
}
