/* Owns sweep: its runs are made and ranked. */
#include "app/commands/commands.h"
#include "app/study/rungs.h"
#include "app/study/study_files.h"
#include "engine/base/student.h"
#include "engine/study/sweep.h"
#include "engine/study/sweep_report.h"
#include <stdlib.h>

typedef struct Ranking {
    const Study *sweep;
    Standing *standing; /* the best first */
    double *value;
} Ranking;

static void write_markdown(const void *context, FILE *out)
{
    const Ranking *found = context;
    sweep_markdown(found->sweep, found->standing, found->value, out);
}

static void write_csv(const void *context, FILE *out)
{
    const Ranking *found = context;
    sweep_csv(found->sweep, found->standing, found->value, out);
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
    Ranking found = {.sweep = table->study};
    TableValues values;
    Status status = table_values(table, &values, error);
    if (!status) {
        found.value = values.value;
        found.standing = rank(table, found.value);
        status = study_write(table, ".md", write_markdown, &found, error);
        if (!status)
            status = study_write(table, ".csv", write_csv, &found, error);
        if (!status && !table->options->quiet)
            write_markdown(&found, stdout);
        free(found.standing);
    }
    table_values_done(&values);
    return status;
}

Status cmd_sweep(const Options *options, Error *error)
{
    Status status = must_be_alone("sweep", error);
    return status ? status : study_make(options, sweep_read, write_all, error);
}
