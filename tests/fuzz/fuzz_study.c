/* Studies and sweeps. */
#include "engine/study/study_read.h"
#include "engine/study/sweep.h"
#include "tests/fuzz/fuzz.h"

int fuzz_study(const uint8_t *data, size_t size)
{
    static Study study;
    const char *path = fuzz_file(data, size);
    study_read(&study, path, NULL);
    sweep_read(&study, path, NULL);
    return 0;
}
