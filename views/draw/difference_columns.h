/* The parameters in which the runs of a list differ, as columns of a table: what a sweep varied. */
#ifndef DDIL_DIFFERENCE_COLUMNS_H
#define DDIL_DIFFERENCE_COLUMNS_H

#include "views/draw/canvas.h"
#include "views/model/group.h"

enum { DIFFERENCES_MOST = 6, DIFFERENCE_WIDTH = 13 };

typedef struct Differences {
    int n;
    int param[DIFFERENCES_MOST]; /* indices of run_param_row */
} Differences;

/* Of the chosen run and those listed (kin[n]) that are of its method on its data; the seed is no
 * difference. */
Differences differences_of(const Scene *scene, const Kin *kin, int n);
/* As many columns as fit into `rect`: values of a run, or of NULL their names. Returns the cells
 * they take. */
int differences_draw(const Differences *differences, Canvas *canvas, const Scene *scene, Rect rect,
                     const RunView *run);

#endif
