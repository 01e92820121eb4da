/* Roll-outs, and what the exact teacher's converge to. */
#include "engine/data/dataset_open.h"
#include "engine/diffusion/denoiser.h"
#include "engine/measure/sw2.h"
#include "tests/denoisers.h"
#include "tests/near.h"
#include "tests/sets.h"
#include <stdlib.h>
#include <string.h>

static const size_t gib = (size_t)1 << 30;

/* ---- Roll-outs ---- */

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
    DatasetOptions options = {.name = "ring", .conditional = -1};
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
    return (Policy){
        .denoiser = denoiser, .site = SITE_R, .steps = steps, .substeps = substeps, .rule = rule};
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
    Denoiser teacher = exact_denoiser(bench->ring.mixture, 0, 1);
    Policy sparse = policy_of(teacher, RULE_DDIM, 4, 3),
           dense = policy_of(teacher, RULE_DDIM, 12, 1);
    Rollout a = rollout_of(bench, &sparse, N, coarse), b = rollout_of(bench, &dense, N, fine);
    a.x0s = x0s;
    assert_int_equal(rollout(bench->crew, &a), N * 12);
    assert_int_equal(rollout(bench->crew, &b), N * 12);
    for (int k = 0; k <= 4; k++)
        assert_memory_equal(coarse + k * 2 * N, fine + 3 * k * 2 * N, 2 * N * sizeof(float));
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
        Policy policy = policy_of(exact_denoiser(&m, 0, 1), (Rule)rule, STEPS, 1);
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
            Noise before = noise_at(SCHEDULE_COSINE, k ? (STEPS - k + 1) / (double)STEPS : 1);
            float x[2];
            mixture_x0(&m, t, z, -1, x);
            switch ((Rule)rule) {
            case RULE_DDIM: step_ddim(2, t, s, z, x, z); break;
            case RULE_RENOISE: step_renoise(2, s, x, &rng, z); break;
            case RULE_ANCESTRAL: step_ancestral(2, t, s, z, x, &rng, z); break;
            case RULE_DPMPP: step_dpmpp(2, before, t, s, z, x, k ? previous : NULL, z); break;
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
    Denoiser teacher = exact_denoiser(bench->ring.mixture, 0, 1);
    Policy policy = policy_of(teacher, RULE_RENOISE, 4, 1),
           other = policy_of(teacher, RULE_ANCESTRAL, 4, 3);
    policy.threshold = (Threshold){THRESHOLD_STATIC, -1, 1, 0.9, 1u << SITE_R};
    Clipped count[2] = {{0}};
    Rollout r = rollout_of(bench, &policy, N, one);
    policy.other = &other;
    policy.mix = 0.4;
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
    assert_true(clipped_total(&count[1]).clipped > 0);
    assert_int_equal(clipped_total(&count[0]).clipped, 2 * clipped_total(&count[1]).clipped);
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
    Policy policy[2] = {policy_of(exact_denoiser(&m, 0, 1), RULE_RENOISE, STEPS, 1),
                        policy_of(exact_denoiser(&elsewhere, 0, 1), RULE_RENOISE, STEPS, 1)};
    for (int p = 0; p < 2; p++) {
        Rollout r = rollout_of(bench, &policy[p], N, plain[p]);
        rollout(bench->crew, &r);
    }
    Rollout r = rollout_of(bench, &policy[0], N, mixed);
    policy[0].other = &policy[1];
    for (int p = 0; p < 2; p++) {
        policy[0].mix = p;
        rollout(bench->crew, &r);
        assert_memory_equal(mixed, plain[p], sizeof mixed);
    }
    policy[0].mix = 0.25;
    policy[1].rule = RULE_DDIM;
    policy[1].substeps = 5;
    long of_other;
    r.of_other = &of_other;
    long spent = rollout(bench->crew, &r);
    long others = (spent - N * STEPS) / 4;
    assert_int_equal(of_other, 5 * others);
    assert_near(policy_nfe(&policy[0]), STEPS * (0.75 + 0.25 * 5), 1e-12);
    assert_int_equal((spent - N * STEPS) % 4, 0);
    assert_near(others / (double)(N * STEPS), 0.25, 4 * sqrt(0.25 * 0.75 / (N * STEPS)));
    int last = 0; /* the last step's estimate tells whose it was */
    for (int row = 0; row < N; row++)
        last += mixed[STEPS * 2 * N + 2 * row] > 10;
    assert_near(last / (double)N, 0.25, 4 * sqrt(0.25 * 0.75 / N));
    static float ends[2 * N];
    r.states = ends;
    r.ends = true;
    rollout(bench->crew, &r);
    assert_memory_equal(ends, mixed + STEPS * 2 * N, sizeof ends);
}

/* A roll-out in two parts is the whole one, fresh noise too. */
static void test_parts(void **state)
{
    Bench *bench = *state;
    enum { N = 150, STEPS = 5, SIZE = (STEPS + 1) * 2 * N };
    static float whole[SIZE], parts[SIZE];
    static const Rule rules[] = {RULE_DDIM, RULE_RENOISE, RULE_ANCESTRAL};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        Policy policy = policy_of(exact_denoiser(bench->ring.mixture, 0, 1), rules[i], STEPS, 2);
        Rollout r = rollout_of(bench, &policy, N, whole);
        rollout(bench->crew, &r);
        memset(parts, 0, sizeof parts);
        r.states = parts;
        r.to = 2;
        rollout(bench->crew, &r);
        assert_true(parts[3 * 2 * N] == 0);
        r.from = 2;
        r.to = 0;
        r.noise = parts + 2 * 2 * N;
        rollout(bench->crew, &r);
        assert_memory_equal(parts, whole, sizeof whole);
    }
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
    Policy policy = policy_of(network_denoiser(spec, 2, &bench->arena), RULE_DDIM, STEPS, 1);
    policy.threshold = (Threshold){THRESHOLD_STATIC, -1, 1, 0.9, 1u << SITE_R};
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
    Policy policy = policy_of(exact_denoiser(m, 8, 1), RULE_DDIM, STEPS, 2), other = policy;
    Rollout r = rollout_of(bench, &policy, N, states);
    policy.other = &other;
    policy.mix = 0.5;
    r.label = label;
    rollout(bench->crew, &r);
    for (int row = 0; row < N; row++) {
        const float *x = states + STEPS * 2 * N + 2 * row;
        assert_near(x[0], m->mean[label[row]][0], 5 * m->deviation);
        assert_near(x[1], m->mean[label[row]][1], 5 * m->deviation);
    }
}

static double sw2_of(Bench *bench, Rule rule, int steps, const float *reference, int n_reference)
{
    size_t mark = arena_mark(&bench->arena);
    float *states = arena_floats(&bench->arena, (size_t)(steps + 1) * 2 * SAMPLES);
    Policy policy = policy_of(exact_denoiser(bench->ring.mixture, 0, 1), rule, steps, 1);
    Rollout r = rollout_of(bench, &policy, SAMPLES, states);
    rollout(bench->crew, &r);
    double distance =
        sw2(PAIR(SAMPLES, states + (size_t)steps * 2 * SAMPLES, n_reference, reference, 2),
            SW2_DIRECTIONS, 0, ALONE(&bench->arena));
    arena_rewind(&bench->arena, mark);
    return distance;
}

/* methods.md 11.4: SW2^2 x 1e3 of the exact teacher's 4, 8 and 64 DDIM steps, and between two draws
 * of the data, at n = 4000. DPM-Solver++ needs fewer steps than DDIM. */
static void test_exact_teacher_samples(void **state)
{
    Bench *bench = *state;
    size_t mark = arena_mark(&bench->arena);
    float *data = arena_floats(&bench->arena, 4 * SAMPLES);
    for (int r = 0; r < 2 * SAMPLES; r++) {
        int label;
        dataset_held_out(&bench->ring, r, data + 2 * r, &label);
    }
    double floor_ = 1e3 * sw2(PAIR(SAMPLES, data, SAMPLES, data + 2 * SAMPLES, 2), SW2_DIRECTIONS,
                              0, ALONE(&bench->arena));
    double ddim[3], dpm[3];
    const int steps[3] = {4, 8, 64};
    for (int k = 0; k < 3; k++) {
        ddim[k] = 1e3 * sw2_of(bench, RULE_DDIM, steps[k], data, SAMPLES);
        dpm[k] = 1e3 * sw2_of(bench, RULE_DPMPP, steps[k], data, SAMPLES);
    }
    print_message("SW2^2 x 1e3: data against data %.2f; DDIM 4, 8, 64 steps %.2f %.2f %.2f; "
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
    static const Mixture wide = {.n = 2,
                                 .labels = 2,
                                 .deviation = 0.6,
                                 .mean = {{0.8, 0}, {-0.8, 0}},
                                 .weight = {0.5, 0.5},
                                 .label = {0, 1}};
    size_t mark = arena_mark(&bench->arena);
    float *states = arena_floats(&bench->arena, (size_t)(steps + 1) * 2 * SMOOTH);
    Policy policy = policy_of(exact_denoiser(&wide, 0, 1), rule, steps, 1);
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
    print_message("RMS state error, 8 16 32 64 steps: DDIM %.4f %.4f %.4f %.4f; DPM-Solver++ "
                  "%.4f %.4f %.4f %.4f\n",
                  ddim[0], ddim[1], ddim[2], ddim[3], dpm[0], dpm[1], dpm[2], dpm[3]);
    for (int k = 0; k < 4; k++)
        assert_true(dpm[k] < 0.4 * ddim[k]);
    assert_near(ddim[2] / ddim[3], 2, 0.3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_substeps),
        cmocka_unit_test(test_rollout_by_hand),
        cmocka_unit_test(test_rollout_does_not_depend_on_threads),
        cmocka_unit_test(test_mixed_roll_in),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_network_rollout),
        cmocka_unit_test(test_labels_follow_rows),
        cmocka_unit_test(test_exact_teacher_samples),
        cmocka_unit_test(test_orders_of_convergence),
    };
    return cmocka_run_group_tests(tests, open_bench, close_bench);
}
