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

void expert_fold(const Lab *lab, const Expert *expert, Arena *arena, const Fold *fold)
{
    int n = fold->n, d = lab->data.dims, m = expert->substeps;
    size_t mark = arena_mark(arena);
    Noises noises = {.schedule = lab->schedule};
    float *z_end = arena_floats(arena, n * d), *x = arena_floats(arena, n * d);
    double *u = arena_new(arena, double, n);
    memcpy(z_end, fold->z, sizeof *z_end * (size_t)(n * d));
    for (int k = 0; k < m; k++) {
        for (int r = 0; r < n; r++)
            u[r] = time_after(fold, r, k, m);
        policy_x0(&expert->policy, arena, n, z_end, u, fold->label, x, fold->count);
        for (int r = 0; r < n; r++)
            step_ddim(d, noises_at(&noises, u[r]),
                      noises_at(&noises, time_after(fold, r, k + 1, m)), z_end + r * d, x + r * d,
                      z_end + r * d);
    }
    for (int r = 0; r < n; r++) {
        Noise t = noises_at(&noises, time_after(fold, r, 0, m));
        Noise s = noises_at(&noises, time_after(fold, r, m, m));
        step_implied_x0(d, t, s, fold->z + r * d, z_end + r * d, x + r * d, fold->x0 + r * d);
        threshold_apply(&lab->threshold, SITE_T, d, t.u, fold->x0 + r * d, fold->count);
    }
    arena_rewind(arena, mark);
}
