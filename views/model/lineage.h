/* Who was forked from whom. Pure. */
#ifndef DDIL_LINEAGE_H
#define DDIL_LINEAGE_H

#include "engine/engine.h"

typedef struct Kin {
    int index; /* into Snapshot.run */
    int depth; /* 0: no parent in this folder */
} Kin;
/* All runs of the snapshot, each parent before its forks, siblings by number. `kin` has
 * room for all of them. */
void lineage_order(const Snapshot *snapshot, Kin *kin);

#endif
