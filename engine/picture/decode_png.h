/* PNG files as rows. */
#ifndef DDIL_DECODE_PNG_H
#define DDIL_DECODE_PNG_H

#include "engine/picture/decode_limits.h"
#include "engine/picture/shrink.h"

/* The picture as it lies in the file: shrink->side is set, the rest of it is begun here. *turn gets
 * the Exif orientation, 1 to 8. BAD_INPUT as in decode.h. */
Status decode_png(const uint8_t *data, size_t size, Shrink *shrink, int *turn, Error *error);

#endif
