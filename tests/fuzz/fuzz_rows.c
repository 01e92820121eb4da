/* Pictures made ready: whatever key the file has is the one that is looked for. */
#include "engine/data/prepared.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

int fuzz_rows(const uint8_t *data, size_t size)
{
    enum { KEY_AT = 8 };
    Prepared prepared = {.key = 0};
    Dataset set = {.n = 0};
    Arena arena;
    if (size < KEY_AT + sizeof prepared.key)
        return 0;
    memcpy(&prepared.key, data + KEY_AT, sizeof prepared.key);
    strcpy(prepared.path[PREPARED_BESIDE], fuzz_file(data, size));
    arena_init(&arena, 1 << 24);
    prepared_map_new(&prepared, PREPARED_BESIDE, &set, &arena);
    arena_done(&arena);
    return 0;
}
