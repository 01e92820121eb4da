/* Times whole training steps of the two reference networks and the three directions of
 * their convolutions: bench_steps [THREADS] [SECONDS] [image|colour|mlp|conv] prints one line
 * each: median and best milliseconds by the clock and of CPU, GFLOP/s counted as direct
 * convolutions. `ways` compares the ways to convolve over more shapes. Not part of the
 * tests. */
#include "engine/base/clock.h"
#include "engine/base/rng.h"
#include "engine/nets/crew.h"
#include "engine/nets/optim.h"
#include "engine/tensor/kernels.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Training {
    Model model;
    Crew *crew;
    int n;
    long step;
    float *gradient;
} Training;

/* A chunk of a v-prediction step on normal data: the cosine path between a sample and
 * noise. */
static void train_chunk(void *context, Arena *arena, int begin, int end, int chunk, float *gradient)
{
    (void)chunk;
    const Training *t = context;
    const NetSpec *spec = &t->model.spec;
    int n = end - begin, dims = net_dims(spec);
    size_t size = (size_t)n * (size_t)dims;
    float *z = arena_floats(arena, size), *v = arena_floats(arena, size);
    float *u = arena_floats(arena, n), *weight = arena_floats(arena, n);
    int *label = arena_new(arena, int, n);
    for (int i = 0; i < n; i++) {
        Rng rng = rng_at(1, STREAM_BATCH, (uint64_t)(t->step * t->n + begin + i));
        u[i] = (float)rng_uniform(&rng);
        weight[i] = 1.0f / (float)t->n;
        label[i] = (int)rng_below(&rng, 10);
        float alpha = cosf(u[i] * 1.5707963f), sigma = sinf(u[i] * 1.5707963f);
        float *zi = z + (size_t)i * (size_t)dims, *vi = v + (size_t)i * (size_t)dims;
        rng_normals(&rng, dims, zi);
        rng_normals(&rng, dims, vi);
        for (int k = 0; k < dims; k++) {
            float x = zi[k], noise = vi[k];
            zi[k] = alpha * x + sigma * noise;
            vi[k] = alpha * noise - sigma * x;
        }
    }
    Tape tape;
    tape_begin(&tape, arena, true);
    tape_block(&tape, gradient, t->model.size);
    Tensor *in = tape_input(&tape, n, spec->height, spec->width, spec->channels, z);
    Tensor *y = net_forward(spec, &tape, t->model.weights, gradient, in, u, label);
    tape_backward(&tape, op_mse(&tape, y, v, weight, NULL));
}

static void train_step(void *context)
{
    Training *t = context;
    AdamSettings adam = {.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999, .clip = 1, .ema = 0.999};
    crew_map_gradient(t->crew, t->n, t->model.spec.chunk, t->model.size, t->gradient, train_chunk,
                      t);
    model_update_by(t->crew, &t->model, t->gradient, &adam);
    t->step++;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const char *name, double seconds, double flops, void (*work)(void *),
                    void *context)
{
    enum { MOST = 20000 };
    static double times[MOST], cpu[MOST];
    int n = 0;
    for (int i = 0; i < 3; i++)
        work(context);
    for (double end = clock_s() + seconds; n < MOST && (n < 5 || clock_s() < end); n++) {
        double start = clock_s(), cpu_start = clock_cpu_s();
        work(context);
        times[n] = clock_s() - start;
        cpu[n] = clock_cpu_s() - cpu_start;
    }
    qsort(times, (size_t)n, sizeof *times, by_value);
    qsort(cpu, (size_t)n, sizeof *cpu, by_value);
    printf("%-28s %9.3f ms (best %9.3f), CPU %9.3f ms (best %9.3f), %7.1f GFLOP/s of CPU\n", name,
           times[n / 2] * 1e3, times[0] * 1e3, cpu[n / 2] * 1e3, cpu[0] * 1e3,
           flops / cpu[n / 2] * 1e-9);
    fflush(stdout);
}

static void bench_training(const char *name, NetSpec spec, int n, int threads, double seconds)
{
    Arena arena;
    arena_init(&arena, (size_t)1 << 30);
    Training t = {.crew = crew_new(threads), .n = n};
    if (net_spec_complete(&spec, NULL) != STATUS_OK)
        abort();
    model_init(&t.model, &spec, 1, &arena);
    t.gradient = arena_floats(&arena, t.model.size);
    measure(name, seconds, net_flops(&spec) * n, train_step, &t);
    printf("%-28s %9.1f MiB a worker\n", name, (double)t.crew->arena[0].peak / 1048576.0);
    crew_free(t.crew);
    arena_done(&arena);
}

typedef struct ConvBench {
    ConvShape s;
    int direction;
    float *x, *y, *w, *b, *scratch;
} ConvBench;

static void conv_step(void *context)
{
    ConvBench *c = context;
    if (c->direction == 0)
        kernel_conv3x3(c->s, NULL, c->x, c->w, (ConvEnd){.bias = c->b}, c->y, c->scratch);
    else
        kernel_conv3x3_grad(c->s, NULL, c->x, c->w, c->y,
                            c->direction == 1 ? (ConvGrad){.x = c->x} : (ConvGrad){.weight = c->w},
                            c->scratch);
}

static ConvBench conv_bench(ConvShape s, Arena *arena)
{
    size_t pixels = (size_t)s.n * (size_t)s.h * (size_t)s.w;
    arena_init(arena, (size_t)1 << 30);
    return (ConvBench){s,
                       0,
                       arena_new(arena, float, pixels *(size_t)s.in),
                       arena_new(arena, float, pixels *(size_t)s.out),
                       arena_new(arena, float, 9 * (size_t)s.in * (size_t)s.out),
                       arena_new(arena, float, s.out),
                       NULL};
}

static double conv_flops(ConvShape s) { return 18.0 * s.n * s.h * s.w * s.in * s.out; }

static void bench_conv(ConvShape s, double seconds)
{
    static const char *const directions[] = {"forward", "input", "weight"};
    Arena arena;
    ConvBench c = conv_bench(s, &arena);
    c.scratch = arena_floats(&arena, conv3x3_scratch(s));
    for (; c.direction < 3; c.direction++) {
        char name[64];
        snprintf(name, sizeof name, "conv %dx%d %d>%d %s", s.h, s.w, s.in, s.out,
                 directions[c.direction]);
        measure(name, seconds, conv_flops(s), conv_step, &c);
    }
    arena_done(&arena);
}

enum { WAYS = 3, MOST_CALLS = 2000 };

/* GFLOP/s of one direction, each way: the median of calls in turn. */
static void bench_ways(ConvBench *c, double seconds, double rate[WAYS])
{
    static double cpu[WAYS][MOST_CALLS];
    int n = 0;
    for (double end = clock_s() + seconds; n < MOST_CALLS && (n < 10 || clock_s() < end); n++)
        for (int way = 0; way < WAYS; way++) {
            c->s.way = CONV_GATHER + way;
            double start = clock_cpu_s();
            conv_step(c);
            cpu[way][n] = clock_cpu_s() - start;
        }
    for (int way = 0; way < WAYS; way++) {
        qsort(cpu[way], (size_t)n, sizeof **cpu, by_value);
        rate[way] = conv_flops(c->s) / cpu[way][n / 2] * 1e-9;
    }
}

static void bench_shape(ConvShape s, double seconds)
{
    Arena arena;
    ConvBench c = conv_bench(s, &arena);
    double rate[3][WAYS];
    size_t room = 0;
    for (int way = 0; way < WAYS; way++) {
        c.s.way = CONV_GATHER + way;
        size_t size = conv3x3_scratch(c.s);
        room = size > room ? size : room;
    }
    c.scratch = arena_floats(&arena, room);
    for (; c.direction < 3; c.direction++)
        bench_ways(&c, seconds, rate[c.direction]);
    printf("| %dx%d, %d -> %d |", s.h, s.w, s.in, s.out);
    for (int way = 0; way < WAYS; way++)
        printf(" %.0f / %.0f / %.0f |", rate[0][way], rate[1][way], rate[2][way]);
    printf("\n");
    fflush(stdout);
    arena_done(&arena);
}

/* 16 pictures of each. */
static void compare_ways(double seconds)
{
    /* clang-format off */
    static const int sizes[][4] = {
        {1,  1,  64,  64 },
        {1,  8,  64,  64 },
        {2,  7,  64,  64 },
        {2,  2,  64,  64 },
        {3,  3,  64,  64 },
        {4,  4,  64,  64 },
        {4,  4,  128, 128},
        {5,  5,  64,  64 },
        {6,  6,  64,  64 },
        {7,  7,  64,  64 },
        {7,  7,  96,  96 },
        {7,  7,  128, 128},
        {8,  8,  64,  64 },
        {9,  9,  64,  64 },
        {10, 10, 64,  64 },
        {13, 13, 64,  64 },
        {14, 14, 32,  32 },
        {14, 14, 64,  64 },
        {14, 14, 128, 128},
        {16, 16, 64,  64 },
        {28, 28, 16,  16 },
        {28, 28, 32,  32 },
        {32, 32, 64,  64 },
    };
    /* clang-format on */
    printf("| shape | gathered | F(2x2) | F(4x4) |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        bench_shape(
            (ConvShape){16, sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], CONV_BY_RULE},
            seconds);
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    double seconds = argc > 2 ? atof(argv[2]) : 3;
    const char *only = argc > 3 ? argv[3] : "";
    NetSpec image = {
        .kind = &net_patch_unet, .height = 28, .width = 28, .channels = 1, .classes = 10};
    NetSpec colour = {
        .kind = &net_patch_unet, .height = 32, .width = 32, .channels = 3, .classes = 10};
    NetSpec points = {.kind = &net_mlp, .height = 1, .width = 1, .channels = 2};
    kernel_init();
    printf("%s, %d thread(s)\n", kernel_cpu(), threads);
    if (strstr("image", only))
        bench_training("image-train", image, 64, threads, seconds);
    if (strstr("colour", only))
        bench_training("colour-train", colour, 64, threads, seconds);
    if (strstr("mlp", only))
        bench_training("mlp2d-train", points, 512, threads, seconds);
    /* clang-format off */
    static const ConvShape shapes[] = {
        {16, 14, 14, 32, 32, CONV_BY_RULE},
        {16, 7,  7,  96, 96, CONV_BY_RULE},
        {16, 14, 14, 4,  32, CONV_BY_RULE},
        {16, 14, 14, 32, 4,  CONV_BY_RULE}
    };
    /* clang-format on */
    for (size_t i = 0; strstr("conv", only) && i < sizeof shapes / sizeof *shapes; i++)
        bench_conv(shapes[i], seconds / 10);
    if (strcmp(only, "ways") == 0)
        compare_ways(seconds / 10);
    return 0;
}
