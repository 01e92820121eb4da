/* PNG and JPEG. */
#include "engine/picture/decode.h"
#include "engine/picture/shrink.h"
#include "tests/fuzz/fuzz.h"

int fuzz_picture(const uint8_t *data, size_t size)
{
    enum { SIDE = 16 };
    uint8_t rgb[3 * SIDE * SIDE];
    decode_picture(data, size, SIDE, rgb, NULL);
    return 0;
}
