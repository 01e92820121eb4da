/* Owns how runs belong together: forks under their parents, seeds in groups. See group.h. */
#include "views/model/group.h"

#include "engine/base/seeds.h"
#include <math.h>
#include <string.h>

/* The whole group, folded or not; of one run alone n is 1. */
static Group whole_group(const Snapshot *snapshot, const RunView *run)
{
    long seed;
    Group group = {.stem = (int)seeds_stem(run->name, &seed)};
    for (int i = 0; i < snapshot->runs && group.stem > 0 && group.n < GROUP_MOST; i++) {
        const RunView *other = snapshot->run[i];
        if ((int)seeds_stem(other->name, &seed) == group.stem &&
            strncmp(other->name, run->name, (size_t)group.stem) == 0 &&
            strcmp(other->method, run->method) == 0 && strcmp(other->data, run->data) == 0) {
            group.run[group.n] = other;
            group.seed[group.n++] = seed;
        }
    }
    return group;
}

/* The place where it stands unfolded, -1: it is folded. */
static int unfolded_at(const Session *session, const Group *group)
{
    for (int i = 0; i < UNFOLDED_MAX; i++)
        for (int k = 0; k < group->n; k++)
            if (session->unfolded[i] == group->run[k]->id)
                return i;
    return -1;
}

Group group_of(const Scene *scene, const RunView *run)
{
    Group group = run ? whole_group(scene->snapshot, run) : (Group){0};
    if (group.n < 2 || unfolded_at(scene->session, &group) >= 0)
        group.n = 0;
    return group;
}

bool group_has(const Group *group, const RunView *run)
{
    for (int i = 0; i < group->n; i++)
        if (group->run[i] == run)
            return true;
    return false;
}

const RunView *group_seed(const Group *group, long seed)
{
    for (int i = 0; i < group->n; i++)
        if (group->seed[i] == seed)
            return group->run[i];
    return NULL;
}

int group_count(const Group *group, RunState state)
{
    int n = 0;
    for (int i = 0; i < group->n; i++)
        n += group->run[i]->state == state;
    return n;
}

RunState group_state(const Group *group)
{
    static const RunState order[] = {RUN_LIVE, RUN_QUEUED, RUN_PAUSED, RUN_FAILED};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        if (group_count(group, order[i]) > 0)
            return order[i];
    return RUN_DONE;
}

bool group_unfold(const Scene *scene, bool unfold)
{
    Session *session = scene->session;
    Group group = scene->run ? whole_group(scene->snapshot, scene->run) : (Group){0};
    int at = unfolded_at(session, &group);
    if (group.n < 2 || unfold == (at >= 0))
        return false;
    if (!unfold)
        session->unfolded[at] = 0;
    for (int i = 0; i < UNFOLDED_MAX && unfold; i++)
        if (session->unfolded[i] == 0 || i == UNFOLDED_MAX - 1) {
            session->unfolded[i] = group.run[0]->id;
            break;
        }
    return true;
}

Sample group_difference(const Group *group, const Group *base, RunNumber *number,
                        const void *context)
{
    double x[GROUP_MOST], y[GROUP_MOST];
    for (int i = 0; i < group->n; i++) {
        const RunView *other = base ? group_seed(base, group->seed[i]) : NULL;
        x[i] = number(group->run[i], context);
        y[i] = other ? number(other, context) : (double)NAN;
    }
    return base ? student_paired(group->n, x, y) : student_sample(group->n, x);
}

Sample group_sample(const Group *group, RunNumber *number, const void *context)
{
    return group_difference(group, NULL, number, context);
}

double run_metric(const RunView *run, const void *name)
{
    for (int i = 0; i < run->metrics; i++)
        if (strcmp(run->metric[i].name, name) == 0)
            return run->metric[i].value;
    return NAN;
}

/* ---- Forks ---- */

/* A parent has the lower number: a run's place is after the last run already placed that
 * is its parent or descends from it. Runs come by number, so siblings stay in order. */
static int place_for(const Snapshot *snapshot, const Kin *kin, int n, int parent)
{
    for (int i = 0; i < n; i++) {
        if (snapshot->run[kin[i].index]->id == parent) {
            int end = i + 1;
            while (end < n && kin[end].depth > kin[i].depth)
                end++;
            return end;
        }
    }
    return -1;
}

static int depth_of(const Snapshot *snapshot, const Kin *kin, int n, int parent)
{
    for (int i = 0; i < n; i++)
        if (snapshot->run[kin[i].index]->id == parent)
            return kin[i].depth + 1;
    return 0;
}

void lineage_order(const Snapshot *snapshot, Kin *kin)
{
    for (int n = 0; n < snapshot->runs; n++) {
        int parent = snapshot->run[n]->parent;
        int place = parent > 0 ? place_for(snapshot, kin, n, parent) : -1;
        int depth = place >= 0 ? depth_of(snapshot, kin, n, parent) : 0;
        place = place >= 0 ? place : n;
        for (int i = n; i > place; i--)
            kin[i] = kin[i - 1];
        kin[place] = (Kin){n, depth};
    }
}
