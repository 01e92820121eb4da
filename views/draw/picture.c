/* Owns rasters: begin, draw, end, and their fall-back as cells. Samples stand in tile.c, clouds
 * in cloud.c. */
#include "views/draw/picture.h"

#include "engine/base/status.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Whole pixels of some cells: none beyond them. */
static int pixels_of(int cells, double unit) { return (int)(cells * unit + 1e-6); }

Raster raster_for(const CanvasLook *look, Rect cells)
{
    bool sixel = look->graphics == GRAPHICS_SIXEL;
    Raster raster = {.unit_x = 1, .unit_y = 2};
    if (sixel)
        raster = (Raster){.unit_x = look->cell_width, .unit_y = look->cell_height};
    cells.width = smaller(cells.width, (int)(PICTURE_SIDE_MAX / raster.unit_x));
    cells.height = smaller(cells.height, (int)(PICTURE_SIDE_MAX / raster.unit_y));
    raster.cells = cells;
    raster.width = pixels_of(cells.width, raster.unit_x);
    raster.height = pixels_of(cells.height, raster.unit_y);
    if (sixel)
        raster.height -= raster.height % 6; /* a part of a band would spill into the next row */
    return raster;
}

bool raster_begin(Raster *raster, Canvas *canvas, Rect cells)
{
    const CanvasLook *look = &canvas->look;
    cells = rect_intersect(cells, (Rect){0, 0, canvas->width, canvas->height - 1});
    *raster = raster_for(look, cells);
    cells = raster->cells;
    bool impossible = look->graphics == GRAPHICS_OFF || raster->width < 1 || raster->height < 1;
    if (impossible || canvas_keep_picture(canvas, cells))
        return false;
    raster->pixels = calloc((size_t)raster->width * (size_t)raster->height, 1);
    need(raster->pixels);
    memcpy(raster->palette[0], look->background, 3);
    return true;
}

/* ---- Cells instead of pixels ---- */

static Picture picture_of(const Raster *raster)
{
    Picture picture = {raster->cells,    raster->width,  raster->height,
                       raster->coloured, raster->pixels, {{0}}};
    memcpy(picture.palette, raster->palette, sizeof raster->palette);
    return picture;
}

/* Colours of the two pixels of a cell; NULL: the background. */
typedef struct Pair {
    const uint8_t *top, *bottom;
} Pair;

static int16_t cell_colour(const Canvas *canvas, const uint8_t *rgb)
{
    return rgb ? theme_nearest(canvas->look.colours, rgb) : COLOUR_DEFAULT;
}

static uint32_t shade_of(const Canvas *canvas, const uint8_t *background, Pair pair)
{
    static const char ascii[] = " .:-=+*#%@";
    static const uint32_t shades[] = {' ', 0x00b7, 0x2591, 0x2592, 0x2593, 0x2588};
    int ground = theme_luminance(background);
    int top = pair.top ? theme_luminance(pair.top) : ground;
    int bottom = pair.bottom ? theme_luminance(pair.bottom) : ground;
    int contrast = abs((top + bottom) / 2 - ground);
    int range = larger(ground, 255 - ground) + 1;
    if (canvas->look.ascii || canvas->look.graphics == GRAPHICS_ASCII)
        return (uint32_t)ascii[contrast * 10 / range];
    return shades[contrast * 6 / range];
}

static void put_pair(Canvas *canvas, const uint8_t *background, int x, int y, Pair pair)
{
    int16_t high = cell_colour(canvas, pair.top), low = cell_colour(canvas, pair.bottom);
    bool shaded = canvas->look.colours == COLOURS_NONE || canvas->look.ascii ||
                  canvas->look.graphics == GRAPHICS_ASCII;
    if (!pair.top && !pair.bottom) {
        canvas_put(canvas, x, y, ' ', (Style){COLOUR_DEFAULT, COLOUR_DEFAULT, 0});
    } else if (shaded) {
        uint32_t rune = shade_of(canvas, background, pair);
        canvas_put(canvas, x, y, rune, (Style){pair.top ? high : low, COLOUR_DEFAULT, 0});
    } else if (!pair.top) {
        canvas_put(canvas, x, y, 0x2584, (Style){low, COLOUR_DEFAULT, 0});
    } else {
        canvas_put(canvas, x, y, 0x2580, (Style){high, low, 0});
    }
}

static const uint8_t *ink_at(const Picture *picture, int x, int y)
{
    size_t i = (size_t)y * (size_t)picture->width + (size_t)x;
    return picture->pixels[i] ? picture_rgb(picture, i) : NULL;
}

static void put_cells(const Raster *raster, Canvas *canvas)
{
    Picture picture = picture_of(raster);
    for (int y = 0; y < raster->cells.height; y++)
        for (int x = 0; x < raster->cells.width; x++)
            put_pair(canvas, raster->palette[0], raster->cells.x + x, raster->cells.y + y,
                     (Pair){ink_at(&picture, x, 2 * y), ink_at(&picture, x, 2 * y + 1)});
}

void raster_end(Raster *raster, Canvas *canvas)
{
    const CanvasLook *look = &canvas->look;
    bool rgb = raster->coloured && look->rgb && look->graphics == GRAPHICS_BLOCKS;
    if (look->graphics != GRAPHICS_SIXEL && !rgb) {
        put_cells(raster, canvas);
        free(raster->pixels);
        return;
    }
    Picture picture = picture_of(raster);
    canvas_add_picture(canvas, &picture);
}

/* ---- Drawing ---- */

Box raster_box(const Raster *raster, Rect cells)
{
    int column = cells.x - raster->cells.x, row = cells.y - raster->cells.y;
    int x = pixels_of(column, raster->unit_x), y = pixels_of(row, raster->unit_y);
    int right = pixels_of(column + cells.width, raster->unit_x);
    int bottom = pixels_of(row + cells.height, raster->unit_y);
    int width = smaller(right, raster->width) - x, height = smaller(bottom, raster->height) - y;
    return (Box){x, y, larger(width, 0), larger(height, 0)};
}

static void put_pixel(Raster *raster, Box clip, int x, int y, uint8_t colour)
{
    bool inside = x >= clip.x && y >= clip.y && x < clip.x + clip.width && y < clip.y + clip.height;
    if (inside && x >= 0 && y >= 0 && x < raster->width && y < raster->height)
        raster->pixels[y * raster->width + x] = colour;
}

void raster_fill(Raster *raster, Box box, uint8_t colour)
{
    for (int y = larger(box.y, 0); y < smaller(box.y + box.height, raster->height); y++)
        for (int x = larger(box.x, 0); x < smaller(box.x + box.width, raster->width); x++)
            raster->pixels[y * raster->width + x] = colour;
}

void raster_frame(Raster *raster, Box box, uint8_t colour)
{
    int right = box.x + box.width - 1, bottom = box.y + box.height - 1;
    raster_line(raster, box, box.x, box.y, right, box.y, colour);
    raster_line(raster, box, box.x, bottom, right, bottom, colour);
    raster_line(raster, box, box.x, box.y, box.x, bottom, colour);
    raster_line(raster, box, right, box.y, right, bottom, colour);
}

void raster_line(Raster *raster, Box clip, int x0, int y0, int x1, int y1, uint8_t colour)
{
    int n = larger(abs(x1 - x0), abs(y1 - y0));
    if (n > 4 * PICTURE_SIDE_MAX)
        return; /* far outside */
    for (int i = 0; i <= n; i++) {
        double t = n == 0 ? 0 : (double)i / n;
        put_pixel(raster, clip, x0 + (int)lround(t * (x1 - x0)), y0 + (int)lround(t * (y1 - y0)),
                  colour);
    }
}

void raster_dot(Raster *raster, Box clip, int x, int y, int size, uint8_t colour)
{
    for (int dy = 0; dy < size; dy++)
        for (int dx = 0; dx < size; dx++)
            put_pixel(raster, clip, x - size / 2 + dx, y - size / 2 + dy, colour);
}

int picture_square_cells(const Canvas *canvas, int height)
{
    double unit_x = canvas->look.graphics == GRAPHICS_SIXEL ? canvas->look.cell_width : 1;
    double unit_y = canvas->look.graphics == GRAPHICS_SIXEL ? canvas->look.cell_height : 2;
    return (int)ceil(height * unit_y / unit_x - 1e-6);
}
