/* Owns sweep: its runs are made and ranked. */
#include "app/commands/commands.h"
#include "app/study/rungs.h"
#include "app/study/study_cells.h"
#include "engine/base/student.h"
#include "engine/study/sweep.h"
#include "engine/study/sweep_report.h"
#include <stdlib.h>

typedef void Writer(const Study *sweep, const Standing *standing, const double *value, FILE *out);

static Status write_one(const Table *table, const Standing *standing, const double *value,
                        const char *ending, Writer *writer, Error *error)
{
    char name[80], path[PATH_SIZE];
    NewFile file;
    const Options *options = table->options;
    snprintf(name, sizeof name, "%s%s", table->study->name, ending);
    file_join(path, options->out ? options->out : options->runs, name);
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    writer(table->study, standing, value, file.stream);
    status = newfile_commit(&file, error);
    if (!status && !options->quiet)
        fprintf(stderr, "%s\n", path);
    return status;
}

static Standing standing_of(const Table *table, int arm)
{
    const Study *sweep = table->study;
    const Trial *trial = &table->trial[arm];
    Standing s = {.arm = arm, .rung = trial->rung, .place = trial->place, .of = trial->of};
    for (int seed = 0; seed < sweep->seeds; seed++) {
        const Cell *cell = &table->cell[arm * sweep->seeds + seed];
        s.runs += cell_is_over(cell);
        s.failed += cell->state == CELL_FAILED;
        s.stopped = s.stopped || cell->state == CELL_STOPPED;
    }
    return s;
}

/* The trials from the best on; the caller frees them. */
static Standing *rank(const Table *table, const double *value)
{
    const Study *sweep = table->study;
    size_t arms = (size_t)sweep->arms;
    Standing *standing = need(calloc(arms, sizeof *standing));
    double *mean = need(calloc(arms, sizeof *mean));
    int *order = need(calloc(arms, sizeof *order));
    for (int arm = 0; arm < sweep->arms; arm++)
        mean[arm] = student_sample(sweep->seeds, value + arm * sweep->seeds).mean;
    rungs_order(table, mean, order);
    for (int i = 0; i < sweep->arms; i++)
        standing[i] = standing_of(table, order[i]);
    free(order);
    free(mean);
    return standing;
}

static Status write_all(void *unused, const Table *table, Error *error)
{
    (void)unused;
    double *value;
    int *failed;
    Status status = table_values(table, &value, &failed, error);
    if (!status) {
        Standing *standing = rank(table, value);
        status = write_one(table, standing, value, ".md", sweep_markdown, error);
        if (!status)
            status = write_one(table, standing, value, ".csv", sweep_csv, error);
        if (!status && !table->options->quiet)
            sweep_markdown(table->study, standing, value, stdout);
        free(standing);
    }
    free(failed);
    free(value);
    return status;
}

Status cmd_sweep(const Options *options, Error *error)
{
    Study *sweep = need(malloc(sizeof *sweep));
    Status status = must_be_alone("sweep", error);
    if (!status)
        status = table_check(options, error);
    if (!status)
        status = sweep_read(sweep, options->argument[0], error);
    if (!status && options->out)
        status = file_make_folder(options->out, error);
    if (!status)
        status = table_make(sweep, options, write_all, NULL, error);
    free(sweep);
    return status;
}
