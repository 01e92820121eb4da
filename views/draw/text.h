/* Text as panels want it: titles on rules, cut, wrapped, labelled. */
#ifndef DDIL_TEXT_H
#define DDIL_TEXT_H

#include "views/draw/canvas.h"

/* "─ title ───── right ─" on the first row of `rect`, which is cut off it. */
void text_title(Canvas *canvas, Rect *rect, const char *title, const char *right);
/* At most `width` cells, the last a mark of it when the text was cut. */
void text_cut(Canvas *canvas, int x, int y, int width, Style style, const char *text);
/* Words of `text` on as many rows of `rect` as they take, from `row` on; rows outside are left out.
 * Returns the rows taken; canvas NULL: only counts. */
int text_wrap(Canvas *canvas, Rect rect, int row, Style style, const char *text);
/* "label   value" on row y; false when there is no room for it. */
bool text_fact(Canvas *canvas, Rect rect, int row, const char *label, const char *value);
/* "▸name" in the cursor's colour where it is chosen, else " name", faint. */
void text_choice(Canvas *canvas, int x, int y, int width, bool chosen, const char *name);
/* One faint line in the middle of a view that has nothing else to show. */
void text_alone(Canvas *canvas, Rect body, const char *text);

#endif
