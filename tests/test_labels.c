/* The labels of the methods against closed forms: what a student ought to answer. */
#include "engine/distill/train.h"
#include "tests/labs.h"
#include "tests/near.h"
#include "tests/vectors.h"
#include <stdio.h>

#define RING "[data]\nname = ring\n"

/* One Gaussian N(mean, S^2 I): the posterior mean is linear, a DDIM step multiplies z -
 * alpha mean by a number. */
static Mixture gaussian(void)
{
    return (Mixture){.n = 1, .deviation = 0.3, .labels = 1, .weight = {1}, .mean = {{0.6, -0.4}}};
}

/* What one estimate multiplies z - alpha mean by. */
static double gain(const Mixture *m, Noise t)
{
    double own = m->deviation * m->deviation;
    return t.alpha * own / (t.alpha * t.alpha * own + t.sigma * t.sigma);
}

static double ddim_factor(const Mixture *m, Noise t, Noise s)
{
    double own = m->deviation * m->deviation;
    double variance = t.alpha * t.alpha * own + t.sigma * t.sigma;
    return (s.alpha * t.alpha * own + s.sigma * t.sigma) / variance;
}

/* The deviation from alpha mean after `parts` steps from u to u_end, per unit at the
 * start; the last step to u = 0 answers the estimate itself. */
static double composed(const Mixture *m, Schedule schedule, double u, double u_end, int parts)
{
    double product = 1;
    for (int k = 0; k < parts; k++) {
        Noise t = noise_at(schedule, u + (u_end - u) * k / parts);
        Noise s = noise_at(schedule, k + 1 < parts ? u + (u_end - u) * (k + 1) / parts : u_end);
        product *= s.u > 0 ? ddim_factor(m, t, s) : gain(m, t);
    }
    return product;
}

static Bench *gaussian_open(const char *text, const Mixture *mixture)
{
    Bench *bench = bench_open(text, 1);
    bench->lab.teacher.mixture = mixture;
    return bench;
}

#define NOISE_OF "[net]\nwidth = 8\ndepth = 1\n[student]\ninit = random\n"

static void assert_pd_label(Lab *lab, const Mixture *m, int i, int steps, int substeps)
{
    float z[2] = {1.1f, -0.7f}, x0[2], end[2];
    int label = 0;
    Noise t = noise_at(lab->schedule, (double)i / steps),
          s = noise_at(lab->schedule, (double)(i - 1) / steps);
    double product = composed(m, lab->schedule, t.u, s.u, substeps), ratio = s.sigma / t.sigma;
    lab->method->label(lab, lab->step, &(States){1, z, &i, steps, &label, 0}, x0);
    step_ddim(2, t, s, z, x0, end);
    for (int c = 0; c < 2; c++) {
        double gap = (double)z[c] - t.alpha * m->mean[0][c];
        double landing = (i > 1 ? s.alpha : 1) * m->mean[0][c] + product * gap;
        double implied =
            i > 1 ? (landing - ratio * (double)z[c]) / (s.alpha - ratio * t.alpha) : landing;
        assert_near((double)x0[c], implied, 1e-5);
        assert_near((double)end[c], landing, 1e-5);
    }
}

static void test_pd_label_composes_gaussian_steps(void **state)
{
    (void)state;
    static const char *const schedules[] = {"cosine", "linear"};
    static const int substeps[] = {1, 2, 3, 8};
    Mixture mixture = gaussian();
    for (int schedule = 0; schedule < 2; schedule++)
        for (int k = 0; k < 4; k++) {
            char text[400];
            snprintf(text, sizeof text,
                     "[run]\nmethod = pd\nnoise = %s\n" RING NOISE_OF "[pd]\nsubsteps = %d\n",
                     schedules[schedule], substeps[k]);
            Bench *bench = gaussian_open(text, &mixture);
            for (int steps = 1; steps <= 8; steps *= 2)
                for (int i = 1; i <= steps; i++)
                    assert_pd_label(&bench->lab, &mixture, i, steps, substeps[k]);
            bench_close(bench);
        }
}

/* LCM's label: where the teacher's own path ends, in 24 steps. */
static void test_lcm_label_composes_gaussian_steps(void **state)
{
    (void)state;
    Mixture mixture = gaussian();
    Bench *bench = gaussian_open("[run]\nmethod = lcm\n" RING NOISE_OF, &mixture);
    Lab *lab = &bench->lab;
    for (int i = 1; i <= 4; i++) {
        float z[2] = {1.1f, -0.7f}, x0[2];
        int label = 0;
        Noise t = noise_at(lab->schedule, i / 4.0);
        double product = composed(&mixture, lab->schedule, t.u, 0, 24);
        lab->method->label(lab, lab->step, &(States){1, z, &i, 4, &label, 0}, x0);
        for (int c = 0; c < 2; c++) {
            double gap = (double)z[c] - t.alpha * mixture.mean[0][c];
            assert_near((double)x0[c], mixture.mean[0][c] + product * gap, 1e-5);
        }
    }
    bench_close(bench);
}

/* Where the teacher's roll-out goes from states (GRID + 1) x N x 2, the student that
 * answers the label goes too. */
enum { PATHS = 40, GRID = 4 };

static void assert_labels_follow(Lab *lab, const float *states, const int *label)
{
    int i[PATHS];
    float x0[PATHS * 2];
    for (int s = 0; s < GRID; s++) {
        const float *from = states + (size_t)s * PATHS * 2, *to = from + (size_t)PATHS * 2;
        for (int r = 0; r < PATHS; r++)
            i[r] = GRID - s;
        lab->method->label(lab, lab->step, &(States){PATHS, from, i, GRID, label, 0}, x0);
        Noise t = noise_at(lab->schedule, (double)(GRID - s) / GRID);
        Noise next = noise_at(lab->schedule, (double)(GRID - s - 1) / GRID);
        for (int r = 0; r < PATHS; r++) {
            float end[2];
            step_ddim(2, t, next, from + 2 * r, x0 + 2 * r, end);
            assert_near((double)end[0], (double)to[2 * r], 1e-5);
            assert_near((double)end[1], (double)to[2 * r + 1], 1e-5);
        }
    }
}

/* On any teacher, guided and thresholded. */
static void test_student_with_labels_walks_the_teachers_path(void **state)
{
    (void)state;
    static const char *const kinds[] = {"none", "static", "dynamic", "reflect"};
    float noise[PATHS * 2], states[(GRID + 1) * PATHS * 2];
    int label[PATHS];
    for (int k = 0; k < 2 * PATHS; k++)
        noise[k] = 1.5f * vectors_wave((uint32_t)k, 5);
    for (int r = 0; r < PATHS; r++)
        label[r] = r % 2;
    for (int k = 0; k < 4; k++) {
        char text[512];
        snprintf(text, sizeof text,
                 "[run]\nmethod = pd\n[data]\nname = moons\n[teacher]\nguidance = 3\n" NOISE_OF
                 "[pd]\nsubsteps = 8\n[threshold]\nlow = -0.8\nhigh = 0.9\nsites = TR\nkind = "
                 "%s\n",
                 kinds[k]);
        Bench *bench = bench_open(text, 1);
        Policy teacher = lab_teacher(&bench->lab, GRID, 8);
        rollout(bench->crew, &(Rollout){.policy = &teacher,
                                        .seed = 1,
                                        .stream = STREAM_SHIFT,
                                        .n = PATHS,
                                        .noise = noise,
                                        .label = label,
                                        .states = states});
        assert_labels_follow(&bench->lab, states, label);
        bench_close(bench);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pd_label_composes_gaussian_steps),
        cmocka_unit_test(test_lcm_label_composes_gaussian_steps),
        cmocka_unit_test(test_student_with_labels_walks_the_teachers_path),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
