/* How a consistency pair is made: the solver's order against the exact path of a Gaussian, and
 * pairs that share a sample and its noise. */
#include "tests/labs.h"
#include "tests/near.h"
#include <stdio.h>
#include <string.h>

enum { ROWS = 6 };

#define TEXT                                                                                       \
    "[run]\nmethod = lcm\nbatch = 6\nsteps = 100\n[data]\nname = ring\n"                           \
    "[net]\nwidth = 8\ndepth = 1\nfeatures = 8\n[student]\ninit = random\nsteps = 4\n"             \
    "[lcm]\nloss = squared\npoints = %d\nsolver = %s\n"

/* Teacher: one Gaussian at 0, deviation s: on its path z / sqrt(alpha^2 s^2 + sigma^2) is constant.
 */
static const double DEVIATION = 0.5;

static double spread(Noise t)
{
    return sqrt(t.alpha * t.alpha * DEVIATION * DEVIATION + t.sigma * t.sigma);
}

static Bench *open_lab(int points, const char *solver)
{
    char text[1024];
    snprintf(text, sizeof text, TEXT, points, solver);
    Bench *bench = bench_open(text, 1);
    Lab *lab = &bench->lab;
    Mixture *mixture = arena_new(lab->keep, Mixture, 1);
    *mixture = (Mixture){.n = 1, .deviation = DEVIATION, .labels = 1, .weight = {1}};
    lab->teacher.mixture = mixture;
    bench_start(bench, 0);
    return bench;
}

/* What the target network is asked at a landing point is seen through a student and a target that
 * answer v = 0: x0 = alpha z. Row 0 of the loss is then mean (alpha z - alpha_low z_low)^2: gives
 * |z_low|. */
static double landing(Lab *lab, int point, float z, float x, unsigned char origin)
{
    float zs[2] = {z, z}, xs[2] = {x, x}, each;
    double u = (double)point / lab->grid.points;
    int label = 0;
    size_t mark = arena_mark(lab->step);
    memset(lab->student.weights, 0, lab->student.size * sizeof(float));
    lab->method->start(lab); /* the target network too */
    Chunk chunk = {.lab = lab, .arena = lab->step, .scale = 1, .each = &each};
    chunk.rows = (Batch){
        .n = 1, .z = zs, .x = xs, .u = &u, .point = &point, .label = &label, .origin = &origin};
    tape_begin(&chunk.tape, lab->step, false);
    lab->method->loss(&chunk);
    arena_rewind(lab->step, mark);
    Noise t = noise_at(lab->schedule, u);
    Noise s = noise_at(lab->schedule, u - 1.0 / lab->grid.points);
    return (t.alpha * (double)z + sqrt((double)each)) / s.alpha; /* alpha_low z_low is the larger */
}

static double error_of(const char *solver, int points)
{
    Bench *bench = open_lab(points, solver);
    Lab *lab = &bench->lab;
    int point = points / 2;
    double u = 0.5, low = u - 1.0 / points;
    double exact = spread(noise_at(lab->schedule, low)) / spread(noise_at(lab->schedule, u));
    double error = fabs(landing(lab, point, 1, 0, ORIGIN_TEACHER) - exact);
    bench_close(bench);
    return error;
}

/* Half the step: a quarter of DDIM's error in one jump, at most an eighth of Heun's or so. */
static void test_orders(void **state)
{
    (void)state;
    double ddim[2] = {error_of("ddim", 16), error_of("ddim", 32)};
    double heun[2] = {error_of("heun", 16), error_of("heun", 32)};
    assert_true(heun[0] < ddim[0] / 4);
    assert_near(ddim[0] / ddim[1], 4, 0.8);
    assert_true(heun[0] / heun[1] > 6);
}

/* From pure noise the jump stays finite and between the two estimates. */
static void test_heun_from_noise(void **state)
{
    (void)state;
    Bench *bench = open_lab(16, "heun");
    Lab *lab = &bench->lab;
    double got = landing(lab, 16, 1, 0, ORIGIN_TEACHER);
    double exact = spread(noise_at(lab->schedule, 15.0 / 16)) / spread(noise_at(lab->schedule, 1));
    assert_near(got, exact, 0.01);
    bench_close(bench);
}

/* Consistency training: z_low = alpha_low x + sigma_low eps with the same eps; a trajectory's state
 * has no sample. */
static void test_pairs_share_sample_and_noise(void **state)
{
    (void)state;
    Bench *bench = open_lab(16, "data"), *ddim = open_lab(16, "ddim");
    Lab *lab = &bench->lab;
    const double x = 1.3, eps = 0.4;
    Noise t = noise_at(lab->schedule, 0.5), s = noise_at(lab->schedule, 7.0 / 16);
    float z = (float)(t.alpha * x + t.sigma * eps);
    assert_near(landing(lab, 8, z, (float)x, ORIGIN_DATA), s.alpha * x + s.sigma * eps, 1e-5);
    assert_near(landing(lab, 8, z, 0, ORIGIN_STUDENT), landing(&ddim->lab, 8, z, 0, ORIGIN_STUDENT),
                1e-6);
    bench_close(bench);
    bench_close(ddim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_heun_from_noise),
        cmocka_unit_test(test_pairs_share_sample_and_noise),
    };
    return cmocka_run_group_tests_name("lcm solver", tests, NULL, NULL);
}
