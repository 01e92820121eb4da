/* Owns the averaging of pictures over areas. Pure. */
#include "engine/picture/shrink.h"
#include "engine/base/status.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void shrink_begin(Shrink *shrink, int width, int height, int side)
{
    must(width >= 1 && height >= 1 && side >= 1 && side <= SHRINK_SIDE_MAX);
    double square = width < height ? width : height;
    *shrink = (Shrink){.width = width,
                       .height = height,
                       .side = side,
                       .left = (width - square) / 2,
                       .top = (height - square) / 2,
                       .square = square};
}

/* How much of place `k` of the result the unit at `at` of the picture covers, in units. */
static double cover(const Shrink *shrink, double begin, int k, int at)
{
    double step = shrink->square / shrink->side;
    double low = fmax(begin + k * step, at), high = fmin(begin + (k + 1) * step, at + 1);
    return fmax(high - low, 0);
}

/* One colour of a pixel over white. */
static double over_white(const uint8_t *pixel, int size, int c)
{
    double opacity = size == 4 ? pixel[3] / 255.0 : 1;
    return pixel[c] * opacity + 255 * (1 - opacity);
}

/* The row averaged along itself: side x 3. */
static void across(const Shrink *shrink, const uint8_t *row, int size,
                   double mean[SHRINK_SIDE_MAX][3])
{
    double step = shrink->square / shrink->side;
    memset(mean, 0, sizeof(double) * 3 * SHRINK_SIDE_MAX);
    for (int k = 0; k < shrink->side; k++) {
        int end = (int)ceil(shrink->left + (k + 1) * step);
        for (int x = (int)(shrink->left + k * step); x < end && x < shrink->width; x++) {
            double share = cover(shrink, shrink->left, k, x) / step;
            for (int c = 0; c < 3; c++)
                mean[k][c] += share * over_white(row + (size_t)x * (size_t)size, size, c);
        }
    }
}

void shrink_row(Shrink *shrink, const uint8_t *row, int pixel)
{
    double mean[SHRINK_SIDE_MAX][3], step = shrink->square / shrink->side;
    int y = shrink->row++, first = (int)((y - shrink->top) / step) - 1;
    must(y < shrink->height);
    if (y + 1 <= shrink->top || y >= shrink->top + shrink->square)
        return;
    across(shrink, row, pixel, mean);
    for (int k = first < 0 ? 0 : first; k < shrink->side; k++) {
        double share = cover(shrink, shrink->top, k, y) / step;
        if (shrink->top + k * step > y + 1)
            break;
        for (int x = 0; x < shrink->side; x++)
            for (int c = 0; c < 3; c++)
                shrink->sum[k][x][c] += share * mean[x][c];
    }
}

void shrink_end(const Shrink *shrink, uint8_t *rgb)
{
    must(shrink->row == shrink->height);
    for (int y = 0; y < shrink->side; y++)
        for (int x = 0; x < shrink->side; x++)
            for (int c = 0; c < 3; c++)
                *rgb++ = (uint8_t)fmin(floor(shrink->sum[y][x][c] + 0.5), 255);
}

void shrink_bytes(const uint8_t *from, int height, int width, int channels, int side, uint8_t *to)
{
    size_t w = (size_t)width, c = (size_t)channels, pixels = (size_t)side * (size_t)side;
    Shrink *shrink = need(malloc(sizeof *shrink));
    uint8_t *row = need(malloc(3 * w)), rgb[3 * SHRINK_SIDE_MAX * SHRINK_SIDE_MAX];
    must(channels == 1 || channels == 3);
    shrink_begin(shrink, width, height, side);
    for (int y = 0; y < height; y++, from += w * c) {
        for (size_t k = 0; k < 3 * w; k++)
            row[k] = from[c == 3 ? k : k / 3];
        shrink_row(shrink, row, 3);
    }
    shrink_end(shrink, rgb);
    for (size_t k = 0; k < pixels * c; k++)
        to[k] = rgb[c == 3 ? k : 3 * k];
    free(row);
    free(shrink);
}
