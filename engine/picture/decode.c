/* Owns what a picture file is: which kind, and what is made of its rows. */
#include "engine/picture/decode.h"
#include "engine/picture/decode_jpeg.h"
#include "engine/picture/decode_png.h"
#include "engine/picture/upright.h"
#include <stdlib.h>
#include <string.h>

static const struct Format {
    const char *magic;
    size_t length;
    Status (*decode)(const uint8_t *data, size_t size, Shrink *shrink, int *turn, Error *error);
} formats[] = {
    {"\x89PNG\r\n\x1a\n", 8, decode_png},
    {"\xff\xd8\xff", 3, decode_jpeg},
};

static const struct Format *format_of(const uint8_t *data, size_t size)
{
    for (size_t k = 0; k < sizeof formats / sizeof *formats; k++)
        if (size >= formats[k].length && !memcmp(data, formats[k].magic, formats[k].length))
            return &formats[k];
    return NULL;
}

Status decode_picture(const uint8_t *data, size_t size, int side, uint8_t *rgb, Error *error)
{
    const struct Format *format = format_of(data, size);
    int turn = 1;
    if (!format)
        return fail(error, STATUS_BAD_INPUT, "%s", size ? "neither PNG nor JPEG" : "an empty file");
    Shrink *shrink = need(calloc(1, sizeof *shrink));
    shrink->side = side;
    Status status = format->decode(data, size, shrink, &turn, error);
    if (!status) {
        uint8_t lying[SHRINK_SIDE_MAX * SHRINK_SIDE_MAX * 3];
        shrink_end(shrink, lying);
        upright_set(turn, side, lying, rgb);
    }
    free(shrink);
    return status;
}
