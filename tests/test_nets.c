/* Networks: PyTorch's numbers, what starts where, the same bits for any number of
 * threads. */
#include "engine/base/rng.h"
#include "engine/nets/crew.h"
#include "engine/nets/optim.h"
#include "engine/tensor/op.h"
#include "tests/vectors.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static NetSpec mlp_spec(int classes)
{
    NetSpec spec = {.kind = &net_mlp, .height = 1, .width = 1, .channels = 2, .classes = classes};
    Error error;
    assert_int_equal(net_spec_complete(&spec, &error), STATUS_OK);
    return spec;
}

static NetSpec unet_spec(void)
{
    NetSpec spec = {
        .kind = &net_patch_unet, .height = 28, .width = 28, .channels = 1, .classes = 10};
    Error error;
    assert_int_equal(net_spec_complete(&spec, &error), STATUS_OK);
    return spec;
}

/* Names and places of all parameters. */
typedef struct Listing {
    int n;
    ParamInfo info[256];
} Listing;

static void note(void *context, const ParamInfo *info)
{
    Listing *listing = context;
    assert_true(listing->n < 256);
    listing->info[listing->n++] = *info;
}

static Listing list_of(const NetSpec *spec)
{
    Listing listing = {0};
    net_list(spec, note, &listing);
    return listing;
}

static void test_sizes(void **state)
{
    (void)state;
    NetSpec mlp = mlp_spec(0), unet = unet_spec();
    assert_int_equal(net_size(&mlp), 66 * 256 + 256 + 3 * (256 * 256 + 256) + 256 * 2 + 2);
    /* Counted by PyTorch for the reference of the same shape. */
    Vectors *v = vectors_read("patch_unet.txt");
    assert_int_equal(net_size(&unet), (long)*vectors_get(v, "parameters", 1));
    vectors_free(v);
    assert_true(net_size(&unet) > 520000 && net_size(&unet) < 540000);
    /* 64 samples: 11.6 GFLOP a step. */
    double step = 64 * net_flops(&unet);
    assert_true(step > 11.0e9 && step < 12.4e9);
    assert_true(net_flops(&mlp) == 3.0 * 2.0 * (66 * 256 + 3 * 256 * 256 + 256 * 2));
}

static void test_listing(void **state)
{
    (void)state;
    NetSpec specs[2] = {mlp_spec(3), unet_spec()};
    for (int s = 0; s < 2; s++) {
        Listing all = list_of(&specs[s]);
        size_t used = 0;
        for (int i = 0; i < all.n; i++) {
            size_t size = 1;
            for (int d = 0; d < all.info[i].rank; d++)
                size *= (size_t)all.info[i].shape[d];
            assert_int_equal(all.info[i].offset, used);
            assert_int_equal(all.info[i].size, size);
            used += size;
            for (int j = 0; j < i; j++)
                assert_string_not_equal(all.info[i].name, all.info[j].name);
        }
        assert_int_equal(used, net_size(&specs[s]));
    }
    Listing unet = list_of(&specs[1]);
    assert_string_equal(unet.info[0].name, "time.0.weight");
    assert_string_equal(unet.info[unet.n - 1].name, "out.bias");
}

/* What starts where: zeros at the ends of residual branches, ones in norms, bounded
 * elsewhere, by seed. */
static void test_init(void **state)
{
    (void)state;
    NetSpec spec = unet_spec();
    size_t size = net_size(&spec);
    float *a = malloc(sizeof(float) * size), *b = malloc(sizeof(float) * size);
    net_init(&spec, 1, a);
    net_init(&spec, 1, b);
    assert_memory_equal(a, b, sizeof(float) * size);
    net_init(&spec, 2, b);
    assert_true(memcmp(a, b, sizeof(float) * size) != 0);
    Listing all = list_of(&spec);
    for (int i = 0; i < all.n; i++) {
        const ParamInfo *p = &all.info[i];
        double low = 1e9, high = -1e9;
        for (size_t k = p->offset; k < p->offset + p->size; k++) {
            low = fmin(low, (double)a[k]);
            high = fmax(high, (double)a[k]);
        }
        bool zero = strstr(p->name, "conv2") || strncmp(p->name, "out.", 4) == 0 ||
                    strstr(p->name, ".out.") ||
                    (strstr(p->name, "norm") && strstr(p->name, "bias"));
        if (zero)
            assert_true(low == 0 && high == 0);
        else if (strstr(p->name, "norm"))
            assert_true(low == 1 && high == 1);
        else if (strcmp(p->name, "mid.0.conv1.weight") == 0)
            assert_true(low < -0.03 && low >= -1 / sqrt(864) && high > 0.03 &&
                        high <= 1 / sqrt(864));
        else if (strcmp(p->name, "classes.weight") == 0)
            assert_true(low < -2 && high > 2 && low > -6 && high < 6);
    }
    free(a), free(b);
}

static void test_misfits(void **state)
{
    (void)state;
    Error error;
    NetSpec odd = {.kind = &net_patch_unet, .height = 30, .width = 28, .channels = 1};
    assert_int_equal(net_spec_complete(&odd, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "30 x 28"));
    assert_int_equal(odd.hidden, 0); /* unchanged */
    NetSpec picture = {.kind = &net_mlp, .height = 28, .width = 28, .channels = 1};
    assert_int_equal(net_spec_complete(&picture, &error), STATUS_BAD_INPUT);
    NetSpec narrow = {
        .kind = &net_patch_unet, .height = 8, .width = 8, .channels = 1, .hidden = 20};
    assert_int_equal(net_spec_complete(&narrow, &error), STATUS_BAD_INPUT);
    NetSpec features = {.kind = &net_mlp, .height = 1, .width = 1, .channels = 2, .features = 7};
    assert_int_equal(net_spec_complete(&features, &error), STATUS_BAD_INPUT);
    NetSpec empty = {.kind = &net_mlp, .height = 1, .width = 1};
    assert_int_equal(net_spec_complete(&empty, &error), STATUS_BAD_INPUT);
    NetSpec huge = {.kind = &net_patch_unet, .height = 1 << 16, .width = 1 << 16, .channels = 1};
    assert_int_equal(net_spec_complete(&huge, &error), STATUS_BAD_INPUT);
}

/* The formula weights of nets.py. */
static void fill(const NetSpec *spec, float *weights)
{
    Listing all = list_of(spec);
    for (int k = 0; k < all.n; k++) {
        const ParamInfo *p = &all.info[k];
        bool norm = strstr(p->name, "norm"), bias = strstr(p->name, ".bias");
        double rows = (double)p->size / (double)p->shape[p->rank - 1];
        for (size_t i = 0; i < p->size; i++) {
            double w = (double)vectors_wave((uint32_t)i, (uint32_t)k);
            weights[p->offset + i] = (float)(bias   ? 0.1 * w
                                             : norm ? 1 + 0.1 * w
                                                    : 1.75 * w / sqrt(rows));
        }
    }
}

/* Largest relative error allowed against PyTorch's double-precision numbers. */
#define BOUND 1e-4

static void expect(const char *name, double got, double want, double scale)
{
    if (!(fabs(got - want) <= BOUND * scale))
        fail_msg("%s: got %.9g, want %.9g (scale %g)", name, got, want, scale);
}

/* Norm, product with wave 77 and first values, each relative to the tensor's norm. */
static void expect_summary(const Vectors *v, const char *group, const char *part, size_t n,
                           const float *x)
{
    char name[96];
    snprintf(name, sizeof name, "%s%s", group, part);
    int first = n < 6 ? (int)n : 6;
    const double *want = vectors_get(v, name, 2 + first);
    double product = 0, wave = 0;
    for (size_t i = 0; i < n; i++) {
        double w = (double)vectors_wave((uint32_t)i, 77);
        product += (double)x[i] * w;
        wave += w * w;
    }
    expect(name, vector_norm(n, x), want[0], want[0]);
    expect(name, product, want[1], want[0] * fmin(sqrt(wave), 3));
    for (int i = 0; i < first; i++)
        expect(name, (double)x[i], want[2 + i], want[0] / sqrt((double)n) + fabs(want[2 + i]));
}

static void against_pytorch(const char *file, NetSpec spec, int n, const int *label)
{
    Vectors *v = vectors_read(file);
    Arena arena;
    Tape tape;
    Model model;
    arena_init(&arena, (size_t)1 << 30);
    model_init(&model, &spec, 0, &arena);
    fill(&spec, model.weights);
    int dims = net_dims(&spec);
    size_t size = (size_t)(n * dims);
    float *z = arena_floats(&arena, size), *target = arena_floats(&arena, size);
    float *gz = arena_new(&arena, float, size), *gradient = arena_new(&arena, float, model.size);
    float *u = arena_floats(&arena, n), *weight = arena_floats(&arena, n);
    for (size_t i = 0; i < size; i++) {
        z[i] = vectors_wave((uint32_t)i, 101);
        target[i] = vectors_wave((uint32_t)i, 102);
    }
    for (int i = 0; i < n; i++) {
        u[i] = (float)((i + 0.4) / n);
        weight[i] = (float)(1 / (i + 1.0));
    }
    tape_begin(&tape, &arena, true);
    Tensor *in = tape_leaf(&tape, n, spec.height, spec.width, spec.channels, z, gz);
    Tensor *y = net_forward(&spec, &tape, model.weights, gradient, in, u, label);
    Tensor *loss = op_mse(&tape, y, target, weight, NULL);
    tape_backward(&tape, loss);

    const double *want = vectors_get(v, "output", (int)size);
    double top = 0;
    for (size_t i = 0; i < size; i++)
        top = fmax(top, fabs(want[i]));
    for (size_t i = 0; i < size; i++)
        expect("output", (double)y->x[i], want[i], top);
    double loss_want = *vectors_get(v, "loss", 1);
    expect("loss", (double)loss->x[0], loss_want, loss_want);
    expect_summary(v, "input", "", size, gz);
    Listing all = list_of(&spec);
    for (int i = 0; i < all.n; i++)
        expect_summary(v, "gradient.", all.info[i].name, all.info[i].size,
                       gradient + all.info[i].offset);

    AdamSettings adam = {.lr = 1e-3,
                         .beta1 = 0.9,
                         .beta2 = 0.99,
                         .epsilon = 1e-4,
                         .weight_decay = 0.05,
                         .clip = 0.5,
                         .ema = 0.999};
    double norm = model_update(&model, gradient, &adam), norm_want = *vectors_get(v, "norm", 1);
    expect("norm", norm, norm_want, norm_want);
    for (int i = 0; i < all.n; i++)
        expect_summary(v, "stepped.", all.info[i].name, all.info[i].size,
                       model.weights + all.info[i].offset);
    arena_done(&arena);
    vectors_free(v);
}

static void test_mlp_pytorch(void **state)
{
    (void)state;
    against_pytorch("mlp.txt", mlp_spec(3), 5, (int[]){0, -1, 2, 1, 2});
}

static void test_unet_pytorch(void **state)
{
    (void)state;
    against_pytorch("patch_unet.txt", unet_spec(), 2, (int[]){3, 10});
}

/* Three channels, side by side in a pixel, higher than wide. */
static void test_unet_in_colour_pytorch(void **state)
{
    (void)state;
    NetSpec spec = {
        .kind = &net_patch_unet, .height = 16, .width = 12, .channels = 3, .classes = 10};
    assert_int_equal(net_spec_complete(&spec, NULL), STATUS_OK);
    against_pytorch("patch_unet_colour.txt", spec, 2, (int[]){3, 10});
}

/* No label, label -1 and label `classes` all mean none. */
static void test_no_label(void **state)
{
    (void)state;
    NetSpec specs[2] = {mlp_spec(3), unet_spec()};
    for (int s = 0; s < 2; s++) {
        Arena arena;
        arena_init(&arena, (size_t)1 << 28);
        size_t size = net_size(&specs[s]), dims = (size_t)net_dims(&specs[s]);
        float *w = arena_floats(&arena, size), *z = arena_new(&arena, float, dims), u = 0.5f;
        fill(&specs[s], w);
        const int labels[2] = {-1, specs[s].classes};
        float *first = NULL;
        for (int k = 0; k < 3; k++) {
            Tape tape;
            tape_begin(&tape, &arena, false);
            Tensor *in =
                tape_input(&tape, 1, specs[s].height, specs[s].width, specs[s].channels, z);
            Tensor *y = net_forward(&specs[s], &tape, w, NULL, in, &u, k < 2 ? &labels[k] : NULL);
            first = first ? first : y->x;
            assert_memory_equal(first, y->x, sizeof(float) * dims);
        }
        arena_done(&arena);
    }
}

typedef struct Training {
    Model *model;
    const float *z, *target, *weight, *u;
    const int *label;
    float *each;
} Training;

static void train_chunk(void *context, Arena *arena, int begin, int end, int chunk, float *gradient)
{
    (void)chunk;
    const Training *t = context;
    const NetSpec *spec = &t->model->spec;
    size_t at = (size_t)begin * (size_t)net_dims(spec);
    Tape tape;
    tape_begin(&tape, arena, true);
    tape_block(&tape, gradient, t->model->size);
    Tensor *in =
        tape_input(&tape, end - begin, spec->height, spec->width, spec->channels, t->z + at);
    Tensor *y =
        net_forward(spec, &tape, t->model->weights, gradient, in, t->u + begin, t->label + begin);
    tape_backward(&tape, op_mse(&tape, y, t->target + at, t->weight + begin, t->each + begin));
}

/* Three steps on one fixed batch; leaves weights in `out` and gives back the last mean
 * loss. */
static double train(NetSpec spec, int threads, int n, int steps, float *out)
{
    Arena arena;
    Model model;
    Crew *crew = crew_new(threads);
    arena_init(&arena, (size_t)1 << 28);
    model_init(&model, &spec, 5, &arena);
    size_t size = (size_t)n * (size_t)net_dims(&spec);
    float *z = arena_floats(&arena, size), *target = arena_floats(&arena, size);
    float *u = arena_floats(&arena, n), *weight = arena_floats(&arena, n);
    float *each = arena_floats(&arena, n), *gradient = arena_floats(&arena, model.size);
    int *label = arena_new(&arena, int, n);
    for (int i = 0; i < n; i++) {
        u[i] = (float)((i + 0.5) / n);
        weight[i] = (float)(1.0 / n);
        label[i] = i % (spec.classes + 2) - 1;
    }
    for (size_t i = 0; i < size; i++) {
        z[i] = vectors_wave((uint32_t)i, 1);
        target[i] = 0.5f * z[i] + 0.1f;
    }
    Training t = {&model, z, target, weight, u, label, each};
    AdamSettings adam = {.lr = 2e-3, .beta1 = 0.9, .beta2 = 0.999, .clip = 1, .ema = 0.99};
    double loss = 0;
    for (int step = 0; step < steps; step++) {
        crew_map_gradient(crew, n, spec.chunk, model.size, gradient, train_chunk, &t);
        assert_true(isfinite(model_update(&model, gradient, &adam)));
    }
    for (int i = 0; i < n; i++)
        loss += (double)each[i] / n;
    memcpy(out, model.weights, sizeof(float) * model.size);
    arena_done(&arena);
    crew_free(crew);
    return loss;
}

static void test_same_bits(void **state)
{
    (void)state;
    NetSpec specs[2] = {mlp_spec(3), unet_spec()};
    const int batch[2] = {300, 37};
    for (int s = 0; s < 2; s++) {
        size_t size = net_size(&specs[s]);
        float *one = malloc(sizeof(float) * size), *more = malloc(sizeof(float) * size);
        double first = train(specs[s], 1, batch[s], 1, one);
        double loss = train(specs[s], 1, batch[s], 4, one);
        assert_true(loss < first); /* and it learns */
        for (int threads = 2; threads <= 3; threads++) {
            assert_true(train(specs[s], threads, batch[s], 4, more) == loss);
            assert_memory_equal(one, more, sizeof(float) * size);
        }
        free(one), free(more);
    }
}

/* A frozen network passes gradients to its input and keeps none for its weights. */
static void test_frozen(void **state)
{
    (void)state;
    NetSpec spec = unet_spec();
    Arena arena;
    arena_init(&arena, (size_t)1 << 28);
    size_t size = net_size(&spec), dims = (size_t)net_dims(&spec);
    float *w = arena_floats(&arena, size), *gw = arena_new(&arena, float, size);
    float *z = arena_new(&arena, float, dims), one = 1, u = 0.3f;
    float *gz[2] = {arena_new(&arena, float, dims), arena_new(&arena, float, dims)};
    int label = 4;
    fill(&spec, w);
    for (int k = 0; k < 2; k++) {
        Tape tape;
        tape_begin(&tape, &arena, true);
        Tensor *in = tape_leaf(&tape, 1, 28, 28, 1, z, gz[k]);
        Tensor *y = net_forward(&spec, &tape, w, k ? NULL : gw, in, &u, &label);
        tape_backward(&tape, op_mse(&tape, y, z, &one, NULL));
    }
    assert_true(vector_norm(dims, gz[0]) > 0);
    assert_memory_equal(gz[0], gz[1], sizeof(float) * dims);
    /* Neither input nor weights want one: nothing is recorded. */
    Tape tape;
    tape_begin(&tape, &arena, true);
    Tensor *y = net_forward(&spec, &tape, w, NULL, tape_input(&tape, 1, 28, 28, 1, z), &u, &label);
    assert_null(y->g);
    assert_null(tape.last);
    arena_done(&arena);
}

static void test_other_shapes(void **state)
{
    (void)state;
    /* clang-format off */
    static const int shapes[][3] = {
        {4,  4,  3},
        {8,  12, 1},
        {32, 32, 3}
    };
    /* clang-format on */
    for (int s = 0; s < 3; s++) {
        NetSpec spec = {.kind = &net_patch_unet,
                        .height = shapes[s][0],
                        .width = shapes[s][1],
                        .channels = shapes[s][2],
                        .hidden = 16,
                        .coarse = 24,
                        .depth = 2,
                        .coarse_depth = 1,
                        .embed = 20};
        assert_int_equal(net_spec_complete(&spec, NULL), STATUS_OK);
        size_t size = net_size(&spec);
        float *w = malloc(sizeof(float) * size);
        assert_true(train(spec, 2, 5, 2, w) > 0);
        free(w);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_listing),
        cmocka_unit_test(test_init),
        cmocka_unit_test(test_misfits),
        cmocka_unit_test(test_mlp_pytorch),
        cmocka_unit_test(test_unet_pytorch),
        cmocka_unit_test(test_unet_in_colour_pytorch),
        cmocka_unit_test(test_no_label),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_other_shapes),
    };
    return cmocka_run_group_tests_name("nets", tests, NULL, NULL);
}
