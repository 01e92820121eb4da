/* Owns sixel encoding. Only sixel_output_*, sixel_dither_* and sixel_encode are used: the
 * high-level encoder leaks. */
#include "app/terminal/sixel.h"

#include "app/terminal/reduce.h"
#include <sixel.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bytes_add(Bytes *bytes, const void *data, size_t n)
{
    if (bytes->n + n > bytes->capacity) {
        bytes->capacity = 2 * (bytes->n + n) + 256;
        bytes->data = realloc(bytes->data, bytes->capacity);
        need(bytes->data);
    }
    if (n > 0)
        memcpy(bytes->data + bytes->n, data, n);
    bytes->n += n;
}

void bytes_print(Bytes *bytes, const char *format, ...)
{
    char text[128];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    must(n >= 0 && n < (int)sizeof text);
    bytes_add(bytes, text, (size_t)n);
}

void bytes_done(Bytes *bytes)
{
    free(bytes->data);
    *bytes = (Bytes){0};
}

static int collect(char *data, int size, void *context)
{
    bytes_add(context, data, (size_t)size);
    return size;
}

static Status encode(Bytes *bytes, const Picture *picture, sixel_output_t *output,
                     sixel_dither_t *dither, Error *error)
{
    uint8_t palette[PICTURE_PALETTE * 3], *pixels;
    size_t size = (size_t)picture->width * (size_t)picture->height;
    memcpy(palette, picture->palette, sizeof palette);
    sixel_dither_set_palette(dither, palette);
    sixel_dither_set_pixelformat(dither, SIXEL_PIXELFORMAT_PAL8);
    sixel_output_set_skip_dcs_envelope(output, 1);
    sixel_output_set_encode_policy(output, SIXEL_ENCODEPOLICY_SIZE);
    pixels = malloc(size); /* libsixel takes no const */
    need(pixels);
    memcpy(pixels, picture->pixels, size);
    bytes_print(bytes, "\033P0;1;0");
    SIXELSTATUS status = sixel_encode(pixels, picture->width, picture->height, 8, dither, output);
    bytes_print(bytes, "\033\\");
    free(pixels);
    return SIXEL_SUCCEEDED(status)
               ? STATUS_OK
               : fail(error, STATUS_FAILED, "libsixel: %s", sixel_helper_format_error(status));
}

Status sixel_append(Bytes *bytes, const Picture *picture, Error *error)
{
    must(picture->height > 0 && picture->height % 6 == 0 && picture->height <= PICTURE_SIDE_MAX);
    must(picture->width > 0 && picture->width <= PICTURE_SIDE_MAX && !picture->coloured);
    sixel_output_t *output = NULL;
    sixel_dither_t *dither = NULL;
    Status status = STATUS_OK;
    if (SIXEL_FAILED(sixel_output_new(&output, collect, bytes, NULL)) ||
        SIXEL_FAILED(sixel_dither_new(&dither, picture_colours(picture), NULL))) {
        status = fail(error, STATUS_FAILED, "libsixel: out of memory for a %dx%d picture",
                      picture->width, picture->height);
    } else {
        status = encode(bytes, picture, output, dither, error);
    }
    if (dither)
        sixel_dither_unref(dither);
    if (output)
        sixel_output_unref(output);
    return status;
}
