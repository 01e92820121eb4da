/* Pictures and labels, plain and packed. */
#include "engine/data/idx.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>

int fuzz_idx(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    for (int rank = 1; rank <= 3; rank += 2) {
        Idx idx;
        if (!idx_read(path, rank, &idx, NULL))
            free(idx.bytes);
    }
    return 0;
}
