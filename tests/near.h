/* Comparison of doubles for tests: cmocka's own is for floats. */
#ifndef DDIL_TESTS_NEAR_H
#define DDIL_TESTS_NEAR_H

#include "engine/base/status.h" /* its fail() before the macro of cmocka */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

/* |got - expected| <= tolerance, or the test fails naming both. */
static inline void near_at(double got, double expected, double tolerance, const char *what,
                           const char *file, int line)
{
    if (fabs(got - expected) <= tolerance)
        return;
    print_error("%s: %.12g, expected %.12g +- %.3g\n", what, got, expected, tolerance);
    _fail(file, line);
}
#define assert_near(got, expected, tolerance)                                                      \
    near_at(got, expected, tolerance, #got, __FILE__, __LINE__)

#endif
