/* Reads reference vectors: lines "NAME COUNT" followed by COUNT numbers. */
#include "tests/vectors.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

Vectors *vectors_read(const char *file)
{
    char path[256];
    snprintf(path, sizeof path, "tests/vectors/%s", file);
    FILE *in = fopen(path, "r");
    if (!in)
        fail_msg("%s: run the tests from the root of the project", path);
    Vectors *v = calloc(1, sizeof *v);
    assert_non_null(v);
    while (v->n < VECTORS_MAX && fscanf(in, "%79s %d", v->name[v->n], &v->count[v->n]) == 2) {
        double *value = v->value[v->n] = calloc((size_t)v->count[v->n], sizeof *value);
        assert_non_null(value);
        for (int i = 0; i < v->count[v->n]; i++)
            assert_int_equal(fscanf(in, "%lf", &value[i]), 1);
        v->n++;
    }
    assert_true(feof(in));
    fclose(in);
    return v;
}

void vectors_free(Vectors *vectors)
{
    for (int i = 0; i < vectors->n; i++)
        free(vectors->value[i]);
    free(vectors);
}

const double *vectors_get(const Vectors *vectors, const char *name, int count)
{
    for (int i = 0; i < vectors->n; i++)
        if (strcmp(vectors->name[i], name) == 0) {
            assert_int_equal(vectors->count[i], count);
            return vectors->value[i];
        }
    fail_msg("no reference vector called %s", name);
    return NULL;
}

float vectors_wave(uint32_t i, uint32_t seed)
{
    uint32_t x = i * 2654435761u + seed * 40503u + 12345u;
    x = (x ^ (x >> 16)) * 2246822519u;
    x ^= x >> 13;
    return (float)((double)x / 2147483648.0 - 1.0);
}
