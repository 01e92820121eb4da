/* What a run's student made at an earlier checkpoint: its averaged weights in a copy of the lab
 * that shares the rest. */
#include "engine/run/run_parts.h"
#include <stdlib.h>
#include <string.h>

typedef struct Averaged {
    const NetSpec *spec;
    float *weights;
} Averaged;

static void averaged_walk(void *context, Walk *walk)
{
    const Averaged *averaged = context;
    walk_net(walk, "student_ema", averaged->spec, averaged->weights);
}

/* Would the teacher's samples be the same in both labs? */
static bool same_teacher(const Lab *a, const Lab *b)
{
    const Threshold *s = &a->threshold, *t = &b->threshold;
    return a->source.set.teacher_substeps == b->source.set.teacher_substeps && s->kind == t->kind &&
           s->sites == t->sites && s->low == t->low && s->high == t->high &&
           s->quantile == t->quantile;
}

Status run_past(Run *run, long step, bool paths, Gallery **gallery, Error *error)
{
    Config config;
    Lineage lineage;
    Averaged averaged = {&run->lab.student.spec, malloc(run->lab.student.size * sizeof(float))};
    need(averaged.weights);
    *gallery = NULL;
    Status status = run_config_at(run->folder, &step, &config, &lineage, error);
    if (!status)
        status = checkpoint_load_part(run->folder, step, averaged_walk, &averaged, error);
    if (!status) {
        Lab past = lab_past(&run->lab, &config, averaged.weights);
        bool share = run->gallery && !run->gallery_stale && same_teacher(&past, &run->lab);
        *gallery = gallery_make(&past, step, share ? run->gallery : NULL, paths);
        if (run->looking && !share &&
            same_teacher(&past, &run->lab)) { /* to share from the next time */
            gallery_drop(run->gallery);
            run->gallery = gallery_keep(*gallery);
            run->gallery_stale = false;
        }
    }
    free(averaged.weights);
    return status;
}
