/* Owns the cells of a study. A cell is a run like any other; what is done is never done again. */
#include "app/commands/study_cells.h"

#include "app/base/jobs.h"
#include "app/commands/study_judge.h"
#include "engine/base/clock.h"
#include "engine/base/pool.h"
#include "engine/run/run.h"
#include "engine/store/folder.h"
#include "engine/study/probe.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int cell_index(const Study *study, int preset, int arm, int seed)
{
    return (preset * study->arms + arm) * study->seeds + seed;
}

/* ---- Looking ---- */

static Cell *cell_of(const Table *table, const Cell *cell, int arm)
{
    return &table->cell[cell_index(table->study, cell->preset, arm, cell->seed)];
}

/* nfe: what a budget of CPU seconds comes to; 0: not known here. */
static Status configure(const Table *table, const Cell *cell, double nfe, Config *config,
                        Error *error)
{
    const Study *study = table->study;
    char expert[PATH_SIZE];
    CellNeeds needs = {nfe, NULL};
    if (study->budget_arm >= 0)
        needs.nfe = cell_of(table, cell, study->budget_arm)->nfe;
    if (study->arm[cell->arm].expert >= 0)
        needs.expert = file_join(expert, cell_of(table, cell, study->arm[cell->arm].expert)->folder,
                                 CELL_WEIGHTS);
    return study_config(study, cell->preset, cell->arm, cell->seed, &needs, config, error);
}

/* Does it wait for a run that is not done? */
static bool waits(const Table *table, const Cell *cell)
{
    for (int arm = 0; arm < table->study->arms; arm++)
        if (study_waits(table->study, cell->arm, arm) &&
            cell_of(table, cell, arm)->state != CELL_DONE)
            return true;
    return false;
}

static Status look_at(const Table *table, Cell *cell, Error *error)
{
    char name[NAME_SIZE];
    Config config;
    study_run_name(table->study, cell->preset, cell->arm, cell->seed, name);
    Status status = configure(table, cell, 0, &config, error);
    if (!status)
        status = cell_find(table->options->runs, name, &config, table->study->budget_cpu_s > 0,
                           &cell->state, cell->folder, error);
    if (!status && cell->state == CELL_DONE &&
        !study_is_judged(table->study, cell->arm, cell->folder))
        cell->state = CELL_TRAINED;
    if (status || cell->state != CELL_DONE)
        return status;
    const RunView *view = run_view_read(cell->folder, error);
    if (!view)
        return STATUS_BAD_INPUT;
    cell->nfe = cell_value(view, cell->folder, "nfe");
    run_view_drop(view);
    return STATUS_OK;
}

/* Those first that others wait for: the others' configurations hold what they spent, and where they
 * stand. Nothing waits for what waits twice. */
static Status look_at_all(Table *table, Error *error)
{
    Status status = STATUS_OK;
    for (int pass = 0; pass < 3; pass++)
        for (int i = 0; i < table->cells && !status; i++) {
            Cell *cell = &table->cell[i];
            if (cell->state == CELL_MISSING && !waits(table, cell))
                status = look_at(table, cell, error);
        }
    return status;
}

/* ---- Jobs ---- */

static JobState cell_state(void *context, int job)
{
    const Table *table = context;
    const Cell *cell = &table->cell[job];
    if (cell->state >= CELL_DONE || cell->broke)
        return JOB_OVER;
    return waits(table, cell) ? JOB_WAITS : JOB_READY;
}

static double share_done(Run *run)
{
    const RunView *view = run_view(run);
    double share = (double)view->step / (double)view->steps;
    if (view->budget > 0)
        share = cell_value(view, "", "nfe") / view->budget;
    run_view_drop(view);
    return share;
}

static Status advance(Run *run, JobProgress *progress, Error *error)
{
    const double every_s = 1;
    double shown = clock_s();
    RunPulse pulse = PULSE_MORE;
    while (pulse == PULSE_MORE && !jobs_interrupted()) {
        pulse = run_advance(run, error);
        if (clock_s() - shown < every_s)
            continue;
        progress->share = share_done(run);
        shown = clock_s();
    }
    if (pulse != PULSE_MORE)
        return pulse == PULSE_FAILED ? STATUS_FAILED : STATUS_OK;
    Status status = run_save(run, error);
    run_mark_state(run, RUN_PAUSED);
    return status ? status : STATUS_INTERRUPTED;
}

/* The budget of CPU seconds as evaluations, in the configuration. */
static Status probe(const Table *table, const Cell *cell, Crew *crew, Config *config, Error *error)
{
    const double most_s = 3, share = 0.1;
    double seconds = table->study->budget_cpu_s, rate = 0;
    Status status = probe_rate(config, fmin(most_s, share * seconds), crew, &rate, error);
    return status ? status : configure(table, cell, rate * seconds, config, error);
}

/* Begun before, or not yet; trained to its end, or as far as it is let. folder: where. */
static Status train(const Table *table, const Cell *cell, Crew *crew, JobProgress *progress,
                    char folder[PATH_SIZE], Error *error)
{
    char name[NAME_SIZE];
    Config config;
    Run *run;
    study_run_name(table->study, cell->preset, cell->arm, cell->seed, name);
    Status status = configure(table, cell, 0, &config, error);
    if (!status && cell->state != CELL_BEGUN && table->study->budget_cpu_s > 0)
        status = probe(table, cell, crew, &config, error);
    if (!status)
        status = cell->state == CELL_BEGUN
                     ? run_resume(&run, cell->folder, crew, error)
                     : run_create(&run, table->options->runs, name, &config, crew, error);
    if (status)
        return status;
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    run_alone(run);
    status = advance(run, progress, error);
    run_close(run);
    return status;
}

static Status run_cell(void *context, int job, JobProgress *progress, Error *error)
{
    const Table *table = context;
    const Cell *cell = &table->cell[job];
    char folder[PATH_SIZE];
    Crew *crew = crew_new(1);
    Status status = STATUS_OK;
    snprintf(folder, sizeof folder, "%s", cell->folder);
    if (cell->state != CELL_TRAINED)
        status = train(table, cell, crew, progress, folder, error);
    if (!status)
        status = study_judge(table->study, cell->arm, folder, crew, error);
    crew_free(crew);
    return status;
}

static void broke(Table *table, Cell *cell, Status status, const char *why)
{
    char name[NAME_SIZE];
    study_run_name(table->study, cell->preset, cell->arm, cell->seed, name);
    cell->broke = true;
    fprintf(stderr, "%s%s: %s\n", isatty(STDERR_FILENO) ? "\r\033[K" : "", name, why);
    if (cell->state != CELL_FAILED && !table->first.text[0]) /* one that failed has its place */
        fail(&table->first, status ? status : STATUS_FAILED, "%s: %.300s", name, why);
}

/* What waited for this cell can be looked at now: its run may be there from an earlier call. */
static void look_at_waiting(Table *table, const Cell *ended)
{
    Error error;
    for (int arm = 0; arm < table->study->arms; arm++) {
        Cell *cell = cell_of(table, ended, arm);
        if (!study_waits(table->study, arm, ended->arm) || waits(table, cell))
            continue;
        Status status = look_at(table, cell, &error);
        table->done_before += cell->state >= CELL_DONE;
        if (status)
            broke(table, cell, status, error.text);
    }
}

static void cell_ended(void *context, int job, Status status, const char *text)
{
    Table *table = context;
    Cell *cell = &table->cell[job];
    Error error = {.text = ""};
    if (status == STATUS_INTERRUPTED)
        return;
    if (!status || status == STATUS_FAILED)
        status = look_at(table, cell, &error);
    table->done += cell->state >= CELL_DONE;
    if (cell->state != CELL_DONE)
        broke(table, cell, status, error.text[0] ? error.text : text);
    else
        look_at_waiting(table, cell);
}

/* What of the running cells is done, in cells. */
static double under_way(const Table *table, const bool *running, const JobProgress *progress)
{
    double sum = 0;
    for (int job = 0; job < table->cells; job++)
        if (running[job])
            sum += progress[job].share;
    return sum;
}

static void show_progress(void *context, const bool *running, const JobProgress *progress)
{
    const Table *table = context;
    if (table->options->quiet || !isatty(STDERR_FILENO))
        return;
    double made = table->done + under_way(table, running, progress);
    double left = table->cells - table->done_before - made;
    fprintf(stderr, "\r%d of %d runs done", table->done_before + table->done, table->cells);
    if (made > 0.1)
        fprintf(stderr, ", about %.0f s left", left * (clock_s() - table->began) / made);
    fputs("\033[K", stderr);
}

/* ---- All of them ---- */

static Status take_lock(const Study *study, const Options *options, int *lock, Error *error)
{
    char path[PATH_SIZE], name[80];
    Status status = file_make_folder(options->runs, error);
    snprintf(name, sizeof name, ".table-%s.lock", study->name);
    if (!status)
        status = folder_lock(file_join(path, options->runs, name), true, lock, error);
    return status;
}

static Status open_table(Table *table, const Study *study, const Options *options, Error *error)
{
    *table = (Table){.study = study, .options = options};
    table->cells = study->presets * study->arms * study->seeds;
    table->cell = calloc((size_t)table->cells, sizeof *table->cell);
    need(table->cell);
    for (int i = 0; i < table->cells; i++)
        table->cell[i] = (Cell){.preset = i / study->seeds / study->arms,
                                .arm = i / study->seeds % study->arms,
                                .seed = i % study->seeds};
    return look_at_all(table, error);
}

static Status run_missing(Table *table, Error *error)
{
    long threads = table->options->threads;
    Jobs jobs = {.n = table->cells,
                 .at_once = threads > 0 ? (int)threads : pool_cores(),
                 .context = table,
                 .state = cell_state,
                 .run = run_cell,
                 .ended = cell_ended,
                 .tick = show_progress};
    for (int i = 0; i < table->cells; i++)
        table->done_before += table->cell[i].state >= CELL_DONE;
    if (!table->options->quiet)
        fprintf(stderr, "%d of %d runs are there\n", table->done_before, table->cells);
    table->began = clock_s();
    Status status = jobs_run(&jobs, error);
    if (!table->options->quiet && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (status == STATUS_INTERRUPTED)
        return fail(error, status,
                    "interrupted, saved: %d of %d runs are done; the same command goes on",
                    table->done_before + table->done, table->cells);
    if (!status && table->first.text[0])
        return fail(error, STATUS_FAILED, "%s", table->first.text);
    return status;
}

Status table_make(const Study *study, const Options *options, TableUse *then, void *context,
                  Error *error)
{
    int lock = -1;
    Table table = {.cells = 0};
    Status status = take_lock(study, options, &lock, error);
    if (!status)
        status = open_table(&table, study, options, error);
    if (!status)
        status = run_missing(&table, error);
    if (!status)
        status = then(context, &table, error);
    free(table.cell);
    if (lock >= 0)
        close(lock);
    return status;
}

Status table_values(const Table *table, double **value, int **failed, Error *error)
{
    const Study *study = table->study;
    *value = calloc((size_t)(table->cells * study->metrics) + 1, sizeof **value);
    *failed = calloc((size_t)(study->presets * study->arms), sizeof **failed);
    need(*value);
    need(*failed);
    for (int i = 0; i < table->cells; i++) {
        const Cell *cell = &table->cell[i];
        const RunView *view = NULL;
        (*failed)[cell->preset * study->arms + cell->arm] += cell->state == CELL_FAILED;
        if (cell->state == CELL_DONE && !(view = run_view_read(cell->folder, error)))
            return STATUS_FAILED;
        for (int metric = 0; metric < study->metrics; metric++)
            (*value)[((cell->preset * study->metrics + metric) * study->arms + cell->arm) *
                         study->seeds +
                     cell->seed] =
                view ? cell_value(view, cell->folder, study->metric[metric]) : NAN;
        run_view_drop(view);
    }
    return STATUS_OK;
}
