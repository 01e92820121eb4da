/* Group norm with an optional SiLU, one sample at a time. Channels lie side by side, so
 * sums run down the columns, vectorised over channels; groups are put together from their
 * channels' sums. */
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"
#include <math.h>

enum { LANES = 16, ROWS = 32 };
#define EPSILON 1e-5

/* Sums of one channel each; floats over ROWS rows at a time, doubles over all. */
typedef struct Sums {
    double first[KERNEL_NORM_CHANNELS], second[KERNEL_NORM_CHANNELS];
} Sums;

/* Per-channel factors of one sample. */
typedef struct Factors {
    float a[KERNEL_NORM_CHANNELS], b[KERNEL_NORM_CHANNELS], c[KERNEL_NORM_CHANNELS];
} Factors;

/* The next column block: LANES wide while they last, so that the common width is a
 * constant. */
#define FOR_COLUMNS(c, call_wide, call_rest)                                                       \
    do {                                                                                           \
        int j = 0;                                                                                 \
        for (; j + LANES <= (c); j += LANES)                                                       \
            call_wide;                                                                             \
        if (j < (c))                                                                               \
            call_rest;                                                                             \
    } while (0)

KERNEL_BODY void moment_block(NormShape s, int width, int power, const float *x,
                              const float *centre, double *sum)
{
    double total[LANES] = {0};
    for (int start = 0; start < s.pixels; start += ROWS) {
        float part[LANES] = {0};
        int end = start + ROWS < s.pixels ? start + ROWS : s.pixels;
        for (int row = start; row < end; row++)
            for (int j = 0; j < width; j++) {
                float d = x[(size_t)row * (size_t)s.c + (size_t)j] - centre[j];
                part[j] += power == 1 ? d : d * d;
            }
        for (int j = 0; j < width; j++)
            total[j] += (double)part[j];
    }
    for (int j = 0; j < width; j++)
        sum[j] = total[j];
}

/* mean[g] = mean of (x - centre)^power over group g; centre holds a value a channel. */
KERNEL_BODY void group_moment(NormShape s, int power, const float *x, const float *centre,
                              double *mean)
{
    double sum[KERNEL_NORM_CHANNELS];
    FOR_COLUMNS(s.c, moment_block(s, LANES, power, x + j, centre + j, sum + j),
                moment_block(s, s.c - j, power, x + j, centre + j, sum + j));
    int width = s.c / s.groups;
    for (int g = 0; g < s.groups; g++) {
        double total = 0;
        for (int j = 0; j < width; j++)
            total += sum[g * width + j];
        mean[g] = total / ((double)s.pixels * (double)width);
    }
}

KERNEL_BODY void statistics(NormShape s, const float *x, float *stats)
{
    float centre[KERNEL_NORM_CHANNELS];
    double moment[KERNEL_NORM_CHANNELS];
    int width = s.c / s.groups;
    memset(centre, 0, sizeof(float) * (size_t)s.c);
    group_moment(s, 1, x, centre, moment);
    for (int j = 0; j < s.c; j++)
        centre[j] = (float)moment[j / width];
    group_moment(s, 2, x, centre, moment);
    for (int g = 0; g < s.groups; g++) {
        stats[2 * g] = centre[g * width];
        stats[2 * g + 1] = (float)(1.0 / sqrt(moment[g] + EPSILON));
    }
}

/* gamma (x - mean) / deviation + beta = a x + b. */
KERNEL_BODY void fold(NormShape s, const float *gamma, const float *beta, const float *stats,
                      Factors *f)
{
    int width = s.c / s.groups;
    for (int j = 0; j < s.c; j++) {
        f->a[j] = gamma[j] * stats[2 * (j / width) + 1];
        f->b[j] = beta[j] - stats[2 * (j / width)] * f->a[j];
    }
}

KERNEL_BODY void normalise(NormShape s, bool silu, const float *x, const Factors *f, float *y)
{
    for (int row = 0; row < s.pixels; row++, x += s.c, y += s.c)
        for (int j = 0; j < s.c; j++) {
            float pre = x[j] * f->a[j] + f->b[j];
            y[j] = silu ? pre * simd_sigmoid(pre) : pre;
        }
}

KERNEL_BODY void kernel_group_norm_body(NormShape s, const float *x, const float *gamma,
                                        const float *beta, float *y, float *stats)
{
    size_t size = (size_t)s.pixels * (size_t)s.c;
    for (int i = 0; i < s.n; i++, x += size, y += size, stats += 2 * s.groups) {
        Factors f;
        statistics(s, x, stats);
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

/* y anew and gpre = gy silu'(pre); first = sums of gpre, second = sums of gpre (x - mean). */
KERNEL_BODY void backward_block(NormShape s, bool silu, int width, const float *x, const float *gy,
                                const Factors *f, int at, float *y, float *gpre, Sums *sums)
{
    double first[LANES] = {0}, second[LANES] = {0};
    for (int start = 0; start < s.pixels; start += ROWS) {
        float part1[LANES] = {0}, part2[LANES] = {0};
        int end = start + ROWS < s.pixels ? start + ROWS : s.pixels;
        for (int row = start; row < end; row++)
            for (int j = 0; j < width; j++) {
                size_t k = (size_t)row * (size_t)s.c + (size_t)(at + j);
                float pre = x[k] * f->a[at + j] + f->b[at + j], slope = 1.0f;
                y[k] = silu ? simd_silu_both(pre, &slope) : pre;
                float g = gy[k] * slope;
                gpre[k] = g;
                part1[j] += g;
                part2[j] += g * (x[k] - f->c[at + j]);
            }
        for (int j = 0; j < width; j++) {
            first[j] += (double)part1[j];
            second[j] += (double)part2[j];
        }
    }
    for (int j = 0; j < width; j++) {
        sums->first[at + j] = first[j];
        sums->second[at + j] = second[j];
    }
}

KERNEL_BODY void backward_sums(NormShape s, bool silu, const float *x, const float *gy,
                               const Factors *f, float *y, float *gpre, Sums *sums)
{
    FOR_COLUMNS(s.c, backward_block(s, silu, LANES, x, gy, f, j, y, gpre, sums),
                backward_block(s, silu, s.c - j, x, gy, f, j, y, gpre, sums));
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
            m1 += (double)gamma[j] * sums->first[j] / count;
            m2 += (double)gamma[j] * sums->second[j] * inverse / count;
        }
        for (int j = g * width; j < (g + 1) * width; j++) {
            f->a[j] = (float)(inverse * (double)gamma[j]);
            f->b[j] = (float)(-inverse * inverse * m2);
            f->c[j] = (float)(inverse * (inverse * mean * m2 - m1));
        }
    }
}

KERNEL_BODY void put_input(NormShape s, const float *x, const float *gpre, const Factors *f,
                           bool add, float *gx)
{
    for (int row = 0; row < s.pixels; row++, x += s.c, gpre += s.c, gx += s.c)
        for (int j = 0; j < s.c; j++) {
            float g = f->a[j] * gpre[j] + (f->b[j] * x[j] + f->c[j]);
            gx[j] = add ? gx[j] + g : g;
        }
}

KERNEL_BODY void add_parameters(NormShape s, const float *stats, const Sums *sums, float *ggamma,
                                float *gbeta)
{
    int width = s.c / s.groups;
    for (int j = 0; ggamma && j < s.c; j++)
        ggamma[j] += (float)(sums->second[j] * (double)stats[2 * (j / width) + 1]);
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
        for (int j = 0; j < s.c; j++)
            f.c[j] = stats[2 * (j / (s.c / s.groups))];
        if (s.silu)
            backward_sums(s, true, x, gy, &f, y, gpre, &sums);
        else
            backward_sums(s, false, x, gy, &f, y, gpre, &sums);
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
