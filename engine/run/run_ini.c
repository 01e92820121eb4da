/* Owns what a hand changed in run.ini since the newest checkpoint, which holds the values it was
 * made with. What a run under way may take becomes a mark; what it may not is refused. */
#include "engine/distill/params.h"
#include "engine/run/run_parts.h"
#include <stdlib.h>
#include <string.h>

/* The configuration saved with the newest checkpoint; false: there is none to be had. */
static bool config_saved(const char *folder, long *step, Config *config)
{
    char *text;
    *step = checkpoint_newest(folder);
    if (*step < 0 || checkpoint_config(folder, *step, &text, NULL))
        return false;
    lab_config_init(config);
    bool good = config_read_text(config, folder, text, NULL) == STATUS_OK;
    free(text);
    return good;
}

/* Files may move: what is in them is compared elsewhere (provenance). */
static bool is_fixed(const Config *config, int index)
{
    return config->row[index]->applies == APPLIES_FORK && !run_is_path(config, index);
}

Status run_check_ini(const char *folder, const Config *config, char *changes, size_t size,
                     Error *error)
{
    Config saved;
    long step;
    *changes = 0;
    if (!config_saved(folder, &step, &saved))
        return STATUS_OK;
    for (int i = 0; i < config->n; i++) {
        const ParamRow *row = config->row[i];
        if (is_fixed(config, i) && strcmp(config_value(config, i), config_value(&saved, i)) != 0)
            return fail(
                error, STATUS_BAD_INPUT,
                "%s/run.ini: %s.%s is \"%s\", the checkpoint of step %ld was made with \"%s\"; "
                "put it back, or fork the run with the new value",
                folder, row->section, row->key, config_value(config, i), step,
                config_value(&saved, i));
    }
    if (run_describe_changes(&saved, config, changes, size, NULL))
        snprintf(changes, size, "many changes: see run.ini");
    return STATUS_OK;
}

/* A tweak of its own was marked as it was made. */
static bool is_marked(const Run *run, const char *changes)
{
    for (int i = 0; i < run->history.marks; i++)
        if (strcmp(run->history.mark[i].text, changes) == 0)
            return true;
    return false;
}

Status run_mark_ini(Run *run, const char *changes, Error *error)
{
    Config saved;
    long step;
    if (!*changes || is_marked(run, changes))
        return STATUS_OK;
    if (config_saved(run->folder, &step, &saved))
        run_warn_of_stretch(run, &saved, &run->config);
    return run_event(run, run->step, changes, error);
}
