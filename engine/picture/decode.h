/* One picture out of the bytes of a PNG or JPEG file. */
#ifndef DDIL_DECODE_H
#define DDIL_DECODE_H

#include "engine/picture/decode_limits.h"
#include <stdint.h>

/* The picture's middle square, turned upright as its Exif orientation says, averaged to side x side
 * pixels of red, green and blue; what is transparent over white, 16 bits as their upper 8, the
 * first picture of an animation. Colours are taken as sRGB whatever the file says of gamma.
 * BAD_INPUT, without the file's name: neither PNG nor JPEG, cut short, damaged, too large (said by
 * its header, before memory is asked for), CMYK. Any thread. */
Status decode_picture(const uint8_t *data, size_t size, int side, uint8_t *rgb, Error *error);

#endif
