/* Owns ls and show: what the folders of runs say, without opening a laboratory. */
#include "app/commands.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Views {
    int n;
    const RunView **view;
} Views;

/* Every readable run; a folder that cannot be read is named on standard error and left
 * out. */
static Views read_views(const char *runs, bool quiet)
{
    char **names;
    int n = run_list(runs, &names);
    Views views = {.view = calloc((size_t)(n > 0 ? n : 1), sizeof *views.view)};
    must(views.view != NULL);
    for (int i = 0; i < n; i++) {
        char folder[1024];
        Error error = {""};
        snprintf(folder, sizeof folder, "%s/%s", runs, names[i]);
        const RunView *view = run_view_read(folder, &error);
        if (view)
            views.view[views.n++] = view;
        else if (!quiet)
            fprintf(stderr, "ddil: %s\n", error.text);
        free(names[i]);
    }
    if (n > 0)
        free(names);
    return views;
}

static void free_views(Views *views)
{
    for (int i = 0; i < views->n; i++)
        run_view_drop(views->view[i]);
    free(views->view);
}

static void print_number(double value, int width)
{
    if (isfinite(value))
        printf(" %*.4g", width, value);
    else
        printf(" %*s", width, "-");
}

static void print_row(const RunView *view)
{
    char label[NAME_SIZE + 16], step[48];
    snprintf(label, sizeof label, "%04d-%s", view->id, view->name);
    snprintf(step, sizeof step, "%ld/%ld", view->step, view->steps);
    printf("%-32s %-7s %13s", label, state_word(view->state), step);
    print_number(view->loss, 10);
    print_number(view->shift, 8);
    if (view->metrics > 0)
        printf("  %s %.4g", view->metric[0].name, view->metric[0].value);
    putchar('\n');
}

Status cmd_ls(const Options *options, Error *error)
{
    Views views = read_views(options->runs, options->quiet);
    Status status = STATUS_OK;
    if (options->json) {
        json_t *list = json_array();
        for (int i = 0; i < views.n; i++)
            json_array_append_new(list, json_view(views.view[i]));
        status = json_print(list, error);
    } else if (views.n == 0) {
        fprintf(stderr, "no runs in %s; start one: ddil run quickstart\n", options->runs);
    } else {
        printf("%-32s %-7s %13s %10s %8s  %s\n", "run", "state", "step", "loss", "shift",
               "metric");
        for (int i = 0; i < views.n; i++)
            print_row(views.view[i]);
    }
    free_views(&views);
    return status;
}

static json_t *json_params(const RunView *view)
{
    const ParamInfoView *row;
    int n = engine_params(&row);
    json_t *sections = json_object();
    for (int i = 0; i < n && i < view->params; i++) {
        json_t *section = json_object_get(sections, row[i].section);
        if (!section) {
            section = json_object();
            json_object_set_new(sections, row[i].section, section);
        }
        json_object_set_new(section, row[i].key, json_string(view->param[i]));
    }
    return sections;
}

static Status show_json(const RunView *view, Error *error)
{
    json_t *object = json_view(view), *marks = json_array();
    for (int i = 0; i < view->marks; i++)
        json_array_append_new(marks, json_pack("{s:I, s:s}", "step",
                                               (json_int_t)view->mark[i].step, "text",
                                               view->mark[i].text));
    ShiftRow rows[64];
    long step = -1;
    int n = view_shift(view, rows, 64, &step);
    json_object_set_new(object, "parameters", json_params(view));
    json_object_set_new(object, "marks", marks);
    json_object_set_new(object, "metrics_step", json_integer(view->metrics_step));
    json_object_set_new(object, "shift_step", json_integer(step));
    json_object_set_new(object, "shift_rows", json_shift(rows, n));
    return json_print(object, error);
}

static void print_params(const RunView *view)
{
    const ParamInfoView *row;
    int n = engine_params(&row);
    const char *section = "";
    for (int i = 0; i < n && i < view->params; i++) {
        if (strcmp(section, row[i].section) != 0)
            printf("%s[%s]\n", i ? "\n" : "", row[i].section);
        section = row[i].section;
        bool usual = row[i].fallback && strcmp(row[i].fallback, view->param[i]) == 0;
        printf("  %-18s %s%s\n", row[i].key, view->param[i], usual ? "" : "   *");
    }
    puts("\n* not the default");
}

static void show_text(const RunView *view, const char *folder)
{
    print_report(view, folder, -1, stdout);
    for (int i = 0; i < view->marks; i++)
        printf("mark    step %ld: %s\n", view->mark[i].step, view->mark[i].text);
    putchar('\n');
    print_params(view);
}

Status cmd_show(const Options *options, Error *error)
{
    char folder[1024];
    Status status = run_find(options->runs, options->argument[0], folder, error);
    if (status)
        return status;
    const RunView *view = run_view_read(folder, error);
    if (!view)
        return STATUS_BAD_INPUT;
    if (options->json)
        status = show_json(view, error);
    else
        show_text(view, folder);
    run_view_drop(view);
    return status;
}
