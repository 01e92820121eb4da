/* 3x3 convolution: by Winograd's transforms where they fit, else one sample at a time, its 3x3 neighbourhoods gathered into rows (pixels, 9 in), so that each of
 * the three directions is one matrix product with the weights read as (9 in, out). */
#include "engine/tensor/kernels.h"
#include "engine/tensor/kernel_winograd.h"
#include <string.h>

static size_t pixels(ConvShape s)
{
    return (size_t)s.h * (size_t)s.w;
}

static size_t gathered(ConvShape s)
{
    return pixels(s) * 9 * (size_t)s.in;
}

size_t conv3x3_scratch(ConvShape shape)
{
    return winograd_fits(shape) ? winograd_scratch(shape) : gathered(shape);
}

/* Row (y, x) of `col` gets x[y + ky - 1, x + kx - 1, :] at block ky * 3 + kx; zeros outside. */
static void gather(ConvShape s, const float *x, float *col)
{
    size_t in = (size_t)s.in;
    for (int i = 0; i < s.h; i++)
        for (int j = 0; j < s.w; j++)
            for (int tap = 0; tap < 9; tap++, col += in) {
                int row = i + tap / 3 - 1, column = j + tap % 3 - 1;
                if (row < 0 || row >= s.h || column < 0 || column >= s.w)
                    memset(col, 0, sizeof(float) * in);
                else
                    memcpy(col, x + ((size_t)row * (size_t)s.w + (size_t)column) * in,
                           sizeof(float) * in);
            }
}

/* The transpose of gather: adds each neighbourhood back. */
static void scatter(ConvShape s, const float *col, float *x)
{
    size_t in = (size_t)s.in;
    for (int i = 0; i < s.h; i++)
        for (int j = 0; j < s.w; j++)
            for (int tap = 0; tap < 9; tap++, col += in) {
                int row = i + tap / 3 - 1, column = j + tap % 3 - 1;
                if (row < 0 || row >= s.h || column < 0 || column >= s.w)
                    continue;
                kernel_accumulate(in, 1.0f, col, x + ((size_t)row * (size_t)s.w + (size_t)column) * in);
            }
}

void kernel_conv3x3(ConvShape shape, const float *x, const float *weight, const float *bias, float *y,
                    float *scratch)
{
    if (winograd_fits(shape)) {
        winograd_forward(shape, x, weight, bias, y, scratch);
        return;
    }
    size_t hw = pixels(shape);
    for (int i = 0; i < shape.n; i++) {
        gather(shape, x + (size_t)i * hw * (size_t)shape.in, scratch);
        kernel_linear((int)hw, 9 * shape.in, shape.out, scratch, weight, bias,
                      y + (size_t)i * hw * (size_t)shape.out);
    }
}

void kernel_conv3x3_input(ConvShape shape, const float *gy, const float *weight, float *gx,
                          float *scratch)
{
    if (winograd_fits(shape)) {
        winograd_input(shape, gy, weight, gx, scratch);
        return;
    }
    size_t hw = pixels(shape);
    for (int i = 0; i < shape.n; i++) {
        memset(scratch, 0, sizeof(float) * gathered(shape));
        kernel_linear_input((int)hw, 9 * shape.in, shape.out, gy + (size_t)i * hw * (size_t)shape.out,
                            weight, scratch);
        scatter(shape, scratch, gx + (size_t)i * hw * (size_t)shape.in);
    }
}

void kernel_conv3x3_weight(ConvShape shape, const float *gy, const float *x, float *gweight,
                           float *scratch)
{
    if (winograd_fits(shape)) {
        winograd_weight(shape, gy, x, gweight, scratch);
        return;
    }
    size_t hw = pixels(shape);
    for (int i = 0; i < shape.n; i++) {
        gather(shape, x + (size_t)i * hw * (size_t)shape.in, scratch);
        kernel_linear_weight((int)hw, 9 * shape.in, shape.out,
                             gy + (size_t)i * hw * (size_t)shape.out, scratch, gweight);
    }
}
