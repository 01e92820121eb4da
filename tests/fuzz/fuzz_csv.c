/* Logs: whole, their end, and growing. */
#include "engine/store/csv.h"
#include "tests/fuzz/fuzz.h"

static void read_rows(CsvReader *reader)
{
    long step;
    while (csv_next(reader)) {
        csv_step(reader, &step);
        for (int c = 0; c < reader->columns; c++) {
            csv_real(reader, c);
            csv_int(reader, c);
        }
    }
}

int fuzz_csv(const uint8_t *data, size_t size)
{
    const char *path = fuzz_file(data, size);
    CsvReader reader;
    CsvTail tail = {.header = NULL};
    if (!csv_open(&reader, path, NULL))
        read_rows(&reader);
    csv_close(&reader);
    if (!csv_open_end(&reader, path, 64, NULL)) {
        read_rows(&reader);
        csv_close(&reader);
    }
    while (csv_tail_next(&tail, path, 100) == TAIL_ROWS)
        read_rows(&tail.reader);
    csv_tail_close(&tail);
    return 0;
}
