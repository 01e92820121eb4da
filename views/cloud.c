/* Owns pictures of 2-D points: density of a reference law, dots over it. See picture.h.
 */
#include "engine/base/status.h"
#include "views/picture.h"
#include "views/theme.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void blend(uint8_t out[3], const uint8_t a[3], const uint8_t b[3], int part,
                  int whole)
{
    for (int c = 0; c < 3; c++) {
        out[c] = (uint8_t)((a[c] * (whole - part) + b[c] * part) / whole);
    }
}

void cloud_palette(Raster *raster)
{
    uint8_t pale[3];
    theme_ink_rgb(INK_PALE, pale);
    for (int i = 0; i < CLOUD_DENSITIES; i++) {
        blend(raster->palette[CLOUD_DENSITY_FIRST + i], raster->palette[0], pale, i + 2,
              CLOUD_DENSITIES + 4);
    }
    for (int ink = 0; ink < INKS; ink++) {
        theme_ink_rgb((Ink)ink, raster->palette[CLOUD_INK_FIRST + ink]);
    }
    blend(raster->palette[CLOUD_FRAME], raster->palette[0], pale, 1, 2);
}

World cloud_world(const float *reference, int n, float low, float high)
{
    double x0 = low, x1 = high, y0 = low, y1 = high;
    for (int i = 0; i < n; i++) {
        double x = reference[2 * i], y = reference[2 * i + 1];
        x0 = i == 0 || x < x0 ? x : x0;
        x1 = i == 0 || x > x1 ? x : x1;
        y0 = i == 0 || y < y0 ? y : y0;
        y1 = i == 0 || y > y1 ? y : y1;
    }
    double half = fmax(x1 - x0, y1 - y0) / 2 * 1.3;
    bool sane = isfinite(half) && half > 0;
    return (World){sane ? (x0 + x1) / 2 : 0, sane ? (y0 + y1) / 2 : 0, sane ? half : 1};
}

void cloud_pixel(Box box, World world, const float point[2], int *x, int *y)
{
    int side = box.width < box.height ? box.width : box.height;
    double scale = side / (2 * world.half);
    double px = box.x + box.width / 2.0 + (point[0] - world.x) * scale;
    double py = box.y + box.height / 2.0 - (point[1] - world.y) * scale;
    *x = px > -1e4 && px < 1e4 ? (int)floor(px) : -10000;
    *y = py > -1e4 && py < 1e4 ? (int)floor(py) : -10000;
}

/* Means over windows of 2 radius + 1, along one axis; `stride` steps along it, `jump` to
 * the next line. */
static void blur(float *out, const float *in, int length, int stride, int lines, int jump,
                 int radius)
{
    for (int line = 0; line < lines; line++) {
        const float *from = in + (size_t)line * (size_t)jump;
        float *to = out + (size_t)line * (size_t)jump;
        float sum = 0;
        for (int i = -radius; i < length; i++) {
            sum += i + radius < length ? from[(i + radius) * stride] : 0;
            sum -= i - radius - 1 >= 0 ? from[(i - radius - 1) * stride] : 0;
            if (i >= 0) {
                to[i * stride] = sum;
            }
        }
    }
}

static void count_points(float *count, Box box, World world, const float *points, int n)
{
    for (int i = 0; i < n; i++) {
        int x, y;
        cloud_pixel(box, world, points + 2 * i, &x, &y);
        x -= box.x;
        y -= box.y;
        if (x >= 0 && y >= 0 && x < box.width && y < box.height) {
            count[y * box.width + x] += 1;
        }
    }
}

void cloud_density(Raster *raster, Box box, World world, const float *points, int n)
{
    size_t size = (size_t)box.width * (size_t)box.height;
    if (box.width < 1 || box.height < 1 || n < 1) {
        return;
    }
    float *a = calloc(2 * size, sizeof *a), *b = a + size;
    must(a != NULL);
    int side = box.width < box.height ? box.width : box.height, radius = side / 40;
    count_points(a, box, world, points, n);
    for (int pass = 0; pass < 2; pass++) { /* twice a box is nearly a bell */
        blur(b, a, box.width, 1, box.height, box.width, radius);
        blur(a, b, box.height, box.width, box.width, 1, radius);
    }
    float top = 0;
    for (size_t i = 0; i < size; i++) {
        top = a[i] > top ? a[i] : top;
    }
    for (size_t i = 0; i < size && top > 0; i++) {
        int level = (int)(sqrtf(a[i] / top) * (CLOUD_DENSITIES + 0.999f));
        if (level > 0) {
            int x = box.x + (int)(i % (size_t)box.width),
                y = box.y + (int)(i / (size_t)box.width);
            raster_fill(raster, (Box){x, y, 1, 1},
                        (uint8_t)(CLOUD_DENSITY_FIRST + level - 1));
        }
    }
    free(a);
}

void cloud_points(Raster *raster, Box box, World world, const float *points, int n,
                  int size, uint8_t colour)
{
    for (int i = 0; i < n; i++) {
        int x, y;
        cloud_pixel(box, world, points + 2 * i, &x, &y);
        raster_dot(raster, box, x, y, size, colour);
    }
}
