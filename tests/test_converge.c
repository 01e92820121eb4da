/* Distillation goes where theory says: closed-form composed maps on Gaussian data; the
 * mixture of states takes the covariate shift away. Small networks, seconds. */
#include "engine/distill/train.h"
#include "engine/measure/shift.h"
#include "tests/labs.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>

/* ---- Gaussian data: every map is linear ---- */

#define SMALL SMALL_OF("1000")
#define SMALL_OF(steps)                                                                            \
    "steps = " steps "\nbatch = 96\n[data]\nname = ring\n[net]\nwidth = 48\ndepth = "              \
    "2\nfeatures = 16\n"                                                                           \
    "time_scale = 30\ntime_range = 30\n[student]\nsteps = 4\ninit = "                              \
    "random\n[optimizer]\nlr = 3e-3\n"

static const double mean[2] = {0.6, -0.4};
static const double deviation = 0.5;

/* z - alpha mean after one exact step from u to u_end in `parts` sub-steps, per unit at
 * the start. */
static double composed(Schedule schedule, double u, double u_end, int parts)
{
    double product = 1, own = deviation * deviation;
    for (int k = 0; k < parts; k++) {
        Noise t = noise_at(schedule, u + (u_end - u) * k / parts);
        double next = k + 1 < parts ? u + (u_end - u) * (k + 1) / parts : u_end;
        double variance = t.alpha * t.alpha * own + t.sigma * t.sigma;
        Noise s = noise_at(schedule, next);
        product *=
            (next > 0 ? s.alpha * t.alpha * own + s.sigma * t.sigma : t.alpha * own) / variance;
    }
    return product;
}

/* A lab whose data and teacher are one Gaussian. */
static Bench *gaussian_open(const char *text)
{
    Bench *bench = bench_open(text, 2);
    Mixture *law = arena_new(&bench->keep, Mixture, 1);
    *law = (Mixture){
        .n = 1, .deviation = deviation, .labels = 1, .weight = {1}, .mean = {{mean[0], mean[1]}}};
    bench->lab.data.mixture = bench->lab.teacher.mixture = law;
    return bench;
}

enum { N = 400, STEPS = 4 };

/* Largest RMS distance, over the sampling steps, between the student's states and
 * `factor`'s map of the same noise: z_s = alpha_s mean + factor(s) (z_1 - alpha_1 mean).
 */
static double distance(Bench *bench, const double factor[STEPS + 1], int first, int last)
{
    Lab *lab = &bench->lab;
    static float noise[N * 2], states[(STEPS + 1) * N * 2];
    static int label[N];
    Policy student = lab_student(lab, false, STEPS);
    Rng rng = rng_at(77, STREAM_EVAL, 0);
    rng_normals(&rng, 2 * N, noise);
    rollout(bench->crew, &(Rollout){.policy = &student,
                                    .seed = 77,
                                    .stream = STREAM_EVAL,
                                    .first = 1,
                                    .n = N,
                                    .noise = noise,
                                    .label = label,
                                    .states = states});
    double worst = 0, start = noise_at(lab->schedule, 1).alpha;
    for (int s = first; s <= last; s++) {
        double alpha = s < STEPS ? noise_at(lab->schedule, (double)(STEPS - s) / STEPS).alpha : 1,
               sum = 0;
        for (int k = 0; k < 2 * N; k++) {
            double expected =
                alpha * mean[k % 2] + factor[s] * ((double)noise[k] - start * mean[k % 2]);
            double gap = (double)states[s * 2 * N + k] - expected;
            sum += gap * gap / (2 * N);
        }
        worst = fmax(worst, sqrt(sum));
    }
    return worst;
}

/* PD's student becomes the teacher's m-sub-step map, not the exact flow and not the
 * teacher's one-step map. */
static void test_pd_converges_to_the_composed_map(void **state)
{
    (void)state;
    Bench *bench = gaussian_open("[run]\nmethod = pd\n" SMALL "[pd]\nsubsteps = 8\n"
                                 "[source]\nbeta_data = 0.5\nbeta_student = 0.5\nrefresh = 32\n");
    Lab *lab = &bench->lab;
    double many[STEPS + 1] = {1}, one[STEPS + 1] = {1};
    for (int s = 0; s < STEPS; s++) {
        double u = (double)(STEPS - s) / STEPS, end = (double)(STEPS - s - 1) / STEPS;
        many[s + 1] = many[s] * composed(lab->schedule, u, end, 8);
        one[s + 1] = one[s] * composed(lab->schedule, u, end, 1);
    }
    bench_start(bench, 0);
    double before = distance(bench, many, 1, STEPS);
    bench_advance(bench, 0, lab->steps);
    double after = distance(bench, many, 1, STEPS);
    print_message("# pd: %.3g before, %.3g after, %.3g to the one-step teacher\n", before, after,
                  distance(bench, one, 1, STEPS));
    assert_true(before > 0.3);
    assert_true(after < 0.005); /* 1 % of the data's deviation */
    assert_true(distance(bench, one, 1, STEPS) > 3 * after);
    bench_close(bench);
}

/* LCM's student answers at u = 1 with the end of the teacher's path in solver steps. */
static void test_lcm_converges_to_the_end_of_the_path(void **state)
{
    (void)state;
    Bench *bench = gaussian_open("[run]\nmethod = lcm\n" SMALL
                                 "[lcm]\npoints = 16\nskip = 1\nloss = squared\n");
    Lab *lab = &bench->lab;
    double end = composed(lab->schedule, 1, 0, 16), sum = 0,
           start = noise_at(lab->schedule, 1).alpha;
    float z[2 * N], x[2 * N];
    double u[N];
    Rng rng = rng_at(78, STREAM_EVAL, 0);
    rng_normals(&rng, 2 * N, z);
    for (int r = 0; r < N; r++)
        u[r] = 1;
    bench_start(bench, 0);
    bench_advance(bench, 0, lab->steps);
    Policy student = lab_student(lab, false, 0);
    policy_x0(&student, &bench->step, N, z, u, NULL, x, NULL);
    for (int k = 0; k < 2 * N; k++) {
        double gap = (double)x[k] - mean[k % 2] - end * ((double)z[k] - start * mean[k % 2]);
        sum += gap * gap / (2 * N);
    }
    print_message("# lcm: %.3g\n", sqrt(sum));
    assert_true(sqrt(sum) < 0.02); /* 4 % of the data's deviation */
    bench_close(bench);
}

/* RMS distance between the student's answers at pure noise, told of `steps`, and mean + factor (z -
 * alpha_1 mean). */
static double one_jump(Bench *bench, int steps, double factor)
{
    Lab *lab = &bench->lab;
    float z[2 * N], x[2 * N];
    double u[N], sum = 0, start = noise_at(lab->schedule, 1).alpha;
    Rng rng = rng_at(78, STREAM_EVAL, 0);
    rng_normals(&rng, 2 * N, z);
    for (int r = 0; r < N; r++)
        u[r] = 1;
    Policy student = lab_student(lab, false, steps);
    policy_x0(&student, &bench->step, N, z, u, NULL, x, NULL);
    for (int k = 0; k < 2 * N; k++) {
        double gap = (double)x[k] - mean[k % 2] - factor * ((double)z[k] - start * mean[k % 2]);
        sum += gap * gap / (2 * N);
    }
    return sqrt(sum);
}

/* With a second-order solver the end of the path is the exact flow's: deviation over the noisy
 * law's deviation. A coarse first-order one ends elsewhere, which the student must not. */
static void test_consistency_converges_to_the_exact_flow(void **state)
{
    (void)state;
    Bench *bench = gaussian_open("[run]\nmethod = lcm\n" SMALL
                                 "[lcm]\npoints = 16\nskip = 1\nsolver = heun\nloss = squared\n");
    Lab *lab = &bench->lab;
    Noise one = noise_at(lab->schedule, 1);
    double exact =
        deviation / sqrt(one.alpha * one.alpha * deviation * deviation + one.sigma * one.sigma);
    bench_start(bench, 0);
    bench_advance(bench, 0, lab->steps);
    double flow = one_jump(bench, 0, exact),
           first = one_jump(bench, 0, composed(lab->schedule, 1, 0, 16));
    print_message("# lcm, heun: %.3g from the exact flow, %.3g from 16 first-order steps\n", flow,
                  first);
    assert_true(flow < 0.02); /* 4 % of the data's deviation */
    assert_true(flow < first);
    bench_close(bench);
}

/* One network, told how long its step is: each number of steps leads where the teacher's shortest
 * steps lead. */
static void test_shortcut_converges_at_every_length(void **state)
{
    (void)state;
    Bench *bench = gaussian_open(
        "[run]\nmethod = shortcut\n" SMALL_OF("3000") "[shortcut]\npoints = 16\nbase = 0.3\n");
    Lab *lab = &bench->lab;
    double four[STEPS + 1] = {1};
    for (int s = 0; s < STEPS; s++)
        four[s + 1] = four[s] * composed(lab->schedule, (double)(STEPS - s) / STEPS,
                                         (double)(STEPS - s - 1) / STEPS, 4);
    bench_start(bench, 0);
    bench_advance(bench, 0, lab->steps);
    double at_four = distance(bench, four, 1, STEPS),
           at_one = one_jump(bench, 1, composed(lab->schedule, 1, 0, 16));
    print_message("# shortcut: %.3g in four steps, %.3g in one\n", at_four, at_one);
    assert_true(at_four < 0.015); /* 3 % of the data's deviation */
    assert_true(at_one < 0.04);
    assert_true(one_jump(bench, 4, composed(lab->schedule, 1, 0, 16)) >
                5 * at_one); /* it listens */
    bench_close(bench);
}

/* ---- The mixture takes the shift away ---- */

/* Own / forward at the last sampling step, after a shortened run of a preset. */
static double last_ratio(const char *preset, const char *seed)
{
    const char *const shorter[] = {"run.batch=96",
                                   "run.steps=800",
                                   "net.width=64",
                                   "student.pretrain_steps=800",
                                   "optimizer.lr=2e-3",
                                   "student.pretrain_lr=3e-3",
                                   seed,
                                   NULL};
    Bench *bench = bench_open_file(preset, shorter, 2);
    Lab *lab = &bench->lab;
    ShiftRow rows[64];
    bench_start(bench, 800);
    bench_advance(bench, 0, lab->steps);
    Shift *shift = bench_shift(bench, 256, 8);
    Policy student = lab_student(lab, false, 0);
    shift_measure(shift, bench->crew, &bench->step, &student, rows);
    double ratio = rows[lab->grid.steps - 1].ratio;
    bench_close(bench);
    return ratio;
}

static void assert_mixture_helps(const char *preset, const char *twin, const char *seed,
                                 double factor)
{
    double alone = last_ratio(preset, seed), mixed = last_ratio(twin, seed);
    print_message("# %s, %s: own/forward at the last step %.3g alone, %.3g mixed\n", preset, seed,
                  alone, mixed);
    assert_true(mixed * factor < alone);
}

static void test_mixture_takes_the_shift_away(void **state)
{
    (void)state;
    assert_mixture_helps("presets/ring-pd.ini", "presets/ring-pd-ddil.ini", "run.seed=1", 3);
    assert_mixture_helps("presets/ring-pd.ini", "presets/ring-pd-ddil.ini", "run.seed=2", 3);
}

static void test_mixture_takes_the_shift_of_lcm_away(void **state)
{
    (void)state;
    assert_mixture_helps("presets/ring-lcm.ini", "presets/ring-lcm-ddil.ini", "run.seed=1", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pd_converges_to_the_composed_map),
        cmocka_unit_test(test_lcm_converges_to_the_end_of_the_path),
        cmocka_unit_test(test_consistency_converges_to_the_exact_flow),
        cmocka_unit_test(test_shortcut_converges_at_every_length),
        cmocka_unit_test(test_mixture_takes_the_shift_away),
        cmocka_unit_test(test_mixture_takes_the_shift_of_lcm_away),
    };
    return cmocka_run_group_tests_name("convergence", tests, NULL, NULL);
}
