/* Owns the rows of the list of runs. See run_list.h. */
#include "views/run_list.h"

#include "views/draw/metric_columns.h"
#include "views/model/filter.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_sorting(Sorting sorting, const RunView *a, const RunView *b)
{
    static const int first[] = {
        [RUN_LIVE] = 0, [RUN_QUEUED] = 1, [RUN_PAUSED] = 2, [RUN_FAILED] = 3, [RUN_DONE] = 4};
    double x = 0, y = 0;
    switch (sorting) {
    case SORT_NAME: return strcmp(a->name, b->name);
    case SORT_STATE: return first[a->state] - first[b->state];
    case SORT_STEP: x = (double)-a->step, y = (double)-b->step; break;
    case SORT_LOSS: x = a->smooth_loss, y = b->smooth_loss; break;
    case SORT_SHIFT: x = a->shift, y = b->shift; break;
    case SORT_TREE:
    case SORTINGS: break;
    }
    if (isnan(x) || isnan(y)) /* what was not measured comes last */
        return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

static int compare_runs(const Scene *scene, const RunView *a, const RunView *b)
{
    int sorting = scene->session->sorting;
    if (sorting >= SORTINGS)
        return metric_columns_order(scene, sorting - SORTINGS, a, b);
    return by_sorting((Sorting)sorting, a, b);
}

/* Does an earlier row stand for this run? */
static bool grouped(const Scene *scene, const Kin *kin, int n, const RunView *run)
{
    Group group = group_of(scene, run);
    for (int i = 0; i < n && group.n > 0; i++)
        if (group_has(&group, scene->snapshot->run[kin[i].index]))
            return true;
    return false;
}

/* A tree only stands in its own order. */
Kin *run_list(const Scene *scene, int *n)
{
    const Snapshot *snapshot = scene->snapshot;
    const Session *session = scene->session;
    bool tree = session->sorting == SORT_TREE;
    Kin *kin = need(malloc(sizeof *kin * (size_t)(snapshot->runs + 1)));
    char why[160];
    lineage_order(snapshot, kin);
    *n = 0;
    for (int i = 0; i < snapshot->runs; i++) {
        const RunView *run = snapshot->run[kin[i].index];
        if (filter_run_fits(session->filter, run, why, sizeof why) != 1 ||
            grouped(scene, kin, *n, run))
            continue;
        Kin one = kin[i];
        int at = (*n)++;
        one.depth = tree && session->filter[0] == '\0' ? one.depth : 0;
        while (at > 0 && !tree && compare_runs(scene, run, snapshot->run[kin[at - 1].index]) < 0) {
            kin[at] = kin[at - 1];
            at--;
        }
        kin[at] = one;
    }
    return kin;
}
