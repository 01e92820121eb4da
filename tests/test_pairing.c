/* Consistency training's noise levels against published values (methods.md section 12), and the
 * pieces they stand on. */
#include "engine/base/quantile.h"
#include "engine/diffusion/step.h"
#include "engine/distill/pairing.h"
#include "tests/labs.h"
#include "tests/near.h"

static void test_ict_points(void **state)
{
    (void)state;
    static const long at[] = {0, 49999, 50000, 200000, 399999};
    static const int want[] = {11, 11, 21, 161, 1281};
    for (int i = 0; i < 5; i++)
        assert_int_equal(ict_points(at[i], 400000, 10, 1280), want[i]);
    assert_int_equal(ict_points(3, 100, 16, 16), 17);
    assert_int_equal(ict_points(5, 4, 10, 1280), 11); /* a run too short to double */
}

static void test_ict_chances(void **state)
{
    (void)state;
    static const double want[] = {.062633, .181737, .245501, .213494, .142446,
                                  .080605, .041080, .019580, .008944, .003980};
    double decreasing[11], t[11], chance[10];
    schedule_karras(11, 0.002, 80, 7, decreasing);
    for (int i = 0; i < 11; i++)
        t[i] = decreasing[10 - i];
    ict_chances(11, t, -1.1, 2, chance);
    for (int i = 0; i < 10; i++)
        assert_near(chance[i], want[i], 6e-7);
    assert_near(ict_huber_c(784), 0.01512, 1e-9);
    assert_near(ict_huber_c(1024), 0.01728, 1e-9);
    assert_near(ict_huber_c(3072), 0.0299298, 1e-6);
}

static void test_ect_partner(void **state)
{
    (void)state;
    static const double t[] = {.5, 2, 10, 80};
    static const double stage0[] = {0, .04637662, 4.99818409, 40},
                        stage3[] = {.37436483, 1.75579708, 9.37477301, 75};
    static const double short_recipe[] = {.4921478, 1.98473732, 9.96092331, 79.6875};
    for (int i = 0; i < 4; i++) {
        assert_near(ect_partner(t[i], 2, 0), stage0[i], 1e-6);
        assert_near(ect_partner(t[i], 2, 3), stage3[i], 1e-6);
        assert_near(ect_partner(t[i], 256, 0), short_recipe[i], 1e-6);
        assert_near(ect_partner(t[i], 2, 7), short_recipe[i], 1e-6);
    }
}

static void test_normal_quantile(void **state)
{
    (void)state;
    assert_near(normal_quantile(0.5), 0, 1e-12);
    assert_near(normal_quantile(0.975), 1.959963984540054, 1e-9);
    assert_near(normal_quantile(1e-9), -5.997807015007687, 1e-6);
}

/* The inverse of alpha / sigma = 1 / t, and kept within the schedule. */
static void test_noise_time(void **state)
{
    (void)state;
    for (int schedule = 0; schedule < 2; schedule++) {
        for (double u = 0.02; u < 1; u += 0.049) {
            Noise at = noise_at((Schedule)schedule, u);
            assert_near(noise_time((Schedule)schedule, at.sigma / at.alpha), u, 1e-9);
        }
        assert_near(noise_time((Schedule)schedule, 0), 0, 0);
        assert_near(noise_time((Schedule)schedule, 1e9), 1, 0);
    }
}

/* For a known sample and noise the ODE's slope is exact at every time; Euler's step misses alpha x
 * + sigma eps by the square of its length. */
static void test_euler(void **state)
{
    (void)state;
    const float x = 0.7f, eps = -1.2f;
    for (int schedule = 0; schedule < 2; schedule++) {
        double miss[2];
        for (int k = 0; k < 2; k++) {
            Noise t = noise_at((Schedule)schedule, 0.6),
                  s = noise_at((Schedule)schedule, 0.6 - 0.02 / (1 << k));
            float z = (float)(t.alpha * (double)x + t.sigma * (double)eps), out;
            step_euler(1, (Schedule)schedule, t, s, &z, &x, &out);
            miss[k] = fabs((double)out - s.alpha * (double)x - s.sigma * (double)eps);
        }
        assert_true(miss[0] < 2e-3 && miss[0] > 3 * miss[1] && miss[0] < 5 * miss[1]);
        float z = 0.4f, out;
        step_euler(1, (Schedule)schedule, noise_at((Schedule)schedule, 1),
                   noise_at((Schedule)schedule, 0), &z, &x, &out);
        assert_true(out == x);
    }
}

/* ---- The method as a whole ---- */

#define RUN                                                                                        \
    "[run]\nmethod = ct\nbatch = 300\nsteps = 60\n[data]\nname = ring\n[net]\nwidth = 16\n"        \
    "depth = 2\nfeatures = 8\n"                                                                    \
    "[ct]\npoints_first = 4\npoints_last = 16\n"

static void test_threads_and_resume(void **state)
{
    const char *text = *state;
    Bench *one = bench_open(text, 1), *two = bench_open(text, 2), *late = bench_open(text, 2);
    bench_start(one, 3);
    bench_start(two, 3);
    bench_advance(one, 17, 23); /* the grid grows at step 20 */
    bench_advance(two, 17, 19);
    State taken = state_take(&two->lab);
    state_give(&taken, &late->lab);
    bench_advance(late, 19, 23);
    assert_true(state_of_same(&one->lab, &late->lab));
    state_drop(&taken);
    bench_close(one);
    bench_close(two);
    bench_close(late);
}

/* No teacher by default; with student.init = pretrain it begins as a regression to one. */
static void test_begins_with_a_teacher_that_is_given(void **state)
{
    (void)state;
    Bench *none = bench_open(RUN, 1),
          *given = bench_open(RUN "[student]\ninit = pretrain\npretrain_steps = 3\n", 1);
    assert_false(none->lab.has_teacher);
    assert_int_equal(lab_pretrain_steps(&none->lab), 0);
    assert_true(given->lab.has_teacher);
    assert_int_equal(lab_pretrain_steps(&given->lab), 3);
    bench_close(none);
    bench_close(given);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ict_points),
        cmocka_unit_test(test_ict_chances),
        cmocka_unit_test(test_ect_partner),
        cmocka_unit_test(test_normal_quantile),
        cmocka_unit_test(test_noise_time),
        cmocka_unit_test(test_euler),
        cmocka_unit_test_prestate(test_threads_and_resume, (void *)RUN),
        cmocka_unit_test_prestate(test_threads_and_resume, (void *)RUN "pairing = ect\n"),
        cmocka_unit_test(test_begins_with_a_teacher_that_is_given),
    };
    return cmocka_run_group_tests_name("pairing", tests, NULL, NULL);
}
