/* Owns the model of staged values. See staged.h. */
#include "views/model/staged.h"

#include <stdio.h>
#include <string.h>

bool staged_is_live(const RunView *run, int row)
{
    ParamInfoView param;
    return run_param_row(run, row, &param) && param.applies != APPLIES_FORK;
}

static int find(const Staged *staged, int row)
{
    for (int i = 0; i < staged->n; i++)
        if (staged->value[i].row == row)
            return i;
    return -1;
}

const char *staged_text(const Staged *staged, int row)
{
    int at = find(staged, row);
    return at < 0 ? NULL : staged->value[at].text;
}

const char *staged_value(const Staged *staged, const RunView *run, int row)
{
    const char *text = staged->run == run->id ? staged_text(staged, row) : NULL;
    const char *own = row < run->params ? run->param[row] : "";
    return text ? text : own;
}

void staged_drop(Staged *staged, int row)
{
    int at = find(staged, row);
    if (at >= 0) {
        staged->n--;
        memmove(&staged->value[at], &staged->value[at + 1],
                sizeof staged->value[0] * (size_t)(staged->n - at));
    }
}

Status staged_put(Staged *staged, const RunView *run, int row, const char *text, Error *error)
{
    char canonical[VALUE_SIZE];
    Status status = run_param_check(run, row, text, canonical, error);
    if (status != STATUS_OK)
        return status;
    if (strlen(text) >= VALUE_SIZE) {
        return fail(error, STATUS_BAD_INPUT,
                    "longer than can be staged here; write  :fork section.key=value");
    }
    if (staged->run != run->id)
        *staged = (Staged){.run = run->id};
    if (row < run->params && strcmp(run->param[row], canonical) == 0) {
        staged_drop(staged, row);
        return STATUS_OK;
    }
    int at = find(staged, row);
    if (at < 0 && staged->n == STAGED_MAX) {
        return fail(error, STATUS_BAD_INPUT,
                    "%d values are staged already: apply (Enter) or discard (Esc) them first",
                    STAGED_MAX);
    }
    at = at < 0 ? staged->n++ : at;
    staged->value[at].row = row;
    memcpy(staged->value[at].text, canonical, sizeof canonical);
    return STATUS_OK;
}

/* Has this run the staged value by now? */
static bool has(const RunView *run, const StagedValue *value)
{
    return value->row < run->params && strcmp(run->param[value->row], value->text) == 0;
}

void staged_settle(Staged *staged, const RunView *run)
{
    bool mine = staged->run == run->id, all = run->parent == staged->run;
    for (int i = 0; i < staged->n; i++)
        all = all && has(run, &staged->value[i]);
    if (!mine && all)
        staged->n = 0;
    for (int i = staged->n - 1; i >= 0 && mine; i--)
        if (has(run, &staged->value[i]))
            staged_drop(staged, staged->value[i].row);
}

int staged_count(const Staged *staged, const RunView *run, int *fork_only)
{
    *fork_only = 0;
    if (staged->run != run->id)
        return 0;
    for (int i = 0; i < staged->n; i++)
        *fork_only += !staged_is_live(run, staged->value[i].row);
    return staged->n;
}

int staged_lines(const Staged *staged, const RunView *run, bool live_only,
                 char text[COMMAND_TEXT_SIZE])
{
    size_t used = 0;
    int n = 0;
    text[0] = '\0';
    for (int i = 0; i < staged->n; i++) {
        const StagedValue *value = &staged->value[i];
        ParamInfoView param;
        if ((live_only && !staged_is_live(run, value->row)) ||
            !run_param_row(run, value->row, &param))
            continue;
        int length = snprintf(text + used, COMMAND_TEXT_SIZE - used, "%s.%s=%s\n", param.section,
                              param.key, value->text);
        used += (size_t)length;
        must(used < COMMAND_TEXT_SIZE);
        n++;
    }
    return n;
}
