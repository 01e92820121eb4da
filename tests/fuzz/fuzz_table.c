/* Points in a text, a density drawn in one, and labels by row and by name. */
#include "engine/base/param.h"
#include "engine/data/dataset_open.h"
#include "engine/data/labels.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>

int fuzz_table(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    DatasetOptions options = {.name = "csv", .files = {.path = path}, .conditional = -1};
    Arena arena;
    Dataset set;
    NamedLabels named;
    int label[3];
    arena_init(&arena, 1 << 20);
    dataset_open(&set, &options, &arena, NULL);
    arena_done(&arena);
    char *text = fuzz_text(data, size < PARAM_TEXT_SIZE ? size : PARAM_TEXT_SIZE - 1);
    DatasetOptions drawn = {.name = "drawn", .files = {.drawn = text}, .conditional = -1};
    arena_init(&arena, 1 << 20);
    dataset_open(&set, &drawn, &arena, NULL);
    arena_done(&arena);
    free(text);
    labels_read(path, 3, label, NULL);
    if (!named_labels_open(&named, path, NULL)) {
        named_labels_find(&named, "a,b.png");
        named_labels_close(&named);
    }
    return 0;
}
