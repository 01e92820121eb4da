/* Owns run --seeds: a group of runs that differ in their seed alone, as a study of one arm, and
 * what they come to together. */
#include "app/base/say.h"
#include "app/commands/commands.h"
#include "app/study/study_cells.h"
#include "engine/base/seeds.h"
#include "engine/base/student.h"
#include "engine/store/folder.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static Status take(char *to, size_t size, const char *text, const char *what, Error *error)
{
    if (snprintf(to, size, "%s", text) < (int)size)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "%s: at most %zu characters, not \"%.80s ...\"", what,
                size - 1, text);
}

/* The group as a study: one preset, one arm without a name. */
static Status describe(Study *study, const Options *options, const char *name, Error *error)
{
    memset(study, 0, sizeof *study);
    study->presets = study->arms = 1;
    study->budget_arm = -1;
    StudyArm *arm = &study->arm[0];
    arm->expert = -1;
    Config config;
    arm->preset[0] = '*';
    if (options->sets > STUDY_SETS)
        return fail(error, STATUS_BAD_INPUT, "-s: at most %d with --seeds", STUDY_SETS);
    Status status = take(study->name, sizeof study->name, name, "--name", error);
    if (!status)
        status =
            take(study->preset[0], sizeof study->preset[0], options->argument[0], "PRESET", error);
    for (int i = 0; i < options->sets && !status; i++)
        status = take(arm->set[arm->sets++], sizeof *arm->set, options->set[i], "-s", error);
    if (!status && strlen(name) > sizeof study->name - 12)
        status = fail(error, STATUS_BAD_INPUT, "--name: at most %zu characters with --seeds",
                      sizeof study->name - 12);
    study->steps = options->steps > 0 ? options->steps : 0;
    if (!status)
        status = seeds_read(options->seeds, STUDY_SEEDS, study->seed, &study->seeds, error);
    return status ? status : study_config(study, 0, 0, 0, &(CellNeeds){0, NULL}, &config, error);
}

/* The group's columns: the shift, then all that the first run's last evaluation holds. */
static Status name_metrics(Study *study, const Table *table, Error *error)
{
    for (int i = 0; i < table->cells; i++) {
        const Cell *cell = &table->cell[i];
        if (cell->state != CELL_DONE)
            continue;
        const RunView *view = run_view_read(cell->folder, error);
        if (!view)
            return STATUS_FAILED;
        strcpy(study->metric[study->metrics++], "shift");
        for (int k = 0; k < view->metrics && study->metrics < STUDY_METRICS; k++)
            snprintf(study->metric[study->metrics++], sizeof *study->metric, "%s",
                     view->metric[k].name);
        run_view_drop(view);
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* runs: that are done; a mean over fewer says so. */
static void print_metric(const Study *study, int metric, const double *value, int runs)
{
    Sample sample = student_sample(study->seeds, value);
    double least = INFINITY, most = -INFINITY;
    for (int i = 0; i < study->seeds; i++)
        if (isfinite(value[i])) {
            least = fmin(least, value[i]);
            most = fmax(most, value[i]);
        }
    if (sample.n == 0)
        return;
    printf("%-14s %10.4g", study->metric[metric], sample.mean);
    if (isfinite(sample.reach))
        printf(" ± %-10.3g %10.4g %10.4g", sample.reach, least, most);
    if (sample.n < runs)
        printf("  n %d", sample.n);
    putchar('\n');
}

static Status report(void *context, const Table *table, Error *error)
{
    Study *study = context;
    TableValues values;
    int done = 0;
    Status status = name_metrics(study, table, error);
    if (status)
        return status;
    status = table_values(table, &values, error);
    for (int i = 0; i < table->cells; i++)
        done += table->cell[i].state == CELL_DONE;
    if (!status) {
        printf("%s: %d of %d seeds done", study->name, done, study->seeds);
        if (values.failed[0])
            printf(", %d failed", values.failed[0]);
        putchar('\n');
        if (study->metrics > 0)
            printf("%-14s %10s %-12s %10s %10s\n", "", "mean", study->seeds > 1 ? "± 95 %" : "",
                   study->seeds > 1 ? "least" : "", study->seeds > 1 ? "most" : "");
        for (int metric = 0; metric < study->metrics; metric++)
            print_metric(study, metric, values.value + metric * study->seeds, done);
    }
    say_to_nobody(stdout);
    table_values_done(&values);
    if (!status && done == 0)
        status = fail(error, STATUS_FAILED, "every run of %s failed", study->name);
    return status;
}

Status run_seeds(const Options *options, const char *name, Error *error)
{
    Study *study = malloc(sizeof *study);
    need(study);
    Status status = STATUS_OK;
    if (options->arguments > 1 || options->seed >= 0 || options->detach)
        status = fail(error, STATUS_BAD_INPUT,
                      "--seeds takes one preset, and neither --seed nor --detach");
    if (!status)
        status = describe(study, options, name, error);
    if (!status)
        status = table_make(study, options, report, study, error);
    free(study);
    return status;
}
