/* Lines through the port: what is read is written and read again as the same. */
#include "engine/port/port_lines.h"
#include "tests/fuzz/fuzz.h"
#include <stdlib.h>
#include <string.h>

static void write_again(const Line *line)
{
    Line again;
    char first[LINE_SIZE + 1], second[LINE_SIZE + 1];
    int length = line_write(first, line);
    if (length < 1 || first[length - 1] != '\n')
        abort();
    first[length - 1] = 0;
    if (line_read(&again, first, NULL))
        abort();
    line_write(second, &again);
    if (strncmp(first, second, (size_t)length - 1) != 0)
        abort();
}

int fuzz_port(const uint8_t *data, size_t size)
{
    static Line line;
    char *text = fuzz_text(data, size < LINE_SIZE ? size : LINE_SIZE - 1);
    text[strcspn(text, "\n")] = 0;
    if (!line_read(&line, text, NULL))
        write_again(&line);
    free(text);
    return 0;
}
