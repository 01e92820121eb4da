/* Which runs the list shows, and in which order: by Session.filter and Session.sorting. What is
 * copied of it as a table has the same rows. */
#ifndef DDIL_RUN_LIST_H
#define DDIL_RUN_LIST_H

#include "views/model/group.h"

/* Session.sorting: one of these, or SORTINGS + the number of a metric (metric_columns.h). */
typedef enum Sorting {
    SORT_TREE, /* parents before their forks */
    SORT_NAME,
    SORT_STATE,
    SORT_STEP,
    SORT_LOSS,
    SORT_SHIFT,
    SORTINGS
} Sorting;

/* Runs that pass the filter, of a folded group one; allocated, the caller frees it. *n: how many.
 * Depths are nought but in the order of the tree. */
Kin *run_list(const Scene *scene, int *n);

#endif
