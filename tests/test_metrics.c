/* Metrics on two sets of vectors: published and closed-form values, numpy's and scipy's, the
 * jackknife against leaving rows out. */
#include "engine/base/rng.h"
#include "engine/measure/auc.h"
#include "engine/measure/frechet.h"
#include "engine/measure/mmd.h"
#include "engine/measure/prdc.h"
#include "engine/measure/sums.h"
#include "tests/near.h"
#include "tests/sets.h"
#include "tests/vectors.h"
#include <math.h>
#include <string.h>

enum { N = 40, M = 34, D = 6, BLOCKS = 10 };

static int open_arena(void **state)
{
    static Arena arena;
    arena_init(&arena, (size_t)1 << 30);
    *state = &arena;
    return 0;
}

static int close_arena(void **state)
{
    arena_done(*state);
    return 0;
}

/* The rows of tests/vectors/metrics.py. */
static void wave_rows(float x[N * D], float y[M * D])
{
    for (int i = 0; i < N * D; i++)
        x[i] = vectors_wave((uint32_t)i, 1);
    for (int i = 0; i < M * D; i++) {
        int c = i % D;
        y[i] = (float)((double)vectors_wave((uint32_t)i, 2) * (1 + 0.25 * c) + 0.125 * c);
    }
}

/* ---- Frechet distance ---- */

/* methods.md 12, from moments. */
static void test_frechet_published(void **state)
{
    const double m1[] = {0, 0}, m2[] = {1, -2}, s1[] = {2, .3, .3, 1}, s2[] = {1, -.2, -.2, .5};
    assert_near(frechet_moments(2, m1, s1, m2, s2, ALONE(*state)), 5.374628111371, 1e-11);
    assert_near(frechet_moments(2, m2, s2, m1, s1, ALONE(*state)), 5.374628111371, 1e-11);
}

/* Equal covariances: the squared distance of the means; far from the origin too. */
static void test_frechet_of_a_moved_set(void **state)
{
    float x[N * D], y[M * D], moved[N * D];
    wave_rows(x, y);
    for (int i = 0; i < N * D; i++) {
        x[i] += 1000; /* rounds: the copy is of what is left */
        moved[i] = x[i] + 2;
    }
    assert_near(frechet(PAIR(N, x, N, moved, D), ALONE(*state)), 4 * D, 1e-6);
    assert_near(frechet(PAIR(N, x, N, x, D), ALONE(*state)), 0, 1e-6);
    assert_near(frechet(PAIR(2, x, 2, x, D), ALONE(*state)), 0, 1e-4); /* covariances of rank 1 */
}

/* Wide rows of many take the short way (in float) where their covariances allow it, and else the
 * long one, which frechet_blocks always takes. */
static void test_frechet_of_wide_rows(void **state)
{
    enum { WIDE = 512, ROWS = 2 * WIDE + 40, ALL = WIDE * ROWS };
    float *x = arena_floats(*state, ALL), *y = arena_floats(*state, ALL);
    const double near_copy[] = {0, 1e-3, 1e-6};
    for (int kind = 0; kind < 3; kind++) {
        for (int i = 0; i < ALL; i++) {
            Rng rng = rng_at(5, STREAM_EVAL, (uint64_t)i);
            int c = i % WIDE;
            double scale = pow(10, c % 5 - 2), one = rng_normal(&rng);
            x[i] = (float)(scale * (one + 0.5));
            y[i] = (float)(scale * rng_normal(&rng));
            if (kind > 0 && c >= WIDE / 2) /* nearly of half as many columns */
                x[i] = x[i - WIDE / 2] + (float)(near_copy[kind] * one);
        }
        double value[3];
        const Pair *pair = PAIR(ROWS, x, ROWS, y, WIDE);
        frechet_blocks(pair, 2, value, ALONE(*state));
        assert_near(frechet(pair, ALONE(*state)) / value[2], 1, 1e-6);
    }
}

/* ---- Neighbours ---- */

/* methods.md 12. */
static void test_neighbours_published(void **state)
{
    const float real[] = {0, 0, 1, 0, 0, 1, 1, 1, 5, 5, 2, .5f};
    const float fake[] = {.1f, .2f, .9f, .4f, 4, 4, -3, 0, 1.5f, .5f};
    Prdc two = prdc(PAIR(5, fake, 6, real, 2), 2, 2, ALONE(*state)),
         one = prdc(PAIR(5, fake, 6, real, 2), 1, 1, ALONE(*state));
    assert_near(two.precision, .8, 1e-12);
    assert_near(two.recall, 1, 1e-12);
    assert_near(two.density, 1.1, 1e-12);
    assert_near(two.coverage, 1, 1e-12);
    assert_near(one.density, 2.2, 1e-12);
}

/* Equal laws: expected coverage 1 - prod (N - j) / (M + N - j), density 1 (Naeem et al. 2020). */
static void test_neighbours_of_one_law(void **state)
{
    enum { ROWS = 1000, WIDE = 16 };
    static float x[ROWS * WIDE], y[ROWS * WIDE];
    for (int r = 0; r < 2 * ROWS; r++) {
        Rng rng = rng_at(5, STREAM_EVAL, (uint64_t)r);
        rng_normals(&rng, WIDE, (r < ROWS ? x : y - ROWS * WIDE) + r * WIDE);
    }
    Prdc value = prdc(PAIR(ROWS, x, ROWS, y, WIDE), PRDC_BALL, PRDC_DENSITY, ALONE(*state));
    double missed = 1;
    for (int j = 1; j <= 5; j++)
        missed *= (double)(ROWS - j) / (2 * ROWS - j);
    assert_near(value.coverage, 1 - missed, 0.02);
    assert_near(value.density, 1, 0.15);              /* hubs: some balls hold many */
    assert_near(value.precision, value.recall, 0.08); /* the laws are the same, so are the shares */
}

/* ---- Two-sample test ---- */

static void test_auc_of_scores(void **state)
{
    (void)state;
    double a[] = {3, 1, 2}, b[] = {2, 5};
    assert_near(auc_of(3, a, 2, b), (1 + .5 + 0 + 3) / 6.0, 1e-15);
    assert_near(auc_error(.6, 512, 512), .0176074, 1e-7); /* methods.md 12 */
}

/* N(0, I) and N(m, I): the best classifier's AUC is Phi(|m| / sqrt 2). */
static void test_auc_of_normals(void **state)
{
    enum { ROWS = 2000 };
    static float x[ROWS * 2], y[ROWS * 2], same[ROWS * 2];
    for (int r = 0; r < ROWS; r++) {
        Rng rng = rng_at(7, STREAM_EVAL, (uint64_t)r);
        rng_normals(&rng, 2, x + 2 * r);
        rng_normals(&rng, 2, y + 2 * r);
        rng_normals(&rng, 2, same + 2 * r);
        y[2 * r] += 1;
    }
    double expected = 0.5 * erfc(-0.5); /* |m| = 1: Phi(1 / sqrt 2) */
    assert_near(auc_logistic(PAIR(ROWS, x, ROWS, y, 2), 1, ALONE(*state)), expected,
                3 * auc_error(expected, ROWS / 2, ROWS / 2));
    assert_near(auc_logistic(PAIR(ROWS, x, ROWS, same, 2), 1, ALONE(*state)), 0.5,
                3 * auc_error(0.5, ROWS / 2, ROWS / 2));
}

/* ---- numpy and scipy ---- */

static void test_against_scipy(void **state)
{
    float x[N * D], y[M * D];
    Vectors *v = vectors_read("metrics.txt");
    const Pair *pair = PAIR(N, x, M, y, D);
    wave_rows(x, y);
    PairKernel cubic = kernel_cubic(D, NULL, 1), energy = kernel_energy();
    MmdKernel gaussians = mmd_kernel(N, x, D, ALONE(*state));
    Prdc four = prdc(PAIR(M, y, N, x, D), PRDC_BALL, PRDC_DENSITY, ALONE(*state));
    const double value[4] = {four.precision, four.recall, four.density, four.coverage};
    assert_near(frechet(pair, ALONE(*state)), *vectors_get(v, "frechet", 1), 1e-9);
    assert_near(pair_statistic(&cubic, pair, ALONE(*state)), *vectors_get(v, "kid", 1), 1e-9);
    assert_near(pair_statistic(&energy, pair, ALONE(*state)), *vectors_get(v, "energy", 1), 1e-9);
    assert_near(pair_statistic(&gaussians.pairs, pair, ALONE(*state)), *vectors_get(v, "mmd2", 1),
                1e-9);
    for (int i = 0; i < 4; i++)
        assert_near(value[i], vectors_get(v, "prdc", 4)[i], 1e-12);
    vectors_free(v);
}

static void test_two_sample_test_against_scipy(void **state)
{
    float x[N * D], y[M * D];
    int order[N];
    Vectors *v = vectors_read("metrics.txt");
    wave_rows(x, y);
    for (int k = 0; k < N; k++)
        order[k] = k;
    assert_near(auc_split(PAIR(N, x, M, y, D), order, order, ALONE(*state)),
                *vectors_get(v, "auc", 1), 1e-12);
    vectors_free(v);
}

/* The jackknife's short cuts are what leaving rows out gives. */
static void test_blocks_against_scipy(void **state)
{
    float x[N * D], y[M * D];
    double value[BLOCKS + 1];
    Prdc each[BLOCKS + 1];
    Vectors *v = vectors_read("metrics.txt");
    wave_rows(x, y);
    frechet_blocks(PAIR(M, y, N, x, D), BLOCKS, value, ALONE(*state));
    prdc_blocks(PAIR(M, y, N, x, D), PRDC_BALL, PRDC_DENSITY, BLOCKS, each, ALONE(*state));
    const double *frechets = vectors_get(v, "frechet.blocks", BLOCKS),
                 *four = vectors_get(v, "prdc.blocks", 4 * BLOCKS);
    for (int b = 0; b < BLOCKS; b++, four += 4) {
        assert_near(value[b], frechets[b], 1e-9);
        assert_near(each[b].precision, four[0], 1e-12);
        assert_near(each[b].recall, four[1], 1e-12);
        assert_near(each[b].density, four[2], 1e-12);
        assert_near(each[b].coverage, four[3], 1e-12);
    }
    assert_near(value[BLOCKS], *vectors_get(v, "frechet", 1), 1e-9);
    vectors_free(v);
}

static void test_pair_blocks(void **state)
{
    float x[N * D], y[M * D], rest[N * D];
    double value[BLOCKS + 1];
    wave_rows(x, y);
    PairKernel kernel = kernel_cubic(D, NULL, 1);
    pair_statistic_blocks(&kernel, PAIR(N, x, M, y, D), BLOCKS, value, ALONE(*state));
    for (int b = 0; b <= BLOCKS; b++) {
        int begin = b < BLOCKS ? N * b / BLOCKS : N, end = b < BLOCKS ? N * (b + 1) / BLOCKS : N;
        memcpy(rest, x, sizeof *x * (size_t)(begin * D));
        memcpy(rest + begin * D, x + end * D, sizeof *x * (size_t)((N - end) * D));
        const Pair *left = PAIR(N - (end - begin), rest, M, y, D);
        assert_near(value[b], pair_statistic(&kernel, left, ALONE(*state)), 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frechet_published),
        cmocka_unit_test(test_frechet_of_a_moved_set),
        cmocka_unit_test(test_frechet_of_wide_rows),
        cmocka_unit_test(test_neighbours_published),
        cmocka_unit_test(test_neighbours_of_one_law),
        cmocka_unit_test(test_auc_of_scores),
        cmocka_unit_test(test_auc_of_normals),
        cmocka_unit_test(test_against_scipy),
        cmocka_unit_test(test_two_sample_test_against_scipy),
        cmocka_unit_test(test_blocks_against_scipy),
        cmocka_unit_test(test_pair_blocks),
    };
    return cmocka_run_group_tests_name("metrics", tests, open_arena, close_arena);
}
