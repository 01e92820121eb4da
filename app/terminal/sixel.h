/* A picture as sixel bytes, by libsixel's low-level calls with our own flat palette.
 * Needs no terminal. */
#ifndef DDIL_SIXEL_H
#define DDIL_SIXEL_H

#include "engine/base/status.h"
#include "views/draw/canvas.h"
#include <stddef.h>

typedef struct Bytes {
    char *data;
    size_t n, capacity;
} Bytes;
/* Appends; dies when memory is out. */
void bytes_add(Bytes *bytes, const void *data, size_t n);
void bytes_print(Bytes *bytes, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Frees. */
void bytes_done(Bytes *bytes);

/* Appends ESC P 0;1;0 q ... ESC \. Every pixel is painted; the height must be a multiple
 * of 6, both sides at most PICTURE_SIDE_MAX, and the picture not coloured (palette.h). FAILED when
 * libsixel refuses. */
Status sixel_append(Bytes *bytes, const Picture *picture, Error *error);

#endif
