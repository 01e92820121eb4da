/* The middle square of a picture, averaged to side x side pixels, while its rows come in one by
 * one: memory does not grow with the picture. */
#ifndef DDIL_SHRINK_H
#define DDIL_SHRINK_H

#include <stdint.h>

enum { SHRINK_SIDE_MAX = 64 };

typedef struct Shrink {
    int width, height; /* of the picture */
    int side, row;     /* of the result; rows taken so far */
    double left, top, square;
    double sum[SHRINK_SIDE_MAX][SHRINK_SIDE_MAX][3];
} Shrink;

/* width, height >= 1; side in 1 .. SHRINK_SIDE_MAX. */
void shrink_begin(Shrink *shrink, int width, int height, int side);
/* The next row from the top: width pixels of `pixel` bytes each, red, green and blue first. Where
 * pixel is 4 the last byte is opacity, over white. */
void shrink_row(Shrink *shrink, const uint8_t *row, int pixel);
/* After `height` rows: side x side x 3 bytes. Each pixel is the mean over the area that it covers,
 * smaller than a pixel of the picture too. */
void shrink_end(const Shrink *shrink, uint8_t *rgb);

/* All of it for a picture in memory: height x width x channels (1 or 3) bytes become side x side x
 * channels. */
void shrink_bytes(const uint8_t *from, int height, int width, int channels, int side, uint8_t *to);

#endif
