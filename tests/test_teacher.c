/* The exact teacher against quadrature and against the slope of its log density; guidance;
 * network denoisers. */
#include "engine/data/dataset.h"
#include "engine/diffusion/denoiser.h"
#include "tests/denoisers.h"
#include "tests/near.h"
#include <stdlib.h>
#include <string.h>

static const size_t gib = (size_t)1 << 30;
static const double pi = 3.14159265358979323846;

/* ---- The exact teacher ---- */

static Mixture unnormalised_ring(void)
{
    Mixture ring = {.n = 8, .labels = 8, .deviation = 0.1};
    for (int k = 0; k < 8; k++) {
        ring.mean[k][0] = 2 * cos(2 * pi * k / 8);
        ring.mean[k][1] = 2 * sin(2 * pi * k / 8);
        ring.weight[k] = 0.125;
        ring.label[k] = k;
    }
    return ring;
}

static void test_exact_ring_golden(void **state)
{
    (void)state;
    /* clang-format off */
    static const double golden[3][2] = {
        {1.5754646581, .9300787715},
        {1.4632056872, .7329143296},
        {.8021415355,  .4010722864}
    };
    /* clang-format on */
    Mixture ring = unnormalised_ring();
    const float z[2] = {1, 0.5f};
    for (int k = 0; k < 3; k++) {
        float x[2];
        mixture_x0(&ring, unclipped(0.25 * (k + 1)), z, -1, x);
        assert_near(x[0], golden[k][0], 2e-7);
        assert_near(x[1], golden[k][1], 2e-7);
    }
}

/* Uneven weights, two labels, components that overlap. */
static Mixture lopsided(void)
{
    return (Mixture){.n = 3,
                     .labels = 2,
                     .deviation = 0.3,
                     .mean = {{0.5, 0}, {-0.5, 0.4}, {0, -1}},
                     .weight = {0.5, 0.3, 0.2},
                     .label = {0, 1, 0}};
}

static double density(const Mixture *m, double alpha, double extra, double x, double y, int label)
{
    double sum = 0, v = alpha * alpha * m->deviation * m->deviation + extra * extra;
    for (int k = 0; k < m->n; k++) {
        double dx = x - alpha * m->mean[k][0], dy = y - alpha * m->mean[k][1];
        if (label < 0 || m->label[k] == label)
            sum += m->weight[k] / (2 * pi * v) * exp(-(dx * dx + dy * dy) / (2 * v));
    }
    return sum;
}

/* E[x | z] by summing over a fine grid of x: p(x) N(z; alpha x, sigma^2). */
static void posterior_by_quadrature(const Mixture *m, Noise t, const float z[2], int label,
                                    double mean[2])
{
    double total = 0, step = 0.02;
    mean[0] = mean[1] = 0;
    for (double x = -3; x <= 3; x += step)
        for (double y = -3; y <= 3; y += step) {
            double dx = z[0] - t.alpha * x, dy = z[1] - t.alpha * y;
            double w =
                density(m, 1, 0, x, y, label) * exp(-(dx * dx + dy * dy) / (2 * t.sigma * t.sigma));
            total += w;
            mean[0] += w * x;
            mean[1] += w * y;
        }
    mean[0] /= total;
    mean[1] /= total;
}

static void test_posterior_mean(void **state)
{
    (void)state;
    /* clang-format off */
    static const float points[][2] = {
        {0.1f,  0.2f },
        {-0.8f, 0.5f },
        {0.3f,  -1.1f}
    };
    /* clang-format on */
    Mixture m = lopsided();
    for (double u = 0.2; u < 1; u += 0.3)
        for (int p = 0; p < 3; p++)
            for (int label = -1; label < 2; label++) {
                Noise t = noise_at(SCHEDULE_COSINE, u);
                double mean[2];
                float x[2];
                posterior_by_quadrature(&m, t, points[p], label, mean);
                mixture_x0(&m, t, points[p], label, x);
                assert_near(x[0], mean[0], 1e-6);
                assert_near(x[1], mean[1], 1e-6);
            }
}

/* Rows of many noises and labels side by side against one at a time: a rounding of the float at
 * most. Every number of rows up to two blocks and one more; far away; NaN stays in its row. */
static void test_rows_side_by_side(void **state)
{
    (void)state;
    enum { N = 33 };
    Mixture m = lopsided();
    double alpha[N], sigma[N];
    float z[2 * N], x[2 * N], one[2];
    int label[N];
    Rng rng = rng_at(1, STREAM_BATCH, 0);
    rng_normals(&rng, 2 * N, z);
    for (int r = 0; r < N; r++) {
        Noise t = noise_at(SCHEDULE_COSINE, (double)r / (N - 1));
        alpha[r] = t.alpha;
        sigma[r] = t.sigma;
        label[r] = r % 3 - 1;
    }
    z[10] = 1e4f;
    z[15] = NAN;
    for (int n = 1; n <= N; n++) {
        mixture_x0s(&m, n, alpha, sigma, label, z, x);
        for (int k = 0; k < 2 * n; k++) {
            int r = k / 2;
            mixture_x0(&m, (Noise){0, alpha[r], sigma[r], 0}, z + 2 * r, label[r], one);
            if (r == 7)
                assert_true(isnan(x[k]));
            else
                assert_near(x[k], one[k % 2], 1e-7 * fmax(1, fabs((double)one[k % 2])));
        }
    }
}

/* grad log p_t(z) = (alpha xhat - z) / sigma^2 */
static void test_score_identity(void **state)
{
    (void)state;
    Mixture m = lopsided();
    for (double u = 0.1; u < 1; u += 0.2) {
        Noise t = noise_at(SCHEDULE_COSINE, u);
        const float z[2] = {0.25f, -0.5f};
        float x[2];
        double h = 1e-4;
        mixture_x0(&m, t, z, -1, x);
        for (int c = 0; c < 2; c++) {
            double dx = c == 0 ? h : 0, dy = c == 1 ? h : 0;
            double slope = (log(density(&m, t.alpha, t.sigma, z[0] + dx, z[1] + dy, -1)) -
                            log(density(&m, t.alpha, t.sigma, z[0] - dx, z[1] - dy, -1))) /
                           (2 * h);
            double tolerance = 1e-6 + 1e-7 / (t.sigma * t.sigma);
            assert_near((t.alpha * x[c] - z[c]) / (t.sigma * t.sigma), slope, tolerance);
        }
    }
}

/* Far outside every component the softmax must not underflow. */
static void test_teacher_far_away(void **state)
{
    (void)state;
    Mixture ring = unnormalised_ring();
    const float z[2] = {1e4f, 0};
    float x[2];
    mixture_x0(&ring, noise_at(SCHEDULE_COSINE, 0), z, -1, x);
    assert_true(isfinite(x[0]) && isfinite(x[1]));
    mixture_x0(&ring, noise_at(SCHEDULE_COSINE, 1), z, -1, x);
    assert_true(isfinite(x[0]) && isfinite(x[1]));
}

/* ---- Denoisers ---- */

static void test_exact_guidance(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, gib);
    Mixture m = lopsided();
    Denoiser plain = exact_denoiser(&m, 0, 3), told = exact_denoiser(&m, 2, 1),
             guided = exact_denoiser(&m, 2, 3);
    assert_int_equal(denoiser_cost(&plain), 1);
    assert_int_equal(denoiser_cost(&told), 1);
    assert_int_equal(denoiser_cost(&guided), 2);
    const float z[10] = {0.1f, 0.2f, 0.1f, 0.2f, 0.1f, 0.2f, -1, 0.3f, 0, 0};
    const double u[5] = {0.5, 0.5, 0.5, 0.3, 0.9};
    const int label[5] = {0, 1, -1, 1, 2}; /* 2: none */
    float free_x[10], told_x[10], guided_x[10];
    denoise(&plain, &arena, 5, z, u, label, free_x);
    denoise(&told, &arena, 5, z, u, label, told_x);
    denoise(&guided, &arena, 5, z, u, label, guided_x);
    for (int k = 0; k < 10; k++)
        assert_near(guided_x[k], free_x[k] + 3 * (told_x[k] - free_x[k]), 1e-6);
    assert_memory_equal(told_x + 4, free_x + 4, 2 * sizeof *z);
    assert_memory_equal(told_x + 8, free_x + 8, 2 * sizeof *z);
    assert_true(fabsf(told_x[0] - free_x[0]) > 0.01);
    denoise(&guided, &arena, 5, z, u, NULL, guided_x);
    assert_memory_equal(guided_x, free_x, sizeof free_x);
    arena_done(&arena);
}

/* xhat = alpha z - sigma v, from the network called by hand; guidance combines the two
 * answers; memory comes back. */
static void test_network_denoiser(void **state)
{
    (void)state;
    enum { N = 6 };
    Arena arena;
    arena_init(&arena, gib);
    NetSpec spec = {.kind = &net_mlp,
                    .height = 1,
                    .width = 1,
                    .channels = 2,
                    .classes = 3,
                    .hidden = 16,
                    .depth = 2};
    Denoiser plain = network_denoiser(spec, 1, &arena), guided = plain;
    guided.guidance = 2.5;
    float z[2 * N], told_x[2 * N], free_x[2 * N], x[2 * N], time[N];
    double u[N];
    const int label[N] = {0, 1, 2, 3, -1, 0}, none[N] = {3, 3, 3, 3, 3, 3};
    int clean[N];
    Rng rng = rng_at(2, STREAM_EVAL, 0);
    rng_normals(&rng, 2 * N, z);
    for (int r = 0; r < N; r++) {
        u[r] = (r + 1.0) / N;
        time[r] = (float)u[r];
        clean[r] = label[r] < 0 ? 3 : label[r];
    }
    size_t mark = arena_mark(&arena);
    denoise(&plain, &arena, N, z, u, label, told_x);
    denoise(&plain, &arena, N, z, u, none, free_x);
    denoise(&guided, &arena, N, z, u, label, x);
    assert_int_equal(arena_mark(&arena), mark);
    Tape tape;
    tape_begin(&tape, &arena, false);
    Tensor *v = net_forward(&plain.spec, &tape, plain.weights, NULL,
                            tape_input(&tape, N, 1, 1, 2, z), time, clean);
    for (int k = 0; k < 2 * N; k++) {
        Noise t = noise_at(SCHEDULE_COSINE, u[k / 2]);
        assert_near(told_x[k], t.alpha * z[k] - t.sigma * v->x[k], 1e-5);
        assert_near(x[k], free_x[k] + 2.5 * (told_x[k] - free_x[k]), 1e-5);
    }
    assert_true(fabsf(told_x[0] - free_x[0]) > 1e-3);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_ring_golden), cmocka_unit_test(test_posterior_mean),
        cmocka_unit_test(test_rows_side_by_side), cmocka_unit_test(test_score_identity),
        cmocka_unit_test(test_teacher_far_away),  cmocka_unit_test(test_exact_guidance),
        cmocka_unit_test(test_network_denoiser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
