/* Pictures of paths. */
#ifndef DDIL_PATH_PICTURE_H
#define DDIL_PATH_PICTURE_H

#include "views/draw/picture.h"
#include "views/model/path_gaps.h"

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

/* Where they stand in a picture of these cells; all 0: there is no picture. */
PathsPlace paths_place(const CanvasLook *look, Rect rect, const PathsSpec *spec);
void paths_picture(Canvas *canvas, Rect rect, const PathsSpec *spec);
/* The seed whose path passes closest to a pixel at the spec's stage. */
int paths_nearest(const PathsSpec *spec, const PathsPlace *place, int x, int y);

#endif
