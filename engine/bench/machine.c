/* Owns the probes of the machine's limits: multiply-adds, memory, matrix products. May
 * call base and kernels. */
#include "engine/bench/machine.h"
#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/base/pool.h"
#include "engine/base/status.h"
#include "engine/tensor/kernels.h"
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* Of OpenBLAS; declared here because only kernels may include cblas.h. */
extern char *openblas_get_config(void);

/* ---- Names ---- */

/* "model name" of /proc/cpuinfo, where there is one; else the architecture. */
static void cpu_name(char *name, size_t size)
{
    struct utsname system;
    snprintf(name, size, "%s", uname(&system) == 0 ? system.machine : "unknown");
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon)
            continue;
        line[strcspn(line, "\n")] = 0;
        snprintf(name, size, "%s", colon + 1 + strspn(colon + 1, " "));
        break;
    }
    if (file)
        fclose(file);
}

void machine_describe(Machine *machine)
{
    *machine = (Machine){.cores = pool_cores()};
    cpu_name(machine->cpu, sizeof machine->cpu);
    snprintf(machine->simd, sizeof machine->simd, "%s", kernel_cpu());
    snprintf(machine->blas, sizeof machine->blas, "%s", openblas_get_config());
    size_t end = strlen(machine->blas);
    while (end && machine->blas[end - 1] == ' ')
        machine->blas[--end] = 0;
}

/* ---- A probe: the same job on every worker ---- */

typedef struct Probe {
    void (*job)(void *context, int index, int worker);
    double amount; /* of what a job does */
    int jobs;
    void *context;
} Probe;

/* The most per second that was seen in `seconds`, and in three repeats at least. A repeat
 * is short, so that some escape whatever else runs on the machine. */
static double best_rate(Pool *pool, const Probe *probe, double seconds)
{
    double best = 0, end = clock_s() + seconds;
    pool_run(pool, probe->jobs, probe->job, probe->context);
    for (int i = 0; i < 3 || clock_s() < end; i++) {
        double start = clock_s();
        pool_run(pool, probe->jobs, probe->job, probe->context);
        double rate = probe->amount * probe->jobs / (clock_s() - start);
        best = rate > best ? rate : best;
    }
    return best;
}

/* ---- Multiply-adds ---- */

/* Independent chains: more than latency times units of any core we know (5 x 2), and few
 * enough for 16 registers. Vector types let one body serve every width; each chain tends
 * to 1, so that no number is ever slow. */
enum { CHAINS = 12, ROUNDS = 20000, WIDTH_MAX = 16 };
#ifdef __clang__
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast")
#endif

#define FMA_PROBE(name, target, width)                                                             \
    target static void name(float *sum, float half)                                                \
    {                                                                                              \
        typedef float Lanes __attribute__((vector_size(4 * (width))));                             \
        Lanes factor = half - (Lanes){0}, chain[CHAINS];                                           \
        for (int c = 0; c < CHAINS; c++)                                                           \
            chain[c] = (float)c - (Lanes){0};                                                      \
        for (long r = 0; r < ROUNDS; r++) {                                                        \
            _Pragma("GCC unroll 12") for (int c = 0; c < CHAINS; c++)                              \
            {                                                                                      \
                chain[c] = chain[c] * factor + factor;                                             \
            }                                                                                      \
        }                                                                                          \
        for (int c = 0; c < CHAINS; c++)                                                           \
            for (int i = 0; i < (width); i++)                                                      \
                sum[i] += chain[c][i];                                                             \
    }

FMA_PROBE(fma_portable, , 4)
#if defined(__x86_64__)
FMA_PROBE(fma_avx2, __attribute__((target("avx2,fma"))), 8)
FMA_PROBE(fma_avx512, __attribute__((target("avx512f"))), 16)
#endif

typedef struct Fma {
    void (*run)(float *sum, float half);
    int width;
    volatile float half; /* unknown to the compiler */
} Fma;

static Fma fma_choose(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        return (Fma){fma_avx512, 16, 0.5f};
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return (Fma){fma_avx2, 8, 0.5f};
#endif
    return (Fma){fma_portable, 4, 0.5f};
}

static void fma_job(void *context, int index, int worker)
{
    (void)index;
    (void)worker;
    Fma *fma = context;
    float sum[WIDTH_MAX] = {0};
    fma->run(sum, fma->half);
    must(sum[0] > 0);
}

static double fma_rate(Pool *pool, double seconds)
{
    Fma fma = fma_choose();
    Probe probe = {fma_job, 2.0 * fma.width * CHAINS * ROUNDS, 32 * pool_threads(pool), &fma};
    return best_rate(pool, &probe, seconds);
}

/* ---- Memory ---- */

enum { TRIAD_FLOATS = 8 << 20, TRIAD_JOBS = 32 };

typedef struct Triad {
    float *a, *b, *c;
} Triad;

static void triad_job(void *context, int index, int worker)
{
    (void)worker;
    const Triad *triad = context;
    size_t n = TRIAD_FLOATS / TRIAD_JOBS, from = (size_t)index * n;
    float *restrict a = triad->a + from;
    const float *restrict b = triad->b + from, *restrict c = triad->c + from;
    for (size_t i = 0; i < n; i++)
        a[i] = b[i] + 3.0f * c[i];
}

static double triad_rate(Pool *pool, double seconds)
{
    Arena arena;
    arena_init(&arena, 4 * sizeof(float) * TRIAD_FLOATS);
    Triad triad = {arena_new(&arena, float, TRIAD_FLOATS), arena_new(&arena, float, TRIAD_FLOATS),
                   arena_new(&arena, float, TRIAD_FLOATS)};
    Probe probe = {triad_job, 12.0 * TRIAD_FLOATS / TRIAD_JOBS, TRIAD_JOBS, &triad};
    double rate = best_rate(pool, &probe, seconds);
    arena_done(&arena);
    return rate;
}

/* ---- Matrix products ---- */

enum { SIDE = 512, SIDE2 = SIDE * SIDE };

/* Each worker has three matrices of its own. */
static void sgemm_job(void *context, int index, int worker)
{
    (void)index;
    float *a = (float *)context + (size_t)worker * 3 * SIDE2, *b = a + SIDE2, *c = b + SIDE2;
    kernel_matmul(SIDE, SIDE, SIDE, 1, (Matrix){a, SIDE, false}, (Matrix){b, SIDE, false}, 0, c,
                  SIDE);
}

static double sgemm_rate(Pool *pool, double seconds)
{
    Arena arena;
    size_t floats = (size_t)pool_threads(pool) * 3 * SIDE2;
    arena_init(&arena, sizeof(float) * floats + 4096);
    float *matrices = arena_new(&arena, float, floats);
    for (size_t i = 0; i < floats; i++)
        matrices[i] = 1.0f / (float)(1 + i % 7);
    Probe probe = {sgemm_job, 2.0 * SIDE * SIDE2, 4 * pool_threads(pool), matrices};
    double rate = best_rate(pool, &probe, seconds);
    arena_done(&arena);
    return rate;
}

static void keep_larger(double rate[2]) { rate[1] = rate[1] > rate[0] ? rate[1] : rate[0]; }

void machine_measure(Machine *machine, int threads, double seconds)
{
    machine_describe(machine);
    machine->threads = threads;
    kernel_init();
    for (int all = 0; all < 2; all++) {
        Pool *pool = pool_new(all ? threads : 1);
        machine->fma_gflops[all] = 1e-9 * fma_rate(pool, seconds);
        machine->sgemm_gflops[all] = 1e-9 * sgemm_rate(pool, seconds);
        machine->triad_gbs[all] = 1e-9 * triad_rate(pool, seconds);
        pool_free(pool);
    }
    /* Threads add to what one can do; others on the machine may have hidden it. */
    keep_larger(machine->fma_gflops);
    keep_larger(machine->sgemm_gflops);
    keep_larger(machine->triad_gbs);
}
