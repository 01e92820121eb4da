/* Indexed pictures of at most 16 flat colours, in which pixels of samples may have colours of
 * their own: one raster feeds sixel, half blocks and ASCII alike. */
#ifndef DDIL_PICTURE_H
#define DDIL_PICTURE_H

#include "views/draw/canvas.h"

typedef struct Raster {
    Rect cells;
    int width, height;     /* pixels */
    double unit_x, unit_y; /* pixels a cell; unit_y counts 1 cell row */
    bool coloured;
    uint8_t *pixels; /* as in Picture */
    uint8_t palette[PICTURE_COLOURS][3];
} Raster;

typedef struct Box {
    int x, y, width, height; /* pixels */
} Box;

/* The size of a raster for the rectangle, without pixels. */
Raster raster_for(const CanvasLook *look, Rect cells);
/* A raster for the rectangle, all pixels 0 = background; false (and nothing to end) when
 * there is no room, pictures are off, or the picture that stood there stays (canvas.h:
 * calm). Every successful begin needs an end. */
bool raster_begin(Raster *raster, Canvas *canvas, Rect cells);
/* Puts it on the canvas: as a picture, or as cells where the terminal has no pictures (coloured
 * ones as a picture there too, of two pixels a cell, where cells take any colour). */
void raster_end(Raster *raster, Canvas *canvas);

/* Cells across that look square at so many cells down. */
int picture_square_cells(const Canvas *canvas, int height);
/* The pixels of some of its cells. */
Box raster_box(const Raster *raster, Rect cells);
void raster_fill(Raster *raster, Box box, uint8_t colour);
/* One pixel wide, inside the box. */
void raster_frame(Raster *raster, Box box, uint8_t colour);
void raster_line(Raster *raster, Box clip, int x0, int y0, int x1, int y1, uint8_t colour);
/* A square of side `size` around a point. */
void raster_dot(Raster *raster, Box clip, int x, int y, int size, uint8_t colour);

/* ---- Samples ---- */

enum { GREYS = 13, GREY_FIRST = 1, SHEET_FRAME = 14 };
/* Background, greys, and a colour for the chosen one. */
void sheet_palette(Raster *raster);
typedef struct Tile {
    const float *value; /* [height][width][channels]; three are red, green, blue, others a grey */
    const float *minus; /* NULL, or subtracted: then the size of the difference is shown */
    int height, width, channels;
    float low, high;
} Tile;
/* Scaled up by a whole factor, or down by averaging, centred in the box. Three channels make the
 * raster coloured. */
void sheet_tile(Raster *raster, Box box, const Tile *tile);

/* ---- Clouds of points ---- */

enum {
    CLOUD_DENSITIES = 7,
    CLOUD_DENSITY_FIRST = 1,
    CLOUD_INK_FIRST = 8, /* + Ink */
    CLOUD_FRAME = 12,
    CLOUD_FAINT_STUDENT = 13,
    CLOUD_FAINT_TEACHER = 14,
};
void cloud_palette(Raster *raster);
/* World coordinates: centre and half the side of the smallest square shown. */
typedef struct World {
    double x, y, half;
} World;
World cloud_world(const float *reference, int n, float low, float high);
/* The reference law as a smooth density under the points. */
void cloud_density(Raster *raster, Box box, World world, const float *points, int n);
void cloud_points(Raster *raster, Box box, World world, const float *points, int n, int size,
                  uint8_t colour);
void cloud_pixel(Box box, World world, const float point[2], int *x, int *y);

#endif
