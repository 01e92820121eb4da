/* One body, three instruction sets: a kernel is written once as a KERNEL_BODY and
 * KERNEL_DISPATCH compiles it for AVX-512, AVX2 and the portable baseline, choosing by
 * the CPU's features at each call. On other architectures only the baseline is built.
 * Included by kernel_*.c only; the pragma allows fused multiply-adds in the whole file,
 * which never loses accuracy and keeps NaN. Nor may gcc follow a clamp's constant through
 * what comes after it: of a sigmoid that is a denormal, multiplied by every lane before
 * the right one is chosen, and there Intel's CPUs take 150 cycles a vector. */
#ifndef DDIL_KERNEL_SIMD_H
#define DDIL_KERNEL_SIMD_H

#ifdef __clang__
#pragma clang fp contract(fast)
#else
#pragma GCC optimize("fp-contract=fast", "no-thread-jumps")
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define KERNEL_BODY static inline __attribute__((always_inline))

typedef enum KernelCpu { CPU_PORTABLE, CPU_AVX2, CPU_AVX512 } KernelCpu;

/* -DKERNEL_PLAIN builds here what other architectures get. */
#if defined(__x86_64__) && !defined(KERNEL_PLAIN)
#define KERNEL_X86  1
#define KERNEL_AVX2 __attribute__((target("avx2,fma")))
#ifdef __clang__ /* which prefers whole vectors by itself */
#define KERNEL_AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma")))
#else
#define KERNEL_AVX512                                                                              \
    __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma,prefer-vector-width=512")))
#endif

/* The most that may be used: -DKERNEL_MOST=CPU_AVX2 or CPU_PORTABLE builds and tests the
 * lesser paths. */
#ifndef KERNEL_MOST
#define KERNEL_MOST CPU_AVX512
#endif

static inline KernelCpu kernel_level(void)
{
    if (KERNEL_MOST >= CPU_AVX512 && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return CPU_AVX512;
    if (KERNEL_MOST >= CPU_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return CPU_AVX2;
    return CPU_PORTABLE;
}

/* Defines `name parameters`, which calls name_body with `arguments`. */
#define KERNEL_DISPATCH(name, parameters, arguments)                                               \
    KERNEL_AVX512 static void name##_avx512 parameters { name##_body arguments; }                  \
    KERNEL_AVX2 static void name##_avx2 parameters { name##_body arguments; }                      \
    static void name##_portable parameters { name##_body arguments; }                              \
    void name parameters                                                                           \
    {                                                                                              \
        KernelCpu level = kernel_level();                                                          \
        if (level == CPU_AVX512)                                                                   \
            name##_avx512 arguments;                                                               \
        else if (level == CPU_AVX2)                                                                \
            name##_avx2 arguments;                                                                 \
        else                                                                                       \
            name##_portable arguments;                                                             \
    }
#else
#define KERNEL_X86 0

static inline KernelCpu kernel_level(void) { return CPU_PORTABLE; }

#define KERNEL_DISPATCH(name, parameters, arguments)                                               \
    void name parameters { name##_body arguments; }
#endif

typedef float Quad __attribute__((vector_size(16), aligned(4), may_alias));
typedef float Oct __attribute__((vector_size(32), aligned(4), may_alias)); /* two side by side */

/* gcc knows clang's word for it since version 12. */
#if !defined(__clang__) && __GNUC__ < 12
typedef int QuadMask __attribute__((vector_size(16)));
typedef int OctMask __attribute__((vector_size(32)));
#define QUAD_SHUFFLE(a, b, i, j, k, l) __builtin_shuffle(a, b, (QuadMask){i, j, k, l})
#define OCT_SHUFFLE(a, b, i, j, k, l)                                                              \
    __builtin_shuffle(a, b, (OctMask){i, j, k, l, i + 4, j + 4, k + 4, l + 4})
#define OCT_OF(a, b) ((Oct){a[0], a[1], a[2], a[3], b[0], b[1], b[2], b[3]})
#else
#define QUAD_SHUFFLE __builtin_shufflevector
#define OCT_SHUFFLE(a, b, i, j, k, l)                                                              \
    __builtin_shufflevector(a, b, i, j, k, l, i + 4, j + 4, k + 4, l + 4)
#define OCT_OF(a, b) __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7)
#endif

/* out[j][i] = in[i][j] */
KERNEL_BODY void transpose_quads(const Quad in[4], Quad out[4])
{
    Quad ab0 = QUAD_SHUFFLE(in[0], in[1], 0, 4, 1, 5);
    Quad ab1 = QUAD_SHUFFLE(in[0], in[1], 2, 6, 3, 7);
    Quad cd0 = QUAD_SHUFFLE(in[2], in[3], 0, 4, 1, 5);
    Quad cd1 = QUAD_SHUFFLE(in[2], in[3], 2, 6, 3, 7);
    out[0] = QUAD_SHUFFLE(ab0, cd0, 0, 1, 4, 5);
    out[1] = QUAD_SHUFFLE(ab0, cd0, 2, 3, 6, 7);
    out[2] = QUAD_SHUFFLE(ab1, cd1, 0, 1, 4, 5);
    out[3] = QUAD_SHUFFLE(ab1, cd1, 2, 3, 6, 7);
}

/* to[j * to_row + i] = scale from[i * from_row + j] for i, j in 0..3. */
KERNEL_BODY void transpose_4x4(float scale, const float *from, ptrdiff_t from_row, float *to,
                               ptrdiff_t to_row)
{
    Quad in[4], out[4];
    for (int i = 0; i < 4; i++)
        in[i] = *(const Quad *)(from + i * from_row) * scale;
    transpose_quads(in, out);
    for (int j = 0; j < 4; j++)
        *(Quad *)(to + j * to_row) = out[j];
}

/* The same of eight rows: both halves of the vectors do it side by side. */
KERNEL_BODY void transpose_8x4(float scale, const float *from, ptrdiff_t from_row, float *to,
                               ptrdiff_t to_row)
{
    Oct in[4], out[4];
    for (int i = 0; i < 4; i++) {
        Quad low = *(const Quad *)(from + i * from_row),
             high = *(const Quad *)(from + (i + 4) * from_row);
        in[i] = OCT_OF(low, high) * scale;
    }
    Oct ab0 = OCT_SHUFFLE(in[0], in[1], 0, 8, 1, 9), ab1 = OCT_SHUFFLE(in[0], in[1], 2, 10, 3, 11);
    Oct cd0 = OCT_SHUFFLE(in[2], in[3], 0, 8, 1, 9), cd1 = OCT_SHUFFLE(in[2], in[3], 2, 10, 3, 11);
    out[0] = OCT_SHUFFLE(ab0, cd0, 0, 1, 8, 9);
    out[1] = OCT_SHUFFLE(ab0, cd0, 2, 3, 10, 11);
    out[2] = OCT_SHUFFLE(ab1, cd1, 0, 1, 8, 9);
    out[3] = OCT_SHUFFLE(ab1, cd1, 2, 3, 10, 11);
    for (int j = 0; j < 4; j++)
        *(Oct *)(to + j * to_row) = out[j];
}

/* Some columns of a matrix side by side, where sums run down the rows: written so, they stay in
 * registers, which gcc does not see to for an array. */
enum { COLUMNS = 16 };
typedef float Columns __attribute__((vector_size(4 * COLUMNS), aligned(4), may_alias));
typedef int32_t ColumnsMask __attribute__((vector_size(4 * COLUMNS), aligned(4), may_alias));

/* Zeros in the place of those beyond `width`. */
KERNEL_BODY void load_columns(const float *x, int width, Columns *columns)
{
    if (width == COLUMNS) {
        *columns = *(const Columns *)x;
        return;
    }
    *columns = (Columns){0};
    memcpy(columns, x, sizeof(float) * (size_t)width);
}

/* e^x without a branch, after Cephes expf: x = k ln 2 + r, polynomial in r, k into the
 * exponent. k is rounded by adding 1.5 * 2^23, whose low bits then hold it. Relative
 * error 3e-7 for x in
 * [-87, 88]; clamped outside; NaN stays NaN. */
KERNEL_BODY float simd_exp(float x)
{
    float low = x < -87.0f ? -87.0f : x;
    float t = low > 88.0f ? 88.0f : low;
    float shifted = t * 1.44269504089f + 12582912.0f;
    float k = shifted - 12582912.0f;
    float r = t - k * 0.693359375f;
    r = r + k * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * (r * r) + r + 1.0f;
    uint32_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 127u) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

/* e^x in double for x <= 0, as simd_exp does it in float: below -700 it is e^-700. Taylor
 * to the 12th power; relative error 4e-16. NaN stays NaN. */
KERNEL_BODY double simd_exp_double(double x)
{
    double t = x < -700.0 ? -700.0 : x;
    double shifted = t * 1.4426950408889634 + 6755399441055744.0; /* 1.5 * 2^52 */
    double k = shifted - 6755399441055744.0;
    double r = t - k * 6.93147180369123816490e-01;
    r = r - k * 1.90821492927058770002e-10;
    double p = 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    uint64_t bits;
    memcpy(&bits, &shifted, sizeof bits);
    bits = (bits + 1023u) << 52;
    double power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

KERNEL_BODY float simd_sigmoid(float x) { return 1.0f / (1.0f + simd_exp(-x)); }

/* x sigmoid(x), and its slope; 1 - s is taken as e^-x s, which does not cancel. */
KERNEL_BODY float simd_silu_both(float x, float *slope)
{
    float e = simd_exp(-x), s = 1.0f / (1.0f + e);
    *slope = s * (1.0f + x * (e * s));
    return x * s;
}

#endif
