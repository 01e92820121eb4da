/* Every kernel against its naive twin. Errors are measured relative to the largest value
 * of the oracle; the bound stands beside each comparison. Shapes include odd sizes,
 * single rows and widths that fill no vector. */
#include "engine/tensor/kernels.h"
#include "tests/floats.h"
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_matmul(void **state)
{
    (void)state;
    /* clang-format off */
    static const int shapes[][3] = {
        {1,   1,   1  },
        {3,   5,   7  },
        {49,  24,  49 },
        {128, 256, 66 },
        {17,  96,  1  },
        {9,   130, 600},
        {8,   33,  256},
        {15,  16,  257},
        {1,   200, 30 }
    };
    /* clang-format on */
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (int flags = 0; flags < 4; flags++) {
            int m = shapes[s][0], n = shapes[s][1], k = shapes[s][2];
            bool ta = flags & 1, tb = flags & 2;
            float *a = random_floats((size_t)(m * k), 1, 1),
                  *b = random_floats((size_t)(n * k), 1, 2);
            float *want = random_floats((size_t)(m * n), 1, 3);
            float *got = copy_of((size_t)(m * n), want);
            Matrix ma = {a, ta ? m : k, ta}, mb = {b, tb ? k : n, tb};
            kernel_matmul(m, n, k, 0.5f, ma, mb, true, got, n);
            naive_matmul(m, n, k, 0.5f, ma, mb, true, want, n);
            expect_close("matmul", (size_t)(m * n), got, want, 2e-6);
            kernel_matmul(m, n, k, 1, ma, mb, false, got, n);
            naive_matmul(m, n, k, 1, ma, mb, false, want, n);
            expect_close("matmul", (size_t)(m * n), got, want, 2e-6);
            free(a), free(b), free(want), free(got);
        }
}

static void test_linear(void **state)
{
    (void)state;
    enum { ROWS = 37, IN = 19, OUT = 23 };
    float *x = random_floats(ROWS * IN, 1, 1), *w = random_floats(IN * OUT, 1, 2);
    float *b = random_floats(OUT, 1, 3), *gy = random_floats(ROWS * OUT, 1, 4);
    float *want = random_floats(ROWS * OUT, 1, 5), *got = copy_of(ROWS * OUT, want);
    for (int i = 0; i < ROWS * OUT; i++)
        want[i] = b[i % OUT];
    naive_matmul(ROWS, OUT, IN, 1, (Matrix){x, IN, false}, (Matrix){w, OUT, false}, true, want,
                 OUT);
    kernel_linear(ROWS, IN, OUT, x, w, b, got);
    expect_close("linear", ROWS * OUT, got, want, 1e-6);

    float *gx = random_floats(ROWS * IN, 1, 6), *gx_want = copy_of(ROWS * IN, gx);
    naive_matmul(ROWS, IN, OUT, 1, (Matrix){gy, OUT, false}, (Matrix){w, OUT, true}, true, gx_want,
                 IN);
    kernel_linear_input(ROWS, IN, OUT, gy, w, true, gx);
    expect_close("linear input", ROWS * IN, gx, gx_want, 1e-6);

    float *gw = random_floats(IN * OUT, 1, 7), *gw_want = copy_of(IN * OUT, gw);
    naive_matmul(IN, OUT, ROWS, 1, (Matrix){x, IN, true}, (Matrix){gy, OUT, false}, true, gw_want,
                 OUT);
    kernel_linear_weight(ROWS, IN, OUT, gy, x, true, gw);
    expect_close("linear weight", IN * OUT, gw, gw_want, 1e-6);
    memset(gw, 0xff, sizeof(float) * IN * OUT);
    memset(gw_want, 0, sizeof(float) * IN * OUT);
    naive_matmul(IN, OUT, ROWS, 1, (Matrix){x, IN, true}, (Matrix){gy, OUT, false}, true, gw_want,
                 OUT);
    kernel_linear_weight(ROWS, IN, OUT, gy, x, false, gw);
    expect_close("linear weight, set", IN * OUT, gw, gw_want, 1e-6);
    kernel_linear_weight(0, IN, OUT, gy, x, false, gw);
    for (int i = 0; i < IN * OUT; i++)
        assert_true(gw[i] == 0);
    free(x), free(w), free(b), free(gy), free(want), free(got);
    free(gx), free(gx_want), free(gw), free(gw_want);
}

static void test_column_sums(void **state)
{
    (void)state;
    static const int widths[] = {1, 4, 15, 16, 32, 63, 64, 96, 133};
    for (size_t s = 0; s < sizeof widths / sizeof *widths; s++) {
        int rows = 197, c = widths[s];
        float *x = random_floats((size_t)(rows * c), 1, s), *got = random_floats((size_t)c, 1, s);
        float *want = copy_of((size_t)c, got);
        for (int j = 0; j < c; j++) {
            double sum = (double)want[j];
            for (int i = 0; i < rows; i++)
                sum += (double)x[i * c + j];
            want[j] = (float)sum;
        }
        kernel_column_sums(rows, c, x, got);
        expect_close("column sums", (size_t)c, got, want, 3e-6);
        free(x), free(got), free(want);
    }
}

static void test_exp(void **state)
{
    (void)state;
    double error = 0;
    for (float x = -87.0f; x <= 88.0f; x += 0.0137f) {
        float y;
        kernel_exp(1, &x, &y);
        error = fmax(error, fabs((double)y / exp((double)x) - 1));
    }
    assert_true(error <= 3e-7);
    float special[4] = {-INFINITY, INFINITY, NAN, 0}, y[4];
    kernel_exp(4, special, y);
    assert_true(y[0] >= 0 && y[0] < 1e-37f && y[1] > 1e38f && isnan(y[2]) && y[3] == 1.0f);
}

static void test_five_gaussians(void **state)
{
    (void)state;
    enum { N = 2003 };
    double value[N], nan[1] = {NAN};
    for (int i = 0; i < N; i++)
        value[i] = 1e-6 * pow(1.013, i);
    kernel_five_gaussians(N, 0.7, value);
    for (int i = 0; i < N; i++) {
        double x = -0.7 * 1e-6 * pow(1.013, i), want = 0;
        for (int power = 1; power <= 256; power *= 4)
            want += exp(power * x) / 5;
        assert_true(fabs(value[i] - want) <= 2e-13 * want + 1e-15);
    }
    kernel_five_gaussians(1, 1, nan);
    assert_true(isnan(*nan));
}

typedef struct Activation {
    const char *name;
    void (*forward)(size_t, const float *, float *);
    void (*backward)(size_t, const float *, const float *, float *);
    double (*value)(double), (*slope)(double);
} Activation;

static void test_activations(void **state)
{
    (void)state;
    static const Activation all[] = {
        {"silu", kernel_silu, kernel_silu_grad, naive_silu, naive_silu_slope},
        {"gelu", kernel_gelu, kernel_gelu_grad, naive_gelu, naive_gelu_slope},
    };
    enum { N = 1003 };
    for (size_t a = 0; a < 2; a++) {
        float *x = random_floats(N, 4, a), *gy = random_floats(N, 1, 7);
        float *y = random_floats(N, 1, 8), *gx = random_floats(N, 1, 9);
        float *want = copy_of(N, y), *gwant = copy_of(N, gx);
        x[0] = 0, x[1] = 30, x[2] = -30, x[3] = 200, x[4] = -200;
        for (int i = 0; i < N; i++) {
            want[i] = (float)all[a].value((double)x[i]);
            gwant[i] = (float)((double)gx[i] + (double)gy[i] * all[a].slope((double)x[i]));
        }
        all[a].forward(N, x, y);
        all[a].backward(N, x, gy, gx);
        for (int i = 0; i < N; i++) {
            assert_true(fabs((double)(y[i] - want[i])) <= 1e-6 + 1e-6 * fabs((double)want[i]));
            if (!(fabs((double)(gx[i] - gwant[i])) <= 2e-6 + 1e-6 * fabs((double)gwant[i])))
                fail_msg("%s slope at %g: %g, want %g", all[a].name, (double)x[i], (double)gx[i],
                         (double)gwant[i]);
        }
        float nan = NAN;
        all[a].forward(1, &nan, y);
        assert_true(isnan(y[0]));
        free(x), free(gy), free(y), free(gx), free(want), free(gwant);
    }
}

/* Both halves of SiLU in one pass are those of the two kernels, bit for bit. */
static void test_silu_slope(void **state)
{
    (void)state;
    enum { N = 1003 };
    float *x = random_floats(N, 4, 1), *ones = random_floats(N, 0, 2);
    float *y = random_floats(N, 1, 3), *want = copy_of(N, y), *slope = copy_of(N, ones);
    for (int i = 0; i < N; i++)
        ones[i] = 1;
    kernel_silu(N, x, want);
    kernel_silu_grad(N, x, ones, slope);
    kernel_silu_slope(N, x, y);
    assert_memory_equal(y, want, sizeof(float) * N);
    assert_memory_equal(x, slope, sizeof(float) * N);
    kernel_multiply(N, y, slope);
    for (int i = 0; i < N; i++)
        assert_true(slope[i] == x[i] * y[i]);
    free(x), free(ones), free(y), free(want), free(slope);
}

static void test_time_features(void **state)
{
    (void)state;
    enum { N = 101, HALF = 19 };
    float time[N], y[N * 2 * HALF];
    double frequency[HALF];
    for (int k = 0; k < HALF; k++)
        frequency[k] = 1e4 * exp(-0.8 * k);
    for (int i = 0; i < N; i++)
        time[i] = (float)(i - 50) * 2.03f;
    kernel_time_features(N, HALF, time, frequency, y);
    for (int i = 0; i < N * HALF; i++) {
        double angle = (double)time[i / HALF] * frequency[i % HALF];
        const float *row = y + i / HALF * 2 * HALF + i % HALF;
        assert_true(fabs((double)row[0] - sin(angle)) <= 1e-7);
        assert_true(fabs((double)row[HALF] - cos(angle)) <= 1e-7);
    }
    time[0] = NAN;
    kernel_time_features(1, HALF, time, frequency, y);
    assert_true(isnan(y[0]) && isnan(y[HALF]));
}

/* Ordinary numbers leave nothing denormal on the way, not even in a lane that is thrown away: some
 * CPUs take 150 cycles for one. */
static void test_nothing_denormal(void **state)
{
    (void)state;
    enum { N = 1000 };
    float *x = random_floats(N, 10, 1), *y = random_floats(N, 1, 2), *g = random_floats(N, 1, 3);
    feclearexcept(FE_ALL_EXCEPT);
    kernel_exp(N, x, y);
    kernel_silu(N, x, y);
    kernel_silu_grad(N, x, g, y);
    kernel_gelu(N, g, y);
    kernel_gelu_grad(N, g, g, y);
    kernel_silu_slope(N, x, y);
    assert_false(fetestexcept(FE_UNDERFLOW));
    free(x), free(y), free(g);
}

static void test_group_norm(void **state)
{
    (void)state;
    /* clang-format off */
    static const NormShape shapes[] = {
        {2, 196, 32, 8, true },
        {2, 49,  96, 8, false},
        {1, 49,  96, 8, true },
        {3, 5,   24, 8, true },
        {1, 1,   8,  2, false},
        {2, 33,  17, 1, true },
        {1, 64,  48, 8, true },
        {0, 49,  32, 8, true }
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        NormShape s = shapes[k];
        size_t c = (size_t)s.c, n = (size_t)s.n * (size_t)s.pixels * c;
        float *x = random_floats(n, 3, 1), *gamma = random_floats(c, 1, 2);
        float *beta = random_floats(c, 1, 3), *gy = random_floats(n, 1, 4);
        float *y = random_floats(n, 1, 5), *want = copy_of(n, y);
        float *stats = random_floats((size_t)(2 * s.n * s.groups), 1, 6);
        for (size_t i = 0; i < n; i++)
            x[i] += 5; /* a mean well away from zero */
        kernel_group_norm(s, x, gamma, beta, y, stats);
        naive_group_norm(s, x, gamma, beta, want);
        expect_close("group norm", n, y, want, 2e-6);

        float *gx = random_floats(n, 1, 7), *gx_want = copy_of(n, gx);
        float *gg = random_floats(c, 1, 8), *gg_want = copy_of(c, gg);
        float *gb = random_floats(c, 1, 9), *gb_want = copy_of(c, gb);
        float *scratch = random_floats((size_t)s.pixels * c, 1, 10), *again = copy_of(n, gy);
        kernel_group_norm_grad(s, x, gamma, beta, stats, gy, true, gx, gg, gb, again, scratch);
        naive_group_norm_grad(s, x, gamma, beta, gy, gx_want, gg_want, gb_want);
        expect_close("group norm again", n, again, y, 1e-7);
        expect_close("group norm gx", n, gx, gx_want, 3e-6);
        expect_close("group norm gamma", c, gg, gg_want, 5e-6);
        expect_close("group norm beta", c, gb, gb_want, 5e-6);
        free(x), free(gamma), free(beta), free(gy), free(y), free(want), free(stats), free(scratch);
        free(gx), free(gx_want), free(gg), free(gg_want), free(gb), free(gb_want), free(again);
    }
}

static void test_softmax(void **state)
{
    (void)state;
    static const int sizes[] = {1, 7, 16, 49, 64, 100};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        size_t n = (size_t)sizes[k] * 5;
        float *got = random_floats(n, 5, k), *want = copy_of(n, got);
        kernel_softmax(5, sizes[k], got);
        naive_softmax(5, sizes[k], want);
        expect_close("softmax", n, got, want, 1e-6);
        got[n - 1] = NAN;
        kernel_softmax(5, sizes[k], got);
        assert_true(isnan(got[n - 1]) && isnan(got[sizes[k] - 1]));
        assert_false(isnan(got[0]) && sizes[k] > 1);
        free(got), free(want);
    }
}

static void test_attention(void **state)
{
    (void)state;
    /* clang-format off */
    static const AttentionShape shapes[] = {
        {2, 49, 96, 4},
        {1, 5,  6,  2},
        {1, 1,  4,  1},
        {1, 64, 32, 4},
        {3, 20, 24, 3},
        {0, 4,  4,  2}
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        AttentionShape s = shapes[k];
        size_t n = (size_t)(s.n * s.pixels * s.c), pp = attention_room(s);
        float *qkv = random_floats(3 * n, 1, 1), *gy = random_floats(n, 1, 2);
        float *y = random_floats(n, 1, 3), *want = copy_of(n, y);
        float *p = random_floats((size_t)s.n * pp, 1, 4), *room = random_floats(pp, 1, 5);
        float *g = random_floats(3 * n, 1, 6), *g_want = copy_of(3 * n, g);
        kernel_attention(s, qkv, y, p);
        naive_attention(s, qkv, want);
        expect_close("attention", n, y, want, 2e-6);
        kernel_attention_grad(s, qkv, p, gy, true, g, room);
        naive_attention_grad(s, qkv, gy, g_want);
        expect_close("attention gradient", 3 * n, g, g_want, 3e-6);
        free(qkv), free(gy), free(y), free(want), free(p), free(room), free(g), free(g_want);
    }
}

/* The order of PyTorch's pixel_unshuffle: out channel = c * 4 + 2 dy + dx. */
static void test_shuffle(void **state)
{
    (void)state;
    enum { N = 2, H = 4, W = 6, C = 3, SIZE = N * H * W * C };
    float *x = random_floats(SIZE, 1, 1), *y = random_floats(SIZE, 1, 2),
          *z = random_floats(SIZE, 1, 3);
    kernel_space_to_depth(N, H, W, C, x, y, false);
    for (int i = 0; i < SIZE; i++) {
        int c = i % C, px = i / C % W, py = i / C / W % H, n = i / C / W / H;
        int to = ((n * H / 2 + py / 2) * W / 2 + px / 2) * 4 * C + c * 4 + 2 * (py % 2) + px % 2;
        assert_true(y[to] == x[i]);
    }
    kernel_depth_to_space(N, H, W, C, y, z, false);
    assert_memory_equal(x, z, sizeof(float) * SIZE);
    kernel_depth_to_space(N, H, W, C, y, z, true);
    for (int i = 0; i < SIZE; i++)
        assert_true(z[i] == 2 * x[i]);
    free(x), free(y), free(z);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matmul),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_column_sums),
        cmocka_unit_test(test_five_gaussians),
        cmocka_unit_test(test_exp),
        cmocka_unit_test(test_activations),
        cmocka_unit_test(test_silu_slope),
        cmocka_unit_test(test_group_norm),
        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_attention),
        cmocka_unit_test(test_shuffle),
        cmocka_unit_test(test_time_features),
        cmocka_unit_test(test_nothing_denormal),
    };
    kernel_init();
    return cmocka_run_group_tests_name(kernel_cpu(), tests, NULL, NULL);
}
