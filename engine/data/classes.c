/* Owns the order of classes. */
#include "engine/data/classes.h"
#include "engine/base/number.h"
#include "engine/base/status.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static int by_byte(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Words that are all whole numbers. */
static int by_number(const void *a, const void *b)
{
    long x = 0, y = 0;
    number_whole(*(const char *const *)a, LONG_MIN, LONG_MAX, &x);
    number_whole(*(const char *const *)b, LONG_MIN, LONG_MAX, &y);
    return x == y ? by_byte(a, b) : (x > y) - (x < y);
}

static bool all_numbers(int n, const char *const *word)
{
    long value;
    for (int k = 0; k < n; k++)
        if (*word[k] && !number_whole(word[k], LONG_MIN, LONG_MAX, &value))
            return false;
    return true;
}

void classes_open(Classes *classes, int n, const char *const *word, int *label)
{
    int (*order)(const void *, const void *) = all_numbers(n, word) ? by_number : by_byte;
    classes->n = 0;
    classes->name = need(malloc(sizeof *word * ((size_t)n + 1)));
    if (n > 0)
        memcpy(classes->name, word, sizeof *word * (size_t)n);
    qsort(classes->name, (size_t)n, sizeof *word, order);
    for (int k = 0; k < n; k++)
        if (k == 0 || strcmp(classes->name[k], classes->name[classes->n - 1]) != 0)
            classes->name[classes->n++] = classes->name[k];
    for (int k = 0; k < n; k++) {
        const char **at = bsearch(&word[k], classes->name, (size_t)classes->n, sizeof *word, order);
        label[k] = (int)(at - classes->name);
    }
}

void classes_close(Classes *classes)
{
    free(classes->name);
    *classes = (Classes){0};
}
