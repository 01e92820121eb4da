/* Drawings for paper and slides: lines, areas, text and pictures in points, collected first and
 * then written as SVG, whose text stays text, or as PNG through cairo. The first fault (no memory)
 * is kept and said when the drawing is written. Any thread, one at a time. */
#ifndef DDIL_DRAWING_H
#define DDIL_DRAWING_H

#include "engine/base/status.h"
#include <stdint.h>

typedef struct Drawing Drawing;

typedef struct Pen {
    uint32_t rgb;   /* 0xrrggbb */
    double opacity; /* 0..1 */
    double width;   /* of a line, in points; 0: the area inside is filled */
    double dash;    /* length of dashes and gaps, 0: none */
} Pen;

typedef enum Anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END } Anchor;

/* A sheet of width x height points; (0, 0) is the upper left corner. NULL: no memory. */
Drawing *drawing_new(double width, double height, uint32_t ground);
void drawing_free(Drawing *drawing);

/* Through n points x0, y0, x1, y1, ...; a point that is not finite interrupts a line. */
void drawing_path(Drawing *drawing, int n, const double *xy, Pen ink);
void drawing_line(Drawing *drawing, double x0, double y0, double x1, double y1, Pen ink);
void drawing_box(Drawing *drawing, double x, double y, double width, double height, Pen ink);
void drawing_dot(Drawing *drawing, double x, double y, double radius, Pen ink);
/* UTF-8 of `size` points, its baseline at y; turned: runs upwards. */
void drawing_text(Drawing *drawing, double x, double y, const char *text, double size,
                  Anchor anchor, uint32_t rgb, int turned);
/* width x height pixels 0xrrggbb into a box, with hard edges. */
void drawing_picture(Drawing *drawing, double x, double y, double box_width, double box_height,
                     int width, int height, const uint32_t *pixels);

/* Width of a text in points, as the PNG has it; SVG viewers differ by a little. */
double drawing_text_width(const char *text, double size);

/* By the path's ending, .svg or .png (two pixels a point). The file is whole or as it was.
 * BAD_INPUT: another ending. */
Status drawing_write(const Drawing *drawing, const char *path, Error *error);

#endif
