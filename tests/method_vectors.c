/* Reads reference vectors. */
#include "tests/method_vectors.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES_MAX = 512 };

struct References {
    int n;
    struct {
        char name[64];
        int count;
        double *value;
    } line[LINES_MAX];
};

References *references_open(const char *path)
{
    References *r = calloc(1, sizeof *r);
    FILE *file = fopen(path, "r");
    if (!r || !file)
        fail_msg("%s: cannot be read; tests run from the source folder", path);
    while (r->n < LINES_MAX && fscanf(file, "%63s %d", r->line[r->n].name, &r->line[r->n].count) == 2) {
        int count = r->line[r->n].count;
        double *value = r->line[r->n++].value = calloc((size_t)count, sizeof *value);
        for (int i = 0; i < count; i++)
            if (fscanf(file, "%lf", &value[i]) != 1)
                fail_msg("%s: line %d is short", path, r->n);
    }
    int whole = feof(file);
    fclose(file);
    assert_true(whole);
    return r;
}

void references_close(References *r)
{
    for (int i = 0; i < r->n; i++)
        free(r->line[i].value);
    free(r);
}

const double *references_take(const References *r, const char *name, const char *key, int n)
{
    char full[64];
    snprintf(full, sizeof full, "%s.%s", name, key);
    for (int i = 0; i < r->n; i++)
        if (!strcmp(r->line[i].name, full)) {
            assert_int_equal(r->line[i].count, n);
            return r->line[i].value;
        }
    fail_msg("there is no vector %s", full);
    return NULL;
}
