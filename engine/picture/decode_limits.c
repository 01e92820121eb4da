/* Owns the limits of pictures, which hold before memory is asked for. */
#include "engine/picture/decode_limits.h"

Status decode_check(long width, long height, int whole, Error *error)
{
    long most = whole ? DECODE_PASSES_MAX : DECODE_PIXELS_MAX;
    if (width >= 1 && height >= 1 && width <= DECODE_SIDE_MAX && height <= DECODE_SIDE_MAX &&
        width * height <= most)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%ld x %ld pixels; at most %d a side and %ld in all%s: make it smaller", width,
                height, (int)DECODE_SIDE_MAX, most,
                whole ? " for an interlaced or progressive picture" : "");
}
