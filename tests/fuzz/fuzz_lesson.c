/* Lessons. */
#include "app/workbench/lesson_file.h"
#include "tests/fuzz/fuzz.h"

int fuzz_lesson(const uint8_t *data, size_t size)
{
    static Lesson lesson;
    lesson_read(fuzz_file(data, size), &lesson, NULL);
    return 0;
}
