/* Golden numbers of schedules, sampling steps and thresholds. */
#include "engine/data/dataset.h"
#include "engine/diffusion/denoiser.h"
#include "tests/denoisers.h"
#include "tests/near.h"
#include <stdlib.h>
#include <string.h>

/* ---- Schedules ---- */

static void test_clipped_cosine(void **state)
{
    (void)state;
    Noise quarter = noise_at(SCHEDULE_COSINE, 0.25), late = noise_at(SCHEDULE_COSINE, 0.75);
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
    static const double linear[] = {.9999, .5240853738, .0785872429, .0033505504, .0000403583};
    static const double scaled[] = {.99915, .6754324137, .2776696505, .0566234916, .0046600985};
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
    static const double eighteen[] = {80,         57.5859847, 40.7855738, 28.3745846, 19.3524530,
                                      12.9100824, 8.4009353,  5.3151945,  3.2568215,  1.9233398,
                                      1.0881706,  .5853481,   .2964423,   .1395165,   .0599473,
                                      .0229345,   .0075280,   .002};
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

/* ---- Steps ---- */

/* Progressive distillation's target with teacher xhat = tanh z (methods.md 12). */
static void test_implied_target(void **state)
{
    (void)state;
    static const struct {
        double z, u, first, second, x, eps, v;
        /* clang-format off */
    } rows[] = {
        {1,   .75, 1.0607976765, 1.0865486309, .7754013758,  .7612104342,  -.4250748389},
        {1,   1,   1.1293649295, 1.2251170069, .7871714553,  1.0000000000, -.7871714553},
        {-.7, .25, -.6649609263, -.5816554160, -.5816554160, -.4249477569, -.1700106439},
    };
    /* clang-format on */
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
        double low = 0.001 + 0.9 * rng_uniform(&rng), high = low + (1 - low) * rng_uniform(&rng);
        Noise t = noise_at(SCHEDULE_COSINE, high), s = noise_at(SCHEDULE_COSINE, low);
        double z = 2 * rng_normal(&rng), end = 2 * rng_normal(&rng);
        if (high - low < 0.01)
            continue;
        double x = implied_x(t, s, z, end);
        assert_near(ddim_from_x(t, s, z, x), end, 1e-12 * (1 + fabs(x) * s.alpha + fabs(z)));
    }
}

/* A tanh teacher sampled on u = .95, .7, .45, .2, 0 from z = 1 (methods.md 12). */
static void sample_tanh(Rule rule, const double expected[4])
{
    static const double u[] = {.95, .7, .45, .2, 0};
    float z = 1, previous = 0;
    for (int k = 0; k < 4; k++) {
        Noise t = unclipped(u[k]), s = unclipped(u[k + 1]), before = unclipped(u[k ? k - 1 : 0]);
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
    sample_tanh(RULE_DDIM, (const double[]){1.1861123785, 1.2207590152, 1.0757483247, .7916171006});
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
        assert_near(square - mean * mean, s.sigma * s.sigma, 6 * s.sigma * s.sigma / sqrt(N));
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

/* ---- Thresholding ---- */

static const Threshold everywhere = {.low = -1, .high = 1, .quantile = 0.9, .sites = 31};

static void apply(ThresholdKind kind, double low, double high, int n, const double *in, double *out)
{
    Threshold threshold = everywhere;
    float x[16];
    threshold.kind = kind;
    threshold.low = low;
    threshold.high = high;
    for (int k = 0; k < n; k++)
        x[k] = (float)in[k];
    threshold_apply(&threshold, SITE_R, n, 1, x, NULL);
    for (int k = 0; k < n; k++)
        out[k] = x[k];
}

static void test_threshold_golden(void **state)
{
    (void)state;
    static const double x[] = {-3, -1.5, -.5, 0, .2, .9, 1.1, 2};
    static const double dynamic[] = {-1, -.652174, -.217391, 0, .086957, .391304, .478261, .869565};
    static const double wild[] = {-.3, .4, 1.2, 2.7, -1.4}, reflected[] = {.3, .4, .8, .7, .6};
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
    threshold.sites = 1u << SITE_T | 1u << SITE_S;
    Clipped count = {.steps = 4};
    float x[4] = {-3, 0.5f, 1.5f, 1};
    threshold_apply(&threshold, SITE_R, 4, 1, x, &count);
    assert_near(x[0], -3, 0);
    assert_int_equal(clipped_total(&count).coordinates, 0);
    threshold_apply(&threshold, SITE_S, 4, 0.75, x, &count);
    assert_near(x[0], -1, 0);
    assert_int_equal(count.step[2].coordinates, 4); /* the third sampling step's: 3/4 is its time */
    assert_int_equal(count.step[2].clipped, 2);
    assert_near(count.step[2].overshoot, 2.5, 1e-6);
    threshold_apply(&threshold, SITE_T, 4, 0.76, x, &count);
    threshold_apply(&threshold, SITE_T, 4, 0.01, x, &count);
    assert_int_equal(count.step[3].coordinates, 4);
    assert_int_equal(count.step[0].coordinates, 4);
    clipped_add(&count, &count);
    ClippedCount total = clipped_total(&count);
    assert_int_equal(total.coordinates, 24);
    assert_int_equal(total.clipped, 4);
    assert_near(total.overshoot, 5, 1e-6);
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
        threshold_apply(&threshold, SITE_T, D, 1, x, NULL);
        assert_near(x[0], fmin(1, fmax(-1, first / fmax(1, bound))), 1e-6);
    }
}

/* What is kept for a batch is what would be worked out, also where many times share a place. */
static void test_kept_levels_are_the_levels(void **state)
{
    (void)state;
    for (int s = 0; s < 2; s++) {
        Noises noises = {.schedule = (Schedule)s};
        for (int k = 0; k < 5000; k++) {
            double u = k % 3 == 0 ? (k / 3 % 5) / 4.0 : k / 5000.0;
            Noise kept = noises_at(&noises, u), t = noise_at((Schedule)s, u);
            assert_true(kept.u == t.u && kept.alpha == t.alpha && kept.sigma == t.sigma &&
                        kept.logsnr == t.logsnr);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept_levels_are_the_levels),
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
