/* Weights, checkpoints, samples: the header, then the arrays, then what they are taken for. */
#include "engine/base/safetensors.h"
#include "engine/nets/weights.h"
#include "engine/show/gallery.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>

static void take_all(TensorFile *file)
{
    if (tensorfile_load(file, NULL))
        return;
    for (int i = 0; i < tensorfile_count(file); i++) {
        const TensorInfo *info = tensorfile_info(file, i);
        void *copy = malloc(info->size + 1);
        if (tensorfile_take(file, info->name, info->type, info->rank, info->shape, copy, NULL))
            abort();
        free(copy);
    }
}

static void load_weights(const char *path, const NetSpec *spec)
{
    float *block = malloc(net_size(spec) * sizeof *block);
    if (block)
        weights_load(path, spec, block, NULL);
    free(block);
}

int fuzz_safetensors(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    TensorFile *file;
    NetSpec spec;
    char text[40];
    if (!tensorfile_open(&file, path, NULL))
        take_all(file);
    tensorfile_close(file);
    weights_meta(path, "method", text, sizeof text, NULL);
    if (!weights_spec(path, &spec, NULL))
        load_weights(path, &spec);
    gallery_drop(gallery_load(path));
    return 0;
}
