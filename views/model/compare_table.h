/* Runs side by side in a table: what they came to, and only the parameters that differ.
 */
#ifndef DDIL_VERSUS_H
#define DDIL_VERSUS_H

#include "views/model/overlay.h"

/* Rows below the head. `equal`: parameters that all runs share are rows too. */
int versus_rows(const Scene *scene, const Laid *laid, bool equal);
/* From row `first` on; a column a run, as many as find room. */
void versus_draw(Canvas *canvas, const Scene *scene, const Laid *laid, bool equal, int first,
                 Rect rect);

#endif
