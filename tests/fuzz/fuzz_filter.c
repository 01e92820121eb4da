/* Conditions on runs, as a person types them. */
#include "tests/fuzz/fuzz.h"
#include "views/model/filter.h"
#include <stdlib.h>
#include <string.h>

/* Knows a number, a text and a name that is neither. */
static bool look_up(const void *context, const char *name, FilterValue *value)
{
    (void)context;
    if (strcmp(name, "n") == 0)
        filter_number(value, 3);
    else if (strcmp(name, "t") == 0)
        filter_text(value, "ring \"pd\"");
    else
        return strcmp(name, "e") == 0 && (filter_text(value, ""), true);
    return true;
}

int fuzz_filter(const uint8_t *data, size_t size)
{
    char why[80], *text = fuzz_text(data, size);
    filter_holds(text, look_up, NULL, why, sizeof why);
    free(text);
    return 0;
}
