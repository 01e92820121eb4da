/* Owns the JSON forms of what the commands show. Keys are the contract of cli.md. */
#include "app/commands/commands.h"
#include <math.h>

json_t *json_number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

json_t *json_shift(const ShiftRow *rows, int n)
{
    json_t *list = json_array();
    for (int k = 0; k < n; k++) {
        const ShiftRow *row = &rows[k];
        json_t *item = json_object();
        json_object_set_new(item, "i", json_integer(row->i));
        json_object_set_new(item, "time", json_number(row->time));
        json_object_set_new(item, "own", json_number(row->own));
        json_object_set_new(item, "forward", json_number(row->forward));
        json_object_set_new(item, "ratio", json_number(row->ratio));
        json_object_set_new(item, "low", json_number(row->low));
        json_object_set_new(item, "high", json_number(row->high));
        json_object_set_new(item, "mmd2", json_number(row->mmd2));
        json_object_set_new(item, "mmd2_null95", json_number(row->null95));
        json_object_set_new(item, "mmd2_teacher", json_number(row->mmd2_teacher));
        json_object_set_new(item, "mmd2_teacher_null95", json_number(row->null95_teacher));
        json_object_set_new(item, "paired", json_number(row->paired));
        json_array_append_new(list, item);
    }
    return list;
}

json_t *json_metrics(const MetricView *metric, int n)
{
    json_t *map = json_object();
    for (int i = 0; i < n; i++) {
        json_t *item = json_object();
        json_object_set_new(item, "value", json_number(metric[i].value));
        json_object_set_new(item, "low", json_number(metric[i].low));
        json_object_set_new(item, "high", json_number(metric[i].high));
        json_object_set_new(map, metric[i].name, item);
    }
    return map;
}

static void set_text(json_t *object, const char *key, const char *text)
{
    json_t *value = json_string(text); /* NULL when it is not UTF-8 */
    json_object_set_new(object, key, value ? value : json_null());
}

json_t *json_view(const RunView *view)
{
    char label[NAME_SIZE + 16];
    snprintf(label, sizeof label, "%04d-%s", view->id, view->name);
    json_t *object = json_object();
    set_text(object, "run", label);
    json_object_set_new(object, "id", json_integer(view->id));
    set_text(object, "name", view->name);
    set_text(object, "method", view->method);
    set_text(object, "data", view->data);
    set_text(object, "state", RUN_STATE_WORDS[view->state]);
    set_text(object, "note", view->note);
    json_object_set_new(object, "parent", json_integer(view->parent));
    json_object_set_new(object, "parent_step", json_integer(view->parent_step));
    json_object_set_new(object, "step", json_integer(view->step));
    json_object_set_new(object, "steps", json_integer(view->steps));
    json_object_set_new(object, "checkpoint", json_integer(view->checkpoint));
    json_object_set_new(object, "loss", json_number(view->loss));
    json_object_set_new(object, "smooth_loss", json_number(view->smooth_loss));
    json_object_set_new(object, "nfe", json_number(view->nfe));
    json_object_set_new(object, "nfe_teacher", json_number(view->nfe_teacher));
    json_object_set_new(object, "nfe_student", json_number(view->nfe_student));
    json_object_set_new(object, "nfe_critic", json_number(view->nfe_critic));
    json_object_set_new(object, "budget_nfe", json_number(view->budget));
    json_object_set_new(object, "shift_share", json_number(view->shift_share));
    json_object_set_new(object, "shift", json_number(view->shift));
    json_object_set_new(object, "metrics", json_metrics(view->metric, view->metrics));
    return object;
}

Status json_print(json_t *value, Error *error)
{
    int failed =
        json_dumpf(value, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(17) | JSON_ENCODE_ANY);
    json_decref(value);
    if (failed || fputc('\n', stdout) == EOF || fflush(stdout) != 0)
        return fail(error, STATUS_FAILED, "cannot write to standard output");
    return STATUS_OK;
}
