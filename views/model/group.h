/* How runs belong together: who was forked from whom, and groups.
 *
 * A group: runs that differ in their seed alone (STEM-sSEED, of one method on one data set) and
 * stand as one wherever they are folded: their mean, and Student's 95 % interval of it. Pure. */
#ifndef DDIL_GROUP_H
#define DDIL_GROUP_H

#include "engine/base/student.h"
#include "views/model/session.h"

enum { GROUP_MOST = 64 };

typedef struct Group {
    int n;    /* 0: the run stands alone, or its group is unfolded; else from 2 on */
    int stem; /* length of the name without its seed */
    const RunView *run[GROUP_MOST]; /* by number */
    long seed[GROUP_MOST];
} Group;

/* The folded group of a run. */
Group group_of(const Scene *scene, const RunView *run);
bool group_has(const Group *group, const RunView *run);
/* The member of that seed, or NULL. */
const RunView *group_seed(const Group *group, long seed);
/* How many of them are in this state. */
int group_count(const Group *group, RunState state);
/* What the row of a group says of its state: of those that are not done the liveliest. */
RunState group_state(const Group *group);
/* Unfolds the chosen run's group, or folds it. false: it has none, or nothing changes. */
bool group_unfold(const Scene *scene, bool unfold);

/* A number of each of them, and of each less that of the other group's run of the same seed. */
typedef double RunNumber(const RunView *run, const void *context);
Sample group_sample(const Group *group, RunNumber *number, const void *context);
Sample group_difference(const Group *group, const Group *base, RunNumber *number,
                        const void *context);
/* A RunNumber: the metric of that name (a string) of the last evaluation; NaN: none. */
double run_metric(const RunView *run, const void *name);

typedef struct Kin {
    int index; /* into Snapshot.run */
    int depth; /* 0: no parent in this folder */
} Kin;
/* All runs of the snapshot, each parent before its forks, siblings by number. `kin` has
 * room for all of them. */
void lineage_order(const Snapshot *snapshot, Kin *kin);

#endif
