/* A canvas as text: what stands where, in which style, which pictures; and its pictures
 * as files. For :save-display, scripts and golden files. */
#ifndef DDIL_DUMP_H
#define DDIL_DUMP_H

#include "engine/base/status.h"
#include "views/draw/canvas.h"
#include <stdio.h>

/* Rows of text, trailing blanks cut. */
void dump_text(const Canvas *canvas, FILE *out);
/* Rows of run-length coded styles: "12a5b", with a legend after them. */
void dump_styles(const Canvas *canvas, FILE *out);
/* One line a picture: place, size, hash of pixels and palette. */
void dump_pictures(const Canvas *canvas, FILE *out);

/* All three to a file. BAD_INPUT when it cannot be written. */
Status dump_file(const Canvas *canvas, const char *path, Error *error);
/* Everything on it as a drawing, .png or .svg. BAD_INPUT: another ending. */
Status dump_picture(const Canvas *canvas, const char *path, Error *error);

#endif
