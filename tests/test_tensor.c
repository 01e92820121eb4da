/* Ops and tape. Every op: directional derivatives by central differences against its
 * backward pass, from a table of shapes; gradients asked of some inputs only are the same
 * numbers; zero samples; and closed forms where exact. */
#include "engine/base/rng.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { INPUTS = 6, BATCH = 8 };

/* Constants that ops under test borrow: labels in 0..2, positive weights, targets. */
static const int labels[BATCH] = {2, 0, 1, 2, 2, 0, 1, 0};
static const float weights[BATCH] = {0.5f, 1, 0.25f, 2, 1, 1, 0.5f, 3};
static float constants[8192];

typedef Tensor *Build(Tape *tape, Tensor **in);

static Tensor *build_linear(Tape *t, Tensor **in) { return op_linear(t, in[0], in[1], in[2]); }
static Tensor *build_linear_silu(Tape *t, Tensor **in)
{
    return op_linear_silu(t, in[0], in[1], in[2]);
}
static Tensor *build_linear_plain(Tape *t, Tensor **in) { return op_linear(t, in[0], in[1], NULL); }
static Tensor *build_conv(Tape *t, Tensor **in) { return op_conv3x3(t, in[0], in[1], in[2]); }
static Tensor *build_conv_plain(Tape *t, Tensor **in) { return op_conv3x3(t, in[0], in[1], NULL); }
/* x, more, W, bias, gamma, beta */
static Tensor *build_norm_conv(Tape *t, Tensor **in)
{
    return op_norm_conv3x3(t, in[0], &(NormConv){4, in[4], in[5], in[2], in[3], in[1]});
}
/* x, W, gamma, beta; x is added to what is made of it. */
static Tensor *build_residual(Tape *t, Tensor **in)
{
    return op_norm_conv3x3(t, in[0], &(NormConv){4, in[2], in[3], in[1], NULL, in[0]});
}
static Tensor *build_silu(Tape *t, Tensor **in) { return op_silu(t, in[0]); }
static Tensor *build_gelu(Tape *t, Tensor **in) { return op_gelu(t, in[0]); }
static Tensor *build_add(Tape *t, Tensor **in) { return op_add(t, in[0], in[1]); }
static Tensor *build_double(Tape *t, Tensor **in)
{
    return op_add(t, in[0], op_silu(t, in[0])); /* one tensor used twice */
}
static Tensor *build_norm(Tape *t, Tensor **in) { return op_group_norm(t, in[0], in[1], in[2], 4); }
static Tensor *build_norm_silu(Tape *t, Tensor **in)
{
    return op_group_norm_silu(t, in[0], in[1], in[2], 4);
}
static Tensor *build_attention(Tape *t, Tensor **in) { return op_attention(t, in[0], 2); }
static Tensor *build_concat(Tape *t, Tensor **in) { return op_concat(t, in[0], in[1]); }
static Tensor *build_down(Tape *t, Tensor **in) { return op_space_to_depth(t, in[0]); }
static Tensor *build_up(Tape *t, Tensor **in) { return op_depth_to_space(t, in[0]); }
static Tensor *build_embed(Tape *t, Tensor **in) { return op_embed(t, in[0], labels, BATCH); }
static Tensor *build_affine(Tape *t, Tensor **in)
{
    return op_affine(t, in[0], weights, constants);
}
static Tensor *build_mse(Tape *t, Tensor **in)
{
    return op_mse(t, in[0], constants, weights, NULL);
}
static Tensor *build_pseudo_huber(Tape *t, Tensor **in)
{
    return op_pseudo_huber(t, in[0], constants, weights, 0.3f, NULL);
}
static Tensor *build_huber(Tape *t, Tensor **in)
{
    return op_huber(t, in[0], constants, weights, 0.3f, NULL);
}
static Tensor *build_mean_pixels(Tape *t, Tensor **in) { return op_mean_pixels(t, in[0]); }
static Tensor *build_cross_entropy(Tape *t, Tensor **in)
{
    return op_cross_entropy(t, in[0], labels, weights, NULL);
}

typedef struct OpCase {
    const char *name;
    Build *build;
    int shape[INPUTS][4]; /* zeros: no such input */
    bool batch_free;      /* the first input has no batch axis */
} OpCase;

/* clang-format off */
static const OpCase cases[] = {
    {"linear",              build_linear,       {{5, 1, 1, 7}, {1, 1, 7, 6}, {1, 1, 1, 6}},     false},
    {"linear at pixels",
     build_linear,                              {{2, 3, 4, 16}, {1, 1, 16, 32}, {1, 1, 1, 32}},
     false                                                                                           },
    {"linear without bias", build_linear_plain, {{3, 1, 1, 4}, {1, 1, 4, 5}},                   false},
    {"linear silu",         build_linear_silu,  {{5, 1, 1, 7}, {1, 1, 7, 6}, {1, 1, 1, 6}},     false},
    {"conv3x3",             build_conv,         {{2, 5, 3, 4}, {3, 3, 4, 6}, {1, 1, 1, 6}},     false},
    {"conv3x3 wide",        build_conv,         {{2, 6, 7, 16}, {3, 3, 16, 16}, {1, 1, 1, 16}}, false},
    {"conv3x3 even",        build_conv_plain,   {{1, 8, 8, 32}, {3, 3, 32, 16}},                false},
    {"silu",                build_silu,         {{3, 2, 2, 5}},                                 false},
    {"gelu",                build_gelu,         {{3, 2, 2, 5}},                                 false},
    {"add",                 build_add,          {{2, 3, 2, 5}, {2, 3, 2, 5}},                   false},
    {"x + silu x",          build_double,       {{2, 3, 2, 5}},                                 false},
    {"norm conv3x3 + rows",
     build_norm_conv,
     {{2, 5, 3, 4}, {2, 1, 1, 6}, {3, 3, 4, 6}, {1, 1, 1, 6}, {1, 1, 1, 4}, {1, 1, 1, 4}},
     false                                                                                           },
    {"norm conv3x3 + picture",
     build_norm_conv,
     {{2, 3, 5, 8}, {2, 3, 5, 4}, {3, 3, 8, 4}, {1, 1, 1, 4}, {1, 1, 1, 8}, {1, 1, 1, 8}},
     false                                                                                           },
    {"norm conv3x3 + rows, wide",
     build_norm_conv,
     {{2, 6, 7, 16}, {2, 1, 1, 32}, {3, 3, 16, 32}, {1, 1, 1, 32}, {1, 1, 1, 16}, {1, 1, 1, 16}},
     false                                                                                           },
    {"norm conv3x3 + picture, wide",
     build_norm_conv,
     {{2, 6, 5, 32}, {2, 6, 5, 16}, {3, 3, 32, 16}, {1, 1, 1, 16}, {1, 1, 1, 32}, {1, 1, 1, 32}},
     false                                                                                           },
    {"residual",
     build_residual,
     {{2, 8, 4, 16}, {3, 3, 16, 16}, {1, 1, 1, 16}, {1, 1, 1, 16}},
     false                                                                                           },
    {"group norm",          build_norm,         {{2, 3, 4, 8}, {1, 1, 1, 8}, {1, 1, 1, 8}},     false},
    {"group norm, odd",     build_norm,         {{1, 5, 5, 20}, {1, 1, 1, 20}, {1, 1, 1, 20}},  false},
    {"group norm silu",
     build_norm_silu,                           {{2, 4, 4, 32}, {1, 1, 1, 32}, {1, 1, 1, 32}},
     false                                                                                           },
    {"attention",           build_attention,    {{2, 3, 3, 24}},                                false},
    {"concat",              build_concat,       {{2, 2, 3, 4}, {2, 2, 3, 5}},                   false},
    {"space to depth",      build_down,         {{2, 4, 6, 3}},                                 false},
    {"depth to space",      build_up,           {{2, 2, 3, 12}},                                false},
    {"embed",               build_embed,        {{1, 1, 3, 6}},                                 true },
    {"affine",              build_affine,       {{4, 2, 3, 5}},                                 false},
    {"mse",                 build_mse,          {{4, 2, 3, 5}},                                 false},
    {"pseudo-Huber",        build_pseudo_huber, {{4, 2, 3, 5}},                                 false},
    {"Huber",               build_huber,        {{4, 2, 3, 5}},                                 false},
    {"mean of pixels",      build_mean_pixels,  {{4, 2, 3, 5}},                                 false},
    {"cross entropy",       build_cross_entropy, {{6, 1, 1, 4}},                                false},
};
/* clang-format on */
enum { CASES = sizeof cases / sizeof *cases };

/* A test's own op: the scalar sum of y times fixed random numbers, the projection that
 * derivatives are taken of. */
static void project_backward(TapeNode *node, Arena *scratch)
{
    (void)scratch;
    const float *direction = node->saved;
    for (size_t i = 0; i < tensor_size(node->in[0]); i++)
        node->in[0]->g[i] += node->out->g[0] * direction[i];
}

static float *normals(Arena *arena, size_t n, uint64_t index)
{
    float *x = arena_floats(arena, n);
    Rng rng = rng_at(3, STREAM_NULL, index);
    rng_normals(&rng, (int)n, x);
    return x;
}

static Tensor *project(Tape *tape, Tensor *y, double *value)
{
    float *direction = normals(tape->arena, tensor_size(y), 99);
    Tensor *loss = tape_tensor(tape, 1, 1, 1, 1, y->g);
    *value = 0;
    for (size_t i = 0; i < tensor_size(y); i++)
        *value += (double)y->x[i] * (double)direction[i];
    loss->x[0] = (float)*value;
    tape_node(tape, project_backward, loss, direction, y, NULL, NULL, NULL);
    return loss;
}

/* The case's inputs: random values kept at fixed places of `arena`; gradients where
 * `wanted` has the input's bit. */
typedef struct Inputs {
    int n;
    size_t size[INPUTS];
    float *x[INPUTS], *g[INPUTS];
} Inputs;

static Inputs inputs_of(const OpCase *op, Arena *arena)
{
    Inputs in = {0};
    for (; in.n < INPUTS && op->shape[in.n][3] > 0; in.n++) {
        const int *s = op->shape[in.n];
        in.size[in.n] = (size_t)s[0] * (size_t)s[1] * (size_t)s[2] * (size_t)s[3];
        in.x[in.n] = normals(arena, in.size[in.n], (uint64_t)in.n);
        in.g[in.n] = arena_new(arena, float, in.size[in.n]);
    }
    return in;
}

/* Forward; backward too when any gradient is wanted. Gives back the projection. `inner`:
 * inputs are another op's outputs, their gradients at first memory full of NaN. */
static double run_as(const OpCase *op, const Inputs *in, Arena *arena, unsigned wanted, bool inner)
{
    static const float ones[] = {1, 1, 1, 1, 1, 1, 1, 1};
    Tape tape;
    double value;
    size_t mark = arena_mark(arena);
    if (inner)
        memset(arena_floats(arena, 1 << 18), 0xff, sizeof(float) << 18);
    arena_rewind(arena, mark);
    tape_begin(&tape, arena, wanted != 0);
    Tensor *leaf[INPUTS] = {NULL};
    for (int k = 0; k < in->n; k++) {
        const int *s = op->shape[k];
        bool wants = wanted >> k & 1;
        if (wanted)
            memset(in->g[k], 0, sizeof(float) * in->size[k]);
        leaf[k] = tape_leaf(&tape, s[0], s[1], s[2], s[3], in->x[k], wants ? in->g[k] : NULL);
        leaf[k] = inner ? op_affine(&tape, leaf[k], ones, NULL) : leaf[k];
    }
    Tensor *loss = project(&tape, op->build(&tape, leaf), &value);
    if (wanted)
        tape_backward(&tape, loss);
    arena_rewind(arena, mark);
    return value;
}

static double run(const OpCase *op, const Inputs *in, Arena *arena, unsigned wanted)
{
    return run_as(op, in, arena, wanted, false);
}

/* (L(x + h d) - L(x - h d)) / 2h for input k. */
static double difference(const OpCase *op, const Inputs *in, Arena *arena, int k, const float *d,
                         double h)
{
    double value[2];
    float *x = arena_floats(arena, in->size[k]);
    memcpy(x, in->x[k], sizeof(float) * in->size[k]);
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < in->size[k]; i++)
            in->x[k][i] = x[i] + (float)(side ? -h : h) * d[i];
        value[side] = run(op, in, arena, 0);
    }
    memcpy(in->x[k], x, sizeof(float) * in->size[k]);
    return (value[0] - value[1]) / (2 * h);
}

/* Richardson's combination of steps h and 2h leaves an error of order h^4; what remains
 * is rounding of float values. */
static void check_derivatives(const OpCase *op, Arena *arena)
{
    Inputs in = inputs_of(op, arena);
    const double h = 0.01;
    run(op, &in, arena, ~0u);
    for (int k = 0; k < in.n; k++)
        for (uint64_t trial = 0; trial < 3; trial++) {
            const float *g = in.g[k];
            float *d = normals(arena, in.size[k], 20 + trial);
            double got = 0, scale = 0;
            for (size_t i = 0; i < in.size[k]; i++) {
                got += (double)g[i] * (double)d[i];
                scale += pow((double)g[i] * (double)d[i], 2);
            }
            double want = (4 * difference(op, &in, arena, k, d, h) -
                           difference(op, &in, arena, k, d, 2 * h)) /
                          3;
            if (!(fabs(got - want) <= 5e-4 * (sqrt(scale) + fabs(want)) + 1e-4))
                fail_msg("%s, input %d: gradient gives %.8g, differences %.8g", op->name, k, got,
                         want);
        }
}

static void test_derivatives(void **state)
{
    Arena *arena = *state;
    for (int i = 0; i < CASES; i++) {
        check_derivatives(&cases[i], arena);
        arena_rewind(arena, 0);
    }
}

/* What one input's gradient is does not depend on who else wants one, nor on whether it
 * is added to a leaf's zeros or set inside; who does not want one gets none. */
static void test_partial_gradients(void **state)
{
    Arena *arena = *state;
    for (int i = 0; i < CASES; i++) {
        Inputs in = inputs_of(&cases[i], arena);
        run(&cases[i], &in, arena, ~0u);
        float *full[INPUTS];
        for (int k = 0; k < in.n; k++) {
            full[k] = arena_floats(arena, in.size[k]);
            memcpy(full[k], in.g[k], sizeof(float) * in.size[k]);
        }
        unsigned all = (1u << in.n) - 1;
        for (unsigned trial = 0; trial < 2 * all; trial++) {
            unsigned wanted = 1 + trial / 2;
            run_as(&cases[i], &in, arena, wanted, trial % 2);
            for (int k = 0; k < in.n; k++)
                for (size_t j = 0; j < in.size[k]; j++)
                    assert_true(in.g[k][j] == (wanted >> k & 1 ? full[k][j] : 0));
        }
        arena_rewind(arena, 0);
    }
}

/* Zero samples: shapes are followed, no value is read, weights are absent. */
static void test_zero_samples(void **state)
{
    Arena *arena = *state;
    for (int i = 0; i < CASES; i++) {
        Tape tape;
        tape_begin(&tape, arena, false);
        Tensor *leaf[INPUTS] = {NULL};
        bool pairs = cases[i].build == build_add || cases[i].build == build_norm_conv ||
                     cases[i].build == build_concat;
        for (int k = 0; k < INPUTS && cases[i].shape[k][3] > 0; k++) {
            const int *s = cases[i].shape[k];
            bool batch = k == 0 ? !cases[i].batch_free : pairs && k == 1;
            leaf[k] = tape_input(&tape, batch ? 0 : s[0], s[1], s[2], s[3], NULL);
        }
        Tensor *y =
            cases[i].batch_free ? op_embed(&tape, leaf[0], NULL, 0) : cases[i].build(&tape, leaf);
        assert_true(y->n == 0 || (tensor_size(y) == 1 && y->x[0] == 0));
        assert_true(y->h > 0 && y->w > 0 && y->c > 0);
        assert_null(tape.last);
        arena_rewind(arena, 0);
    }
}

static void test_detach(void **state)
{
    Arena *arena = *state;
    Tape tape;
    float x[2] = {1, 2}, g[2] = {0, 0};
    tape_begin(&tape, arena, true);
    Tensor *leaf = tape_leaf(&tape, 1, 1, 1, 2, x, g);
    Tensor *stopped = tape_detach(&tape, op_silu(&tape, leaf));
    assert_null(stopped->g);
    double value;
    tape_backward(&tape, project(&tape, op_add(&tape, leaf, stopped), &value));
    float *direction = normals(arena, 2, 99);
    assert_true(g[0] == direction[0] && g[1] == direction[1]); /* through the plain path only */
}

/* Without recording nothing has a gradient and nothing is kept but values. */
static void test_no_record(void **state)
{
    Arena *arena = *state;
    Tape tape;
    float x[2] = {1, 2}, g[2] = {0, 0};
    tape_begin(&tape, arena, false);
    Tensor *leaf = tape_leaf(&tape, 1, 1, 1, 2, x, g);
    Tensor *y = op_silu(&tape, op_silu(&tape, leaf));
    assert_true(!leaf->g && !y->g && !tape.last);
}

/* Backward uses scratch above the tape and gives it back. */
static void test_scratch(void **state)
{
    Arena *arena = *state;
    Tape tape;
    double value;
    tape_begin(&tape, arena, true);
    float *x = normals(arena, 8 * 8 * 16, 1), *w = normals(arena, 9 * 16 * 16, 2);
    Tensor *in = tape_leaf(&tape, 1, 8, 8, 16, x, arena_new(arena, float, 8 * 8 * 16));
    Tensor *weight = tape_leaf(&tape, 3, 3, 16, 16, w, arena_new(arena, float, 9 * 16 * 16));
    Tensor *loss = project(&tape, op_conv3x3(&tape, in, weight, NULL), &value);
    size_t mark = arena_mark(arena);
    tape_backward(&tape, loss);
    assert_true(arena_mark(arena) == mark);
}

static void test_straight_through(void **state)
{
    Arena *arena = *state;
    Tape tape;
    double value;
    float x[4] = {-3, 0.5f, 3, NAN}, other[4] = {9, 8, 7, 6}, g[4] = {0};
    tape_begin(&tape, arena, true);
    Tensor *leaf = tape_leaf(&tape, 1, 1, 1, 4, x, g);
    Tensor *clipped = op_clip_straight(&tape, leaf, -1, 2);
    assert_true(clipped->x[0] == -1 && clipped->x[1] == 0.5f && clipped->x[2] == 2);
    assert_true(isnan(clipped->x[3]));
    Tensor *replaced = op_replace_straight(&tape, clipped, other);
    assert_memory_equal(replaced->x, other, sizeof other);
    tape_backward(&tape, project(&tape, replaced, &value));
    assert_memory_equal(g, normals(arena, 4, 99), sizeof g);
}

static void test_affine(void **state)
{
    Arena *arena = *state;
    Tape tape;
    float x[4] = {1, 2, 3, 4}, scale[2] = {2, -1}, shift[4] = {10, 20, 30, 40};
    tape_begin(&tape, arena, false);
    Tensor *in = tape_input(&tape, 2, 1, 1, 2, x);
    const float with[4] = {12, 24, 27, 36}, without[4] = {2, 4, -3, -4};
    assert_memory_equal(op_affine(&tape, in, scale, shift)->x, with, sizeof with);
    assert_memory_equal(op_affine(&tape, in, scale, NULL)->x, without, sizeof without);
}

/* Values of the three losses by hand. */
static void test_losses(void **state)
{
    Arena *arena = *state;
    Tape tape;
    float x[4] = {3, 4, 0, 0}, target[4] = {0, 0, 0, 0}, weight[2] = {2, 5}, each[2];
    tape_begin(&tape, arena, false);
    Tensor *in = tape_input(&tape, 2, 1, 1, 2, x);
    assert_true(op_mse(&tape, in, target, weight, each)->x[0] == 25.0f);
    assert_true(each[0] == 12.5f && each[1] == 0.0f);
    double want = sqrt(12.5 + 0.25) - 0.5;
    Tensor *loss = op_pseudo_huber(&tape, in, target, weight, 0.5f, each);
    assert_true(fabs((double)each[0] - want) < 1e-6 && each[1] == 0.0f);
    assert_true(fabs((double)loss->x[0] - 2 * want) < 1e-6);
    want = (sqrt(9.25) + sqrt(16.25)) / 2 - 0.5;
    loss = op_huber(&tape, in, target, weight, 0.5f, each);
    assert_true(fabs((double)each[0] - want) < 1e-6 && each[1] == 0.0f);
    assert_true(fabs((double)loss->x[0] - 2 * want) < 1e-6);
}

static void test_time_features(void **state)
{
    Arena *arena = *state;
    Tape tape;
    float time[3] = {0, 0.3f, 1};
    tape_begin(&tape, arena, true);
    Tensor *y = op_time_features(&tape, time, 3, 64, 1000, 10000);
    assert_true(y->n == 3 && y->c == 64 && !y->g);
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 32; k++) {
            double angle = (double)time[i] * 1000 * exp(-log(10000) * k / 32);
            assert_true(fabs((double)y->x[i * 64 + k] - sin(angle)) < 1e-6);
            assert_true(fabs((double)y->x[i * 64 + 32 + k] - cos(angle)) < 1e-6);
        }
}

/* A NaN in the input of any op that looks at all its values reaches the output. */
static void test_nan(void **state)
{
    Arena *arena = *state;
    for (int i = 0; i < CASES; i++) {
        Inputs in = inputs_of(&cases[i], arena);
        in.x[0][in.size[0] - 1] = NAN;
        assert_true(isnan(run(&cases[i], &in, arena, 0)));
        arena_rewind(arena, 0);
    }
}

static int fresh(void **state)
{
    Arena *arena = *state;
    arena_rewind(arena, 0);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_derivatives, fresh),
        cmocka_unit_test_setup(test_partial_gradients, fresh),
        cmocka_unit_test_setup(test_zero_samples, fresh),
        cmocka_unit_test_setup(test_detach, fresh),
        cmocka_unit_test_setup(test_no_record, fresh),
        cmocka_unit_test_setup(test_scratch, fresh),
        cmocka_unit_test_setup(test_straight_through, fresh),
        cmocka_unit_test_setup(test_affine, fresh),
        cmocka_unit_test_setup(test_losses, fresh),
        cmocka_unit_test_setup(test_time_features, fresh),
        cmocka_unit_test_setup(test_nan, fresh),
    };
    Arena arena;
    arena_init(&arena, (size_t)1 << 28);
    kernel_init();
    Rng rng = rng_at(3, STREAM_NULL, 50);
    rng_normals(&rng, sizeof constants / sizeof *constants, constants);
    struct CMUnitTest with_arena[sizeof tests / sizeof *tests];
    memcpy(with_arena, tests, sizeof tests);
    for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
        with_arena[i].initial_state = &arena;
    int failed = cmocka_run_group_tests_name("tensor", with_arena, NULL, NULL);
    arena_done(&arena);
    return failed;
}
