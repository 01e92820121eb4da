/* Owns the implied target. Works within one worker. */
#include "engine/distill/expert.h"
#include <string.h>

Expert expert_teacher(const Lab *lab, int substeps)
{
    Expert expert = {lab_teacher(lab, 1, 1), substeps};
    expert.policy.site = SITE_T;
    return expert;
}

static int span_of(const Fold *fold, int r) { return fold->span ? fold->span[r] : 1; }

/* Time of row r after k of m sub-steps. */
static double time_after(const Fold *fold, int r, int k, int m)
{
    int span = span_of(fold, r);
    return k < m ? (fold->i[r] - (double)(k * span) / m) / fold->points
                 : (double)(fold->i[r] - span) / fold->points;
}

/* The rows whose path is not known yet. */
static int unknown(const Fold *fold, int *row)
{
    int n = 0;
    for (int r = 0; r < fold->n; r++)
        if (!fold->known || !fold->known[r])
            row[n++] = r;
    return n;
}

void expert_walk(const Lab *lab, const Expert *expert, Arena *arena, const Fold *fold, float *end)
{
    size_t mark = arena_mark(arena), d = (size_t)lab->data.dims;
    int m = expert->substeps, *row = arena_new(arena, int, fold->n), n = unknown(fold, row);
    float *z = arena_floats(arena, n * d), *x = arena_floats(arena, n * d);
    double *u = arena_new(arena, double, n);
    int *label = fold->label ? arena_new(arena, int, n) : NULL;
    Noises noises = {.schedule = lab->schedule};
    memcpy(end, fold->known ? fold->end : fold->z, sizeof *end * (size_t)fold->n * d);
    for (int k = 0; k < n; k++)
        memcpy(z + (size_t)k * d, fold->z + (size_t)row[k] * d, sizeof *z * d);
    for (int k = 0; k < n && label; k++)
        label[k] = fold->label[row[k]];
    for (int k = 0; k < m && n > 0; k++) { /* nobody is asked about no row */
        for (int r = 0; r < n; r++)
            u[r] = time_after(fold, row[r], k, m);
        policy_x0(&expert->policy, arena, n, z, u, label, x, fold->count);
        for (int r = 0; r < n; r++)
            step_ddim((int)d, noises_at(&noises, u[r]),
                      noises_at(&noises, time_after(fold, row[r], k + 1, m)), z + (size_t)r * d,
                      x + (size_t)r * d, z + (size_t)r * d);
    }
    for (int k = 0; k < n; k++)
        memcpy(end + (size_t)row[k] * d, z + (size_t)k * d, sizeof *z * d);
    arena_rewind(arena, mark);
}

void expert_fold(const Lab *lab, const Expert *expert, Arena *arena, const Fold *fold)
{
    int n = fold->n, d = lab->data.dims, m = expert->substeps;
    size_t mark = arena_mark(arena);
    Noises noises = {.schedule = lab->schedule};
    float *end = arena_floats(arena, n * d);
    expert_walk(lab, expert, arena, fold, end);
    for (int r = 0; r < n; r++) {
        Noise t = noises_at(&noises, time_after(fold, r, 0, m));
        Noise s = noises_at(&noises, time_after(fold, r, m, m));
        float *at = end + r * d; /* at u = 0 the last estimate too */
        step_implied_x0(d, t, s, fold->z + r * d, at, at, fold->x0 + r * d);
        threshold_apply(&lab->threshold, SITE_T, d, t.u, fold->x0 + r * d, fold->count);
    }
    arena_rewind(arena, mark);
}
