/* Points of one's own become a law: a Gaussian kernel round each, so that there is an exact teacher
 * (methods.md 1.8). */
#ifndef DDIL_POINTS_H
#define DDIL_POINTS_H

#include "engine/data/dataset.h"

typedef struct Point {
    double x, y;
    int label;
} Point;

typedef struct Points {
    int n, room;
    Point *at;
} Points;

/* Takes one more. */
void points_add(Points *points, double x, double y, int label);
/* Gives them back. */
void points_done(Points *points);

/* The mixture of kernels round all points, or round MIXTURE_MAX of them, chosen by their content,
 * where there are more: centred, scaled to unit RMS per coordinate. A kernel's deviation is
 * files->kernel, in the points' unit; 0: half of the median distance to the fifth neighbour, at
 * least .03 of the RMS. Equal points weigh more. BAD_INPUT: fewer than two points, all in one place
 * without a kernel, numbers too far apart. */
Status points_law(const Points *points, const DatasetFiles *files, Dataset *dataset, Arena *arena,
                  Error *error);

#endif
