/* Owns the Kitty graphics protocol: https://sw.kovidgoyal.net/kitty/graphics-protocol/ */
#include "app/terminal/kitty.h"

#include "app/terminal/reduce.h"
#include <png.h>
#include <stdlib.h>
#include <string.h>

/* The upper left pixel of every scale x scale, as its index or its colour; malloc'd. */
static uint8_t *sample(const Picture *picture, int scale, int width, int height)
{
    size_t each = picture->coloured ? 3 : 1;
    uint8_t *pixels = need(malloc((size_t)width * (size_t)height * each)), *to = pixels;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++, to += each) {
            size_t i = (size_t)(y * scale) * (size_t)picture->width + (size_t)(x * scale);
            memcpy(to, each == 3 ? picture_rgb(picture, i) : picture->pixels + i, each);
        }
    }
    return pixels;
}

static Status encode_png(Bytes *png, const Picture *picture, int scale, Error *error)
{
    int width = (picture->width + scale - 1) / scale;
    int height = (picture->height + scale - 1) / scale;
    uint8_t *pixels = sample(picture, scale, width, height);
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = picture->coloured ? PNG_FORMAT_RGB : PNG_FORMAT_RGB_COLORMAP,
                       .flags = PNG_IMAGE_FLAG_FAST,
                       .colormap_entries = (png_uint_32)picture_colours(picture)};
    png_alloc_size_t most = PNG_IMAGE_PNG_SIZE_MAX(image), size = most;
    png->data = malloc(most);
    need(png->data);
    bool good =
        png_image_write_to_memory(&image, png->data, &size, 0, pixels, 0, picture->palette) != 0;
    png->n = good ? size : 0;
    png->capacity = most;
    free(pixels);
    return good ? STATUS_OK : fail(error, STATUS_FAILED, "libpng: %s", image.message);
}

static Bytes base64(const Bytes *bytes)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    Bytes out = {0};
    for (size_t i = 0; i < bytes->n; i += 3) {
        uint32_t three = 0;
        char four[4];
        for (size_t k = i; k < i + 3; k++)
            three = three << 8 | (k < bytes->n ? (uint8_t)bytes->data[k] : 0);
        for (int k = 0; k < 4; k++)
            four[k] = digit[three >> (18 - 6 * k) & 63];
        four[3] = i + 2 < bytes->n ? four[3] : '=';
        four[2] = i + 1 < bytes->n ? four[2] : '=';
        bytes_add(&out, four, 4);
    }
    return out;
}

Status kitty_append(Bytes *bytes, const Picture *picture, unsigned number, int scale, Error *error)
{
    Bytes png = {0};
    Status status = encode_png(&png, picture, scale, error);
    if (status == STATUS_OK) {
        Bytes text = base64(&png);
        bytes_print(bytes, "\033_Ga=T,f=100,i=%u,p=1,c=%d,r=%d,C=1,q=2,", number,
                    picture->cells.width, picture->cells.height);
        for (size_t at = 0; at < text.n; at += KITTY_CHUNK) {
            size_t n = text.n - at < KITTY_CHUNK ? text.n - at : KITTY_CHUNK;
            bytes_print(bytes, "%sm=%d;", at > 0 ? "\033_Gq=2," : "", at + n < text.n);
            bytes_add(bytes, text.data + at, n);
            bytes_print(bytes, "\033\\");
        }
        bytes_done(&text);
    }
    bytes_done(&png);
    return status;
}

void kitty_erase(Bytes *bytes, unsigned number)
{
    bytes_print(bytes, "\033_Ga=d,d=I,i=%u,q=2\033\\", number);
}
