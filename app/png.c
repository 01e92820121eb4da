/* Owns the drawing of samples into RGB pixels and their writing through libpng. May call engine/base only. */
#include "app/png.h"
#include "engine/base/file.h"
#include <math.h>
#include <png.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 2, SHEET_SIDE = 64, PLOT_SIDE = 640, DOT = 2, PALETTE = 8, SIDE_MAX = 32000 };

typedef struct Pixels {
    int width, height;
    unsigned char *rgb;
} Pixels;

static Status pixels_new(Pixels *pixels, long width, long height, unsigned char grey, Error *error)
{
    if (width > SIDE_MAX || height > SIDE_MAX)
        return fail(error, STATUS_BAD_INPUT,
                    "a sheet of %ld x %ld pixels is larger than %d a side; ask for fewer samples, or for .npy",
                    width, height, SIDE_MAX);
    size_t bytes = 3 * (size_t)width * (size_t)height;
    *pixels = (Pixels){(int)width, (int)height, malloc(bytes)};
    if (!pixels->rgb)
        return fail(error, STATUS_FAILED, "no memory for %zu bytes of pixels", bytes);
    memset(pixels->rgb, grey, bytes);
    return STATUS_OK;
}

static Status pixels_write(const Pixels *pixels, const char *path, Error *error)
{
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)pixels->width,
                       .height = (png_uint_32)pixels->height,
                       .format = PNG_FORMAT_RGB};
    NewFile file;
    Status status = newfile_open(&file, path, error);
    if (status)
        return status;
    if (png_image_write_to_stdio(&image, file.stream, 0, pixels->rgb, 0, NULL))
        return newfile_commit(&file, error);
    newfile_abandon(&file);
    return fail(error, STATUS_FAILED, "cannot write %s: %s", path, image.message);
}

static void put(Pixels *pixels, int column, int row, const unsigned char colour[3])
{
    if (column >= 0 && row >= 0 && column < pixels->width && row < pixels->height)
        memcpy(pixels->rgb + 3 * ((size_t)row * (size_t)pixels->width + (size_t)column), colour, 3);
}

/* ---- Sheets ---------------------------------------------------------------------------------------------- */

static unsigned char shade(const PngSamples *s, float value)
{
    double level = 255 * (value - s->low) / (s->high - s->low);
    return (unsigned char)(level > 0 ? level < 255 ? lround(level) : 255 : 0); /* NaN is black */
}

static void draw_picture(Pixels *pixels, const PngSamples *s, int index, int left, int top, int zoom)
{
    const float *x = s->x + (size_t)index * (size_t)(s->height * s->width * s->channels);
    for (int row = 0; row < s->height * zoom; row++)
        for (int column = 0; column < s->width * zoom; column++) {
            const float *at = x + (row / zoom * s->width + column / zoom) * s->channels;
            unsigned char colour[3];
            for (int c = 0; c < 3; c++)
                colour[c] = shade(s, at[s->channels == 3 ? c : 0]);
            put(pixels, left + column, top + row, colour);
        }
}

static Status draw_sheet(Pixels *pixels, const PngSamples *s, Error *error)
{
    int columns = s->columns > 0 ? s->columns : (int)ceil(sqrt(s->n));
    int rows = (s->n + columns - 1) / columns;
    int zoom = s->width < SHEET_SIDE ? SHEET_SIDE / s->width : 1;
    long across = s->width * zoom + GAP, down = s->height * zoom + GAP;
    Status status = pixels_new(pixels, columns * across + GAP, rows * down + GAP, 96, error);
    for (int i = 0; i < s->n && !status; i++)
        draw_picture(pixels, s, i, GAP + i % columns * (int)across, GAP + i / columns * (int)down, zoom);
    return status;
}

/* ---- Scatter plots ---------------------------------------------------------------------------------------- */

/* A dot; what lies outside the plot stands at its edge. */
static void draw_dot(Pixels *pixels, const PngSamples *s, const float *x, const unsigned char colour[3])
{
    double margin = 0.25 * (s->high - s->low), low = s->low - margin, span = s->high - s->low + 2 * margin;
    double at[2] = {(x[0] - low) / span, 1 - (x[1] - low) / span};
    int cell[2];
    for (int a = 0; a < 2; a++) {
        if (isnan(at[a]))
            return;
        at[a] = at[a] > 0 ? at[a] < 1 ? at[a] : 1 : 0;
        cell[a] = (int)lround(at[a] * (PLOT_SIDE - 1));
    }
    for (int dy = -DOT; dy <= DOT; dy++)
        for (int dx = -DOT; dx <= DOT; dx++)
            if (dx * dx + dy * dy <= DOT * DOT)
                put(pixels, cell[0] + dx, cell[1] + dy, colour);
}

static Status draw_scatter(Pixels *pixels, const PngSamples *s, Error *error)
{
    static const unsigned char grey[3] = {205, 205, 205};
    static const unsigned char palette[PALETTE][3] = {
        {0, 114, 178}, {230, 159, 0}, {0, 158, 115}, {204, 121, 167},
        {213, 94, 0}, {86, 180, 233}, {150, 140, 20}, {60, 60, 60},
    }; /* Okabe and Ito, the yellow darkened for white paper */
    Status status = pixels_new(pixels, PLOT_SIDE, PLOT_SIDE, 255, error);
    for (int i = 0; i < s->n_reference && !status; i++)
        draw_dot(pixels, s, s->reference + 2 * (size_t)i, grey);
    for (int i = 0; i < s->n && !status; i++)
        draw_dot(pixels, s, s->x + 2 * (size_t)i, palette[s->label ? (unsigned)s->label[i] % PALETTE : 0]);
    return status;
}

Status png_write_samples(const char *path, const PngSamples *samples, Error *error)
{
    must(samples->n > 0 && samples->high > samples->low);
    bool points = samples->height == 1 && samples->width == 1;
    Pixels pixels = {0};
    Status status = points ? draw_scatter(&pixels, samples, error) : draw_sheet(&pixels, samples, error);
    if (!status)
        status = pixels_write(&pixels, path, error);
    free(pixels.rgb);
    return status;
}
