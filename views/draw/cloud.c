/* Owns pictures of 2-D points: density of a reference law, dots over it. See picture.h.
 */
#include "engine/base/status.h"
#include "views/draw/picture.h"
#include "views/draw/theme.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void blend(uint8_t out[3], const uint8_t a[3], const uint8_t b[3], int part, int whole)
{
    for (int c = 0; c < 3; c++)
        out[c] = (uint8_t)((a[c] * (whole - part) + b[c] * part) / whole);
}

void cloud_palette(Raster *raster)
{
    uint8_t pale[3];
    theme_ink_rgb(INK_PALE, raster->palette[0], pale);
    for (int i = 0; i < CLOUD_DENSITIES; i++) {
        blend(raster->palette[CLOUD_DENSITY_FIRST + i], raster->palette[0], pale, i + 2,
              CLOUD_DENSITIES + 4);
    }
    for (int ink = 0; ink < INKS; ink++)
        theme_ink_rgb((Ink)ink, raster->palette[0], raster->palette[CLOUD_INK_FIRST + ink]);
    blend(raster->palette[CLOUD_FRAME], raster->palette[0], pale, 1, 2);
    blend(raster->palette[CLOUD_FAINT_STUDENT], raster->palette[0],
          raster->palette[CLOUD_INK_FIRST + INK_STUDENT], 3, 5);
    blend(raster->palette[CLOUD_FAINT_TEACHER], raster->palette[0],
          raster->palette[CLOUD_INK_FIRST + INK_TEACHER], 3, 5);
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
    return sane ? (World){(x0 + x1) / 2, (y0 + y1) / 2, half} : (World){0, 0, 1};
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

/* Sums over windows of 2 radius + 1 cells, along rows. */
static void blur_along(float *out, const float *in, int columns, int rows, int radius)
{
    for (int y = 0; y < rows; y++, in += columns, out += columns) {
        float sum = 0;
        for (int x = -radius; x < columns; x++) {
            sum += x + radius < columns ? in[x + radius] : 0;
            sum -= x - radius - 1 >= 0 ? in[x - radius - 1] : 0;
            if (x >= 0)
                out[x] = sum;
        }
    }
}

static void add_row(float *sum, const float *row, int columns, float sign)
{
    for (int x = 0; x < columns; x++)
        sum[x] += sign * row[x];
}

/* Sums along columns, all of them at once: `sum` has a place for each. */
static void blur_down(float *out, const float *in, int columns, int rows, int radius, float *sum)
{
    memset(sum, 0, sizeof *sum * (size_t)columns);
    for (int y = -radius; y < rows; y++) {
        if (y + radius < rows)
            add_row(sum, in + (y + radius) * columns, columns, 1);
        if (y - radius - 1 >= 0)
            add_row(sum, in + (y - radius - 1) * columns, columns, -1);
        if (y >= 0)
            memcpy(out + y * columns, sum, sizeof *sum * (size_t)columns);
    }
}

/* Counts in a coarse grid of `grain` pixels a cell: a density needs no more, and costs a
 * ninth. */
static void count_points(float *count, int columns, int rows, Box box, int grain, World world,
                         const float *points, int n)
{
    for (int i = 0; i < n; i++) {
        int x, y;
        cloud_pixel(box, world, points + 2 * i, &x, &y);
        x -= box.x;
        y -= box.y;
        if (x >= 0 && y >= 0 && x / grain < columns && y / grain < rows)
            count[y / grain * columns + x / grain] += 1;
    }
}

static void paint_density(Raster *raster, Box box, int grain, const float *count, int columns,
                          int rows)
{
    float top = 0;
    for (int i = 0; i < columns * rows; i++)
        top = count[i] > top ? count[i] : top;
    for (int i = 0; i < columns * rows; i++) {
        if (count[i] * 64 > top) {
            int level = (int)(sqrtf(count[i] / top) * (CLOUD_DENSITIES + 0.999f));
            Box grown = {box.x + i % columns * grain, box.y + i / columns * grain, grain, grain};
            raster_fill(raster, grown, (uint8_t)(CLOUD_DENSITY_FIRST + level - 1));
        }
    }
}

void cloud_density(Raster *raster, Box box, World world, const float *points, int n)
{
    int grain = raster->unit_x > 1 ? 2 : 1;
    int columns = box.width / grain, rows = box.height / grain;
    size_t size = (size_t)(columns * rows);
    if (columns < 1 || rows < 1 || n < 1)
        return;
    float *a = calloc(2 * size + (size_t)columns, sizeof *a), *b = a + size;
    need(a);
    int side = columns < rows ? columns : rows, radius = side / 40;
    count_points(a, columns, rows, box, grain, world, points, n);
    for (int pass = 0; pass < 2; pass++) { /* twice a box is nearly a bell */
        blur_along(b, a, columns, rows, radius);
        blur_down(a, b, columns, rows, radius, b + size);
    }
    paint_density(raster, box, grain, a, columns, rows);
    free(a);
}

void cloud_points(Raster *raster, Box box, World world, const float *points, int n, int size,
                  uint8_t colour)
{
    for (int i = 0; i < n; i++) {
        int x, y;
        cloud_pixel(box, world, points + 2 * i, &x, &y);
        raster_dot(raster, box, x, y, size, colour);
    }
}
