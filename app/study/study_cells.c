/* Owns the cells of a study. A cell is a run like any other; what is done is never done again. */
#include "app/study/study_cells.h"

#include "app/base/job.h"
#include "app/base/jobs.h"
#include "app/study/rungs.h"
#include "app/study/slurm.h"
#include "app/study/steer.h"
#include "app/study/study_judge.h"
#include "engine/base/clock.h"
#include "engine/base/pool.h"
#include "engine/run/run.h"
#include "engine/store/folder.h"
#include "engine/study/lacks.h"
#include "engine/study/probe.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Looking ---- */

/* nfe: what a budget of CPU seconds comes to; 0: not known here. */
static Status configure(const Table *table, const Cell *cell, double nfe, Config *config,
                        Error *error)
{
    const Study *study = table->study;
    char expert[PATH_SIZE];
    CellNeeds needs = {nfe, NULL};
    if (study->budget_arm >= 0)
        needs.nfe = table_cell(table, cell, study->budget_arm)->nfe;
    if (study->arm[cell->arm].expert >= 0)
        needs.expert = file_join(
            expert, table_cell(table, cell, study->arm[cell->arm].expert)->folder, CELL_WEIGHTS);
    return study_config(study, cell->preset, cell->arm, cell->seed, &needs, config, error);
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
    if (!status && cell->state != CELL_MISSING)
        cell->reached = rungs_reached(table->study, cell->folder);
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
            if (cell->state == CELL_MISSING && !table_waits(table, cell))
                status = look_at(table, cell, error);
        }
    return status;
}

/* ---- Jobs ---- */

static JobState cell_state(void *context, int job)
{
    const Table *table = context;
    const Cell *cell = &table->cell[job];
    bool asked_wrong = table->how == STATUS_BAD_INPUT; /* so would all be */
    if (cell_is_over(cell) || cell->broke || (table->only >= 0 && table->only != job) ||
        (asked_wrong && table->study->sweep))
        return JOB_OVER;
    return table_waits(table, cell) || rungs_wait(table, cell) ? JOB_WAITS : JOB_READY;
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

/* goal: a step at which it is to rest, 0: none. end: of this process' time. */
static Status advance(Run *run, long goal, double end, JobProgress *progress, Error *error)
{
    const double every_s = 1;
    double shown = clock_s();
    RunPulse pulse = PULSE_MORE;
    bool there = false;
    Steer steer = steer_open(run);
    while (pulse == PULSE_MORE && !there && !jobs_interrupted() && clock_s() < end &&
           steer_turn(&steer, run, jobs_interrupted, end)) {
        pulse = run_advance(run, error);
        there = pulse == PULSE_MORE && goal > 0 && run_step(run) >= goal && run_rests(run);
        if (clock_s() - shown < every_s)
            continue;
        progress->share = share_done(run);
        shown = clock_s();
    }
    steer_close(&steer);
    if (pulse != PULSE_MORE)
        return pulse == PULSE_FAILED ? STATUS_FAILED : STATUS_OK;
    Status status = run_save(run, error);
    run_mark_state(run, RUN_PAUSED);
    if (!status && steer.stop)
        return fail(error, STATUS_FAILED, "it was told to stop, and is saved");
    return status || there ? status : fail(error, STATUS_INTERRUPTED, "interrupted, saved");
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
    status = advance(run, rungs_goal(table, cell), table->end, progress, error);
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
    if (!status && table->study->sweep)
        status = rungs_judge(table, cell, folder, crew, error);
    else if (!status)
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
        table->how = fail(&table->first, status ? status : STATUS_FAILED, "%s: %.300s", name, why);
}

/* What waited for this cell can be looked at now: its run may be there from an earlier call. */
static void look_at_waiting(Table *table, const Cell *ended)
{
    Error error;
    for (int arm = 0; arm < table->study->arms; arm++) {
        Cell *cell = table_cell(table, ended, arm);
        if (!study_waits(table->study, arm, ended->arm) || table_waits(table, cell))
            continue;
        Status status = look_at(table, cell, &error);
        table->done_before += cell_is_over(cell);
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
    bool rests = !status && cell->state == CELL_BEGUN && rungs_wait(table, cell);
    if (!status && !text[0] && !cell_is_over(cell) && !rests)
        status =
            fail(&error, STATUS_FAILED,
                 "%s has nothing more to do, but what a finished run leaves is not all there "
                 "(its last evaluation or checkpoint): delete or rename the folder to run it anew",
                 cell->folder);
    if (cell->state != CELL_DONE && !rests)
        broke(table, cell, status, error.text[0] ? error.text : text);
    else
        look_at_waiting(table, cell);
    Status decided = rungs_decide(table, &error);
    if (decided && !table->first.text[0]) {
        table->first = error;
        table->how = decided;
    }
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
    int over = table_over(table);
    double made = over - table->done_before + under_way(table, running, progress);
    double left = table->cells - table->done_before - made;
    fprintf(stderr, "\r%d of %d runs done", over, table->cells);
    if (made > 0.1)
        fprintf(stderr, ", about %.0f s left", left * (clock_s() - table->began) / made);
    fputs("\033[K", stderr);
}

/* ---- All of them ---- */

/* Who makes all of it is alone; those who make a run each, or look, are not. */
static Status take_lock(const Study *study, const Options *options, int *lock, Error *error)
{
    bool alone = !options->task && !options->slurm && !options->report;
    char path[PATH_SIZE], name[80];
    Status status = file_make_folder(options->runs, error);
    snprintf(name, sizeof name, ".table-%s.lock", study->name);
    if (!status)
        status = folder_lock(file_join(path, options->runs, name), alone, lock, error);
    return status;
}

static Status open_table(Table *table, const Study *study, const Options *options, Error *error)
{
    *table = (Table){.study = study, .options = options, .only = -1};
    table->cells = study->presets * study->arms * study->seeds;
    table->cell = need(calloc((size_t)table->cells, sizeof *table->cell));
    table->trial = need(calloc((size_t)study->arms, sizeof *table->trial));
    for (int i = 0; i < table->cells; i++)
        table->cell[i] = (Cell){.preset = i / study->seeds / study->arms,
                                .arm = i / study->seeds % study->arms,
                                .seed = i % study->seeds};
    Status status = job_end(options->limit, options->started, &table->end, error);
    if (!status)
        status = look_at_all(table, error);
    return status ? status : rungs_decide(table, error);
}

/* Before hours are spent: have the data of each preset what is asked for? */
static Status check_metrics(const Table *table, Error *error)
{
    const Study *study = table->study;
    Crew *crew = crew_new(1);
    Status status = STATUS_OK;
    for (int i = 0; i < table->cells && !status; i += study->arms * study->seeds) {
        Config config;
        status = configure(table, &table->cell[i], 0, &config, error);
        if (!status)
            status = probe_metrics(&config, study->metrics, study->metric, crew, error);
    }
    crew_free(crew);
    return status;
}

static Status make_missing(Table *table, Error *error)
{
    long threads = table->options->threads;
    Jobs jobs = {.n = table->cells,
                 .at_once = threads > 0 ? (int)threads : pool_cores(),
                 .context = table,
                 .state = cell_state,
                 .run = run_cell,
                 .ended = cell_ended,
                 .tick = show_progress};
    table->began = clock_s();
    Status status = table->done_before < table->cells ? check_metrics(table, error) : STATUS_OK;
    if (!status)
        status = jobs_run(&jobs, error);
    if (!table->options->quiet && isatty(STDERR_FILENO))
        fputs("\r\033[K", stderr);
    if (!status && clock_s() >= table->end)
        status = STATUS_INTERRUPTED;
    return status;
}

static Status run_missing(Table *table, Error *error)
{
    table->done_before = table_over(table);
    if (!table->options->quiet)
        fprintf(stderr, "%d of %d runs are there\n", table->done_before, table->cells);
    if (table->options->report)
        return STATUS_OK;
    Status status = make_missing(table, error);
    if (status == STATUS_INTERRUPTED)
        return fail(error, status,
                    "interrupted, saved: %d of %d runs are done; the same command goes on",
                    table_over(table), table->cells);
    if (!status && table->first.text[0])
        return fail(error, table->how == STATUS_BAD_INPUT ? table->how : STATUS_FAILED, "%s",
                    table->first.text);
    return status;
}

/* One cell, which nobody else makes meanwhile. */
static Status run_task(Table *table, Error *error)
{
    int lock = -1;
    Status status = slurm_task(table, &lock, error);
    if (!status && table->only >= 0)
        status = run_missing(table, error);
    folder_unlock(&lock);
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
    if (!status && options->slurm)
        status = slurm_submit(&table, error);
    else if (!status && options->task)
        status = run_task(&table, error);
    else if (!status)
        status = run_missing(&table, error);
    if (!status && !options->slurm && !options->task)
        status = then(context, &table, error);
    free(table.trial);
    free(table.cell);
    folder_unlock(&lock);
    return status;
}

/* The figures of one cell. */
static Status read_cell(const Table *table, int i, TableValues *values, Error *error)
{
    const Study *study = table->study;
    const Cell *cell = &table->cell[i];
    const RunView *view = run_view_read(cell->folder, error);
    if (!view)
        return STATUS_FAILED;
    values->there[i] = true;
    for (int metric = 0; metric < study->metrics; metric++) {
        int row = (cell->preset * study->metrics + metric) * study->arms + cell->arm;
        values->value[row * study->seeds + cell->seed] =
            cell_value(view, cell->folder, study->metric[metric]);
    }
    run_view_drop(view);
    return STATUS_OK;
}

static void say_lack(void *context, int preset, int arm, int seed, const char *metrics)
{
    const Table *table = context;
    const Study *study = table->study;
    const Cell *cell =
        &table->cell[(preset * study->arms + arm) * study->seeds + (seed < 0 ? 0 : seed)];
    if (seed < 0)
        fprintf(stderr, "no run of %s%s%s has a figure of %s\n", study->preset[preset],
                *study->arm[arm].name ? ", " : "", study->arm[arm].name, metrics);
    else
        fprintf(stderr,
                "%s is done, but has no figure of %s: a log in it was lost or changed afterwards; "
                "delete or rename the folder to run it anew\n",
                cell->folder, metrics);
}

Status table_values(const Table *table, TableValues *values, Error *error)
{
    const Study *study = table->study;
    size_t cells = (size_t)table->cells, all = cells * (size_t)study->metrics;
    Status status = STATUS_OK;
    values->value = need(calloc(all + 1, sizeof *values->value));
    values->failed = need(calloc((size_t)(study->presets * study->arms), sizeof *values->failed));
    values->there = need(calloc(cells, sizeof *values->there));
    for (size_t i = 0; i < all; i++)
        values->value[i] = NAN;
    for (int i = 0; i < table->cells && !status; i++) {
        const Cell *cell = &table->cell[i];
        values->failed[cell->preset * study->arms + cell->arm] += cell->state == CELL_FAILED;
        if (cell->state == CELL_DONE || cell->state == CELL_STOPPED)
            status = read_cell(table, i, values, error);
    }
    for (int preset = 0; preset < study->presets && !status; preset++)
        lacks_each(study, values->value, values->there, preset, say_lack, (void *)table);
    return status;
}

void table_values_done(TableValues *values)
{
    free(values->there);
    free(values->failed);
    free(values->value);
}

Status table_views(const Table *table, const RunView ***view, Error *error)
{
    *view = calloc((size_t)table->cells, sizeof **view);
    need(*view);
    for (int i = 0; i < table->cells; i++)
        if (table->cell[i].state == CELL_DONE &&
            !((*view)[i] = run_view_report(table->cell[i].folder, error)))
            return STATUS_FAILED;
    return STATUS_OK;
}

void table_views_drop(const Table *table, const RunView **view)
{
    for (int i = 0; view && i < table->cells; i++)
        run_view_drop(view[i]);
    free(view);
}
