/* Group norm with an optional SiLU, one sample at a time. Channels lie side by side, so
 * sums run down the columns, vectorised over channels; groups are put together from their
 * channels' sums. */
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"
#include <math.h>

enum { ROWS = 32 };
#define EPSILON 1e-5

/* Sums of one channel each; floats over ROWS rows at a time, doubles over all. */
typedef struct Sums {
    double first[KERNEL_NORM_CHANNELS], second[KERNEL_NORM_CHANNELS];
} Sums;

/* Per-channel factors of one sample. */
typedef struct Factors {
    float a[KERNEL_NORM_CHANNELS], b[KERNEL_NORM_CHANNELS], c[KERNEL_NORM_CHANNELS];
} Factors;

/* Columns `at` to `at` + width of all rows, of a constant width while there are COLUMNS left: what
 * is one a channel then stays in registers. */
#define FOR_COLUMNS(c, block)                                                                      \
    do {                                                                                           \
        int at = 0;                                                                                \
        for (; at + COLUMNS <= (c); at += COLUMNS)                                                 \
            block(COLUMNS);                                                                        \
        if (at < (c))                                                                              \
            block((c)-at);                                                                         \
    } while (0)

/* first = sums of u, second = sums of u (x - centre); u NULL: it is x - centre. */
KERNEL_BODY void sums_block(NormShape s, int width, const float *u, const float *x,
                            const float *centre, double *first, double *second)
{
    double total1[COLUMNS] = {0}, total2[COLUMNS] = {0};
    Columns middle, ui, xi;
    load_columns(centre, width, &middle);
    for (int start = 0; start < s.pixels; start += ROWS) {
        Columns part1 = {0}, part2 = {0};
        int end = start + ROWS < s.pixels ? start + ROWS : s.pixels;
        for (int row = start; row < end; row++) {
            load_columns(x + (ptrdiff_t)row * s.c, width, &xi);
            xi = ui = xi - middle;
            if (u)
                load_columns(u + (ptrdiff_t)row * s.c, width, &ui);
            part1 += ui;
            part2 += ui * xi;
        }
        for (int j = 0; j < COLUMNS; j++) {
            total1[j] += (double)part1[j];
            total2[j] += (double)part2[j];
        }
    }
    memcpy(first, total1, sizeof(double) * (size_t)width);
    memcpy(second, total2, sizeof(double) * (size_t)width);
}

KERNEL_BODY void moments(NormShape s, const float *x, const float *centre, Sums *sums)
{
#define MOMENTS(width)                                                                             \
    sums_block(s, width, NULL, x + at, centre + at, sums->first + at, sums->second + at)
    FOR_COLUMNS(s.c, MOMENTS);
#undef MOMENTS
}

/* The mean of a group from its channels' sums. */
KERNEL_BODY double group_mean(NormShape s, int group, const double *sum)
{
    int width = s.c / s.groups;
    double total = 0;
    for (int j = 0; j < width; j++)
        total += sum[group * width + j];
    return total / ((double)s.pixels * (double)width);
}

/* centre: c floats, which become the means. */
KERNEL_BODY void statistics(NormShape s, const float *x, float *centre, float *stats)
{
    Sums sums;
    int width = s.c / s.groups;
    memset(centre, 0, sizeof(float) * (size_t)s.c);
    moments(s, x, centre, &sums);
    for (int g = 0; g < s.groups; g++) {
        stats[2 * g] = (float)group_mean(s, g, sums.first);
        for (int j = 0; j < width; j++)
            centre[g * width + j] = stats[2 * g];
    }
    moments(s, x, centre, &sums);
    for (int g = 0; g < s.groups; g++)
        stats[2 * g + 1] = (float)(1.0 / sqrt(group_mean(s, g, sums.second) + EPSILON));
}

/* gamma (x - mean) / deviation + beta = a x + b; c is the mean. */
KERNEL_BODY void fold(NormShape s, const float *gamma, const float *beta, const float *stats,
                      Factors *f)
{
    int width = s.c / s.groups;
    for (int g = 0; g < s.groups; g++)
        for (int j = g * width; j < (g + 1) * width; j++) {
            f->a[j] = gamma[j] * stats[2 * g + 1];
            f->b[j] = beta[j] - stats[2 * g] * f->a[j];
            f->c[j] = stats[2 * g];
        }
}

KERNEL_BODY void normalise_block(NormShape s, bool silu, int width, const float *restrict x,
                                 const float *restrict a, const float *restrict b,
                                 float *restrict y)
{
    for (int row = 0; row < s.pixels; row++, x += s.c, y += s.c)
        for (int j = 0; j < width; j++) {
            float pre = x[j] * a[j] + b[j];
            y[j] = silu ? pre * simd_sigmoid(pre) : pre;
        }
}

KERNEL_BODY void normalise(NormShape s, bool silu, const float *x, const Factors *f, float *y)
{
#define NORMALISE(width) normalise_block(s, silu, width, x + at, f->a + at, f->b + at, y + at)
    FOR_COLUMNS(s.c, NORMALISE);
#undef NORMALISE
}

KERNEL_BODY void kernel_group_norm_body(NormShape s, const float *x, const float *gamma,
                                        const float *beta, float *y, float *stats)
{
    size_t size = (size_t)s.pixels * (size_t)s.c;
    for (int i = 0; i < s.n; i++, x += size, y += size, stats += 2 * s.groups) {
        Factors f;
        statistics(s, x, f.c, stats);
        fold(s, gamma, beta, stats, &f);
        if (s.silu)
            normalise(s, true, x, &f, y);
        else
            normalise(s, false, x, &f, y);
    }
}
KERNEL_DISPATCH(kernel_group_norm,
                (NormShape s, const float *x, const float *gamma, const float *beta, float *y,
                 float *stats),
                (s, x, gamma, beta, y, stats))

/* y anew and gpre = gy silu'(pre). Blocks leave gaps from row to row that no CPU sees through, and
 * x is of the forward pass, long gone from the caches: the next picture's is asked for. */
KERNEL_BODY void slope_block(NormShape s, bool silu, int width, const float *restrict x,
                             const float *restrict gy, const float *restrict a,
                             const float *restrict b, float *restrict y, float *restrict gpre)
{
    ptrdiff_t picture = (ptrdiff_t)s.pixels * s.c;
    for (int row = 0; row < s.pixels; row++, x += s.c, gy += s.c, y += s.c, gpre += s.c) {
        __builtin_prefetch(x + picture);
        for (int j = 0; j < width; j++) {
            float pre = x[j] * a[j] + b[j], slope = 1.0f;
            y[j] = silu ? simd_silu_both(pre, &slope) : pre;
            gpre[j] = gy[j] * slope;
        }
    }
}

/* And the sums, while a block is in cache. */
KERNEL_BODY void slopes(NormShape s, bool silu, const float *x, const float *gy, const Factors *f,
                        float *y, float *gpre, Sums *sums)
{
#define SLOPES(width)                                                                              \
    do {                                                                                           \
        slope_block(s, silu, width, x + at, gy + at, f->a + at, f->b + at, y + at, gpre + at);     \
        sums_block(s, width, gpre + at, x + at, f->c + at, sums->first + at, sums->second + at);   \
    } while (0)
    FOR_COLUMNS(s.c, SLOPES);
#undef SLOPES
}

/* gx = inverse (gamma gpre - m1 - xhat m2), with m1 and m2 the group means of gamma gpre
 * and gamma gpre xhat; written as a gpre + b x + c. */
KERNEL_BODY void input_factors(NormShape s, const float *gamma, const float *stats,
                               const Sums *sums, Factors *f)
{
    int width = s.c / s.groups;
    double count = (double)s.pixels * (double)width;
    for (int g = 0; g < s.groups; g++) {
        double mean = (double)stats[2 * g], inverse = (double)stats[2 * g + 1], m1 = 0, m2 = 0;
        for (int j = g * width; j < (g + 1) * width; j++) {
            m1 += (double)gamma[j] * sums->first[j];
            m2 += (double)gamma[j] * sums->second[j];
        }
        m1 /= count;
        m2 *= inverse / count;
        for (int j = g * width; j < (g + 1) * width; j++) {
            f->a[j] = (float)(inverse * (double)gamma[j]);
            f->b[j] = (float)(-inverse * inverse * m2);
            f->c[j] = (float)(inverse * (inverse * mean * m2 - m1));
        }
    }
}

KERNEL_BODY void put_block(NormShape s, int width, const float *restrict x,
                           const float *restrict gpre, const float *restrict a,
                           const float *restrict b, const float *restrict c, bool add,
                           float *restrict gx)
{
    for (int row = 0; row < s.pixels; row++, x += s.c, gpre += s.c, gx += s.c)
        for (int j = 0; j < width; j++) {
            float g = a[j] * gpre[j] + (b[j] * x[j] + c[j]);
            gx[j] = add ? gx[j] + g : g;
        }
}

KERNEL_BODY void put_input(NormShape s, const float *x, const float *gpre, const Factors *f,
                           bool add, float *gx)
{
#define PUT(width)                                                                                 \
    put_block(s, width, x + at, gpre + at, f->a + at, f->b + at, f->c + at, add, gx + at)
    FOR_COLUMNS(s.c, PUT);
#undef PUT
}

KERNEL_BODY void add_parameters(NormShape s, const float *stats, const Sums *sums, float *ggamma,
                                float *gbeta)
{
    int width = s.c / s.groups;
    for (int g = 0; ggamma && g < s.groups; g++)
        for (int j = g * width; j < (g + 1) * width; j++)
            ggamma[j] += (float)(sums->second[j] * (double)stats[2 * g + 1]);
    for (int j = 0; gbeta && j < s.c; j++)
        gbeta[j] += (float)sums->first[j];
}

KERNEL_BODY void kernel_group_norm_grad_body(NormShape s, const float *x, const float *gamma,
                                             const float *beta, const float *stats, const float *gy,
                                             bool add, float *gx, float *ggamma, float *gbeta,
                                             float *y, float *scratch)
{
    float *gpre = scratch;
    size_t size = (size_t)s.pixels * (size_t)s.c;
    for (int i = 0; i < s.n; i++, x += size, gy += size, y += size, stats += 2 * s.groups) {
        Factors f;
        Sums sums;
        fold(s, gamma, beta, stats, &f);
        if (s.silu)
            slopes(s, true, x, gy, &f, y, gpre, &sums);
        else
            slopes(s, false, x, gy, &f, y, gpre, &sums);
        add_parameters(s, stats, &sums, ggamma, gbeta);
        if (!gx)
            continue;
        input_factors(s, gamma, stats, &sums, &f);
        if (add)
            put_input(s, x, gpre, &f, true, gx + (size_t)i * size);
        else
            put_input(s, x, gpre, &f, false, gx + (size_t)i * size);
    }
}
KERNEL_DISPATCH(kernel_group_norm_grad,
                (NormShape s, const float *x, const float *gamma, const float *beta,
                 const float *stats, const float *gy, bool add, float *gx, float *ggamma,
                 float *gbeta, float *y, float *scratch),
                (s, x, gamma, beta, stats, gy, add, gx, ggamma, gbeta, y, scratch))
