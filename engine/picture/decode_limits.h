/* How large a picture file may be. */
#ifndef DDIL_DECODE_LIMITS_H
#define DDIL_DECODE_LIMITS_H

#include "engine/base/status.h"

/* The largest file, the longest side and the most pixels that are decoded; of pictures that come
 * in several passes (interlaced PNG, progressive JPEG), which must be held whole. */
enum {
    DECODE_FILE_MAX = 64 << 20,
    DECODE_SIDE_MAX = 16384,
    DECODE_PIXELS_MAX = 1 << 26,
    DECODE_PASSES_MAX = 1 << 24
};

/* Refuses a picture of this size; `whole` when all of it must be held. */
Status decode_check(long width, long height, int whole, Error *error);

#endif
