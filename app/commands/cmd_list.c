/* Owns ls and show: what the folders of runs say, without opening a laboratory. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/store/csv.h"
#include "engine/store/folder.h"
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The best evaluation of a run so far. */
typedef struct Best {
    double sw2; /* NaN: none yet */
    long step;
} Best;

static Best best_of(const char *folder)
{
    char path[PATH_SIZE];
    CsvReader reader;
    Best best = {NAN, -1};
    if (csv_open(&reader, file_join(path, folder, "eval.csv"), NULL))
        return best;
    int step = csv_column(&reader, "step"), sw2 = csv_column(&reader, "sw2");
    while (step >= 0 && sw2 >= 0 && csv_next(&reader)) {
        double value = csv_real(&reader, sw2);
        if (isfinite(value) && !(value >= best.sw2))
            best = (Best){value, number_floor(csv_real(&reader, step), 0, STEP_MOST, 0)};
    }
    csv_close(&reader);
    return best;
}

/* Calls each(context, view, best) for every readable run, by number; a folder that cannot
 * be read is named on standard error. Returns how many were read. */
typedef void EachRun(void *context, const RunView *view, const Best *best);

static int each_run(const Options *options, EachRun *each, void *context)
{
    char **names, folder[PATH_SIZE];
    int n = folder_list(options->runs, &names), read = 0;
    for (int i = 0; i < n; i++) {
        Error error;
        const RunView *view = run_view_report(file_join(folder, options->runs, names[i]), &error);
        if (view) {
            Best best = best_of(folder);
            each(context, view, &best);
            run_view_drop(view);
            read++;
        } else if (!options->quiet) {
            fprintf(stderr, "ddil: %s\n", error.text);
        }
        free(names[i]);
    }
    free(names);
    return read;
}

static json_t *json_best(const Best *best)
{
    if (!isfinite(best->sw2))
        return json_null();
    return json_pack("{s:f, s:I}", "sw2", best->sw2, "step", (json_int_t)best->step);
}

static json_t *json_run(const RunView *view, const Best *best)
{
    json_t *object = json_view(view);
    json_object_set_new(object, "best", json_best(best));
    return object;
}

/* ---- ls ------------------------------------------------------------------------------
 */

static void append_run(void *list, const RunView *view, const Best *best)
{
    json_array_append_new(list, json_run(view, best));
}

static void print_number(double value, int width)
{
    if (isfinite(value))
        printf(" %*.4g", width, value);
    else
        printf(" %*s", width, "-");
}

static void print_run(void *context, const RunView *view, const Best *best)
{
    int *rows = context;
    char label[NAME_SIZE + 16], step[48];
    if ((*rows)++ == 0)
        printf("%-32s %-7s %15s %10s %8s %10s\n", "run", "state", "step", "loss", "shift",
               "best sw2");
    snprintf(label, sizeof label, "%04d-%s", view->id, view->name);
    snprintf(step, sizeof step, "%ld/%ld", view->step, view->steps);
    say(stdout, "%-32s %-7s %15s", label, RUN_STATE_WORDS[view->state], step);
    print_number(view->smooth_loss, 10);
    print_number(view->shift, 8);
    print_number(best->sw2, 10);
    putchar('\n');
}

/* A folder that cannot be read is not one without runs; one that is not there is. */
static Status check_readable(const char *folder, Error *error)
{
    DIR *stream = opendir(folder);
    if (stream)
        closedir(stream);
    return stream || errno == ENOENT
               ? STATUS_OK
               : fail(error, status_of(errno), "cannot read %s: %s", folder, strerror(errno));
}

Status cmd_ls(const Options *options, Error *error)
{
    int rows = 0;
    Status status = check_readable(options->runs, error);
    if (status)
        return status;
    if (options->json) {
        json_t *list = json_array();
        each_run(options, append_run, list);
        return json_print(list, error);
    }
    if (each_run(options, print_run, &rows) == 0 && !options->quiet)
        say(stderr, "no runs in %s; start one: ddil run quickstart\n", options->runs);
    return STATUS_OK;
}

/* ---- show ----------------------------------------------------------------------------
 */

static json_t *json_params(const RunView *view)
{
    ParamInfoView *row;
    int n = run_params(view, &row);
    json_t *sections = json_object();
    for (int i = 0; i < n && i < view->params; i++) {
        json_t *section = json_object_get(sections, row[i].section);
        if (!section) {
            section = json_object();
            json_object_set_new(sections, row[i].section, section);
        }
        json_object_set_new(section, row[i].key, json_string(view->param[i]));
    }
    free(row);
    return sections;
}

static Status show_json(const RunView *view, const char *folder, Error *error)
{
    Best best = best_of(folder);
    json_t *object = json_run(view, &best), *marks = json_array();
    for (int i = 0; i < view->marks; i++)
        json_array_append_new(marks, json_pack("{s:I, s:s}", "step", (json_int_t)view->mark[i].step,
                                               "text", view->mark[i].text));
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
    ParamInfoView *row;
    int n = run_params(view, &row);
    const char *section = "";
    for (int i = 0; i < n && i < view->params; i++) {
        if (strcmp(section, row[i].section) != 0)
            printf("%s[%s]\n", i ? "\n" : "", row[i].section);
        section = row[i].section;
        bool usual = row[i].fallback && strcmp(row[i].fallback, view->param[i]) == 0;
        say(stdout, "  %-18s %s%s\n", row[i].key, view->param[i], usual ? "" : "   *");
    }
    free(row);
    puts("\n* not the default");
}

static void show_text(const RunView *view, const char *folder)
{
    print_report(view, folder, -1, stdout);
    for (int i = 0; i < view->marks; i++)
        say(stdout, "mark    step %ld: %s\n", view->mark[i].step, view->mark[i].text);
    if (view->complaint[0])
        say(stdout, "wrong   %s\n", view->complaint);
    putchar('\n');
    print_params(view);
}

Status cmd_show(const Options *options, Error *error)
{
    char folder[1024];
    Status status = run_find(options->runs, options->argument[0], folder, error);
    if (status)
        return status;
    const RunView *view = run_view_report(folder, error);
    if (!view)
        return STATUS_BAD_INPUT;
    if (options->json)
        status = show_json(view, folder, error);
    else
        show_text(view, folder);
    run_view_drop(view);
    return status;
}
