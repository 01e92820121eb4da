/* The mixture of training states: priors and their schedules, replay rings, and the draw of a row. */
#include "engine/distill/source.h"
#include "tests/labs.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL                                                                                        \
    "[net]\nwidth = 16\ndepth = 2\nfeatures = 8\ntime_scale = 30\ntime_range = 30\n"                 \
    "[student]\ninit = random\nsteps = 4\n"
#define PD "[run]\nmethod = pd\nsteps = 100\nbatch = 64\n[data]\nname = ring\n" SMALL
#define LCM "[run]\nmethod = lcm\nsteps = 100\nbatch = 64\n[data]\nname = ring\n" SMALL
#define MIXED "beta_data = 0.5\nbeta_teacher = 0.3\nbeta_student = 0.2\n"
#define SOURCE "[source]\nwarmup = 0\ncapacity = 64\nteacher_capacity = 48\nrefresh = 8\nrefresh_every = 2\n"

enum { ROWS = 8192, FILL = 40 };

/* Rows drawn into memory of their own. */
typedef struct Drawn {
    Batch batch;
    float z[ROWS * 2], x[ROWS * 2];
    double u[ROWS], chance[ROWS];
    int point[ROWS], label[ROWS];
    unsigned char origin[ROWS];
} Drawn;

static Drawn *drawn_new(void)
{
    Drawn *d = calloc(1, sizeof *d);
    must(d);
    d->batch = (Batch){.n = ROWS, .z = d->z, .x = d->x, .u = d->u, .point = d->point, .label = d->label,
                       .origin = d->origin, .chance = d->chance};
    return d;
}

static Draw draw_at(const Lab *lab, long step)
{
    Draw draw = {.stream = STREAM_BATCH, .step = step, .batch = ROWS, .continuous = !lab->grid.points};
    source_priors(&lab->source, step, lab->steps, draw.beta);
    return draw;
}

static Drawn *draw_all(const Lab *lab, const Draw *draw)
{
    Drawn *d = drawn_new();
    for (int r = 0; r < ROWS; r++)
        source_draw(&lab->source, draw, r, &d->batch);
    return d;
}

/* Fills and renews the rings as the steps before `steps` would, without training. */
static void refresh(Lab *lab, long steps)
{
    for (long step = 0; step < steps; step++)
        source_refresh(&lab->source, lab, step);
}

static double chi_square(int n, const int *count, const double *share)
{
    double total = 0, sum = 0;
    for (int i = 0; i < n; i++)
        total += count[i];
    for (int i = 0; i < n; i++) {
        double expected = total * share[i], gap = count[i] - expected;
        if (expected > 0)
            sum += gap * gap / expected;
        else
            assert_int_equal(count[i], 0);
    }
    return sum;
}

/* ---- Priors --------------------------------------------------------------------------------------------- */

static void assert_priors(const Lab *lab, long step, double data, double teacher, double student)
{
    double beta[ORIGINS];
    source_priors(&lab->source, step, lab->steps, beta);
    assert_near(beta[ORIGIN_DATA], data, 1e-12);
    assert_near(beta[ORIGIN_TEACHER], teacher, 1e-12);
    assert_near(beta[ORIGIN_STUDENT], student, 1e-12);
}

static void set_priors(Lab *lab, PriorSchedule schedule, double data, double teacher, double student)
{
    SourceSettings *set = &lab->source.set;
    set->schedule = schedule;
    set->beta[ORIGIN_DATA] = data;
    set->beta[ORIGIN_TEACHER] = teacher;
    set->beta[ORIGIN_STUDENT] = student;
    set->warmup = 0.1;
    set->beta_floor = 0.2;
}

static void test_priors_sum_to_one(void **state)
{
    (void)state;
    static const double betas[][3] = {{1, 0, 0}, {0.5, 0.25, 0.25}, {0, 0, 1}, {0, 1, 0}, {0.1, 0, 0.9}};
    Bench *bench = bench_open(PD, 1);
    Source *source = &bench->lab.source;
    for (int schedule = PRIOR_CONSTANT; schedule <= PRIOR_ADAPTIVE; schedule++)
        for (int b = 0; b < 5; b++)
            for (long step = 0; step < 100; step++) {
                double beta[ORIGINS], sum = 0;
                set_priors(&bench->lab, (PriorSchedule)schedule, betas[b][0], betas[b][1], betas[b][2]);
                source->measured_shift = 0.1 * (double)step;
                source->student.made = 10 * step;
                source_priors(source, step, 100, beta);
                for (int o = 0; o < ORIGINS; o++) {
                    assert_true(beta[o] >= -1e-15 && beta[o] <= 1 + 1e-15);
                    sum += beta[o];
                }
                assert_near(sum, 1, 1e-12);
                bool moved = schedule != PRIOR_CONSTANT || step < 10;
                assert_true(!moved || beta[ORIGIN_DATA] >= 0.2 - 1e-12);
            }
    bench_close(bench);
}

static void test_warm_up_is_data_only(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD, 1);
    for (int schedule = PRIOR_CONSTANT; schedule <= PRIOR_ADAPTIVE; schedule++) {
        set_priors(&bench->lab, (PriorSchedule)schedule, 0.5, 0.25, 0.25);
        assert_priors(&bench->lab, 0, 1, 0, 0);
        if (schedule != PRIOR_LINEAR)
            assert_priors(&bench->lab, 9, 1, 0, 0);
    }
    set_priors(&bench->lab, PRIOR_CONSTANT, 0.5, 0.2, 0.3);
    assert_priors(&bench->lab, 10, 0.5, 0.2, 0.3);
    assert_priors(&bench->lab, 99, 0.5, 0.2, 0.3);
    bench_close(bench);
}

static void test_linear_and_indicator(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD, 1);
    set_priors(&bench->lab, PRIOR_LINEAR, 0.5, 0.2, 0.3);
    assert_priors(&bench->lab, 5, 0.75, 0.1, 0.15);
    assert_priors(&bench->lab, 10, 0.5, 0.2, 0.3);
    set_priors(&bench->lab, PRIOR_LINEAR, 0, 0.25, 0.75);
    assert_priors(&bench->lab, 50, 0.2, 0.2, 0.6); /* the floor */
    set_priors(&bench->lab, PRIOR_INDICATOR, 0.5, 0.2, 0.3);
    assert_priors(&bench->lab, 10, 0.2, 0.32, 0.48);
    set_priors(&bench->lab, PRIOR_INDICATOR, 1, 0, 0);
    assert_priors(&bench->lab, 10, 1, 0, 0);
    bench_close(bench);
}

/* DAgger's rounds: on-policy share (1 - 2^-k), k = 1 before the ring was first renewed as a whole. */
static void test_geometric_rounds(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE, 1);
    Source *source = &bench->lab.source;
    for (int round = 0; round < 6; round++) {
        set_priors(&bench->lab, PRIOR_GEOMETRIC, 0.4, 0.2, 0.4);
        double share = 1 - pow(0.5, round + 1);
        source->student.made = (int64_t)round * source->student.capacity;
        assert_priors(&bench->lab, 10, 1 - 0.6 * share, 0.2 * share, 0.4 * share);
        source->student.made += source->student.capacity - 1;
        assert_priors(&bench->lab, 10, 1 - 0.6 * share, 0.2 * share, 0.4 * share);
    }
    bench_close(bench);
}

static void test_adaptive_follows_the_shift(void **state)
{
    (void)state;
    static const double ratio[] = {0, 0.5, 1, 1.25, 2, 3, 50}, share[] = {0.1, 0.1, 0.1, 0.2, 0.5, 2.0 / 3, 0.7};
    Bench *bench = bench_open(PD, 1);
    set_priors(&bench->lab, PRIOR_ADAPTIVE, 0.6, 0.2, 0.2);
    bench->lab.source.set.beta_floor = 0;
    for (int k = 0; k < 7; k++) {
        bench->lab.source.measured_shift = ratio[k];
        assert_priors(&bench->lab, 50, 0.75 * (1 - share[k]), 0.25 * (1 - share[k]), share[k]);
    }
    bench_close(bench);
}

/* ---- Drawing -------------------------------------------------------------------------------------------- */

static void test_origins_and_points_have_their_frequencies(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    refresh(lab, FILL);
    int origin[ORIGINS] = {0}, point[4] = {0};
    Draw draw = draw_at(lab, FILL);
    Drawn *d = draw_all(lab, &draw);
    for (int r = 0; r < ROWS; r++) {
        origin[d->origin[r]]++;
        point[d->point[r] - 1]++;
        assert_near(d->u[r], d->point[r] / 4.0, 0);
        assert_true(d->chance[r] > 0 && d->chance[r] < 1);
    }
    assert_true(chi_square(ORIGINS, origin, draw.beta) < 13.8);                             /* 1 in 1000 */
    assert_true(chi_square(4, point, (double[]){0.25, 0.25, 0.25, 0.25}) < 16.3);
    free(d);
    bench_close(bench);
}

static void test_draws_depend_on_row_and_step_alone(void **state)
{
    (void)state;
    Bench *bench = bench_open(LCM SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    refresh(lab, FILL);
    Draw draw = draw_at(lab, FILL);
    Drawn *d = draw_all(lab, &draw), *back = drawn_new();
    for (int r = ROWS - 1; r >= 0; r--)
        source_draw(&lab->source, &draw, r, &back->batch);
    assert_memory_equal(d->z, back->z, sizeof d->z);
    assert_memory_equal(d->label, back->label, sizeof d->label);
    draw.step++;
    Drawn *later = draw_all(lab, &draw);
    int same = 0;
    for (int k = 0; k < 2 * ROWS; k++)
        same += d->z[k] == later->z[k];
    assert_true(same < ROWS / 100);
    free(d), free(back), free(later);
    bench_close(bench);
}

static void test_rings_are_the_same_for_two_threads(void **state)
{
    (void)state;
    Bench *one = bench_open(LCM SOURCE MIXED "mix = 0.5\n", 1), *two = bench_open(LCM SOURCE MIXED "mix = 0.5\n", 2);
    bench_start(one, 0);
    bench_start(two, 0);
    refresh(&one->lab, FILL);
    refresh(&two->lab, FILL);
    assert_true(state_of_same(&one->lab, &two->lab));
    bench_close(one);
    bench_close(two);
}

/* Data rows are z = alpha x + sigma eps with eps N(0, I), on stratified times when they are continuous. */
static void test_data_rows_are_forward_noised(void **state)
{
    (void)state;
    for (int continuous = 0; continuous < 2; continuous++) {
        Bench *bench = bench_open(continuous ? "[run]\nmethod = diffusion\n[data]\nname = ring\n" SMALL : PD, 1);
        Draw draw = draw_at(&bench->lab, 3);
        Drawn *d = draw_all(&bench->lab, &draw);
        double mean = 0, square = 0;
        for (int r = 0; r < ROWS; r++) {
            Noise t = noise_at(bench->lab.schedule, d->u[r]);
            assert_int_equal(d->origin[r], ORIGIN_DATA);
            assert_true(!continuous || (int)(d->u[r] * ROWS) == r);
            for (int k = 2 * r; k < 2 * r + 2; k++) {
                double eps = eps_from_x(t, (double)d->z[k], (double)d->x[k]);
                mean += eps / (2 * ROWS);
                square += eps * eps / (2 * ROWS);
            }
        }
        assert_near(mean, 0, 4 / sqrt(2.0 * ROWS));
        assert_near(square, 1, 4 * sqrt(2 / (2.0 * ROWS)));
        free(d);
        bench_close(bench);
    }
}

/* ---- What rings hold -------------------------------------------------------------------------------------- */

static const float *ring_row(const Replay *ring, int rollout, int stage)
{
    return ring->row + ((size_t)rollout * ring->stages + stage) * ring->dims;
}

/* One step i -> i-1 of `of` sampling steps by m sub-steps of a policy; x gets the last estimate. */
static void advance(const Policy *policy, Arena *arena, int i, int m, int label, const float *from, float *to,
                    float *x)
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
            advance(policy, lab->step, policy->steps - s, m, ring->label[k], ring_row(ring, k, s), to, x);
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
    refresh(lab, FILL);
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
    refresh(lab, FILL);
    assert_int_equal(lab->source.teacher.stages, 16);
    Policy teacher = lab_teacher(lab, 16, 2);
    assert_ring_follows(lab, &lab->source.teacher, &teacher, 2); /* 8 sub-steps over 4 points of a step */
    bench_close(bench);
}

/* The live weights roll out, not their average: after an update the two differ. */
static void test_rollouts_use_live_weights(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED "[optimizer]\nema = 0.9\n", 1);
    Lab *lab = &bench->lab;
    for (size_t k = 0; k < lab->student.size; k++)
        lab->student.ema[k] *= 0.5f;
    refresh(lab, FILL);
    Policy live = lab_student(lab, true, 0);
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

/* On-policy rows are rows of the rings at their own point, with the roll-out's label and no data row. */
static void test_rows_come_from_the_rings(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    refresh(lab, FILL);
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

/* A consistency student's estimates are re-noised to the solver points that the sampling step owns. */
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

#define ONE_ROLLOUT "[source]\nwarmup = 0\ncapacity = 1\nrefresh = 0.001\nrefresh_every = 1000\nbeta_student = 1\n"

static void test_estimates_are_renoised(void **state)
{
    (void)state;
    Bench *bench = bench_open(LCM ONE_ROLLOUT, 1);
    Lab *lab = &bench->lab;
    const Replay *ring = &lab->source.student;
    refresh(lab, 1);
    assert_int_equal(ring->filled, 1);
    Policy student = lab_student(lab, true, 0);
    float x[2];
    double u = 1;
    policy_x0(&student, lab->step, 1, ring_row(ring, 0, 0), &u, &ring->label[0], x, NULL);
    assert_near(gap(x, ring_row(ring, 0, 1)), 0, 1e-6); /* the first step's estimate */
    assert_renoised(lab, 15, ring_row(ring, 0, 1));     /* no estimate precedes step 4's own points */
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
    Bench *bench = bench_open("[run]\nmethod = lcm\n[data]\nname = ring\n[net]\nwidth = 16\ndepth = 2\nfeatures = 8\n"
                       "[student]\ninit = random\nsteps = 1\n[lcm]\npoints = 8\n" ONE_ROLLOUT, 1);
    Lab *lab = &bench->lab;
    refresh(lab, 1);
    Policy student = lab_student(lab, true, 0);
    const Replay *ring = &lab->source.student;
    float x[2];
    double u = 1;
    policy_x0(&student, lab->step, 1, ring_row(ring, 0, 0), &u, &ring->label[0], x, NULL);
    assert_renoised(lab, 7, x);
    assert_renoised(lab, 2, x);
    bench_close(bench);
}

/* ---- Age and capacity ------------------------------------------------------------------------------------- */

static void test_rings_are_first_in_first_out(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    const Replay *ring = &lab->source.student;
    int64_t made = 0;
    for (long step = 0; step < 60; step++) {
        source_refresh(&lab->source, lab, step);
        int64_t fresh = ring->made - made;
        bool filling = made < ring->capacity;
        assert_true(filling ? fresh > 0 && fresh <= 5 : fresh == (step % 2 ? 0 : 16));
        made = ring->made;
        assert_int_equal(ring->filled, made < 64 ? made : 64);
        assert_int_equal(ring->next, made % 64);
        for (int back = 1; back < ring->filled; back++)
            assert_true(ring->born[(ring->next - back + 128) % 64] >= ring->born[(ring->next - back + 127) % 64]);
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
    refresh(lab, FILL);
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

static void test_empty_rings_give_data(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE "beta_data = 0\nbeta_teacher = 1\nbeta_student = 1\n", 1);
    Draw draw = draw_at(&bench->lab, 0);
    Drawn *d = draw_all(&bench->lab, &draw);
    for (int r = 0; r < ROWS; r++)
        assert_int_equal(d->origin[r], ORIGIN_DATA);
    free(d);
    bench_close(bench);
}

/* ---- Mixed roll-in ------------------------------------------------------------------------------------------ */

static void test_mixed_roll_in_at_its_ends(void **state)
{
    (void)state;
    Bench *none = bench_open(PD SOURCE MIXED "mix = 0\n", 1), *all = bench_open(PD SOURCE MIXED "mix = 1\n", 1);
    refresh(&none->lab, FILL);
    refresh(&all->lab, FILL);
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
    refresh(lab, FILL);
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

/* ---- Keep, limit, labels -------------------------------------------------------------------------------------- */

static void test_keep_touches_data_rows_only(void **state)
{
    (void)state;
    Bench *bench = bench_open("[run]\nmethod = pd\nsteps = 100\n[data]\nname = ring\nconditional = yes\n"
                              "keep = 0,1,2\n[teacher]\nguidance = 2\n" SMALL "[source]\nwarmup = 0\ncapacity = 512\n"
                              "teacher_capacity = 512\n" MIXED, 1);
    Lab *lab = &bench->lab;
    refresh(lab, FILL);
    Draw draw = draw_at(lab, FILL);
    Drawn *d = draw_all(lab, &draw);
    int data[8] = {0}, student[8] = {0}, teacher[8] = {0};
    for (int r = 0; r < ROWS; r++)
        (d->origin[r] == ORIGIN_DATA ? data : d->origin[r] == ORIGIN_STUDENT ? student : teacher)[d->label[r]]++;
    const double third = 1.0 / 3, eighth = 0.125;
    assert_true(chi_square(8, data, (double[]){third, third, third, 0, 0, 0, 0, 0}) < 13.8);
    /* The rings' own labels: each roll-out once. */
    const Replay *rings[] = {&lab->source.student, &lab->source.teacher};
    for (int k = 0; k < 2; k++) {
        int count[8] = {0};
        for (int n = 0; n < rings[k]->filled; n++)
            count[rings[k]->label[n]]++;
        assert_true(chi_square(8, count, (double[]){eighth, eighth, eighth, eighth, eighth, eighth, eighth, eighth}) <
                    24.3);
    }
    for (int c = 0; c < 8; c++)
        assert_true(student[c] > 0 && teacher[c] > 0);
    free(d);
    bench_close(bench);
}

static void test_limit_touches_data_rows_only(void **state)
{
    (void)state;
    Bench *bench = bench_open("[run]\nmethod = pd\nsteps = 100\n[data]\nname = ring\nlimit = 5\n" SMALL SOURCE MIXED, 1);
    Bench *whole = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    bench_start(bench, 0);
    bench_start(whole, 0);
    refresh(lab, FILL);
    refresh(&whole->lab, FILL);
    assert_true(state_of_same(lab, &whole->lab)); /* same rings, whatever the data */
    Draw draw = draw_at(lab, FILL);
    Drawn *d = draw_all(lab, &draw), *w = draw_all(&whole->lab, &draw);
    float seen[5][2];
    int n = 0;
    for (int r = 0; r < ROWS; r++) {
        assert_int_equal(d->origin[r], w->origin[r]);
        if (d->origin[r] != ORIGIN_DATA) {
            assert_memory_equal(d->z + 2 * r, w->z + 2 * r, 2 * sizeof(float));
            continue;
        }
        int k = 0;
        while (k < n && memcmp(seen[k], d->x + 2 * r, sizeof seen[k]))
            k++;
        assert_true(k < 5);
        if (k == n)
            memcpy(seen[n++], d->x + 2 * r, sizeof seen[0]);
    }
    assert_int_equal(n, 5);
    free(d), free(w);
    bench_close(bench);
    bench_close(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_priors_sum_to_one),
        cmocka_unit_test(test_warm_up_is_data_only),
        cmocka_unit_test(test_linear_and_indicator),
        cmocka_unit_test(test_geometric_rounds),
        cmocka_unit_test(test_adaptive_follows_the_shift),
        cmocka_unit_test(test_origins_and_points_have_their_frequencies),
        cmocka_unit_test(test_draws_depend_on_row_and_step_alone),
        cmocka_unit_test(test_rings_are_the_same_for_two_threads),
        cmocka_unit_test(test_data_rows_are_forward_noised),
        cmocka_unit_test(test_rings_hold_the_policies_states),
        cmocka_unit_test(test_teacher_ring_of_a_consistency_method),
        cmocka_unit_test(test_rollouts_use_live_weights),
        cmocka_unit_test(test_rows_come_from_the_rings),
        cmocka_unit_test(test_estimates_are_renoised),
        cmocka_unit_test(test_one_step_estimates_are_renoised),
        cmocka_unit_test(test_rings_are_first_in_first_out),
        cmocka_unit_test(test_max_age_is_respected),
        cmocka_unit_test(test_empty_rings_give_data),
        cmocka_unit_test(test_mixed_roll_in_at_its_ends),
        cmocka_unit_test(test_mixed_roll_in_mixes_step_by_step),
        cmocka_unit_test(test_keep_touches_data_rows_only),
        cmocka_unit_test(test_limit_touches_data_rows_only),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
