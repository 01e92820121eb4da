/* Reference vectors: text files of named lists of numbers, written by
 * tests/vectors/nets.py. */
#ifndef DDIL_TESTS_VECTORS_H
#define DDIL_TESTS_VECTORS_H

#include <stddef.h>
#include <stdint.h>

enum { VECTORS_MAX = 512 };

typedef struct Vectors {
    int n;
    char name[VECTORS_MAX][80];
    int count[VECTORS_MAX];
    double *value[VECTORS_MAX];
} Vectors;

/* Reads tests/vectors/FILE (from the root); the test fails when it cannot. */
Vectors *vectors_read(const char *file);
void vectors_free(Vectors *vectors);
/* The list called `name`, which must have `count` numbers. */
const double *vectors_get(const Vectors *vectors, const char *name, int count);

/* Value i of list `seed` of the formula that generators share: an integer hash in [-1,
 * 1). */
float vectors_wave(uint32_t i, uint32_t seed);

#endif
