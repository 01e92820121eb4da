/* Owns the order of runs as a tree. See lineage.h. */
#include "views/model/lineage.h"

#include <stddef.h>

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
