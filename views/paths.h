/* Pictures of paths, and what the numbers beside them are. */
#ifndef DDIL_VIEWS_PATHS_H
#define DDIL_VIEWS_PATHS_H

#include "views/draw/picture.h"
#include "views/views.h"

typedef struct PathsSpec {
    const SamplesView *samples;
    const PathsView *paths;
    int stage, seed;
    int start; /* shown instead of the student's own path: the one from the teacher's state
                  at this stage; 0: the own */
    bool field, density;
} PathsSpec;

/* Where points stand in the picture, for the mouse. */
typedef struct PathsPlace {
    Box box; /* pixels of the picture's raster */
    World world;
} PathsPlace;

/* Cells to draw into; `place` is filled. */
void paths_picture(Canvas *canvas, Rect rect, const PathsSpec *spec, PathsPlace *place);
/* The seed whose path passes closest to a pixel at the spec's stage. */
int paths_nearest(const PathsSpec *spec, const PathsPlace *place, int x, int y);

/* Of path `start` at a stage. */
const float *paths_point(const PathsView *paths, int start, int stage, int seed);
double paths_gap(const PathsView *paths, int start, int stage, int seed);
/* The part of the own path's gap that the step into the stage made. */
double paths_fresh(const PathsView *paths, int stage, int seed);
/* Share of the final gap that was there before the last step, within 0..1; NaN without a
 * gap. seed -1: of all seeds' together. */
double paths_inherited(const PathsView *paths, int seed);
/* The stage whose step made most of its own. */
int paths_worst(const PathsView *paths, int seed);

#endif
