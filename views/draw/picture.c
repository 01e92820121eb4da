/* Owns rasters: begin, draw, end, and their fall-back as cells. Clouds stand in cloud.c.
 */
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

static int16_t cell_colour(const Canvas *canvas, const Raster *raster, uint8_t index)
{
    return index == 0 ? COLOUR_DEFAULT
                      : theme_nearest(canvas->look.colours, raster->palette[index]);
}

static uint32_t shade_of(const Canvas *canvas, const uint8_t *background, const uint8_t *top,
                         const uint8_t *bottom)
{
    static const char ascii[] = " .:-=+*#%@";
    static const uint32_t shades[] = {' ', 0x00b7, 0x2591, 0x2592, 0x2593, 0x2588};
    int ground = theme_luminance(background);
    int contrast = abs((theme_luminance(top) + theme_luminance(bottom)) / 2 - ground);
    int range = larger(ground, 255 - ground) + 1;
    if (canvas->look.ascii || canvas->look.graphics == GRAPHICS_ASCII)
        return (uint32_t)ascii[contrast * 10 / range];
    return shades[contrast * 6 / range];
}

static void put_pair(Canvas *canvas, const Raster *raster, int x, int y, uint8_t top,
                     uint8_t bottom)
{
    int16_t high = cell_colour(canvas, raster, top), low = cell_colour(canvas, raster, bottom);
    bool shaded = canvas->look.colours == COLOURS_NONE || canvas->look.ascii ||
                  canvas->look.graphics == GRAPHICS_ASCII;
    if (top == 0 && bottom == 0) {
        canvas_put(canvas, x, y, ' ', (Style){COLOUR_DEFAULT, COLOUR_DEFAULT, 0});
    } else if (shaded) {
        uint32_t rune =
            shade_of(canvas, raster->palette[0], raster->palette[top], raster->palette[bottom]);
        canvas_put(canvas, x, y, rune, (Style){top != 0 ? high : low, COLOUR_DEFAULT, 0});
    } else if (top == 0) {
        canvas_put(canvas, x, y, 0x2584, (Style){low, COLOUR_DEFAULT, 0});
    } else {
        canvas_put(canvas, x, y, 0x2580, (Style){high, low, 0});
    }
}

static void put_cells(const Raster *raster, Canvas *canvas)
{
    for (int y = 0; y < raster->cells.height; y++) {
        for (int x = 0; x < raster->cells.width; x++) {
            uint8_t top = raster->pixels[2 * y * raster->width + x];
            uint8_t bottom = raster->pixels[(2 * y + 1) * raster->width + x];
            put_pair(canvas, raster, raster->cells.x + x, raster->cells.y + y, top, bottom);
        }
    }
}

void raster_end(Raster *raster, Canvas *canvas)
{
    if (canvas->look.graphics != GRAPHICS_SIXEL) {
        put_cells(raster, canvas);
        free(raster->pixels);
        return;
    }
    Picture picture = {raster->cells, raster->width, raster->height, raster->pixels, {{0}}};
    memcpy(picture.palette, raster->palette, sizeof picture.palette);
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

/* ---- Grey pictures ---- */

void sheet_palette(Raster *raster)
{
    for (int i = 0; i < GREYS; i++)
        memset(raster->palette[GREY_FIRST + i], i * 255 / (GREYS - 1), 3);
    theme_ink_rgb(INK_TEACHER, raster->palette[SHEET_FRAME]);
}

static float tile_value(const Tile *tile, int row, int column)
{
    float sum = 0;
    int plane = tile->height * tile->width, at = row * tile->width + column;
    for (int c = 0; c < tile->channels; c++) {
        float value = tile->value[c * plane + at];
        sum += tile->minus ? fabsf(value - tile->minus[c * plane + at]) : value;
    }
    return sum / (float)tile->channels;
}

/* Mean over rows [r0, r1) and columns [c0, c1), at least one of each, as a grey. */
static uint8_t tile_grey(const Tile *tile, int r0, int r1, int c0, int c1)
{
    float sum = 0;
    int n = 0;
    for (int r = r0; r < larger(r1, r0 + 1); r++) {
        for (int c = c0; c < larger(c1, c0 + 1); c++) {
            sum += tile_value(tile, r, c);
            n++;
        }
    }
    float low = tile->minus ? 0 : tile->low;
    float range = (tile->high - tile->low) / (tile->minus ? 2 : 1); /* differences are small */
    float level = (sum / (float)n - low) / (range > 0 ? range : 1) * (GREYS - 1) + 0.5f;
    return (uint8_t)(GREY_FIRST + (level > 0 ? smaller((int)fminf(level, GREYS), GREYS - 1) : 0));
}

/* Every value becomes a square of pixels. */
static void tile_up(Raster *raster, const Tile *tile, int x0, int y0, int factor)
{
    for (int row = 0; row < tile->height; row++) {
        for (int column = 0; column < tile->width; column++) {
            Box square = {x0 + column * factor, y0 + row * factor, factor, factor};
            uint8_t grey = tile_grey(tile, row, row + 1, column, column + 1);
            raster_fill(raster, square, grey);
        }
    }
}

/* Every pixel is the mean of the values under it. */
static void tile_down(Raster *raster, Box box, const Tile *tile)
{
    double shrink = fmin((double)box.width / tile->width, (double)box.height / tile->height);
    int width = larger((int)(tile->width * shrink), 1),
        height = larger((int)(tile->height * shrink), 1);
    int x0 = box.x + (box.width - width) / 2, y0 = box.y + (box.height - height) / 2;
    for (int y = 0; y < height; y++) {
        int r0 = y * tile->height / height, r1 = (y + 1) * tile->height / height;
        for (int x = 0; x < width; x++) {
            int c0 = x * tile->width / width, c1 = (x + 1) * tile->width / width;
            put_pixel(raster, box, x0 + x, y0 + y, tile_grey(tile, r0, r1, c0, c1));
        }
    }
}

void sheet_tile(Raster *raster, Box box, const Tile *tile)
{
    int factor = smaller(box.width / tile->width, box.height / tile->height);
    if (factor < 1) {
        tile_down(raster, box, tile);
        return;
    }
    int x0 = box.x + (box.width - tile->width * factor) / 2,
        y0 = box.y + (box.height - tile->height * factor) / 2;
    tile_up(raster, tile, x0, y0, factor);
}

int picture_square_cells(const Canvas *canvas, int height)
{
    double unit_x = canvas->look.graphics == GRAPHICS_SIXEL ? canvas->look.cell_width : 1;
    double unit_y = canvas->look.graphics == GRAPHICS_SIXEL ? canvas->look.cell_height : 2;
    return (int)ceil(height * unit_y / unit_x - 1e-6);
}
