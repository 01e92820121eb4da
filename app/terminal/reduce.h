/* The same picture with fewer colours or coarser pixels, for slow lines. */
#ifndef DDIL_THIN_H
#define DDIL_THIN_H

#include "views/draw/canvas.h"

/* Changes pixels and palette in place so that at most `colours` entries, the first ones,
 * are used. Two colours: what is nearer to the background, and the rest. More: the
 * nearest neighbours are merged, so that rare bright marks survive. */
void thin_colours(Picture *picture, int colours);
/* Every scale x scale pixels become one colour; the size stays. What is not background
 * wins, so that small dots survive. */
void thin_pixels(Picture *picture, int scale);
/* The entries a picture needs: one more than its highest index. */
int picture_colours(const Picture *picture);

#endif
