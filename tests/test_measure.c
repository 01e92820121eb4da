/* Statistics: published and closed-form values, naive twins, invariances. */
#include "engine/base/clock.h"
#include "engine/measure/mmd.h"
#include "engine/measure/modes.h"
#include "engine/measure/pca.h"
#include "engine/measure/stats.h"
#include "engine/measure/sw2.h"
#include "engine/tensor/dense.h"
#include "tests/near.h"
#include "tests/sets.h"
#include <stdlib.h>
#include <string.h>

static const size_t gib = (size_t)1 << 30;

/* methods.md 12, tiny two-sample set. */
static const float tiny_x[] = {0, 0, 1, 0, 0, 2}, tiny_y[] = {0, 1, 1, 1, 3, 0};

static int open_arena(void **state)
{
    static Arena arena;
    arena_init(&arena, gib);
    *state = &arena;
    return 0;
}

static int close_arena(void **state)
{
    arena_done(*state);
    return 0;
}

/* n rows of N(shift e1, I). */
static void normals(int n, int d, double shift, uint64_t first, float *x)
{
    for (int r = 0; r < n; r++) {
        Rng rng = rng_at(11, STREAM_EVAL, first + (uint64_t)r);
        rng_normals(&rng, d, x + (size_t)r * (size_t)d);
        x[(size_t)r * (size_t)d] += (float)shift;
    }
}

/* ---- Quantiles ---- */

static void test_quantiles(void **state)
{
    (void)state;
    double x[] = {4, 1, 3, 2};
    assert_near(quantile_of(4, x, 0), 1, 0);
    assert_near(quantile_of(4, x, 0.5), 2.5, 1e-15);
    assert_near(quantile_of(4, x, 0.9), 3.7, 1e-14);
    assert_near(quantile_of(4, x, 1), 4, 0);
    assert_near(quantile_of(1, x, 0.3), 1, 0);
    assert_near(mean_of(4, x), 2.5, 0);
}

/* ---- Pairs ---- */

static double statistic(PairKernel kernel, const Pair *pair, Arena *arena)
{
    return pair_statistic(&kernel, pair, ALONE(arena));
}

static void test_tiny_set(void **state)
{
    const Pair *tiny = PAIR(3, tiny_x, 3, tiny_y, 2);
    assert_near(statistic(kernel_cubic(2, NULL, 1), tiny, *state), -1.2222222222, 1e-9);
    assert_near(statistic(kernel_energy(), tiny, *state), -0.3563174356, 1e-9);
}

/* One Gaussian of width 1, the published setting; ours averages five. */
static void unit(double unused, size_t n, double *value)
{
    (void)unused;
    for (size_t i = 0; i < n; i++)
        value[i] = exp(-value[i] / 2);
}

static const PairKernel kernel_unit = {{TILE_SQUARES, NULL, 1}, unit, 0};

static void test_tiny_set_gaussian(void **state)
{
    const Pair *tiny = PAIR(3, tiny_x, 3, tiny_y, 2);
    assert_near(statistic(kernel_unit, tiny, *state), -0.1760491559, 1e-9);
}

/* The squared-power chain against five exponentials. */
static void test_kernel_is_the_mean_of_five(void **state)
{
    (void)state;
    MmdKernel kernel = mmd_kernel_fixed(0.8);
    for (double d2 = 0; d2 < 20; d2 += 0.37) {
        double value = d2, mean = 0;
        for (double h = 0.25; h <= 4; h *= 2)
            mean += exp(-d2 / (2 * h * h * 0.8 * 0.8)) / 5;
        kernel.pairs.apply(kernel.pairs.parameter, 1, &value);
        assert_near(value, mean, 1e-12 * mean + 1e-15);
    }
}

/* Expected MMD^2 between N(0, I_d) and N(m, I_d), one Gaussian kernel of width h. */
static double mmd2_normals(double h, int d, double m)
{
    double wide = h * h + 2;
    return 2 * pow(h * h / wide, d / 2.0) * (1 - exp(-m * m / (2 * wide)));
}

/* Unbiased, so the mean over 24 pairs of small samples must meet the closed forms. */
static void test_closed_forms(void **state)
{
    enum { N = 500, PAIRS = 24 };
    float x[2 * N], y[2 * N];
    double one = 0, five = 0, energy = 0, expected = 0;
    MmdKernel kernel = mmd_kernel_fixed(1.5);
    for (int pair = 0; pair < PAIRS; pair++) {
        uint64_t first = (uint64_t)pair * 2 * N;
        normals(N, 2, 0, first, x);
        normals(N, 2, 1, first + N, y);
        one += statistic(kernel_unit, PAIR(N, x, N, y, 2), *state) / PAIRS;
        five += pair_statistic(&kernel.pairs, PAIR(N, x, N, y, 2), ALONE(*state)) / PAIRS;
        normals(N, 1, 0, first, x);
        normals(N, 1, 1, first + N, y);
        energy += statistic(kernel_energy(), PAIR(N, x, N, y, 1), *state) / PAIRS;
    }
    for (double h = 0.25; h <= 4; h *= 2)
        expected += mmd2_normals(h * 1.5, 2, 1) / 5;
    assert_near(mmd2_normals(1, 2, 1), 0.1023455167, 1e-9);
    assert_near(one, 0.1023455167, 0.008); /* three standard errors */
    assert_near(five, expected, 0.008);
    assert_near(energy, 0.5418065793, 0.045);
}

/* ---- MMD ---- */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_median_bandwidth(void **state)
{
    enum { N = 61 };
    float x[3 * N];
    double distance[N * N];
    normals(N, 3, 0, 0, x);
    for (int n = 2; n <= N; n++) {
        int pairs = 0;
        for (int p = 0; p < n; p++)
            for (int q = 0; q < p; q++)
                distance[pairs++] = sqrt(squared_distance(3, x + 3 * p, x + 3 * q));
        qsort(distance, (size_t)pairs, sizeof *distance, ascending);
        double median = (distance[pairs / 2] + distance[(pairs - 1) / 2]) / 2;
        assert_near(mmd_kernel(n, x, 3, ALONE(*state)).bandwidth, median, 1e-6);
    }
    memset(x + 3, 0, sizeof x - 3 * sizeof *x); /* all but one coincide */
    MmdKernel kernel = mmd_kernel(N, x, 3, ALONE(*state));
    double apart = squared_distance(3, x, x + 3), mean = apart * 2 / N;
    assert_false(kernel.median);
    assert_near(kernel.bandwidth, sqrt(mean), 1e-6);
    memset(x, 0, sizeof x);
    assert_near(mmd_kernel(N, x, 3, ALONE(*state)).bandwidth, 1, 0);
}

/* The matrix form equals the plain one, also for unequal sizes; identical laws stay below
 * their band about as often as promised, different laws rise above it. */
static void test_null_band(void **state)
{
    enum { N = 100, M = 80 };
    float x[2 * N], y[2 * N];
    int above = 0;
    for (int trial = 0; trial < 40; trial++) {
        uint64_t first = (uint64_t)(1000 + trial * 2 * N);
        normals(N, 2, 0, first, x);
        normals(M, 2, 0, first + N, y);
        MmdKernel kernel = mmd_kernel(N, x, 2, ALONE(*state));
        MmdTest test = mmd_test(&kernel, PAIR(N, x, M, y, 2), 100, 0.95, 3, ALONE(*state));
        assert_near(test.mmd2, pair_statistic(&kernel.pairs, PAIR(N, x, M, y, 2), ALONE(*state)),
                    1e-6);
        assert_true(test.null > 0);
        above += test.mmd2 > test.null;
    }
    assert_in_range(above, 0, 6); /* 2 expected; 7 or more has chance 0.003 */
    normals(N, 2, 1, 50000, y);
    MmdKernel kernel = mmd_kernel(N, x, 2, ALONE(*state));
    MmdTest test = mmd_test(&kernel, PAIR(N, x, N, y, 2), 100, 0.95, 3, ALONE(*state));
    assert_true(test.mmd2 > 3 * test.null);
}

/* ---- Sliced Wasserstein ---- */

/* In one dimension directions are +-1, and the distance is that of sorted values. */
static void test_sw2_one_dimension(void **state)
{
    static const float x[] = {3, -1, 2}, y[] = {0, 5, -2}, one[] = {1};
    /* sorted: -1 2 3 and -2 0 5 */
    assert_near(sw2(PAIR(3, x, 3, y, 1), 4, 0, ALONE(*state)), (1 + 4 + 4) / 3.0, 1e-6);
    /* three against one: every point's mass travels to it */
    assert_near(sw2(PAIR(3, x, 1, one, 1), 4, 0, ALONE(*state)), (4 + 4 + 1) / 3.0, 1e-6);
    /* 3 against 2: quantile pieces of a third and a sixth */
    static const float two[] = {4, 0};
    double expected = (1 * 1 / 3.0) + (4 * 1 / 6.0 + 4 * 1 / 6.0) + 1 * 1 / 3.0;
    assert_near(sw2(PAIR(3, x, 2, two, 1), 4, 0, ALONE(*state)), expected, 1e-6);
}

/* A set against its own copies, stacked: zero; shuffled: zero; scaled numbers of both
 * signs and sizes. */
static void test_sw2_invariances(void **state)
{
    enum { N = 300 };
    float x[2 * N], twice[4 * N];
    normals(N, 2, 0, 0, x);
    for (int r = 0; r < N; r++) {
        memcpy(twice + 2 * r, x + 2 * (N - 1 - r), 2 * sizeof *x);
        memcpy(twice + 2 * (N + r), x + 2 * r, 2 * sizeof *x);
    }
    assert_near(sw2(PAIR(N, x, 2 * N, twice, 2), 16, 5, ALONE(*state)), 0, 1e-12);
    assert_near(sw2(PAIR(2 * N, twice, N, x, 2), 16, 5, ALONE(*state)), 0, 1e-12);
    double a = sw2(PAIR(N, x, N, twice, 2), 16, 5, ALONE(*state));
    assert_near(a, 0, 1e-12);
}

/* SW2^2 of N(0, I_d) and N(m, I_d) is |m|^2 / d; a pure translation of one sample gives
 * it for the directions drawn. */
static void test_sw2_translation(void **state)
{
    enum { N = 200, D = 5 };
    float x[N * D], y[N * D];
    normals(N, D, 0, 0, x);
    normals(N, D, 2, 0, y);
    assert_near(sw2(PAIR(N, x, N, y, D), 4096, 1, ALONE(*state)), 4.0 / D, 0.03);
    normals(N, D, 2, N, y);
    assert_near(sw2(PAIR(N, x, N, y, D), 256, 1, ALONE(*state)), 4.0 / D, 0.15);
}

/* ---- Modes ---- */

static Mixture ring_of(int n)
{
    Mixture ring = {.n = n, .labels = n, .deviation = 0.1};
    for (int k = 0; k < n; k++) {
        ring.mean[k][0] = cos(2 * acos(-1) * k / n);
        ring.mean[k][1] = sin(2 * acos(-1) * k / n);
        ring.weight[k] = 1.0 / n;
        ring.label[k] = k;
    }
    return ring;
}

static void test_modes_of_the_law_itself(void **state)
{
    enum { N = 20000 };
    Arena *arena = *state;
    Mixture ring = ring_of(8);
    float *x = arena_floats(arena, 2 * N);
    for (int r = 0; r < N; r++) {
        Rng rng = rng_at(2, STREAM_EVAL, (uint64_t)r);
        int label;
        mixture_draw(&ring, NULL, &rng, x + 2 * r, &label);
    }
    Modes modes = modes_of(&ring, N, x);
    assert_near(modes.within, 1 - exp(-4.5), 0.004);
    assert_int_equal(modes.found, 8);
    assert_near(modes.kl, 0, 0.002);
    arena_rewind(arena, 0);
}

/* 8 labels: a mode counts from 1/32 of the samples on. */
static void test_modes_counted_by_hand(void **state)
{
    (void)state;
    Mixture ring = ring_of(8);
    float x[64] = {0};
    for (int r = 0; r < 32; r++) { /* 1 on mode 3, 15 on mode 0, the rest far away */
        int k = r == 0 ? 3 : 0;
        double far = r > 15 ? 5 : 1;
        x[2 * r] = (float)(ring.mean[k][0] * far);
        x[2 * r + 1] = (float)(ring.mean[k][1] * far);
    }
    Modes modes = modes_of(&ring, 32, x);
    assert_near(modes.within, 0.5, 0);
    assert_int_equal(modes.found, 2);
    assert_near(modes.share[3], 1.0 / 32, 0);
    assert_near(modes.kl, 15 / 16.0 * log(15 / 2.0) + 1 / 16.0 * log(0.5), 1e-12);
    assert_true(isnan(modes_of(&ring, 16, x + 32).kl));
}

/* ---- Principal components ---- */

/* Rows with known variances 9, 4, 1, .25, ... along rotated axes. */
static void turned_rows(int n, int d, float *x)
{
    for (int r = 0; r < n; r++) {
        Rng rng = rng_at(4, STREAM_EVAL, (uint64_t)r);
        float *row = x + (size_t)r * (size_t)d;
        for (int c = 0; c < d; c++)
            row[c] = (float)(rng_normal(&rng) * 3 / (c + 1));
        float a = row[0], b = row[1]; /* turn the first two axes by atan(3/4) */
        row[0] = 0.8f * a - 0.6f * b + 10;
        row[1] = 0.6f * a + 0.8f * b;
    }
}

static void test_pca_finds_the_axes(void **state)
{
    enum { N = 4000, D = 20, K = 4 };
    Arena *arena = *state, scratch;
    arena_init(&scratch, gib);
    float *x = arena_floats(arena, N * D);
    turned_rows(N, D, x);
    Pca pca = pca_fit(N, x, D, K, arena, &scratch);
    assert_near(pca.mean[0], 10, 0.2);
    for (int i = 0; i < K; i++) {
        double expected = 9.0 / ((i + 1) * (i + 1));
        assert_near(pca.variance[i], expected, 0.08 * expected);
        for (int j = 0; j < K; j++) {
            double dot = 0;
            for (int c = 0; c < D; c++)
                dot += pca.axis[i * D + c] * pca.axis[j * D + c];
            assert_near(dot, i == j, 1e-12);
        }
    }
    assert_near(pca.axis[0], 0.8, 0.03);
    assert_near(pca.axis[1], 0.6, 0.03);
    arena_done(&scratch);
    arena_rewind(arena, 0);
}

/* C a = lambda a with the covariance computed the plain way, also where rows are fewer
 * than axes. */
static void check_eigenpairs(Arena *arena, int n, int d, int k)
{
    Arena scratch;
    arena_init(&scratch, gib);
    float *x = arena_floats(arena, n * d);
    turned_rows(n, d, x);
    Pca pca = pca_fit(n, x, d, k, arena, &scratch);
    for (int i = 0; i < k; i++) {
        const double *axis = pca.axis + i * d;
        double *image = arena_new(arena, double, d);
        for (int r = 0; r < n; r++) {
            double along = 0;
            for (int c = 0; c < d; c++)
                along += axis[c] * (x[r * d + c] - pca.mean[c]);
            for (int c = 0; c < d; c++)
                image[c] += along * (x[r * d + c] - pca.mean[c]) / (n - 1);
        }
        for (int c = 0; c < d; c++)
            assert_near(image[c], pca.variance[i] * axis[c], 2e-5 * pca.variance[0]);
        if (i > 0)
            assert_true(pca.variance[i] <= pca.variance[i - 1]);
    }
    arena_done(&scratch);
    arena_rewind(arena, 0);
}

static void test_pca_eigenpairs(void **state)
{
    check_eigenpairs(*state, 500, 30, 6);
    check_eigenpairs(*state, 10, 40, 12); /* rank 9 */
    check_eigenpairs(*state, 50, 2, 2);
    check_eigenpairs(*state, 300, 100, 32);
}

/* [[4, 2], [2, 1]] has 5 along (2, 1); a larger matrix comes back from its parts. */
static void test_eigen(void **state)
{
    enum { N = 24 };
    double vector[N * N] = {4, 2, 2, 1}, value[N], a[N * N], alone[N];
    dense_eigenvectors(2, vector, value, *state);
    assert_near(value[0], 5, 1e-14);
    assert_near(value[1], 0, 1e-14);
    assert_near(vector[1] / vector[0], 0.5, 1e-14);
    Rng rng = rng_at(1, STREAM_EVAL, 0);
    for (int i = 0; i < N; i++)
        for (int j = 0; j <= i; j++)
            a[i * N + j] = a[j * N + i] = rng_normal(&rng);
    memcpy(vector, a, sizeof a);
    dense_eigenvectors(N, vector, value, *state);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            double sum = 0, dot = 0;
            for (int k = 0; k < N; k++) {
                sum += value[k] * vector[k * N + i] * vector[k * N + j];
                dot += vector[i * N + k] * vector[j * N + k];
            }
            assert_near(sum, a[i * N + j], 1e-12);
            assert_near(dot, i == j, 1e-13);
        }
    dense_eigenvalues(N, a, alone, *state);
    for (int i = 0; i < N; i++)
        assert_near(alone[N - 1 - i], value[i], 1e-12);
    for (int i = 1; i < N; i++)
        assert_true(value[i] <= value[i - 1]);
}

static void test_whitening(void **state)
{
    enum { N = 4000, D = 20, K = 4 };
    Arena *arena = *state, scratch;
    arena_init(&scratch, gib);
    float *x = arena_floats(arena, N * D), *out = arena_floats(arena, N * K);
    turned_rows(N, D, x);
    Pca pca = pca_fit(N, x, D, K, arena, &scratch);
    Noise t = noise_at(SCHEDULE_COSINE, 0.6);
    for (int c = 0; c < N * D; c++) {
        Rng rng = rng_at(9, STREAM_EVAL, (uint64_t)c);
        x[c] = (float)(t.alpha * x[c] + t.sigma * rng_normal(&rng));
    }
    pca_whiten(&pca, t, N, x, out);
    for (int i = 0; i < K; i++) {
        double mean = 0, square = 0;
        for (int r = 0; r < N; r++) {
            mean += out[r * K + i] / (double)N;
            square += out[r * K + i] * out[r * K + i] / (double)N;
        }
        assert_near(mean, 0, 4 / sqrt(N));
        assert_near(square, 1, 6 * sqrt(2.0 / N));
    }
    arena_done(&scratch);
    arena_rewind(arena, 0);
}

/* Not a bound to hold anywhere, only a report beside the numbers promised in the headers.
 */
static void test_costs_reported(void **state)
{
    Arena *arena = *state, scratch;
    arena_init(&scratch, gib);
    float *x = arena_floats(arena, 2048 * 784);
    turned_rows(2048, 784, x);
    double start = clock_s();
    sw2(PAIR(4000, x, 10000, x + 8000, 2), SW2_DIRECTIONS, 0, ALONE(&scratch));
    double after_sw2 = clock_s();
    MmdKernel kernel = mmd_kernel(512, x, 2, ALONE(&scratch));
    double after_median = clock_s();
    mmd_test(&kernel, PAIR(512, x, 512, x + 1024, 2), 200, 0.95, 0, ALONE(&scratch));
    double after_mmd = clock_s();
    pca_fit(2048, x, 784, 32, arena, &scratch);
    double after_pca = clock_s();
    print_message("sw2 4000 x 10000: %.3f s; median of 512: %.4f s; mmd_test 512: %.3f s; "
                  "pca 2048 x 784: %.2f s\n",
                  after_sw2 - start, after_median - after_sw2, after_mmd - after_median,
                  after_pca - after_mmd);
    arena_done(&scratch);
    arena_rewind(arena, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_tiny_set),
        cmocka_unit_test(test_tiny_set_gaussian),
        cmocka_unit_test(test_kernel_is_the_mean_of_five),
        cmocka_unit_test(test_closed_forms),
        cmocka_unit_test(test_median_bandwidth),
        cmocka_unit_test(test_null_band),
        cmocka_unit_test(test_sw2_one_dimension),
        cmocka_unit_test(test_sw2_invariances),
        cmocka_unit_test(test_sw2_translation),
        cmocka_unit_test(test_modes_of_the_law_itself),
        cmocka_unit_test(test_modes_counted_by_hand),
        cmocka_unit_test(test_pca_finds_the_axes),
        cmocka_unit_test(test_pca_eigenpairs),
        cmocka_unit_test(test_eigen),
        cmocka_unit_test(test_whitening),
        cmocka_unit_test(test_costs_reported),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
