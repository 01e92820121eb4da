/* Owns the form of golden files. */
#include "tests/screen_dump.h"

#include "engine/base/file.h"
#include <stdlib.h>
#include <string.h>

static void print_difference(const char *name, const char *is, const char *was)
{
    int line = 1;
    const char *is_line = is, *was_line = was;
    for (; *is != '\0' && *is == *was; is++, was++) {
        if (*is == '\n') {
            line++;
            is_line = is + 1;
            was_line = was + 1;
        }
    }
    printf("# %s:%d\n#  is  %.*s\n#  was %.*s\n", name, line, (int)strcspn(is_line, "\n"), is_line,
           (int)strcspn(was_line, "\n"), was_line);
}

bool golden_equal(const char *name, const char *text)
{
    const char *mode = getenv("DDIL_GOLDEN");
    char path[PATH_SIZE], *was = NULL;
    size_t size;
    Error error = {""};
    file_join(path, "tests/golden", name);
    if (mode && strcmp(mode, "write") == 0)
        return file_write(path, text, strlen(text), &error) == STATUS_OK;
    if (file_read(path, 1 << 22, &was, &size, &error) != STATUS_OK) {
        printf("# %s\n", error.text);
        return false;
    }
    bool equal = strcmp(was, text) == 0;
    if (!equal)
        print_difference(name, text, was);
    free(was);
    return equal;
}
