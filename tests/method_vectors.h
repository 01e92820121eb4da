/* Reference vectors of the methods: text, a line each, CASE.KEY COUNT VALUE...; written by
 * vectors/methods.py. */
#ifndef DDIL_TESTS_METHOD_VECTORS_H
#define DDIL_TESTS_METHOD_VECTORS_H

typedef struct References References;

/* The test fails when the file cannot be read. */
References *references_open(const char *path);
void references_close(References *references);
/* The values named CASE.KEY, of which there must be n; the test fails otherwise. */
const double *references_take(const References *references, const char *name, const char *key, int n);

#endif
