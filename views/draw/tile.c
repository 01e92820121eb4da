/* Owns samples as squares of a raster: greys of its palette, or colours of the pixels' own. See
 * picture.h. */
#include "engine/base/status.h"
#include "views/draw/picture.h"
#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void sheet_palette(Raster *raster)
{
    for (int i = 0; i < GREYS; i++)
        memset(raster->palette[GREY_FIRST + i], i * 255 / (GREYS - 1), 3);
    theme_ink_rgb(INK_TEACHER, raster->palette[0], raster->palette[SHEET_FRAME]);
}

/* Room for colours of the pixels' own. */
static void make_coloured(Raster *raster)
{
    size_t n = (size_t)raster->width * (size_t)raster->height;
    if (raster->coloured)
        return;
    raster->coloured = true;
    raster->pixels = need(realloc(raster->pixels, 4 * n));
    memset(raster->pixels + n, 0, 3 * n); /* pictures are compared whole */
}

/* Of channels [c, end) of a pixel, the mean. */
static float tile_value(const Tile *tile, int row, int column, int c, int end)
{
    float sum = 0;
    for (int k = c; k < end; k++) {
        int at = (row * tile->width + column) * tile->channels + k;
        sum += tile->minus ? fabsf(tile->value[at] - tile->minus[at]) : tile->value[at];
    }
    return sum / (float)(end - c);
}

/* Rows [r0, r1) and columns [c0, c1), at least one of each. */
typedef struct Part {
    int r0, r1, c0, c1;
} Part;

/* The mean over a part, of channels [c, end), from 0 to 1. */
static float tile_level(const Tile *tile, Part part, int c, int end)
{
    float sum = 0, low = tile->low, range = tile->high - tile->low;
    int n = (part.r1 - part.r0) * (part.c1 - part.c0);
    for (int row = part.r0; row < part.r1; row++)
        for (int column = part.c0; column < part.c1; column++)
            sum += tile_value(tile, row, column, c, end);
    if (tile->minus) { /* differences are small */
        low = 0;
        range /= 2;
    }
    return (sum / (float)n - low) / (range > 0 ? range : 1);
}

/* 0 .. most, also of what is no number. */
static int step_of(float level, int most)
{
    level = level * (float)most + 0.5f;
    return level > 0 ? smaller((int)fminf(level, (float)most + 1), most) : 0;
}

static void paint(Raster *raster, const Tile *tile, Part part, Box square)
{
    size_t n = (size_t)raster->width * (size_t)raster->height;
    uint8_t rgb[3];
    if (tile->channels != 3) {
        int grey = step_of(tile_level(tile, part, 0, tile->channels), GREYS - 1);
        raster_fill(raster, square, (uint8_t)(GREY_FIRST + grey));
        return;
    }
    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)step_of(tile_level(tile, part, c, c + 1), 255);
    raster_fill(raster, square, PICTURE_OWN);
    for (int y = larger(square.y, 0); y < smaller(square.y + square.height, raster->height); y++)
        for (int x = larger(square.x, 0); x < smaller(square.x + square.width, raster->width); x++)
            memcpy(raster->pixels + n + 3 * (size_t)(y * raster->width + x), rgb, 3);
}

/* Every value becomes a square of pixels. */
static void tile_up(Raster *raster, const Tile *tile, int x0, int y0, int factor)
{
    for (int row = 0; row < tile->height; row++)
        for (int column = 0; column < tile->width; column++)
            paint(raster, tile, (Part){row, row + 1, column, column + 1},
                  (Box){x0 + column * factor, y0 + row * factor, factor, factor});
}

/* Every pixel is the mean of the values under it. */
static void tile_down(Raster *raster, Box box, const Tile *tile)
{
    double shrink = fmin((double)box.width / tile->width, (double)box.height / tile->height);
    int width = larger((int)(tile->width * shrink), 1),
        height = larger((int)(tile->height * shrink), 1);
    int x0 = box.x + (box.width - width) / 2, y0 = box.y + (box.height - height) / 2;
    for (int y = 0; y < smaller(height, box.height); y++) {
        int r0 = y * tile->height / height, r1 = (y + 1) * tile->height / height;
        for (int x = 0; x < smaller(width, box.width); x++) {
            int c0 = x * tile->width / width, c1 = (x + 1) * tile->width / width;
            paint(raster, tile, (Part){r0, larger(r1, r0 + 1), c0, larger(c1, c0 + 1)},
                  (Box){x0 + x, y0 + y, 1, 1});
        }
    }
}

void sheet_tile(Raster *raster, Box box, const Tile *tile)
{
    int factor = smaller(box.width / tile->width, box.height / tile->height);
    if (tile->channels == 3)
        make_coloured(raster);
    if (factor < 1) {
        tile_down(raster, box, tile);
        return;
    }
    int x0 = box.x + (box.width - tile->width * factor) / 2,
        y0 = box.y + (box.height - tile->height * factor) / 2;
    tile_up(raster, tile, x0, y0, factor);
}
