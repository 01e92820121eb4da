/* A canvas as text: what stands where, in which style, which pictures. For golden files.
 */
#ifndef DDIL_SCREEN_DUMP_H
#define DDIL_SCREEN_DUMP_H

#include "views/canvas.h"
#include <stdio.h>

/* Rows of text, trailing blanks cut. */
void dump_text(const Canvas *canvas, FILE *out);
/* Rows of run-length coded styles: "12a5b", with a legend after them. */
void dump_styles(const Canvas *canvas, FILE *out);
/* One line a picture: place, size, hash of pixels and palette. */
void dump_pictures(const Canvas *canvas, FILE *out);

/* Compares `text` with the golden file of that name, or writes it when DDIL_GOLDEN=write.
 * On a difference prints the first differing line of both and returns false. */
bool golden_equal(const char *name, const char *text);

#endif
