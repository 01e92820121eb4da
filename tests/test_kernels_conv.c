/* 3x3 convolutions, all three directions, each way, against the naive twin; shapes
 * include single pixels and sides that fill no tile. */
#include "engine/tensor/kernels.h"
#include "tests/floats.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* n, h, w, in, out */
/* clang-format off */
static const int conv_sizes[][5] = {
    {1,  1,  1,  1,  1 },
    {2,  3,  5,  2,  3 },
    {1,  14, 14, 4,  32},
    {2,  14, 14, 32, 32},
    {1,  14, 14, 32, 4 },
    {3,  7,  7,  96, 96},
    {1,  8,  8,  16, 48},
    {1,  16, 12, 24, 8 },
    {1,  2,  2,  8,  8 },
    {2,  6,  9,  40, 16},
    {16, 7,  7,  32, 64},
    {1,  28, 28, 8,  16},
    {2,  5,  1,  16, 16},
    {1,  1,  6,  16, 32},
    {0,  7,  7,  16, 16},
    {2,  3,  3,  64, 64},
    {1,  4,  4,  32, 16},
};
/* clang-format on */

static const struct {
    ConvWay way;
    const char *name;
    /* clang-format off */
} ways[] = {
    {CONV_BY_RULE,   "by rule" },
    {CONV_GATHER,    "gathered"},
    {CONV_WINOGRAD2, "F(2x2)"  },
    {CONV_WINOGRAD4, "F(4x4)"  },
};
/* clang-format on */
enum { WAYS = sizeof ways / sizeof *ways };
enum { CONVS = sizeof conv_sizes / sizeof *conv_sizes * WAYS };

/* Every size every way. */
static ConvShape conv_shape(size_t i)
{
    const int *size = conv_sizes[i / WAYS];
    return (ConvShape){size[0], size[1], size[2], size[3], size[4], ways[i % WAYS].way};
}

typedef struct ConvData {
    ConvShape s;
    size_t nx, ny, nw;
    float *x, *w, *b, *gy, *scratch;
} ConvData;

static ConvData conv_data(ConvShape s)
{
    size_t pixels = (size_t)s.n * (size_t)s.h * (size_t)s.w;
    ConvData d = {.s = s,
                  .nx = pixels * (size_t)s.in,
                  .ny = pixels * (size_t)s.out,
                  .nw = 9 * (size_t)s.in * (size_t)s.out};
    d.x = random_floats(d.nx, 1, 1);
    d.w = random_floats(d.nw, 0.1f, 2);
    d.b = random_floats((size_t)s.out, 1, 3);
    d.gy = random_floats(d.ny, 1, 4);
    size_t bytes = (sizeof(float) * (conv3x3_scratch(s) + 16) + 63) / 64 * 64;
    d.scratch = aligned_alloc(64, bytes);
    assert_non_null(d.scratch);
    return d;
}

static void conv_free(ConvData *d)
{
    free(d->x), free(d->w), free(d->b), free(d->gy), free(d->scratch);
}

/* Transform-domain products: F(4x4, 3x3) rounds more, 5e-6 to 1e-5, F(2x2, 3x3) less than
 * the direct product, which sums nine times as many terms in one go. */
static void expect_conv(const char *direction, ConvShape s, size_t n, const float *got,
                        const float *want)
{
    static const double bounds[] = {
        [CONV_BY_RULE] = 1e-5,
        [CONV_GATHER] = 1.5e-6,
        [CONV_WINOGRAD2] = 1e-6,
        [CONV_WINOGRAD4] = 1e-5,
    };
    bool transformed = s.in % 16 == 0 && s.out % 16 == 0;
    double bound = bounds[transformed ? s.way : CONV_GATHER];
    char what[96];
    snprintf(what, sizeof what, "conv3x3 %s, %s, %d of %dx%d, %d > %d", direction, ways[s.way].name,
             s.n, s.h, s.w, s.in, s.out);
    expect_close(what, n, got, want, bound);
}

static void test_conv3x3(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVS; i++) {
        ConvData d = conv_data(conv_shape(i));
        float *want = random_floats(d.ny, 1, 5), *got = copy_of(d.ny, want);
        naive_conv3x3(d.s, d.x, d.w, i / WAYS % 2 ? d.b : NULL, want);
        kernel_conv3x3(d.s, NULL, d.x, d.w, (ConvEnd){.bias = i / WAYS % 2 ? d.b : NULL}, got,
                       d.scratch);
        expect_conv("forward", d.s, d.ny, got, want);
        free(want), free(got), conv_free(&d);
    }
}

static void test_conv3x3_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVS; i++) {
        ConvData d = conv_data(conv_shape(i));
        float *want = random_floats(d.nx, 1, 5), *got = copy_of(d.nx, want);
        naive_conv3x3_input(d.s, d.gy, d.w, want);
        kernel_conv3x3_grad(d.s, NULL, d.x, d.w, d.gy, (ConvGrad){.x = got, .add = true},
                            d.scratch);
        expect_conv("input", d.s, d.nx, got, want);
        for (size_t k = 0; k < d.nx; k++)
            want[k] = 0, got[k] = NAN;
        naive_conv3x3_input(d.s, d.gy, d.w, want);
        kernel_conv3x3_grad(d.s, NULL, d.x, d.w, d.gy, (ConvGrad){.x = got}, d.scratch);
        expect_conv("input set", d.s, d.nx, got, want);
        free(want), free(got), conv_free(&d);
    }
}

static void test_conv3x3_weight(void **state)
{
    (void)state;
    for (size_t i = 0; i < CONVS; i++) {
        ConvData d = conv_data(conv_shape(i));
        float *want = random_floats(d.nw, 1, 5), *got = copy_of(d.nw, want);
        naive_conv3x3_weight(d.s, d.gy, d.x, want);
        kernel_conv3x3_grad(d.s, NULL, d.x, d.w, d.gy, (ConvGrad){.weight = got}, d.scratch);
        expect_conv("weight", d.s, d.nw, got, want);
        free(want), free(got), conv_free(&d);
    }
}

/* Left to the rule, a picture is cut into the tiles that need fewer products: the bits
 * are those of the way that was expected. */
static void test_conv_rule(void **state)
{
    (void)state;
    /* clang-format off */
    static const ConvShape expected[] = {
        {2, 14, 14, 32, 32, CONV_WINOGRAD4},
        {2, 7,  7,  96, 96, CONV_WINOGRAD4},
        {2, 6,  6,  32, 32, CONV_WINOGRAD2},
        {2, 5,  5,  32, 16, CONV_WINOGRAD2},
        {2, 3,  3,  16, 32, CONV_WINOGRAD4},
        {2, 2,  2,  16, 16, CONV_WINOGRAD2},
        {2, 7,  7,  24, 32, CONV_GATHER   },
    };
    /* clang-format on */
    if (strcmp(kernel_cpu(), "portable") == 0)
        skip(); /* there it is for BLAS to say */
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ConvData d = conv_data(expected[i]);
        ConvShape by_rule = d.s;
        by_rule.way = CONV_BY_RULE;
        assert_int_equal(conv3x3_scratch(by_rule), conv3x3_scratch(d.s));
        float *want = random_floats(d.ny, 1, 5), *got = copy_of(d.ny, want);
        kernel_conv3x3(d.s, NULL, d.x, d.w, (ConvEnd){.bias = d.b}, want, d.scratch);
        kernel_conv3x3(by_rule, NULL, d.x, d.w, (ConvEnd){.bias = d.b}, got, d.scratch);
        assert_memory_equal(got, want, sizeof(float) * d.ny);
        free(want), free(got), conv_free(&d);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv3x3),
        cmocka_unit_test(test_conv3x3_input),
        cmocka_unit_test(test_conv3x3_weight),
        cmocka_unit_test(test_conv_rule),
    };
    kernel_init();
    return cmocka_run_group_tests_name(kernel_cpu(), tests, NULL, NULL);
}
