/* Optimiser, moving average and crew against closed forms. */
#include "engine/nets/crew.h"
#include "engine/nets/optim.h"
#include "engine/tensor/op.h"
#include "tests/vectors.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Two steps of AdamW by the formulas of its paper, in double. */
static void test_adam(void **state)
{
    (void)state;
    enum { N = 11 };
    float w[N], ema[N], m[N] = {0}, v[N] = {0}, g[N];
    double W[N], E[N], M[N] = {0}, V[N] = {0};
    for (int i = 0; i < N; i++)
        E[i] = W[i] = (double)(w[i] = ema[i] = vectors_wave((uint32_t)i, 1));
    Model model = {.size = N, .weights = w, .ema = ema, .moment1 = m, .moment2 = v};
    AdamSettings s = {
        .lr = 0.01, .beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.1, .clip = 0.25, .ema = 0.9};
    for (int t = 1; t <= 2; t++) {
        double norm = 0;
        for (int i = 0; i < N; i++) {
            g[i] = vectors_wave((uint32_t)i, 1 + (uint32_t)t);
            norm += (double)g[i] * (double)g[i];
        }
        norm = sqrt(norm);
        for (int i = 0; i < N; i++) {
            double clipped = (double)g[i] * 0.25 / (norm + 1e-6);
            M[i] = 0.8 * M[i] + 0.2 * clipped;
            V[i] = 0.95 * V[i] + 0.05 * clipped * clipped;
            double step = M[i] / (1 - pow(0.8, t)) / (sqrt(V[i] / (1 - pow(0.95, t))) + 1e-8);
            W[i] = W[i] * (1 - 0.01 * 0.1) - 0.01 * step;
            double decay = (1.0 + t) / (10.0 + t);
            E[i] = decay * E[i] + (1 - decay) * W[i];
        }
        assert_true(fabs(model_update(&model, g, &s) - norm) < 1e-12);
        assert_true(fabs(vector_norm(N, g) - 0.25) < 1e-6); /* clipped in place */
    }
    for (int i = 0; i < N; i++) {
        assert_true(fabs((double)w[i] - W[i]) < 1e-6);
        assert_true(fabs((double)ema[i] - E[i]) < 1e-6);
    }
    assert_int_equal(model.updates, 2);
    float before[N];
    memcpy(before, w, sizeof w);
    g[3] = NAN;
    assert_true(isnan(model_update(&model, g, &s)));
    g[3] = INFINITY;
    assert_true(isinf(model_update(&model, g, &s)));
    assert_memory_equal(before, w, sizeof w);
    assert_int_equal(model.updates, 2);
    model_reset(&model);
    assert_true(model.updates == 0 && vector_norm(N, m) == 0 && vector_norm(N, v) == 0);
}

/* A block of several ranges, clipped or not: a crew's workers leave the bits of one. */
static void test_shared_update(void **state)
{
    (void)state;
    enum { N = 40001, BLOCKS = 5 };
    static float block[2][BLOCKS][N];
    Crew *crew = crew_new(3);
    for (int clip = 0; clip < 2; clip++) {
        AdamSettings s = {.lr = 0.01, .beta1 = 0.8, .beta2 = 0.95, .clip = clip, .ema = 0.9};
        for (int way = 0; way < 2; way++) {
            float(*b)[N] = block[way];
            for (int k = 0; k < BLOCKS; k++)
                for (int i = 0; i < N; i++)
                    b[k][i] = fabsf(vectors_wave((uint32_t)i, (uint32_t)k));
            Model model = {
                .size = N, .weights = b[0], .ema = b[1], .moment1 = b[2], .moment2 = b[3]};
            double norm = model_update_by(way ? crew : NULL, &model, b[4], &s);
            assert_true(norm > 2 && fabs(vector_norm(N, b[4]) - (clip ? 1 : norm)) < 1e-5);
        }
        assert_memory_equal(block[0], block[1], sizeof block[0]);
    }
    crew_free(crew);
}

static void test_ema(void **state)
{
    (void)state;
    assert_true(model_ema_decay(0.999, 0) == 0.1);
    assert_true(model_ema_decay(0.999, 90) == 0.91);
    assert_true(model_ema_decay(0.999, 1000000) == 0.999);
    float target[3] = {1, 2, 3}, x[3] = {5, 2, -1};
    vector_ema(3, target, x, 0.75);
    assert_true(target[0] == 2 && target[1] == 2 && target[2] == 2);
    float ones[1001];
    for (int i = 0; i < 1001; i++)
        ones[i] = 1;
    assert_true(vector_norm(1001, ones) == sqrt(1001.0) && vector_norm(0, NULL) == 0);
}

static void count_chunk(void *context, Arena *arena, int begin, int end, int chunk)
{
    int *seen = context;
    assert_int_equal(begin, chunk * 4);
    arena_floats(arena, 1000);
    for (int i = begin; i < end; i++)
        seen[i]++;
}

/* Counts samples and chunks. */
static void add_chunk(void *context, Arena *arena, int begin, int end, int chunk, float *gradient)
{
    (void)context, (void)arena, (void)chunk;
    gradient[0] = (float)(end - begin);
    gradient[1] = 1;
}

static void test_map(void **state)
{
    (void)state;
    Crew *crew = crew_new(2);
    for (int n = 0; n <= 10; n++) {
        int seen[12] = {0};
        crew_map(crew, n, 4, count_chunk, seen);
        for (int i = 0; i < 12; i++)
            assert_int_equal(seen[i], i < n);
        assert_true(crew->arena[0].used == 0 && crew->arena[1].used == 0);
    }
    float gradient[2] = {7, 7};
    crew_map_gradient(crew, 0, 4, 2, gradient, add_chunk, NULL);
    assert_true(gradient[0] == 0 && gradient[1] == 0);
    for (int n = 1; n <= 10; n++) {
        crew_map_gradient(crew, n, 4, 2, gradient, add_chunk, NULL);
        assert_true(gradient[0] == (float)n && gradient[1] == (float)crew_chunks(n, 4));
    }
    crew_free(crew);
}

enum { C = 3, W = C * C, BLOCK = 4 * W };

/* A network of two layers run twice on one tape and added to its own weights: their gradients, set
 * in a block or added to zeros. */
static void twice(bool block, float g[BLOCK])
{
    static const float zero[W], one = 1;
    float w[3 * W];
    Arena arena;
    Tape tape;
    for (int i = 0; i < 3 * W; i++)
        w[i] = (float)(i * i % 11 - 5) / 7;
    arena_init(&arena, 1 << 20);
    tape_begin(&tape, &arena, true);
    if (block)
        tape_block(&tape, g, BLOCK);
    Tensor *h = tape_input(&tape, 1, 1, C, C, w + 2 * W), *last = NULL;
    for (int i = 0; i < 4; i++) {
        int at = i % 2 * W;
        last = tape_leaf(&tape, 1, 1, C, C, w + at, g + at);
        h = op_linear_silu(&tape, h, last, NULL);
    }
    tape_leaf(&tape, 1, 1, C, C, w + 2 * W, g + 2 * W); /* nobody reads it; behind it is none */
    tape_backward(&tape, op_mse(&tape, op_add(&tape, last, h), zero, &one, NULL));
    arena_done(&arena);
}

static void test_block(void **state)
{
    (void)state;
    float want[BLOCK] = {0}, got[BLOCK];
    memset(got, 0xff, sizeof got);
    twice(false, want);
    twice(true, got);
    for (int i = 0; i < BLOCK; i++)
        assert_true(fabsf(got[i] - want[i]) <= 1e-6f && (want[i] == 0) == (i >= 2 * W));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adam),  cmocka_unit_test(test_shared_update),
        cmocka_unit_test(test_ema),   cmocka_unit_test(test_map),
        cmocka_unit_test(test_block),
    };
    return cmocka_run_group_tests_name("optim", tests, NULL, NULL);
}
