/* Diffusion: golden numbers of schedules, steps and thresholds; the exact teacher against
 * quadrature and against the slope of its log density; guidance; roll-outs and what they
 * converge to. */
#include "engine/data/dataset.h"
#include "engine/diffusion/denoiser.h"
#include "engine/measure/sw2.h"
#include "tests/near.h"
#include <stdlib.h>
#include <string.h>

static const size_t gib = (size_t)1 << 30;
static const double pi = 3.14159265358979323846;

/* alpha = cos, sigma = sin without the clip: the setting of the golden numbers. */
static Noise unclipped(double u)
{
    double alpha = cos(pi * u / 2), sigma = u == 0 ? 0 : sin(pi * u / 2);
    return (Noise){u, alpha, sigma, 2 * log(alpha / sigma)};
}

/* ---- Schedules
 * ------------------------------------------------------------------------------------ */

static void test_clipped_cosine(void **state)
{
    (void)state;
    Noise quarter = noise_at(SCHEDULE_COSINE, 0.25),
          late = noise_at(SCHEDULE_COSINE, 0.75);
    assert_near(quarter.logsnr, 1.76261876656, 1e-10);
    assert_near(quarter.alpha, 0.923870845373, 1e-12);
    assert_near(quarter.sigma, 0.382704404299, 1e-12);
    assert_near(noise_at(SCHEDULE_COSINE, 0.5).logsnr, 0, 1e-12);
    assert_near(late.alpha, quarter.sigma, 1e-14);
    assert_near(late.logsnr, -quarter.logsnr, 1e-12);
    Noise clean = noise_at(SCHEDULE_COSINE, 0), pure = noise_at(SCHEDULE_COSINE, 1);
    assert_near(clean.alpha, 0.99999999897, 1e-11);
    assert_near(clean.sigma, 4.53999297e-5, 1e-13);
    assert_near(pure.alpha, 4.53999297e-5, 1e-13);
    assert_near(clean.logsnr, 20, 1e-9);
}

/* Both schedules: variance preserving, logSNR falling, and what logSNR says. */
static void test_schedules_are_sound(void **state)
{
    (void)state;
    for (int s = SCHEDULE_COSINE; s <= SCHEDULE_LINEAR; s++)
        for (int k = 0; k <= 1000; k++) {
            Noise t = noise_at((Schedule)s, k / 1000.0);
            assert_near(t.alpha * t.alpha + t.sigma * t.sigma, 1, 1e-12);
            assert_near(log(t.alpha * t.alpha / (t.sigma * t.sigma)), t.logsnr, 1e-6);
            if (k > 0)
                assert_true(t.logsnr < noise_at((Schedule)s, (k - 1) / 1000.0).logsnr);
        }
}

/* The continuous linear schedule is the limit of DDPM's discrete one: close at a thousand
 * steps. */
static void test_discrete_tables(void **state)
{
    (void)state;
    static const int at[] = {0, 249, 499, 749, 999};
    static const double linear[] = {.9999, .5240853738, .0785872429, .0033505504,
                                    .0000403583};
    static const double scaled[] = {.99915, .6754324137, .2776696505, .0566234916,
                                    .0046600985};
    double table[1000];
    schedule_ddpm_linear(1000, table);
    for (int k = 0; k < 5; k++)
        assert_near(table[at[k]], linear[k], 6e-11);
    for (int k = 0; k < 1000; k += 37) {
        double alpha = noise_at(SCHEDULE_LINEAR, (k + 1) / 1000.0).alpha;
        assert_near(alpha * alpha, table[k], 2e-3);
    }
    schedule_scaled_linear(1000, table);
    for (int k = 0; k < 5; k++)
        assert_near(table[at[k]], scaled[k], 6e-11);
}

static void test_karras(void **state)
{
    (void)state;
    static const double eighteen[] = {
        80,        57.5859847, 40.7855738, 28.3745846, 19.3524530, 12.9100824,
        8.4009353, 5.3151945,  3.2568215,  1.9233398,  1.0881706,  .5853481,
        .2964423,  .1395165,   .0599473,   .0229345,   .0075280,   .002};
    static const double five[] = {80, 17.5278320, 2.5152190, .1697528, .002};
    double sigma[18];
    schedule_karras(18, 0.002, 80, 7, sigma);
    for (int k = 0; k < 18; k++)
        assert_near(sigma[k], eighteen[k], 6e-8);
    schedule_karras(5, 0.002, 80, 7, sigma);
    for (int k = 0; k < 5; k++)
        assert_near(sigma[k], five[k], 6e-8);
}

/* Four parametrisations of one estimate; and the losses' identities: eps-loss = SNR
 * x-loss, v-loss = (SNR + 1) x-loss. */
static void test_parametrisations(void **state)
{
    (void)state;
    for (double u = 0.05; u < 1; u += 0.1) {
        Noise t = noise_at(SCHEDULE_COSINE, u);
        double x = 0.7, eps = -1.3, z = t.alpha * x + t.sigma * eps,
               v = t.alpha * eps - t.sigma * x;
        assert_near(x_from_v(t, z, v), x, 1e-13);
        assert_near(x_from_eps(t, z, eps), x, 1e-12);
        assert_near(eps_from_x(t, z, x), eps, 1e-12);
        assert_near(eps_from_v(t, z, v), eps, 1e-13);
        assert_near(v_from_x(t, z, x), v, 1e-12);
        double error = 0.01, snr = exp(t.logsnr);
        double eps_error = eps_from_x(t, z, x + error) - eps,
               v_error = v_from_x(t, z, x + error) - v;
        assert_near(eps_error * eps_error / (error * error), snr, 1e-9 * (1 + snr));
        assert_near(v_error * v_error / (error * error), snr + 1, 1e-9 * (1 + snr));
    }
}

static void test_weights(void **state)
{
    (void)state;
    Noise early = noise_at(SCHEDULE_COSINE, 0.1), late = noise_at(SCHEDULE_COSINE, 0.9);
    double snr = exp(early.logsnr);
    assert_near(weight_at(WEIGHT_CONSTANT, early, 100), 1, 0);
    assert_near(weight_at(WEIGHT_TRUNCATED_SNR, early, 1e4), snr, 1e-12);
    assert_near(weight_at(WEIGHT_TRUNCATED_SNR, early, 20), 20, 0);
    assert_near(weight_at(WEIGHT_TRUNCATED_SNR, late, 100), 1, 0);
    assert_near(weight_at(WEIGHT_SNR_PLUS_1, early, 1e4), snr + 1, 1e-12);
    assert_near(weight_at(WEIGHT_SNR_PLUS_1, early, 20), 21, 0);
    assert_near(weight_at(WEIGHT_MIN_SNR, early, 100), 5, 0);
    assert_near(weight_at(WEIGHT_MIN_SNR, late, 100), exp(late.logsnr), 1e-15);
}

/* ---- Steps
 * ----------------------------------------------------------------------------------------
 */

/* Progressive distillation's target with teacher xhat = tanh z (methods.md 12). */
static void test_implied_target(void **state)
{
    (void)state;
    static const struct {
        double z, u, first, second, x, eps, v;
    } rows[] = {
        {1,   .75, 1.0607976765, 1.0865486309, .7754013758,  .7612104342,  -.4250748389},
        {1,   1,   1.1293649295, 1.2251170069, .7871714553,  1.0000000000, -.7871714553},
        {-.7, .25, -.6649609263, -.5816554160, -.5816554160, -.4249477569, -.1700106439},
    };
    for (int k = 0; k < 3; k++) {
        Noise t = unclipped(rows[k].u), mid = unclipped(rows[k].u - 0.125);
        Noise s = unclipped(rows[k].u - 0.25);
        double z1 = ddim_from_x(t, mid, rows[k].z, tanh(rows[k].z));
        double z2 = s.u == 0 ? tanh(z1) : ddim_from_x(mid, s, z1, tanh(z1));
        double x = s.u == 0 ? tanh(z1) : implied_x(t, s, rows[k].z, z2);
        assert_near(z1, rows[k].first, 1e-10);
        assert_near(z2, rows[k].second, 1e-10);
        assert_near(x, rows[k].x, 1e-10);
        assert_near(eps_from_x(t, rows[k].z, x), rows[k].eps, 1e-10);
        assert_near(v_from_x(t, rows[k].z, x), rows[k].v, 1e-10);
        float z = (float)rows[k].z, end = (float)z2, last = (float)tanh(z1), row;
        step_implied_x0(1, t, s, &z, &end, &last, &row);
        assert_near(row, rows[k].x, 1e-6);
    }
}

/* One DDIM step with the implied x0 lands on the end point. */
static void test_implied_target_lands(void **state)
{
    (void)state;
    for (int k = 0; k < 2000; k++) {
        Rng rng = rng_at(1, STREAM_EVAL, (uint64_t)k);
        double low = 0.001 + 0.9 * rng_uniform(&rng),
               high = low + (1 - low) * rng_uniform(&rng);
        Noise t = noise_at(SCHEDULE_COSINE, high), s = noise_at(SCHEDULE_COSINE, low);
        double z = 2 * rng_normal(&rng), end = 2 * rng_normal(&rng);
        if (high - low < 0.01)
            continue;
        double x = implied_x(t, s, z, end);
        assert_near(ddim_from_x(t, s, z, x), end,
                    1e-12 * (1 + fabs(x) * s.alpha + fabs(z)));
    }
}

/* A tanh teacher sampled on u = .95, .7, .45, .2, 0 from z = 1 (methods.md 12). */
static void sample_tanh(Rule rule, const double expected[4])
{
    static const double u[] = {.95, .7, .45, .2, 0};
    float z = 1, previous = 0;
    for (int k = 0; k < 4; k++) {
        Noise t = unclipped(u[k]), s = unclipped(u[k + 1]),
              before = unclipped(u[k ? k - 1 : 0]);
        float x = (float)tanh(z);
        if (rule == RULE_DDIM)
            step_ddim(1, t, s, &z, &x, &z);
        else
            step_dpmpp(1, before, t, s, &z, &x, k ? &previous : NULL, &z);
        previous = x;
        assert_near(z, expected[k], 3e-7);
    }
}

static void test_sampler_sequences(void **state)
{
    (void)state;
    sample_tanh(RULE_DPMPP,
                (const double[]){1.1861123785, 1.2272422411, 1.0841989615, .7947510417});
    sample_tanh(RULE_DDIM,
                (const double[]){1.1861123785, 1.2207590152, 1.0757483247, .7916171006});
}

/* LCM's step on DDPM's linear table: eps-prediction .5, z = 1, t = 749 -> 499, noise .25.
 */
static void test_lcm_step(void **state)
{
    (void)state;
    double table[1000];
    schedule_ddpm_linear(1000, table);
    Noise t = {.75, sqrt(table[749]), sqrt(1 - table[749]), 0};
    Noise s = {.5, sqrt(table[499]), sqrt(1 - table[499]), 0};
    double k = 10 * 749.0, out = k / sqrt(k * k + 0.25), skip = 0.25 / (k * k + 0.25);
    assert_near(0.25 / (190.0 * 190 + 0.25), 6.925159798e-6, 1e-14);
    assert_near(190 / sqrt(190.0 * 190 + 0.25), .9999965374, 1e-10);
    double denoised = skip * 1 + out * x_from_eps(t, 1, 0.5);
    assert_near(denoised, 8.652457743, 1e-8);
    assert_near(s.alpha * denoised + s.sigma * 0.25, 2.665555117, 1e-8);
    /* step_renoise is that line with the noise drawn. */
    float x = (float)denoised, z;
    Rng rng = rng_at(5, STREAM_EVAL, 0), same = rng;
    step_renoise(1, s, &x, &rng, &z);
    assert_near(z, s.alpha * denoised + s.sigma * rng_normal(&same), 1e-6);
}

/* From the right xhat, each stochastic rule keeps the forward law: mean alpha_s x,
 * deviation sigma_s. */
static void test_stochastic_rules_keep_the_marginal(void **state)
{
    (void)state;
    enum { N = 40000, RULES = 4 };
    Noise t = noise_at(SCHEDULE_COSINE, 0.7), s = noise_at(SCHEDULE_COSINE, 0.4);
    float x = 0.8f;
    for (int rule = 0; rule < RULES; rule++) {
        double mean = 0, square = 0;
        for (int r = 0; r < N; r++) {
            Rng rng = rng_at(6, STREAM_EVAL, (uint64_t)r);
            float z = (float)(t.alpha * x + t.sigma * rng_normal(&rng)), out;
            if (rule == 0)
                step_ancestral(1, t, s, &z, &x, &rng, &out);
            else if (rule == 1)
                step_renoise(1, s, &x, &rng, &out);
            else
                step_ddim_eta(1, t, s, rule == 2 ? 1 : 0.5, &z, &x, &rng, &out);
            mean += out / (double)N;
            square += (double)out * out / N;
        }
        assert_near(mean, s.alpha * x, 4 * s.sigma / sqrt(N));
        assert_near(square - mean * mean, s.sigma * s.sigma,
                    6 * s.sigma * s.sigma / sqrt(N));
    }
}

/* DDIM with eta = 0 is DDIM, with eta = 1 it is the ancestral step; to u = 0 every rule
 * answers xhat. */
static void test_rules_meet(void **state)
{
    (void)state;
    Noise t = noise_at(SCHEDULE_COSINE, 0.6), s = noise_at(SCHEDULE_COSINE, 0.5);
    Noise clean = noise_at(SCHEDULE_COSINE, 0);
    const float z[2] = {0.3f, -1}, x[2] = {0.9f, 0.2f};
    float a[2], b[2];
    Rng rng = rng_at(8, STREAM_EVAL, 0), same = rng;
    step_ddim(2, t, s, z, x, a);
    step_ddim_eta(2, t, s, 0, z, x, &rng, b);
    for (int c = 0; c < 2; c++)
        assert_near(a[c], b[c], 1e-6);
    rng = same;
    step_ddim_eta(2, t, s, 1, z, x, &rng, a);
    rng = same;
    step_ancestral(2, t, s, z, x, &rng, b);
    for (int c = 0; c < 2; c++)
        assert_near(a[c], b[c], 1e-6);
    step_dpmpp(2, t, t, s, z, x, NULL, a);
    step_ddim(2, t, s, z, x, b);
    for (int c = 0; c < 2; c++)
        assert_near(a[c], b[c], 1e-6);
    step_dpmpp(2, t, s, clean, z, x, z, a);
    assert_memory_equal(a, x, sizeof x);
    step_ancestral(2, t, clean, z, x, &rng, a);
    assert_memory_equal(a, x, sizeof x);
}

/* ---- Thresholding
 * --------------------------------------------------------------------------------- */

static const Threshold everywhere = {.low = -1, .high = 1, .quantile = 0.9, .sites = 31};

static void apply(ThresholdKind kind, double low, double high, int n, const double *in,
                  double *out)
{
    Threshold threshold = everywhere;
    float x[16];
    threshold.kind = kind;
    threshold.low = low;
    threshold.high = high;
    for (int k = 0; k < n; k++)
        x[k] = (float)in[k];
    threshold_apply(&threshold, SITE_R, n, x, NULL);
    for (int k = 0; k < n; k++)
        out[k] = x[k];
}

static void test_threshold_golden(void **state)
{
    (void)state;
    static const double x[] = {-3, -1.5, -.5, 0, .2, .9, 1.1, 2};
    static const double dynamic[] = {-1,      -.652174, -.217391, 0,
                                     .086957, .391304,  .478261,  .869565};
    static const double wild[] = {-.3, .4, 1.2, 2.7, -1.4},
                        reflected[] = {.3, .4, .8, .7, .6};
    double out[8];
    apply(THRESHOLD_DYNAMIC, -1, 1, 8, x, out);
    for (int k = 0; k < 8; k++)
        assert_near(out[k], dynamic[k], 1e-6);
    apply(THRESHOLD_REFLECT, 0, 1, 5, wild, out);
    for (int k = 0; k < 5; k++)
        assert_near(out[k], reflected[k], 1e-6);
    apply(THRESHOLD_STATIC, -0.5, 1, 8, x, out);
    for (int k = 0; k < 8; k++)
        assert_near(out[k], fmin(1, fmax(-0.5, x[k])), 1e-7);
    apply(THRESHOLD_SOFT, -2, 2, 8, x, out);
    for (int k = 0; k < 8; k++)
        assert_near(out[k], 2 * tanh(x[k] / 2), 1e-6);
    apply(THRESHOLD_NONE, -1, 1, 8, x, out);
    for (int k = 0; k < 8; k++)
        assert_near(out[k], x[k], 1e-7);
}

/* About another box every operator is the same picture, moved and stretched; dynamic
 * leaves what fits alone. */
static void test_threshold_boxes(void **state)
{
    (void)state;
    static const double x[] = {-3, -1.5, -.5, 0, .2, .9, 1.1, 2};
    double moved[8], out[8], home[8];
    for (int k = 0; k < 8; k++)
        moved[k] = 5 + 3 * x[k];
    for (int kind = THRESHOLD_STATIC; kind <= THRESHOLD_SOFT; kind++) {
        apply((ThresholdKind)kind, -1, 1, 8, x, home);
        apply((ThresholdKind)kind, 2, 8, 8, moved, out);
        for (int k = 0; k < 8; k++) {
            assert_near(out[k], 5 + 3 * home[k], 2e-6);
            assert_true(out[k] >= 2 && out[k] <= 8);
        }
    }
    apply(THRESHOLD_DYNAMIC, -4, 4, 8, x, out);
    for (int k = 0; k < 8; k++)
        assert_true(out[k] == (float)x[k]);
}

static void test_threshold_sites_and_counts(void **state)
{
    (void)state;
    Threshold threshold = everywhere;
    threshold.kind = THRESHOLD_STATIC;
    threshold.sites = SITE_T | SITE_S;
    Clipped count = {0};
    float x[4] = {-3, 0.5f, 1.5f, 1};
    threshold_apply(&threshold, SITE_R, 4, x, &count);
    assert_near(x[0], -3, 0);
    assert_int_equal(count.coordinates, 0);
    threshold_apply(&threshold, SITE_S, 4, x, &count);
    assert_near(x[0], -1, 0);
    assert_int_equal(count.coordinates, 4);
    assert_int_equal(count.clipped, 2);
    assert_near(count.overshoot, 2.5, 1e-6);
    threshold_apply(&threshold, SITE_T, 4, x, &count);
    assert_int_equal(count.coordinates, 8);
    assert_int_equal(count.clipped, 2);
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The quantile of a large row against plain sorting. */
static void test_dynamic_quantile(void **state)
{
    (void)state;
    enum { D = 784 };
    for (int trial = 0; trial < 20; trial++) {
        float x[D], sorted[D];
        Rng rng = rng_at(2, STREAM_EVAL, (uint64_t)trial);
        rng_normals(&rng, D, x);
        for (int k = 0; k < D; k++) {
            if (trial % 2)
                x[k] = roundf(2 * x[k]); /* many ties */
            sorted[k] = fabsf(x[k]);
        }
        qsort(sorted, D, sizeof *sorted, ascending);
        Threshold threshold = everywhere;
        threshold.kind = THRESHOLD_DYNAMIC;
        threshold.quantile = 0.995;
        double at = 0.995 * (D - 1), part = at - floor(at);
        double bound = (1 - part) * sorted[(int)at] + part * sorted[(int)at + 1];
        float first = x[0];
        threshold_apply(&threshold, SITE_T, D, x, NULL);
        assert_near(x[0], fmin(1, fmax(-1, first / fmax(1, bound))), 1e-6);
    }
}

/* ---- The exact teacher
 * ---------------------------------------------------------------------------- */

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
    static const double golden[3][2] = {
        {1.5754646581, .9300787715},
        {1.4632056872, .7329143296},
        {.8021415355,  .4010722864}
    };
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
    return (Mixture){
        .n = 3,
        .labels = 2,
        .deviation = 0.3,
        .mean = {{0.5, 0}, {-0.5, 0.4}, {0, -1}},
        .weight = {0.5,      0.3,         0.2    },
        .label = {0,        1,           0      }
    };
}

static double density(const Mixture *m, double alpha, double extra, double x, double y,
                      int label)
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
static void posterior_by_quadrature(const Mixture *m, Noise t, const float z[2],
                                    int label, double mean[2])
{
    double total = 0, step = 0.02;
    mean[0] = mean[1] = 0;
    for (double x = -3; x <= 3; x += step)
        for (double y = -3; y <= 3; y += step) {
            double dx = z[0] - t.alpha * x, dy = z[1] - t.alpha * y;
            double w = density(m, 1, 0, x, y, label) *
                       exp(-(dx * dx + dy * dy) / (2 * t.sigma * t.sigma));
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
    static const float points[][2] = {
        {0.1f,  0.2f },
        {-0.8f, 0.5f },
        {0.3f,  -1.1f}
    };
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
            double slope =
                (log(density(&m, t.alpha, t.sigma, z[0] + dx, z[1] + dy, -1)) -
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

/* ---- Denoisers
 * ------------------------------------------------------------------------------------ */

static Denoiser exact(const Mixture *mixture, int classes, double guidance)
{
    return (Denoiser){
        .mixture = mixture,
        .spec = {.height = 1, .width = 1, .channels = 2, .classes = classes, .chunk = 64},
        .guidance = guidance,
    };
}

static void test_exact_guidance(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, gib);
    Mixture m = lopsided();
    Denoiser plain = exact(&m, 0, 3), told = exact(&m, 2, 1), guided = exact(&m, 2, 3);
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

/* A small random network; its last layer usually starts at zero, so every weight is
 * drawn. */
static Denoiser network(NetSpec spec, double guidance, Arena *arena)
{
    Error error;
    if (net_spec_complete(&spec, &error) != STATUS_OK)
        fail_msg("%s", error.text);
    size_t size = net_size(&spec);
    float *weights = arena_floats(arena, size);
    Rng rng = rng_at(1, STREAM_INIT, 0);
    for (size_t k = 0; k < size; k++)
        weights[k] = 0.3f * rng_normal(&rng);
    return (Denoiser){.spec = spec, .weights = weights, .guidance = guidance};
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
    Denoiser plain = network(spec, 1, &arena), guided = plain;
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

/* ---- Roll-outs
 * ------------------------------------------------------------------------------------ */

typedef struct Bench {
    Arena arena;
    Crew *crew;
    Dataset ring;
    float *noise;
} Bench;

enum { SAMPLES = 4000 };

static int open_bench(void **state)
{
    static Bench bench;
    arena_init(&bench.arena, gib);
    bench.crew = crew_new(2);
    DatasetOptions options = {.name = "ring", .path = "", .conditional = -1};
    if (dataset_open(&bench.ring, &options, &bench.arena, NULL) != STATUS_OK)
        return -1;
    bench.noise = arena_floats(&bench.arena, 2 * SAMPLES);
    for (int r = 0; r < SAMPLES; r++) {
        Rng rng = rng_at(42, STREAM_SHIFT, (uint64_t)r);
        rng_normals(&rng, 2, bench.noise + 2 * r);
    }
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    Bench *bench = *state;
    crew_free(bench->crew);
    arena_done(&bench->arena);
    return 0;
}

static Policy policy_of(Denoiser denoiser, Rule rule, int steps, int substeps)
{
    return (Policy){.denoiser = denoiser,
                    .site = SITE_R,
                    .steps = steps,
                    .substeps = substeps,
                    .rule = rule};
}

static Rollout rollout_of(const Bench *bench, const Policy *policy, int n, float *states)
{
    return (Rollout){.policy = policy,
                     .seed = 9,
                     .stream = STREAM_ROLLOUT,
                     .n = n,
                     .noise = bench->noise,
                     .states = states};
}

/* N steps of m sub-steps are N m plain steps seen every m-th time; the count of
 * evaluations is exact. */
static void test_substeps(void **state)
{
    Bench *bench = *state;
    enum { N = 150 };
    static float coarse[5 * 2 * N], fine[13 * 2 * N], x0s[4 * 2 * N];
    Denoiser teacher = exact(bench->ring.mixture, 0, 1);
    Policy sparse = policy_of(teacher, RULE_DDIM, 4, 3),
           dense = policy_of(teacher, RULE_DDIM, 12, 1);
    Rollout a = rollout_of(bench, &sparse, N, coarse),
            b = rollout_of(bench, &dense, N, fine);
    a.x0s = x0s;
    assert_int_equal(rollout(bench->crew, &a), N * 12);
    assert_int_equal(rollout(bench->crew, &b), N * 12);
    for (int k = 0; k <= 4; k++)
        assert_memory_equal(coarse + k * 2 * N, fine + 3 * k * 2 * N,
                            2 * N * sizeof(float));
    assert_memory_equal(coarse, bench->noise, 2 * N * sizeof(float));
    assert_memory_equal(coarse + 4 * 2 * N, x0s + 3 * 2 * N, 2 * N * sizeof(float));
}

/* By hand: one row through the public steps. Also in-chunk position, chunk size and
 * thread count do not matter. */
static void test_rollout_by_hand(void **state)
{
    Bench *bench = *state;
    enum { N = 130, STEPS = 4 };
    static float states[(STEPS + 1) * 2 * N];
    Mixture m = *bench->ring.mixture;
    for (int rule = RULE_DDIM; rule <= RULE_DPMPP; rule++) {
        Policy policy = policy_of(exact(&m, 0, 1), (Rule)rule, STEPS, 1);
        Rollout r = rollout_of(bench, &policy, N, states);
        r.first = 1000;
        rollout(bench->crew, &r);
        const int row = 77;
        float z[2], previous[2] = {0};
        memcpy(z, bench->noise + 2 * row, sizeof z);
        Rng rng = rng_at(9, STREAM_ROLLOUT, 1000 + row);
        for (int k = 0; k < STEPS; k++) {
            Noise t = noise_at(SCHEDULE_COSINE, (STEPS - k) / (double)STEPS);
            Noise s = noise_at(SCHEDULE_COSINE, (STEPS - k - 1) / (double)STEPS);
            Noise before =
                noise_at(SCHEDULE_COSINE, k ? (STEPS - k + 1) / (double)STEPS : 1);
            float x[2];
            mixture_x0(&m, t, z, -1, x);
            switch ((Rule)rule) {
            case RULE_DDIM: step_ddim(2, t, s, z, x, z); break;
            case RULE_RENOISE: step_renoise(2, s, x, &rng, z); break;
            case RULE_ANCESTRAL: step_ancestral(2, t, s, z, x, &rng, z); break;
            case RULE_DPMPP:
                step_dpmpp(2, before, t, s, z, x, k ? previous : NULL, z);
                break;
            }
            memcpy(previous, x, sizeof x);
            assert_memory_equal(z, states + (k + 1) * 2 * N + 2 * row, sizeof z);
        }
    }
}

static void test_rollout_does_not_depend_on_threads(void **state)
{
    Bench *bench = *state;
    enum { N = 300 };
    static float one[5 * 2 * N], two[5 * 2 * N];
    Crew *alone = crew_new(1);
    Denoiser teacher = exact(bench->ring.mixture, 0, 1);
    Policy policy = policy_of(teacher, RULE_RENOISE, 4, 1),
           other = policy_of(teacher, RULE_ANCESTRAL, 4, 3);
    policy.threshold = (Threshold){THRESHOLD_STATIC, -1, 1, 0.9, SITE_R};
    Clipped count[2] = {{0}};
    Rollout r = rollout_of(bench, &policy, N, one);
    r.other = &other;
    r.mix = 0.4;
    r.count = &count[0];
    long spent = rollout(bench->crew, &r);
    policy.denoiser.spec.chunk = 7;
    r.states = two;
    assert_int_equal(rollout(alone, &r), spent);
    assert_memory_equal(one, two, sizeof one);
    r.count = &count[1];
    policy.denoiser.spec.chunk = 64;
    rollout(alone, &r);
    r.states = one;
    assert_true(count[1].clipped > 0);
    assert_int_equal(count[0].clipped, 2 * count[1].clipped);
    crew_free(alone);
}

/* mix = 0 and 1 are the two policies themselves, noise and all; between, each row's steps
 * are one or the other's, and the evaluations say how many. */
static void test_mixed_roll_in(void **state)
{
    Bench *bench = *state;
    enum { N = 200, STEPS = 4 };
    static float plain[2][(STEPS + 1) * 2 * N], mixed[(STEPS + 1) * 2 * N];
    Mixture m = *bench->ring.mixture, elsewhere = m;
    for (int k = 0; k < 8; k++)
        elsewhere.mean[k][0] += 20;
    Policy policy[2] = {policy_of(exact(&m, 0, 1), RULE_RENOISE, STEPS, 1),
                        policy_of(exact(&elsewhere, 0, 1), RULE_RENOISE, STEPS, 1)};
    for (int p = 0; p < 2; p++) {
        Rollout r = rollout_of(bench, &policy[p], N, plain[p]);
        rollout(bench->crew, &r);
    }
    Rollout r = rollout_of(bench, &policy[0], N, mixed);
    r.other = &policy[1];
    for (int p = 0; p < 2; p++) {
        r.mix = p;
        rollout(bench->crew, &r);
        assert_memory_equal(mixed, plain[p], sizeof mixed);
    }
    r.mix = 0.25;
    policy[1].rule = RULE_DDIM;
    policy[1].substeps = 5;
    long spent = rollout(bench->crew, &r);
    long others = (spent - N * STEPS) / 4;
    assert_int_equal((spent - N * STEPS) % 4, 0);
    assert_near(others / (double)(N * STEPS), 0.25, 4 * sqrt(0.25 * 0.75 / (N * STEPS)));
    int last = 0; /* the last step's estimate tells whose it was */
    for (int row = 0; row < N; row++)
        last += mixed[STEPS * 2 * N + 2 * row] > 10;
    assert_near(last / (double)N, 0.25, 4 * sqrt(0.25 * 0.75 / N));
}

/* A guided network on images: two evaluations a state, the same bits for one and two
 * threads, states that are DDIM steps of the policy's own estimates. */
static void test_network_rollout(void **state)
{
    Bench *bench = *state;
    enum { N = 10, STEPS = 3, D = 64 };
    static float noise[N * D], one[(STEPS + 1) * N * D], two[(STEPS + 1) * N * D],
        x0s[STEPS * N * D];
    static const int label[N] = {0, 1, 2, 3, 0, 1, 2, 3, -1, 1};
    size_t mark = arena_mark(&bench->arena);
    NetSpec spec = {.kind = &net_patch_unet,
                    .height = 8,
                    .width = 8,
                    .channels = 1,
                    .classes = 3,
                    .hidden = 8,
                    .coarse = 8,
                    .depth = 1,
                    .coarse_depth = 1,
                    .embed = 16,
                    .chunk = 4};
    Policy policy = policy_of(network(spec, 2, &bench->arena), RULE_DDIM, STEPS, 1);
    policy.threshold = (Threshold){THRESHOLD_STATIC, -1, 1, 0.9, SITE_R};
    Rng rng = rng_at(3, STREAM_EVAL, 0);
    rng_normals(&rng, N * D, noise);
    Rollout r = rollout_of(bench, &policy, N, one);
    r.noise = noise;
    r.label = label;
    r.x0s = x0s;
    assert_int_equal(rollout(bench->crew, &r), 2 * N * STEPS);
    Crew *alone = crew_new(1);
    r.states = two;
    rollout(alone, &r);
    crew_free(alone);
    assert_memory_equal(one, two, sizeof one);
    for (int k = 0; k < STEPS; k++)
        for (int row = 0; row < N; row++) {
            Noise t = noise_at(SCHEDULE_COSINE, (STEPS - k) / (double)STEPS);
            Noise s = noise_at(SCHEDULE_COSINE, (STEPS - k - 1) / (double)STEPS);
            float z[D];
            step_ddim(D, t, s, one + (k * N + row) * D, x0s + (k * N + row) * D, z);
            assert_memory_equal(z, one + ((k + 1) * N + row) * D, sizeof z);
        }
    for (int k = 0; k < STEPS * N * D; k++)
        assert_true(fabsf(x0s[k]) <= 1);
    arena_rewind(&bench->arena, mark);
}

/* Labels follow their rows through mixing and chunks: each row ends on its own mode. */
static void test_labels_follow_rows(void **state)
{
    Bench *bench = *state;
    enum { N = 500, STEPS = 8 };
    static float states[(STEPS + 1) * 2 * N];
    static int label[N];
    for (int row = 0; row < N; row++)
        label[row] = row * 5 % 8;
    const Mixture *m = bench->ring.mixture;
    Policy policy = policy_of(exact(m, 8, 1), RULE_DDIM, STEPS, 2), other = policy;
    Rollout r = rollout_of(bench, &policy, N, states);
    r.other = &other;
    r.mix = 0.5;
    r.label = label;
    rollout(bench->crew, &r);
    for (int row = 0; row < N; row++) {
        const float *x = states + STEPS * 2 * N + 2 * row;
        assert_near(x[0], m->mean[label[row]][0], 5 * m->deviation);
        assert_near(x[1], m->mean[label[row]][1], 5 * m->deviation);
    }
}

static double sw2_of(Bench *bench, Rule rule, int steps, const float *reference,
                     int n_reference)
{
    size_t mark = arena_mark(&bench->arena);
    float *states = arena_floats(&bench->arena, (size_t)(steps + 1) * 2 * SAMPLES);
    Policy policy = policy_of(exact(bench->ring.mixture, 0, 1), rule, steps, 1);
    Rollout r = rollout_of(bench, &policy, SAMPLES, states);
    rollout(bench->crew, &r);
    double distance = sw2(SAMPLES, states + (size_t)steps * 2 * SAMPLES, n_reference,
                          reference, 2, SW2_DIRECTIONS, 0, &bench->arena);
    arena_rewind(&bench->arena, mark);
    return distance;
}

/* methods.md 11.4: SW2^2 x 1e3 of the exact teacher's 64, 8 and 4 DDIM steps is
 * about 4.1, 6.5 and 15.2, between two draws of the data about 2.5, at n = 4000.
 * DPM-Solver++ needs fewer steps than DDIM. */
static void test_exact_teacher_samples(void **state)
{
    Bench *bench = *state;
    size_t mark = arena_mark(&bench->arena);
    float *data = arena_floats(&bench->arena, 4 * SAMPLES);
    for (int r = 0; r < 2 * SAMPLES; r++) {
        int label;
        dataset_held_out(&bench->ring, r, data + 2 * r, &label);
    }
    double floor_ = 1e3 * sw2(SAMPLES, data, SAMPLES, data + 2 * SAMPLES, 2,
                              SW2_DIRECTIONS, 0, &bench->arena);
    double ddim[3], dpm[3];
    const int steps[3] = {4, 8, 64};
    for (int k = 0; k < 3; k++) {
        ddim[k] = 1e3 * sw2_of(bench, RULE_DDIM, steps[k], data, SAMPLES);
        dpm[k] = 1e3 * sw2_of(bench, RULE_DPMPP, steps[k], data, SAMPLES);
    }
    print_message(
        "SW2^2 x 1e3: data against data %.2f; DDIM 4, 8, 64 steps %.2f %.2f %.2f; "
        "DPM-Solver++ %.2f %.2f %.2f\n",
        floor_, ddim[0], ddim[1], ddim[2], dpm[0], dpm[1], dpm[2]);
    assert_true(floor_ < 5);
    assert_true(ddim[2] < 7 && ddim[1] < 10 && ddim[1] > ddim[2]);
    assert_near(ddim[0], 15.5, 4);
    arena_rewind(&bench->arena, mark);
}

/* Samples of a smooth law (modes as wide as they are apart) from common noise. */
enum { SMOOTH = 500 };
static void sample_smooth(Bench *bench, Rule rule, int steps, float *end)
{
    static const Mixture wide = {
        .n = 2,
        .labels = 2,
        .deviation = 0.6,
        .mean = {{0.8, 0}, {-0.8, 0}},
        .weight = {0.5,      0.5      },
        .label = {0,        1        }
    };
    size_t mark = arena_mark(&bench->arena);
    float *states = arena_floats(&bench->arena, (size_t)(steps + 1) * 2 * SMOOTH);
    Policy policy = policy_of(exact(&wide, 0, 1), rule, steps, 1);
    Rollout r = rollout_of(bench, &policy, SMOOTH, states);
    rollout(bench->crew, &r);
    memcpy(end, states + (size_t)steps * 2 * SMOOTH, sizeof(float) * 2 * SMOOTH);
    arena_rewind(&bench->arena, mark);
}

static double sampler_error(Bench *bench, Rule rule, int steps, const float *truth)
{
    static float end[2 * SMOOTH];
    double square = 0;
    sample_smooth(bench, rule, steps, end);
    for (int k = 0; k < 2 * SMOOTH; k++)
        square += pow(end[k] - truth[k], 2) / (2 * SMOOTH);
    return sqrt(square);
}

/* Against very many steps from the same noise: DDIM's error halves with the step; the
 * second-order rule is far below it at equal steps (its first and last steps are of first
 * order, so it too ends by halving). */
static void test_orders_of_convergence(void **state)
{
    Bench *bench = *state;
    static float truth[2 * SMOOTH];
    sample_smooth(bench, RULE_DDIM, 8192, truth);
    double ddim[4], dpm[4];
    for (int k = 0; k < 4; k++) {
        ddim[k] = sampler_error(bench, RULE_DDIM, 8 << k, truth);
        dpm[k] = sampler_error(bench, RULE_DPMPP, 8 << k, truth);
    }
    print_message(
        "RMS state error, 8 16 32 64 steps: DDIM %.4f %.4f %.4f %.4f; DPM-Solver++ "
        "%.4f %.4f %.4f %.4f\n",
        ddim[0], ddim[1], ddim[2], ddim[3], dpm[0], dpm[1], dpm[2], dpm[3]);
    for (int k = 0; k < 4; k++)
        assert_true(dpm[k] < 0.4 * ddim[k]);
    assert_near(ddim[2] / ddim[3], 2, 0.3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clipped_cosine),
        cmocka_unit_test(test_schedules_are_sound),
        cmocka_unit_test(test_discrete_tables),
        cmocka_unit_test(test_karras),
        cmocka_unit_test(test_parametrisations),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_implied_target),
        cmocka_unit_test(test_implied_target_lands),
        cmocka_unit_test(test_sampler_sequences),
        cmocka_unit_test(test_lcm_step),
        cmocka_unit_test(test_stochastic_rules_keep_the_marginal),
        cmocka_unit_test(test_rules_meet),
        cmocka_unit_test(test_threshold_golden),
        cmocka_unit_test(test_threshold_boxes),
        cmocka_unit_test(test_threshold_sites_and_counts),
        cmocka_unit_test(test_dynamic_quantile),
        cmocka_unit_test(test_exact_ring_golden),
        cmocka_unit_test(test_posterior_mean),
        cmocka_unit_test(test_score_identity),
        cmocka_unit_test(test_teacher_far_away),
        cmocka_unit_test(test_exact_guidance),
        cmocka_unit_test(test_network_denoiser),
        cmocka_unit_test(test_substeps),
        cmocka_unit_test(test_rollout_by_hand),
        cmocka_unit_test(test_rollout_does_not_depend_on_threads),
        cmocka_unit_test(test_mixed_roll_in),
        cmocka_unit_test(test_network_rollout),
        cmocka_unit_test(test_labels_follow_rows),
        cmocka_unit_test(test_exact_teacher_samples),
        cmocka_unit_test(test_orders_of_convergence),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
