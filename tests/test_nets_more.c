/* What a network may give and take besides: a head on its inner features, a further number it is
 * told, weights that another network of other parts begins with. */
#include "engine/base/rng.h"
#include "engine/nets/optim.h"
#include "engine/tensor/op.h"
#include "tests/near.h"
#include <math.h>
#include <string.h>

enum { N = 3 };

static NetSpec points(void)
{
    return (NetSpec){.kind = &net_mlp,
                     .height = 1,
                     .width = 1,
                     .channels = 2,
                     .classes = 2,
                     .hidden = 16,
                     .depth = 2};
}

static NetSpec pictures(void)
{
    return (NetSpec){.kind = &net_patch_unet,
                     .height = 8,
                     .width = 8,
                     .channels = 1,
                     .classes = 3,
                     .hidden = 16,
                     .coarse = 16,
                     .depth = 1,
                     .coarse_depth = 1,
                     .embed = 12};
}

static NetSpec whole(NetSpec spec, int conditioning, int head)
{
    spec.conditioning = conditioning;
    spec.head = head;
    spec.time_scale = spec.time_range = 30;
    assert_int_equal(net_spec_complete(&spec, NULL), STATUS_OK);
    return spec;
}

static float *normals(Arena *arena, size_t n, uint64_t index, float scale)
{
    float *x = arena_floats(arena, n);
    Rng rng = rng_at(5, STREAM_NULL, index);
    rng_normals(&rng, (int)n, x);
    for (size_t i = 0; i < n; i++)
        x[i] *= scale;
    return x;
}

static const float times[N] = {0.2f, 0.5f, 0.9f}, tellings[N] = {0.1f, 0.4f, 0.7f},
                   ones[N] = {1, 1, 1};
static const int classes[N] = {0, 1, -1};

/* The head's logistic loss at z; its gradient in z when gz is given: the network is frozen. */
static double judged(const NetSpec *spec, Arena *arena, const float *weights, const float *z,
                     float *gz)
{
    size_t mark = arena_mark(arena);
    Tape tape;
    NetMore more = {.judge = true, .condition = tellings};
    tape_begin(&tape, arena, true);
    Tensor *in = tape_leaf(&tape, N, spec->height, spec->width, spec->channels, z, gz);
    net_forward_more(spec, &tape, weights, NULL, in, times, classes, &more);
    assert_true(more.logit->n == N && tensor_size(more.logit) == N);
    Tensor *loss = op_logistic(&tape, more.logit, -1, ones, NULL);
    double value = (double)loss->x[0];
    if (gz)
        tape_backward(&tape, loss);
    arena_rewind(arena, mark);
    return value;
}

/* Through the frozen features to the input: along a direction, against central differences. */
static void assert_head(NetSpec spec)
{
    Arena arena;
    arena_init(&arena, (size_t)1 << 28);
    size_t size = net_size(&spec), dims = (size_t)net_dims(&spec) * N;
    float *weights = normals(&arena, size, 1, 0.3f), *z = normals(&arena, dims, 2, 1);
    float *direction = normals(&arena, dims, 3, 1), *gz = arena_new(&arena, float, dims);
    judged(&spec, &arena, weights, z, gz);
    double slope = 0, side[2];
    for (size_t i = 0; i < dims; i++)
        slope += (double)gz[i] * (double)direction[i];
    const float step = 2e-3f;
    for (int k = 0; k < 2; k++) {
        float *moved = arena_floats(&arena, dims);
        for (size_t i = 0; i < dims; i++)
            moved[i] = z[i] + (k ? -step : step) * direction[i];
        side[k] = judged(&spec, &arena, weights, moved, NULL);
    }
    assert_true(fabs(slope) > 1e-3);
    assert_near(slope, (side[0] - side[1]) / (2 * (double)step), 0.01 * fabs(slope) + 1e-3);
    arena_done(&arena);
}

static void test_head(void **state)
{
    (void)state;
    assert_head(whole(points(), 0, 8));
    assert_head(whole(pictures(), 0, 8));
    assert_head(whole(pictures(), 4, 8));
}

static void v_of(const NetSpec *spec, Arena *arena, const float *weights, const float *z,
                 const float *condition, float *v)
{
    size_t mark = arena_mark(arena);
    Tape tape;
    NetMore more = {.condition = condition};
    tape_begin(&tape, arena, false);
    Tensor *in = tape_input(&tape, N, spec->height, spec->width, spec->channels, z);
    memcpy(v, net_forward_more(spec, &tape, weights, NULL, in, times, classes, &more)->x,
           sizeof(float) * (size_t)(net_dims(spec) * N));
    arena_rewind(arena, mark);
}

/* A network that is told a number, and has a head, begins as the one whose weights it adopts,
 * whatever it is told; once its projection is not zero the number matters, to each sample its own.
 */
static void assert_adopts(NetSpec plain, NetSpec more)
{
    Arena arena;
    arena_init(&arena, (size_t)1 << 28);
    size_t dims = (size_t)net_dims(&plain), size = net_size(&more);
    float *weights = normals(&arena, net_size(&plain), 1, 0.3f),
          *z = normals(&arena, dims * N, 2, 1);
    float *own = arena_floats(&arena, size), *before = arena_floats(&arena, size);
    float *v = arena_floats(&arena, dims * N), *w = arena_floats(&arena, dims * N);
    const float other[N] = {0.1f, 0.9f, 0.7f};
    net_init(&more, 3, own);
    net_adopt(&more, own, &plain, weights);
    v_of(&plain, &arena, weights, z, NULL, v);
    v_of(&more, &arena, own, z, tellings, w);
    assert_memory_equal(v, w, sizeof(float) * dims * N);
    net_init(&more, 3, before); /* what it did not find it keeps: the head */
    size_t kept = 0;
    for (size_t i = 0; i < size; i++)
        kept += own[i] == before[i];
    assert_true(kept >= size - net_size(&plain));
    own = normals(&arena, size, 4, 0.3f);
    v_of(&more, &arena, own, z, tellings, v);
    v_of(&more, &arena, own, z, other, w);
    assert_memory_equal(v, w, sizeof(float) * dims);
    assert_true(memcmp(v + dims, w + dims, sizeof(float) * dims));
    assert_memory_equal(v + 2 * dims, w + 2 * dims, sizeof(float) * dims);
    arena_done(&arena);
}

static void test_told_and_adopted(void **state)
{
    (void)state;
    assert_adopts(whole(points(), 0, 0), whole(points(), 8, 4));
    assert_adopts(whole(pictures(), 0, 0), whole(pictures(), 8, 4));
}

/* Also far from 0, where exp would overflow. */
static void test_logistic(void **state)
{
    (void)state;
    Arena owned, *arena = &owned;
    Tape tape;
    arena_init(arena, 1 << 20);
    float x[4] = {0, 200, -200, 1}, weight[4] = {1, 1, 1, 2}, each[4];
    tape_begin(&tape, arena, false);
    Tensor *in = tape_input(&tape, 4, 1, 1, 1, x);
    double want = log(1 + exp(1.0));
    Tensor *loss = op_logistic(&tape, in, 1, weight, each);
    assert_true(fabs((double)each[0] - log(2)) < 1e-6 && each[1] == 200 && each[2] == 0);
    assert_true(fabs((double)each[3] - want) < 1e-6);
    assert_true(fabs((double)loss->x[0] - 200 - log(2) - 2 * want) < 1e-4);
    assert_true(fabs((double)op_logistic(&tape, in, -1, weight, each)->x[0] - 200 - log(2) -
                     2 * (want - 1)) < 1e-4);
    for (int side = 0; side < 2; side++) { /* slope: sign * sigmoid(sign * x) */
        float g[4] = {0}, sign = side ? -1 : 1;
        tape_begin(&tape, arena, true);
        in = tape_leaf(&tape, 4, 1, 1, 1, x, g);
        tape_backward(&tape, op_logistic(&tape, in, sign, weight, NULL));
        for (int i = 0; i < 4; i++)
            assert_near(g[i], weight[i] * sign / (1 + exp(-(double)(sign * x[i]))), 1e-6);
    }
    arena_done(arena);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),
        cmocka_unit_test(test_told_and_adopted),
        cmocka_unit_test(test_logistic),
    };
    return cmocka_run_group_tests_name("nets more", tests, NULL, NULL);
}
