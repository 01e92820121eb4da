#include "tests/floats.h"
#include "engine/base/rng.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

float *random_floats(size_t n, float scale, uint64_t index)
{
    float *x = malloc(sizeof(float) * (n + !n));
    assert_non_null(x);
    Rng rng = rng_at(11, STREAM_NULL, index);
    for (size_t i = 0; i < n; i++)
        x[i] = scale * rng_normal(&rng);
    return x;
}

float *copy_of(size_t n, const float *x)
{
    float *y = malloc(sizeof(float) * (n + !n));
    assert_non_null(y);
    memcpy(y, x, sizeof(float) * n);
    return y;
}

/* |got - want| / max |want|; a NaN anywhere counts as infinite. */
static double worst(size_t n, const float *got, const float *want)
{
    double top = 1e-30, error = 0;
    for (size_t i = 0; i < n; i++) {
        top = fmax(top, fabs((double)want[i]));
        double d = fabs((double)got[i] - (double)want[i]);
        error = isnan(d) ? INFINITY : fmax(error, d);
    }
    return error / top;
}

void expect_close(const char *what, size_t n, const float *got, const float *want, double bound)
{
    double error = worst(n, got, want);
    if (!(error <= bound))
        fail_msg("%s: relative error %g, bound %g", what, error, bound);
}
