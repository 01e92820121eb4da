/* Intervals: closed forms, and that they hold as often as they say over many small trials. */
#include "engine/base/quantile.h"
#include "engine/base/rng.h"
#include "engine/measure/interval.h"
#include "engine/measure/shift.h"
#include "tests/near.h"
#include <string.h>

enum { BLOCKS = INTERVAL_BLOCKS };

/* ---- Distributions ---- */

static void test_quantiles(void **state)
{
    (void)state;
    assert_near(student_quantile(0.05, 9), 2.2621571627, 1e-9);
    assert_near(student_quantile(0.05, 1), 12.7062047362, 1e-9);
    assert_near(normal_quantile(0.975), 1.959963984540054, 1e-12);
    /* 8 of 10 or fewer, chance .9: 1 - .9^10 - 10 .9^9 .1 */
    assert_near(binomial_below(8, 10, 0.9), 1 - pow(.9, 10) - pow(.9, 9), 1e-13);
    assert_near(binomial_below(0, 5, 0.2), pow(.8, 5), 1e-14);
}

/* ---- Jackknife ---- */

/* Of a mean, equal blocks: the deviation of the block means. */
static void test_jackknife_of_a_mean(void **state)
{
    (void)state;
    Jackknife j = {0};
    double block[BLOCKS], squares = 0;
    for (int b = 0; b < BLOCKS; b++) {
        block[b] = b * b;
        j.whole += block[b] / BLOCKS;
    }
    for (int b = 0; b < BLOCKS; b++) {
        j.x[b] = (BLOCKS * j.whole - block[b]) / (BLOCKS - 1);
        j.y[b] = j.whole;
        squares += pow(block[b] - j.whole, 2);
    }
    double error = sqrt(squares / (BLOCKS * (BLOCKS - 1)));
    Interval one = interval_one(&j), two = interval_two(&j, true);
    assert_near(one.value, 28.5, 1e-12);
    assert_near(one.high - one.value, 2.2621571627 * error, 1e-8);
    assert_near(two.high - two.low, one.high - one.low, 1e-9); /* the other set adds nothing */
    assert_near((two.high + two.low) / 2, 28.5, 1e-9);         /* a mean has no bias */
}

/* The square of a mean is too large by variance / n: taken off exactly, also from both sides. */
static void test_bias_is_taken_off(void **state)
{
    (void)state;
    double block[BLOCKS] = {3, -1, 4, 1, -5, 9, 2, -6, 5, 3}, mean = 0, variance = 0;
    Jackknife j;
    for (int b = 0; b < BLOCKS; b++)
        mean += block[b] / BLOCKS;
    for (int b = 0; b < BLOCKS; b++) {
        double rest = (BLOCKS * mean - block[b]) / (BLOCKS - 1);
        variance += pow(block[b] - mean, 2) / (BLOCKS - 1);
        j.x[b] = rest * rest;
        j.y[b] = mean * mean;
    }
    j.whole = mean * mean;
    Interval plain = interval_two(&j, false), less = interval_two(&j, true);
    assert_near((plain.low + plain.high) / 2, mean * mean, 1e-12);
    assert_near((less.low + less.high) / 2, mean * mean - variance / BLOCKS, 1e-12);
    assert_near(less.value, mean * mean, 1e-12);
}

/* ---- Shares ---- */

static void test_exact_shares(void **state)
{
    (void)state;
    Interval none = interval_share(0, 10), all = interval_share(10, 10),
             some = interval_share(8, 10);
    assert_near(none.low, 0, 0);
    assert_near(none.high, 1 - pow(.025, .1), 1e-12);
    assert_near(all.low, pow(.025, .1), 1e-12);
    assert_near(all.high, 1, 0);
    assert_near(some.low, 0.4439045, 1e-6); /* Clopper and Pearson's table */
    assert_near(some.high, 0.9747893, 1e-6);
}

enum { CLASSES = 10, EACH = 50, TRIALS = 400 };

/* The least of ten equal chances, and of one that is far below: held, though it was picked. */
static void test_least_knows_it_was_picked(void **state)
{
    (void)state;
    for (int alike = 0; alike < 2; alike++) {
        int held = 0;
        double wide = 0;
        for (int t = 0; t < TRIALS; t++) {
            long asked[CLASSES + 1] = {0}, right[CLASSES + 1] = {0};
            Rng rng = rng_at(3, STREAM_EVAL, (uint64_t)t);
            for (int c = 0; c < CLASSES; c++) {
                asked[c] = EACH;
                for (int r = 0; r < EACH; r++)
                    right[c] += rng_uniform(&rng) < (c == 4 || alike ? 0.6 : 0.97);
            }
            Interval least = interval_least(CLASSES + 1, right, asked);
            held += least.low <= 0.6 && 0.6 <= least.high;
            wide += (least.high - least.low) / TRIALS;
            assert_true(least.low <= least.value && least.value <= least.high);
        }
        assert_in_range(held, (int)(0.93 * TRIALS), TRIALS);
        assert_true(alike ? wide > 0.37 : wide < 0.35); /* one alone costs little */
    }
}

/* A mode beyond doubt is counted, one in doubt widens the interval. */
static void test_reach_counts_what_may(void **state)
{
    (void)state;
    const long count[4] = {500, 470, 0, 64};
    Interval modes = interval_reach(4, count, 1034, 1.0 / 16);
    assert_near(modes.value, 2, 0);
    assert_near(modes.low, 2, 0);
    assert_near(modes.high, 3, 0);
    Interval sure = interval_reach(3, count, 1034, 1.0 / 16);
    assert_near(sure.low, 2, 0);
    assert_near(sure.high, 2, 0);
}

/* ---- Ratios ---- */

/* Errors whose logarithm is normal with deviation 2: 256 rows count as a handful. */
static void test_ratio_of_heavy_tails(void **state)
{
    (void)state;
    enum { N = 256 };
    double a[N], b[N];
    int held = 0;
    for (int t = 0; t < TRIALS; t++) {
        for (int r = 0; r < N; r++) {
            Rng rng = rng_at(5, STREAM_EVAL, (uint64_t)t * N + (uint64_t)r);
            a[r] = 3 * exp(2 * (double)rng_normal(&rng));
            b[r] = exp(2 * (double)rng_normal(&rng));
        }
        Interval ratio = interval_ratio(N, a, b);
        held += ratio.low <= 3 && 3 <= ratio.high;
        assert_true(ratio.low < ratio.value && ratio.value < ratio.high);
    }
    assert_in_range(held, (int)(0.9 * TRIALS), (int)(0.985 * TRIALS));
}

static void test_ratio_without_spread(void **state)
{
    (void)state;
    const double a[3] = {2, 2, 2}, b[3] = {4, 4, 4}, none[3] = {0};
    Interval half = interval_ratio(3, a, b), nought = interval_ratio(3, none, b);
    assert_near(half.low, 0.5, 0);
    assert_near(half.high, 0.5, 0);
    assert_near(nought.value, 0, 0);
    assert_near(nought.high, 0, 0);
}

/* The largest of several: as wide as its own where no other comes near, wider where all are alike.
 */
static void test_worst_interval(void **state)
{
    (void)state;
    ShiftRow rows[4] = {{.ratio = 90, .low = 1, .high = 900},
                        {.ratio = 8, .low = 4, .high = 16},
                        {.ratio = 1, .low = 0.5, .high = 2},
                        {.ratio = 1, .low = 0.5, .high = 2}};
    double low, high;
    shift_worst_interval(rows, 4, &low, &high);
    assert_near(low, 4, 1e-12);
    assert_near(high, 16, 1e-12);
    rows[2] = rows[3] = rows[1];
    shift_worst_interval(rows, 4, &low, &high);
    assert_near(low, 8 / pow(2, 2.3939797998 / 1.9599639845), 1e-6);
    assert_near(high, 8 * pow(2, 2.3939797998 / 1.9599639845), 1e-6);
    shift_worst_interval(rows, 1, &low, &high);
    assert_near(high, 900, 1e-9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_jackknife_of_a_mean),
        cmocka_unit_test(test_bias_is_taken_off),
        cmocka_unit_test(test_exact_shares),
        cmocka_unit_test(test_least_knows_it_was_picked),
        cmocka_unit_test(test_reach_counts_what_may),
        cmocka_unit_test(test_ratio_of_heavy_tails),
        cmocka_unit_test(test_ratio_without_spread),
        cmocka_unit_test(test_worst_interval),
    };
    return cmocka_run_group_tests_name("interval", tests, NULL, NULL);
}
