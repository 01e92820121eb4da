/* Owns the arithmetic of paths. See path_gaps.h. */
#include "views/model/path_gaps.h"

#include "views/model/clamp.h"
#include <math.h>
#include <stddef.h>

static size_t row_of(const PathsView *paths, int start, int stage, int seed)
{
    size_t plane = (size_t)start * (size_t)(paths->steps + 1) + (size_t)stage;
    return plane * (size_t)paths->n + (size_t)seed;
}

const float *paths_point(const PathsView *paths, int start, int stage, int seed)
{
    return paths->path + 2 * row_of(paths, start, stage, seed);
}

double paths_gap(const PathsView *paths, int start, int stage, int seed)
{
    return (double)paths->gap[row_of(paths, start, stage, seed)];
}

double paths_fresh(const PathsView *paths, int stage, int seed)
{
    return (double)paths->fresh[row_of(paths, 0, stage, seed)];
}

double paths_inherited(const PathsView *paths, int seed)
{
    double gap = 0, fresh = 0;
    int first = larger(seed, 0), last = seed < 0 ? paths->n - 1 : seed;
    for (int p = first; p <= last; p++) {
        gap += paths_gap(paths, 0, paths->steps, p);
        fresh += paths_fresh(paths, paths->steps, p);
    }
    return gap > 0 ? fmin(fmax(1 - fresh / gap, 0), 1) : (double)NAN;
}

int paths_worst(const PathsView *paths, int seed)
{
    int worst = 1;
    for (int stage = 2; stage <= paths->steps; stage++)
        if (paths_fresh(paths, stage, seed) > paths_fresh(paths, worst, seed))
            worst = stage;
    return worst;
}

int paths_worst_seed(const PathsView *paths)
{
    int worst = 0;
    for (int seed = 1; seed < paths->n; seed++)
        if (paths_gap(paths, 0, paths->steps, seed) > paths_gap(paths, 0, paths->steps, worst))
            worst = seed;
    return worst;
}
