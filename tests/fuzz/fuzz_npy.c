/* Matrices of numpy: the header alone, then the numbers, twice. */
#include "engine/base/npy.h"
#include "tests/fuzz/fuzz.h"

static void take_all(NpyFile *file)
{
    double value;
    for (size_t k = 0; k < (size_t)file->n * (size_t)file->d; k++)
        if (npy_take(file, 1, &value, NULL))
            return;
}

int fuzz_npy(const uint8_t *data, size_t size)
{
    NpyFile file;
    NpyHeader header;
    npy_header((const char *)data, size, &header);
    if (npy_open(&file, fuzz_file(data, size), NULL))
        return 0;
    take_all(&file);
    if (!npy_rewind(&file, NULL))
        take_all(&file);
    npy_close(&file);
    return 0;
}
