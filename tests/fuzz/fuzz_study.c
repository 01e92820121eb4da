/* Studies. */
#include "engine/study/study_read.h"
#include "tests/fuzz/fuzz.h"

int fuzz_study(const uint8_t *data, size_t size)
{
    static Study study;
    study_read(&study, fuzz_file(data, size), NULL);
    return 0;
}
