/* What a finished run, or a group of seeds, came to: its shift, its metrics beside those of the
 * data and of the teacher, its best evaluation, its cost, what may come next. */
#ifndef DDIL_RUN_CARD_H
#define DDIL_RUN_CARD_H

#include "views/draw/canvas.h"
#include "views/model/group.h"

/* Rows it takes whole, its title counted. 0: the run is not done. */
int run_card_rows(const Scene *scene);
/* The card of the chosen run, as much of it as fits: metrics go first, what follows them stays. */
void run_card_draw(Canvas *canvas, const Scene *scene, Rect rect);

#endif
