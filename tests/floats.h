/* Arrays of floats for the kernels' tests. */
#ifndef DDIL_TESTS_FLOATS_H
#define DDIL_TESTS_FLOATS_H

#include <stddef.h>
#include <stdint.h>

/* n random normals times `scale`, in exactly sized memory so that a sanitizer sees any
 * overrun; the caller frees. */
float *random_floats(size_t n, float scale, uint64_t index);
float *copy_of(size_t n, const float *x);
/* Fails the test unless |got - want| / max |want| <= bound; a NaN anywhere fails it. */
void expect_close(const char *what, size_t n, const float *got, const float *want, double bound);

#endif
