/* Picture files for tests, made where they are needed. */
#ifndef DDIL_TESTS_PICTURE_FILES_H
#define DDIL_TESTS_PICTURE_FILES_H

#include <stddef.h>
#include <stdint.h>

/* Kinds of PNG, as its header says them. */
enum {
    PNG_COLOUR = 2,
    PNG_ALPHA = 4,
    PNG_GREY = 0,
    PNG_RGB = 2,
    PNG_PALETTE = 3,
    PNG_GREY_ALPHA = 4,
    PNG_RGB_ALPHA = 6
};

/* How a PNG is stored. */
typedef struct PngForm {
    int type;
    int depth; /* bits */
    int interlaced;
    int turn; /* Exif orientation, 0: says none */
} PngForm;

/* rgba: width x height x 4 bytes; grey takes the red, a palette holds up to 256 colours of them.
 * malloc'd. */
uint8_t *png_make(const PngForm *form, int width, int height, const uint8_t *rgba, size_t *size);
/* rgb: width x height x channels bytes (1 grey, 3 RGB, 4 CMYK); quality 1 .. 100, `progressive` or
 * not. */
uint8_t *jpeg_make(int channels, int width, int height, const uint8_t *rgb, int quality,
                   int progressive, int turn, size_t *size);
/* Writes a file, folders too; gives up the test when it cannot. */
void put_file(const char *folder, const char *name, const void *data, size_t size);
/* An 8-bit RGB PNG with one colour. */
void put_plain_png(const char *folder, const char *name, int side, unsigned rgb);
/* An NPY file: type as numpy spells it ("|u1"), shape as Python does ("(3, 4)"). */
void put_npy(const char *folder, const char *name, const char *type, const char *shape,
             const void *data, size_t size);

#endif
