/* The replay rings: what they hold, for how long, and that rows come from them. */
#include "tests/draws.h"
#include "tests/near.h"
#include <stdlib.h>
#include <string.h>

/* ---- What rings hold ---- */

static const float *ring_row(const Replay *ring, int rollout, int stage)
{
    return ring->row + ((size_t)rollout * ring->stages + stage) * ring->dims;
}

/* One step i -> i-1 of `of` sampling steps by m sub-steps of a policy; x gets the last
 * estimate. */
static void advance(const Policy *policy, Arena *arena, int i, int m, int label, const float *from,
                    float *to, float *x)
{
    Schedule schedule = policy->denoiser.schedule;
    memcpy(to, from, 2 * sizeof *to);
    for (int k = 0; k < m; k++) {
        double u = (i - (double)k / m) / policy->steps, next = (i - (k + 1.0) / m) / policy->steps;
        policy_x0(policy, arena, 1, to, &u, &label, x, NULL);
        step_ddim(2, noise_at(schedule, u), noise_at(schedule, next < 1e-12 ? 0 : next), to, x, to);
    }
}

static double gap(const float *a, const float *b)
{
    return hypot((double)a[0] - (double)b[0], (double)a[1] - (double)b[1]);
}

/* Every stored state is where the policy leads from the state before it. */
static void assert_ring_follows(Lab *lab, const Replay *ring, const Policy *policy, int m)
{
    assert_int_equal(ring->filled, ring->capacity);
    for (int k = 0; k < ring->filled; k++)
        for (int s = 0; s + 1 < ring->stages; s++) {
            float to[2], x[2];
            advance(policy, lab->step, policy->steps - s, m, ring->label[k], ring_row(ring, k, s),
                    to, x);
            assert_near(gap(to, ring_row(ring, k, s + 1)), 0, 2e-5);
        }
}

static void assert_normal(const Replay *ring)
{
    double mean = 0, square = 0, n = 2.0 * ring->filled;
    for (int k = 0; k < ring->filled; k++)
        for (int c = 0; c < 2; c++) {
            double z = (double)ring_row(ring, k, 0)[c];
            mean += z / n;
            square += z * z / n;
        }
    assert_near(mean, 0, 4 / sqrt(n));
    assert_near(square, 1, 4 * sqrt(2 / n));
}

static void test_rings_hold_the_policies_states(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED "teacher_substeps = 3\n", 1);
    Lab *lab = &bench->lab;
    refill(lab, FILL);
    Policy student = lab_student(lab, true, 0), teacher = lab_teacher(lab, 4, 3);
    assert_ring_follows(lab, &lab->source.student, &student, 1);
    assert_ring_follows(lab, &lab->source.teacher, &teacher, 3);
    assert_normal(&lab->source.student);
    assert_normal(&lab->source.teacher);
    assert_true(memcmp(lab->source.student.row, lab->source.teacher.row, 2 * sizeof(float)) != 0);
    bench_close(bench);
}

/* A consistency method's teacher states stand at every solver point. */
static void test_teacher_ring_of_a_consistency_method(void **state)
{
    (void)state;
    Bench *bench = bench_open(LCM SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    refill(lab, FILL);
    assert_int_equal(lab->source.teacher.stages, 16);
    Policy teacher = lab_teacher(lab, 16, 2);
    assert_ring_follows(lab, &lab->source.teacher, &teacher,
                        2); /* 8 sub-steps over 4 points of a step */
    bench_close(bench);
}

/* The live weights roll out, not their average. */
static void test_rollouts_use_live_weights(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    for (size_t k = 0; k < lab->student.size; k++)
        lab->student.ema[k] *= 0.5f;
    refill(lab, FILL);
    Policy live = lab_student(lab, true, 0), average = lab_student(lab, false, 0);
    assert_ptr_equal(live.denoiser.weights, lab->student.weights);
    assert_ptr_equal(average.denoiser.weights, lab->student.ema);
    assert_ring_follows(lab, &lab->source.student, &live, 1);
    bench_close(bench);
}

static bool in_ring(const Replay *ring, int stage, const float *z, int *rollout)
{
    for (int k = 0; k < ring->filled; k++)
        if (!memcmp(ring_row(ring, k, stage), z, 2 * sizeof *z)) {
            *rollout = k;
            return true;
        }
    return false;
}

/* On-policy rows are rows of the rings at their own point, with the roll-out's label and
 * no data row. */
static void test_rows_come_from_the_rings(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    refill(lab, FILL);
    Draw draw = draw_at(lab, FILL);
    Drawn *d = draw_all(lab, &draw);
    int hits[64] = {0};
    for (int r = 0; r < ROWS; r++) {
        if (d->origin[r] == ORIGIN_DATA)
            continue;
        bool student = d->origin[r] == ORIGIN_STUDENT;
        const Replay *ring = student ? &lab->source.student : &lab->source.teacher;
        int rollout = -1;
        assert_true(in_ring(ring, 4 - d->point[r], d->z + 2 * r, &rollout));
        assert_int_equal(d->label[r], ring->label[rollout]);
        assert_true(d->x[2 * r] == 0 && d->x[2 * r + 1] == 0);
        hits[rollout] += student;
    }
    double share[64];
    for (int k = 0; k < 64; k++)
        share[k] = 1 / 64.0;
    assert_true(chi_square(64, hits, share) < 104); /* each roll-out as often: 1 in 1000 */
    free(d);
    bench_close(bench);
}

/* A consistency student's estimates are re-noised to the solver points that the sampling
 * step owns. */
static void assert_renoised(const Lab *lab, int j, const float *x)
{
    Noise t = noise_at(lab->schedule, (double)j / lab->grid.points);
    double mean[2] = {0}, square = 0;
    int n = 0;
    for (long step = FILL; step < FILL + 4; step++) {
        Draw draw = {.beta = {0, 0, 1}, .stream = STREAM_BATCH, .step = step, .batch = ROWS};
        Drawn *d = draw_all(lab, &draw);
        for (int r = 0; r < ROWS; r++)
            if (d->point[r] == j) {
                n++;
                for (int c = 0; c < 2; c++) {
                    double noise = (double)d->z[2 * r + c] - t.alpha * (double)x[c];
                    mean[c] += noise;
                    square += noise * noise;
                }
            }
        free(d);
    }
    double sd = t.sigma / sqrt(n);
    assert_true(n > 500);
    assert_near(mean[0] / n, 0, 4 * sd);
    assert_near(mean[1] / n, 0, 4 * sd);
    assert_near(square / (2.0 * n), t.sigma * t.sigma, 4 * t.sigma * t.sigma / sqrt(n));
}

#define ONE_ROLLOUT                                                                                \
    "[source]\nwarmup = 0\ncapacity = 1\nrefresh = 0.001\nrefresh_every = "                        \
    "1000\nbeta_student = 1\n"

static void test_estimates_are_renoised(void **state)
{
    (void)state;
    Bench *bench = bench_open(LCM ONE_ROLLOUT, 1);
    Lab *lab = &bench->lab;
    const Replay *ring = &lab->source.student;
    for (size_t k = 0; k < lab->student.size; k++)
        lab->student.weights[k] *= 3.5f;
    refill(lab, 1);
    assert_int_equal(ring->filled, 1);
    for (int s = 1; s < 3; s++)
        assert_true(gap(ring_row(ring, 0, s), ring_row(ring, 0, s + 1)) >
                    0.3); /* which one is used shows */
    Policy student = lab_student(lab, true, 0);
    float x[2];
    double u = 1;
    policy_x0(&student, lab->step, 1, ring_row(ring, 0, 0), &u, &ring->label[0], x, NULL);
    assert_near(gap(x, ring_row(ring, 0, 1)), 0, 1e-6); /* the first step's estimate */
    assert_renoised(lab, 15, ring_row(ring, 0, 1)); /* no estimate precedes step 4's own points */
    assert_renoised(lab, 13, ring_row(ring, 0, 1));
    assert_renoised(lab, 12, ring_row(ring, 0, 1)); /* step 3 stands at point 12 */
    assert_renoised(lab, 9, ring_row(ring, 0, 1));
    assert_renoised(lab, 8, ring_row(ring, 0, 2));
    assert_renoised(lab, 4, ring_row(ring, 0, 3));
    assert_renoised(lab, 1, ring_row(ring, 0, 3));
    bench_close(bench);
}

/* With one sampling step too: the points below it hold its estimate, not the noise. */
static void test_one_step_estimates_are_renoised(void **state)
{
    (void)state;
    Bench *bench =
        bench_open("[run]\nmethod = lcm\n[data]\nname = ring\n[net]\nwidth = 16\ndepth = "
                   "2\nfeatures = 8\n"
                   "[student]\ninit = random\nsteps = 1\n[lcm]\npoints = 8\n" ONE_ROLLOUT,
                   1);
    Lab *lab = &bench->lab;
    refill(lab, 1);
    Policy student = lab_student(lab, true, 0);
    const Replay *ring = &lab->source.student;
    float x[2];
    double u = 1;
    policy_x0(&student, lab->step, 1, ring_row(ring, 0, 0), &u, &ring->label[0], x, NULL);
    assert_renoised(lab, 7, x);
    assert_renoised(lab, 2, x);
    bench_close(bench);
}

static void test_rings_are_the_same_for_two_threads(void **state)
{
    (void)state;
    Bench *one = bench_open(LCM SOURCE MIXED "mix = 0.5\n", 1),
          *two = bench_open(LCM SOURCE MIXED "mix = 0.5\n", 2);
    bench_start(one, 0);
    bench_start(two, 0);
    refill(&one->lab, FILL);
    refill(&two->lab, FILL);
    assert_true(state_of_same(&one->lab, &two->lab));
    bench_close(one);
    bench_close(two);
}

/* ---- Age and capacity ---- */

static void test_rings_are_first_in_first_out(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    const Replay *ring = &lab->source.student;
    int64_t made = 0;
    for (long step = 0; step < 60; step++) {
        lab_refresh(lab, step);
        int64_t fresh = ring->made - made;
        bool filling = made < ring->capacity;
        assert_true(filling ? fresh > 0 && fresh <= 5 : fresh == (step % 2 ? 0 : 16));
        made = ring->made;
        assert_int_equal(ring->filled, made < 64 ? made : 64);
        assert_int_equal(ring->next, made % 64);
        for (int back = 1; back < ring->filled; back++)
            assert_true(ring->born[(ring->next - back + 128) % 64] >=
                        ring->born[(ring->next - back + 127) % 64]);
    }
    assert_true(ring->born[ring->next] >= 60 - 2 - 8); /* renewed in 8 steps */
    assert_int_equal(lab->source.teacher.made, 48);    /* teacher states never go stale */
    bench_close(bench);
}

static void test_max_age_is_respected(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE "beta_data = 0\nbeta_student = 1\nmax_age = 10\n", 1);
    Lab *lab = &bench->lab;
    const Replay *ring = &lab->source.student;
    refill(lab, FILL);
    int64_t newest = ring->born[(ring->next + 63) % 64], oldest = ring->born[ring->next];
    assert_true(newest > oldest);
    for (long step = newest; step <= newest + 12; step++) {
        Draw draw = draw_at(lab, step);
        Drawn *d = draw_all(lab, &draw);
        for (int r = 0; r < 500; r++) {
            int rollout = -1;
            if (step > newest + 10) {
                assert_int_equal(d->origin[r], ORIGIN_DATA); /* nothing is young enough: data */
                continue;
            }
            assert_int_equal(d->origin[r], ORIGIN_STUDENT);
            assert_true(in_ring(ring, 4 - d->point[r], d->z + 2 * r, &rollout));
            assert_true(ring->born[rollout] >= step - 10);
        }
        free(d);
    }
    bench_close(bench);
}

/* ---- Mixed roll-in ---- */

static void test_mixed_roll_in_at_its_ends(void **state)
{
    (void)state;
    Bench *none = bench_open(PD SOURCE MIXED "mix = 0\n", 1),
          *all = bench_open(PD SOURCE MIXED "mix = 1\n", 1);
    refill(&none->lab, FILL);
    refill(&all->lab, FILL);
    Policy student = lab_student(&none->lab, true, 0), teacher = lab_teacher(&all->lab, 4, 8);
    assert_ring_follows(&none->lab, &none->lab.source.student, &student, 1);
    assert_ring_follows(&all->lab, &all->lab.source.student, &teacher, 8);
    bench_close(none);
    bench_close(all);
}

static void test_mixed_roll_in_mixes_step_by_step(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED "mix = 0.25\n", 1);
    Lab *lab = &bench->lab;
    const Replay *ring = &lab->source.student;
    refill(lab, FILL);
    Policy student = lab_student(lab, true, 0), teacher = lab_teacher(lab, 4, 8);
    int steps = 0, expert = 0;
    for (int k = 0; k < ring->filled; k++)
        for (int s = 0; s < 3; s++) {
            float own[2], other[2], x[2];
            advance(&student, lab->step, 4 - s, 1, 0, ring_row(ring, k, s), own, x);
            advance(&teacher, lab->step, 4 - s, 8, 0, ring_row(ring, k, s), other, x);
            bool by_teacher = gap(other, ring_row(ring, k, s + 1)) < 2e-5;
            assert_true(by_teacher || gap(own, ring_row(ring, k, s + 1)) < 2e-5);
            steps++;
            expert += by_teacher;
        }
    assert_near((double)expert / steps, 0.25, 4 * sqrt(0.25 * 0.75 / steps));
    bench_close(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rings_hold_the_policies_states),
        cmocka_unit_test(test_teacher_ring_of_a_consistency_method),
        cmocka_unit_test(test_rollouts_use_live_weights),
        cmocka_unit_test(test_rows_come_from_the_rings),
        cmocka_unit_test(test_estimates_are_renoised),
        cmocka_unit_test(test_one_step_estimates_are_renoised),
        cmocka_unit_test(test_rings_are_the_same_for_two_threads),
        cmocka_unit_test(test_rings_are_first_in_first_out),
        cmocka_unit_test(test_max_age_is_respected),
        cmocka_unit_test(test_mixed_roll_in_at_its_ends),
        cmocka_unit_test(test_mixed_roll_in_mixes_step_by_step),
    };
    return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
