/* Owns the reading of seeds. See seeds.h. */
#include "engine/base/seeds.h"
#include "engine/base/number.h"
#include <limits.h>
#include <stdbool.h>
#include <string.h>

static Status bad_seeds(const char *text, int most, Error *error)
{
    return fail(
        error, STATUS_BAD_INPUT,
        "seeds \"%.80s\": write 1-5 or 1,3,7: whole numbers from 0 on, each once, at most %d", text,
        most);
}

static bool has_seed(int n, const long *seed, long value)
{
    for (int i = 0; i < n; i++)
        if (seed[i] == value)
            return true;
    return false;
}

static void skip_blanks(const char **at) { *at += strspn(*at, " \t"); }

/* A number, or two with '-' between them. */
static bool read_range(const char **at, long *first, long *last)
{
    skip_blanks(at);
    if (!number_lead(at, 0, INT_MAX, first))
        return false;
    skip_blanks(at);
    *last = *first;
    if (**at != '-')
        return true;
    ++*at;
    skip_blanks(at);
    bool read = number_lead(at, *first, INT_MAX, last);
    skip_blanks(at);
    return read;
}

Status seeds_read(const char *text, int most, long *seed, int *n, Error *error)
{
    const char *at = text;
    long first, last;
    *n = 0;
    do {
        if (!read_range(&at, &first, &last) || (*at != ',' && *at))
            return bad_seeds(text, most, error);
        for (long value = first; value <= last; value++) {
            if (*n == most || has_seed(*n, seed, value))
                return bad_seeds(text, most, error);
            seed[(*n)++] = value;
        }
    } while (*at++ == ',');
    return STATUS_OK;
}

size_t seeds_stem(const char *name, long *seed)
{
    const char *mark = NULL;
    for (const char *at = name; (at = strstr(at, "-s")); at++)
        mark = at;
    return mark && mark > name && number_whole(mark + 2, 0, INT_MAX, seed) ? (size_t)(mark - name)
                                                                           : 0;
}
