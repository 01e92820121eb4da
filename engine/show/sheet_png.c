/* Owns the drawing of sample sheets. May call libpng's simplified interface and newfile.
 */
#include "engine/show/sheet_png.h"
#include "engine/base/file.h"
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2, SCATTER = 480, SHADE_PAPER = 255 };

/* 8-bit RGB, rows from the top. */
typedef struct Picture {
    int width, height;
    unsigned char *rgb;
} Picture;

static Picture picture_new(int width, int height)
{
    Picture picture = {width, height, malloc((size_t)width * (size_t)height * 3)};
    need(picture.rgb);
    memset(picture.rgb, SHADE_PAPER, (size_t)width * (size_t)height * 3);
    return picture;
}

static void put(Picture *picture, int x, int y, const unsigned char rgb[3])
{
    if (x >= 0 && y >= 0 && x < picture->width && y < picture->height)
        memcpy(picture->rgb + ((size_t)y * (size_t)picture->width + (size_t)x) * 3, rgb, 3);
}

/* ---- Pictures ---- */

static unsigned char shade(const SamplesView *view, float value)
{
    double share = ((double)value - (double)view->low) / ((double)view->high - (double)view->low);
    return (unsigned char)lrint(255 * fmin(fmax(share, 0), 1)); /* NaN is black */
}

static void put_sample(Picture *picture, const SamplesView *view, const float *sample, int x0,
                       int y0, int zoom)
{
    for (int y = 0; y < view->height * zoom; y++) {
        for (int x = 0; x < view->width * zoom; x++) {
            const float *pixel = sample + ((y / zoom) * view->width + x / zoom) * view->channels;
            unsigned char rgb[3];
            for (int c = 0; c < 3; c++)
                rgb[c] = shade(view, pixel[view->channels >= 3 ? c : 0]);
            put(picture, x0 + x, y0 + y, rgb);
        }
    }
}

static Picture draw_grid(const SamplesView *view, const float *sample)
{
    int zoom = view->width < 48 ? 2 : 1, columns = view->n < 10 ? view->n : 10;
    int rows = (view->n + columns - 1) / columns;
    int wide = view->width * zoom + GAP, high = view->height * zoom + GAP;
    size_t dims = (size_t)view->height * (size_t)view->width * (size_t)view->channels;
    Picture picture = picture_new(columns * wide + GAP, rows * high + GAP);
    for (int r = 0; r < view->n; r++)
        put_sample(&picture, view, sample + (size_t)r * dims, GAP + r % columns * wide,
                   GAP + r / columns * high, zoom);
    return picture;
}

/* ---- Points ---- */

static void put_points(Picture *picture, const SamplesView *view, int n, const float *point,
                       int radius, const unsigned char rgb[3])
{
    double span = (double)view->high - (double)view->low, low = (double)view->low - 0.1 * span;
    for (int r = 0; r < n; r++) {
        double across = ((double)point[2 * r] - low) / (1.2 * span);
        double up = ((double)point[2 * r + 1] - low) / (1.2 * span);
        if (!(across >= 0 && across < 1 && up >= 0 && up < 1))
            continue;
        for (int dy = -radius; dy <= radius; dy++) {
            for (int dx = -radius; dx <= radius; dx++)
                put(picture, (int)(across * SCATTER) + dx, SCATTER - 1 - (int)(up * SCATTER) + dy,
                    rgb);
        }
    }
}

static Picture draw_scatter(const SamplesView *view, const float *sample)
{
    static const unsigned char GREY[3] = {205, 205, 205}, BLUE[3] = {0, 114, 178};
    Picture picture = picture_new(SCATTER, SCATTER);
    put_points(&picture, view, view->n_reference, view->reference, 1, GREY);
    put_points(&picture, view, view->n, sample, 1, BLUE);
    return picture;
}

/* ---- The file ---- */

static Status write_png(const Picture *picture, const char *path, Error *error)
{
    NewFile file;
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)picture->width,
                       .height = (png_uint_32)picture->height,
                       .format = PNG_FORMAT_RGB};
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    if (png_image_write_to_stdio(&image, file.stream, 0, picture->rgb, 0, NULL))
        return newfile_commit(&file, error);
    newfile_abandon(&file);
    return fail(error, STATUS_FAILED, "cannot write %s: %s", path, image.message);
}

Status sheet_save(const SamplesView *view, const char *path, Error *error)
{
    size_t dims = (size_t)view->height * (size_t)view->width * (size_t)view->channels;
    const float *sample = view->student + (size_t)view->steps * (size_t)view->n * dims;
    bool points = view->height == 1 && view->width == 1;
    must(view->n > 0 && view->high > view->low && (!points || dims >= 2));
    Picture picture = points ? draw_scatter(view, sample) : draw_grid(view, sample);
    Status status = write_png(&picture, path, error);
    free(picture.rgb);
    return status;
}
