/* Owns the decisions at the rungs. See rungs.h. */
#include "app/study/rungs.h"

#include "app/study/study_judge.h"
#include "engine/store/log.h"
#include "engine/study/sweep.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char STOPPED[] = "stopped early";

/* ---- One run ---- */

int rungs_reached(const Study *sweep, const char *folder)
{
    int n = 0;
    while (n < sweep->rungs && !isnan(cell_figure(folder, sweep->rung[n], sweep->metric[0])))
        n++;
    return n;
}

long rungs_goal(const Table *table, const Cell *cell)
{
    const Study *sweep = table->study;
    if (!sweep->rungs || table->trial[cell->arm].rung >= sweep->rungs)
        return 0;
    return sweep->rung[table->trial[cell->arm].rung];
}

bool rungs_wait(const Table *table, const Cell *cell)
{
    return rungs_goal(table, cell) > 0 && cell->reached > table->trial[cell->arm].rung;
}

/* What its logs hold, for whoever asked for something else. */
static Status no_such_figure(const RunView *view, const char *folder, const char *name,
                             Error *error)
{
    char text[300] = "loss, shift";
    for (int i = 0; i < view->metrics; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, ", %s", view->metric[i].name);
    }
    return fail(error, STATUS_BAD_INPUT, "%s logs no %s; it has %s", folder, name, text);
}

/* The figure that ranks, of the run as it rests now, for good. */
static Status keep_figure(const Study *sweep, const char *folder, Error *error)
{
    const RunView *view = run_view_read(folder, error);
    if (!view)
        return STATUS_FAILED;
    const char *name = sweep->metric[0];
    double value = cell_value(view, folder, name);
    Status status = isnan(value)
                        ? no_such_figure(view, folder, name, error)
                        : cell_add_figures(folder, view->step, 1, &sweep->metric[0], &value, error);
    run_view_drop(view);
    return status;
}

Status rungs_judge(const Table *table, const Cell *cell, const char *folder, Crew *crew,
                   Error *error)
{
    const Study *sweep = table->study;
    How how;
    bool worked_out = cell_how(sweep->metric[0], &how);
    Status status = STATUS_OK;
    if (worked_out || rungs_goal(table, cell) == 0)
        status = study_judge(sweep, cell->arm, folder, crew, error);
    return status || worked_out ? status : keep_figure(sweep, folder, error);
}

/* ---- A rung ---- */

static const Cell *cell_at(const Table *table, int arm, int seed)
{
    return &table->cell[arm * table->study->seeds + seed];
}

static bool has_come(const Table *table, int arm)
{
    for (int seed = 0; seed < table->study->seeds; seed++) {
        const Cell *cell = cell_at(table, arm, seed);
        if (cell->state != CELL_FAILED && cell->reached <= table->decided)
            return false;
    }
    return true;
}

/* The mean over its seeds; NaN when one of them failed on the way. */
static double mean_at(const Table *table, int arm, int rung)
{
    const Study *sweep = table->study;
    double sum = 0;
    for (int seed = 0; seed < sweep->seeds; seed++)
        sum += cell_figure(cell_at(table, arm, seed)->folder, sweep->rung[rung], sweep->metric[0]);
    return sum / sweep->seeds;
}

/* Said in the folder, once. */
static void say_stopped(const Table *table, const Cell *cell, const Trial *trial)
{
    char text[200];
    const Study *sweep = table->study;
    const RunView *view = run_view_read(cell->folder, NULL);
    bool said = !view || view->state != RUN_PAUSED || strstr(view->note, STOPPED);
    run_view_drop(view);
    snprintf(text, sizeof text, "state: paused: %s at step %ld: place %d of %d by %s", STOPPED,
             sweep->rung[trial->rung], trial->place, trial->of, sweep->metric[0]);
    if (!said)
        log_event_in(cell->folder, sweep->rung[trial->rung], text, NULL);
}

static void stop(Table *table, int arm)
{
    for (int seed = 0; seed < table->study->seeds; seed++) {
        Cell *cell = &table->cell[arm * table->study->seeds + seed];
        if (cell_is_over(cell))
            continue;
        cell->state = CELL_STOPPED;
        say_stopped(table, cell, &table->trial[arm]);
    }
}

/* The arms that came to the rung that is to be decided next; returns how many. */
static int who_came(const Table *table, int *arm)
{
    int n = 0;
    for (int i = 0; i < table->study->arms; i++)
        if (table->trial[i].rung == table->decided)
            arm[n++] = i;
    return n;
}

/* Of these n arms the best go on. */
static Status decide(Table *table, int n, const int *arm, Error *error)
{
    const Study *sweep = table->study;
    double value[STUDY_ARMS];
    int order[STUDY_ARMS], stay = sweep_stay(n, sweep->keep);
    for (int i = 0; i < n; i++)
        value[i] = mean_at(table, arm[i], table->decided);
    sweep_rank(n, value, sweep->more, order);
    if (isnan(value[order[0]]))
        return fail(error, STATUS_FAILED, "%s: no trial came to step %ld with finite numbers",
                    sweep->name, sweep->rung[table->decided]);
    for (int i = 0; i < n; i++) {
        Trial *trial = &table->trial[arm[order[i]]];
        trial->place = i + 1;
        trial->of = n;
        trial->value = value[order[i]];
        if (i < stay && !isnan(trial->value))
            trial->rung++;
        else
            stop(table, arm[order[i]]);
    }
    return STATUS_OK;
}

Status rungs_decide(Table *table, Error *error)
{
    Status status = STATUS_OK;
    while (!status && table->decided < table->study->rungs) {
        int arm[STUDY_ARMS], n = who_came(table, arm);
        for (int i = 0; i < n; i++)
            if (!has_come(table, arm[i]))
                return STATUS_OK;
        status = decide(table, n, arm, error);
        table->decided += !status;
    }
    return status;
}

/* ---- All of them ---- */

static bool comes_before(const Table *table, const double *value, int a, int b)
{
    const Trial *x = &table->trial[a], *y = &table->trial[b];
    if (x->rung != y->rung)
        return x->rung > y->rung;
    bool whole = x->rung >= table->study->rungs;
    double u = whole ? value[a] : x->value, v = whole ? value[b] : y->value;
    if (isnan(u) || isnan(v))
        return !isnan(u) && isnan(v);
    return table->study->more ? u > v : u < v;
}

void rungs_order(const Table *table, const double *value, int *order)
{
    for (int i = 0; i < table->study->arms; i++) {
        int at = i;
        for (; at > 0 && comes_before(table, value, i, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}
