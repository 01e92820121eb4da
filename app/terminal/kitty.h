/* A picture in the Kitty graphics protocol: a PNG, with a palette unless it is coloured, in base64,
 * placed over cells. Such pictures lie above the text until they are deleted by their number. Needs
 * no terminal. */
#ifndef DDIL_KITTY_H
#define DDIL_KITTY_H

#include "app/terminal/sixel.h"

enum { KITTY_CHUNK = 4096 };

/* Appends ESC _ G ... ESC \, in chunks, for the cells at the cursor, which does not move;
 * takes the place of an earlier picture of that number. No answer is asked for. `scale`:
 * send one pixel of scale x scale. FAILED when libpng refuses. */
Status kitty_append(Bytes *bytes, const Picture *picture, unsigned number, int scale, Error *error);
/* Deletes that picture, and ends a transmission that was cut short. */
void kitty_erase(Bytes *bytes, unsigned number);

#endif
