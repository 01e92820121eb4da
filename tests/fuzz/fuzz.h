/* Fuzz targets: one file each, one function each, for every reader of what others wrote. A target
 * takes any bytes, must come back, and must leave nothing behind. */
#ifndef DDIL_TESTS_FUZZ_H
#define DDIL_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

typedef int FuzzTarget(const uint8_t *data, size_t size);

FuzzTarget fuzz_csv, fuzz_filter, fuzz_folder, fuzz_idx, fuzz_ini, fuzz_lesson, fuzz_mail, fuzz_npy,
    fuzz_numbers, fuzz_picture, fuzz_port, fuzz_probe, fuzz_rows, fuzz_safetensors, fuzz_study,
    fuzz_table, fuzz_words;

/* The bytes as a regular file without a place in any folder; the path is valid until the next
 * call. */
const char *fuzz_file(const uint8_t *data, size_t size);
/* The bytes as text, to be freed. */
char *fuzz_text(const uint8_t *data, size_t size);
/* A folder of this process alone, in memory where there is such a place; gone when it ends. */
const char *fuzz_runs(void);

#endif
