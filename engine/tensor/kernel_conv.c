/* 3x3 convolution: by Winograd's transforms where they fit; else one sample at a time,
 * its 3x3 neighbourhoods gathered into rows (pixels, 9 channels) on the side that has
 * fewer channels, so that each direction is one matrix product: with few outputs a
 * convolution is run as the transpose of the one with turned weights. */
#include "engine/tensor/kernel_winograd.h"
#include "engine/tensor/kernels.h"
#include <string.h>

static size_t pixels(ConvShape s) { return (size_t)s.h * (size_t)s.w; }

static bool turns(ConvShape s) { return s.out < s.in; }

static ConvShape swapped(ConvShape s) { return (ConvShape){s.n, s.h, s.w, s.out, s.in, s.way}; }

static size_t weights(ConvShape s) { return 9 * (size_t)s.in * (size_t)s.out; }

size_t conv3x3_scratch(ConvShape s)
{
    int narrow = s.in < s.out ? s.in : s.out;
    return winograd_fits(s) ? winograd_scratch(s)
                            : pixels(s) * 9 * (size_t)narrow + (turns(s) ? weights(s) : 0);
}

/* Row (y, x) of `col` gets x[y + ky - 1, x + kx - 1, :] at block ky * 3 + kx; zeros
 * outside. Three neighbouring pixels are one copy away from the border. */
static void gather(ConvShape s, const float *x, float *col)
{
    size_t in = (size_t)s.in, row = (size_t)s.w * in;
    for (int i = 0; i < s.h; i++)
        for (int j = 0; j < s.w; j++)
            for (int ky = -1; ky <= 1; ky++, col += 3 * in) {
                int from = j > 0 ? -1 : 0, to = j + 1 < s.w ? 1 : 0;
                if (i + ky < 0 || i + ky >= s.h || to - from < 2)
                    memset(col, 0, sizeof(float) * 3 * in);
                if (i + ky < 0 || i + ky >= s.h)
                    continue;
                memcpy(col + (size_t)(from + 1) * in,
                       x + (size_t)(i + ky) * row + (size_t)(j + from) * in,
                       sizeof(float) * (size_t)(to - from + 1) * in);
            }
}

/* The transpose of gather: adds each neighbourhood back. */
static void scatter(ConvShape s, const float *col, float *x)
{
    size_t in = (size_t)s.in, row = (size_t)s.w * in;
    for (int i = 0; i < s.h; i++)
        for (int j = 0; j < s.w; j++)
            for (int ky = -1; ky <= 1; ky++, col += 3 * in) {
                int from = j > 0 ? -1 : 0, to = j + 1 < s.w ? 1 : 0;
                if (i + ky < 0 || i + ky >= s.h)
                    continue;
                const float *part = col + (size_t)(from + 1) * in;
                float *target = x + (size_t)(i + ky) * row + (size_t)(j + from) * in;
                for (size_t k = 0; k < (size_t)(to - from + 1) * in; k++)
                    target[k] += part[k];
            }
}

/* turned (3, 3, out, in) = weight (3, 3, in, out), taps in reverse, each matrix
 * transposed; added or set. */
static void flip_filters(ConvShape s, const float *weight, bool add, float *turned)
{
    for (int tap = 0; tap < 9; tap++)
        for (int i = 0; i < s.in; i++)
            for (int o = 0; o < s.out; o++) {
                float *to = &turned[((8 - tap) * s.out + o) * s.in + i];
                *to = (add ? *to : 0.0f) + weight[(tap * s.in + i) * s.out + o];
            }
}

/* Starts rows of y (rows, c) at the bias. */
static void start(size_t rows, int c, const float *bias, float *y)
{
    size_t width = (size_t)c;
    if (!bias)
        memset(y, 0, sizeof(float) * rows * width);
    for (size_t i = 0; bias && i < rows; i++)
        memcpy(y + i * width, bias, sizeof(float) * width);
}

/* y = bias + gathered x times weight, or y += without `set`. */
static void by_gather(ConvShape s, const float *x, const float *weight, bool set, const float *bias,
                      float *y, float *col)
{
    int hw = s.h * s.w, k = 9 * s.in;
    for (size_t i = 0; i < (size_t)s.n; i++) {
        float *sample = y + i * pixels(s) * (size_t)s.out;
        gather(s, x + i * pixels(s) * (size_t)s.in, col);
        if (set)
            kernel_linear(hw, k, s.out, col, weight, bias, sample);
        else
            kernel_matmul(hw, s.out, k, 1.0f, (Matrix){col, k, false},
                          (Matrix){weight, s.out, false}, true, sample, s.out);
    }
}

/* gx += scattered gy times weight^T. */
static void by_scatter(ConvShape s, const float *gy, const float *weight, float *gx, float *col)
{
    int hw = s.h * s.w, k = 9 * s.in;
    for (size_t i = 0; i < (size_t)s.n; i++) {
        kernel_matmul(hw, k, s.out, 1.0f,
                      (Matrix){gy + i * pixels(s) * (size_t)s.out, s.out, false},
                      (Matrix){weight, s.out, true}, false, col, k);
        scatter(s, col, gx + i * pixels(s) * (size_t)s.in);
    }
}

/* gweight += gathered x^T times gy. */
static void weight_by_gather(ConvShape s, const float *gy, const float *x, float *gweight,
                             float *col)
{
    for (size_t i = 0; i < (size_t)s.n; i++) {
        gather(s, x + i * pixels(s) * (size_t)s.in, col);
        kernel_linear_weight(s.h * s.w, 9 * s.in, s.out, gy + i * pixels(s) * (size_t)s.out, col,
                             gweight);
    }
}

void kernel_conv3x3(ConvShape shape, const float *x, const float *weight, const float *bias,
                    float *y, float *scratch)
{
    if (winograd_fits(shape)) {
        winograd_forward(shape, x, weight, bias, y, scratch);
    } else if (!turns(shape)) {
        by_gather(shape, x, weight, true, bias, y, scratch);
    } else if (shape.n > 0) {
        flip_filters(shape, weight, false, scratch);
        start((size_t)shape.n * pixels(shape), shape.out, bias, y);
        by_scatter(swapped(shape), x, scratch, y, scratch + weights(shape));
    }
}

void kernel_conv3x3_input(ConvShape shape, const float *gy, const float *weight, bool add,
                          float *gx, float *scratch)
{
    if (winograd_fits(shape)) {
        winograd_input(shape, gy, weight, add, gx, scratch);
    } else if (!turns(shape)) {
        if (!add && shape.n > 0)
            start((size_t)shape.n * pixels(shape), shape.in, NULL, gx);
        by_scatter(shape, gy, weight, gx, scratch);
    } else if (shape.n > 0) {
        flip_filters(shape, weight, false, scratch);
        by_gather(swapped(shape), gy, scratch, !add, NULL, gx, scratch + weights(shape));
    }
}

void kernel_conv3x3_weight(ConvShape shape, const float *gy, const float *x, float *gweight,
                           float *scratch)
{
    if (winograd_fits(shape)) {
        winograd_weight(shape, gy, x, gweight, scratch);
    } else if (!turns(shape)) {
        weight_by_gather(shape, gy, x, gweight, scratch);
    } else if (shape.n > 0) {
        memset(scratch, 0, sizeof(float) * weights(shape));
        weight_by_gather(swapped(shape), x, gy, scratch, scratch + weights(shape));
        flip_filters(swapped(shape), scratch, true, gweight);
    }
}
