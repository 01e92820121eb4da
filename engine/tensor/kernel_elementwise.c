/* Elementwise kernels. Owns nothing, calls nothing. */
#include "engine/tensor/kernels.h"
#include "engine/tensor/kernel_simd.h"

const char *kernel_cpu(void)
{
    static const char *const names[] = {"portable", "avx2", "avx512"};
    return names[kernel_level()];
}

KERNEL_BODY void kernel_exp_body(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = simd_exp(x[i]);
}
KERNEL_DISPATCH(kernel_exp, (size_t n, const float *x, float *y), (n, x, y))

KERNEL_BODY void kernel_silu_body(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * simd_sigmoid(x[i]);
}
KERNEL_DISPATCH(kernel_silu, (size_t n, const float *x, float *y), (n, x, y))

KERNEL_BODY void kernel_silu_grad_body(size_t n, const float *x, const float *gy, float *gx)
{
    for (size_t i = 0; i < n; i++)
        gx[i] += gy[i] * simd_silu_slope(x[i]);
}
KERNEL_DISPATCH(kernel_silu_grad, (size_t n, const float *x, const float *gy, float *gx),
                (n, x, gy, gx))

/* gelu(x) = x sigmoid(t), t = 2 sqrt(2 / pi) (x + 0.044715 x^3): the tanh form, since
 * (1 + tanh(t / 2)) / 2 = sigmoid(t). */
KERNEL_BODY float gelu_argument(float x)
{
    return 1.5957691216f * (x + 0.044715f * x * x * x);
}

KERNEL_BODY void kernel_gelu_body(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] * simd_sigmoid(gelu_argument(x[i]));
}
KERNEL_DISPATCH(kernel_gelu, (size_t n, const float *x, float *y), (n, x, y))

KERNEL_BODY void kernel_gelu_grad_body(size_t n, const float *x, const float *gy, float *gx)
{
    for (size_t i = 0; i < n; i++) {
        float e = simd_exp(-gelu_argument(x[i])), s = 1.0f / (1.0f + e);
        float slope = 1.5957691216f * (1.0f + 0.134145f * x[i] * x[i]);
        gx[i] += gy[i] * s * (1.0f + x[i] * (e * s) * slope);
    }
}
KERNEL_DISPATCH(kernel_gelu_grad, (size_t n, const float *x, const float *gy, float *gx),
                (n, x, gy, gx))

KERNEL_BODY void kernel_add_body(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}
KERNEL_DISPATCH(kernel_add, (size_t n, const float *a, const float *b, float *y), (n, a, b, y))

KERNEL_BODY void kernel_accumulate_body(size_t n, float scale, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] += scale * x[i];
}
KERNEL_DISPATCH(kernel_accumulate, (size_t n, float scale, const float *x, float *y),
                (n, scale, x, y))

KERNEL_BODY void kernel_add_row_body(int rows, int c, const float *x, const float *e, float *y)
{
    for (int row = 0; row < rows; row++)
        for (int j = 0; j < c; j++)
            y[(size_t)row * (size_t)c + (size_t)j] = x[(size_t)row * (size_t)c + (size_t)j] + e[j];
}
KERNEL_DISPATCH(kernel_add_row, (int rows, int c, const float *x, const float *e, float *y),
                (rows, c, x, e, y))

enum { COLUMNS = 64, ROWS = 64 };

/* Blocks of rows in float, their totals in double. */
KERNEL_BODY void column_block(int rows, int c, int width, const float *x, float *sum)
{
    double total[COLUMNS] = {0};
    for (int start = 0; start < rows; start += ROWS) {
        float part[COLUMNS] = {0};
        int end = start + ROWS < rows ? start + ROWS : rows;
        for (int row = start; row < end; row++)
            for (int j = 0; j < width; j++)
                part[j] += x[(size_t)row * (size_t)c + (size_t)j];
        for (int j = 0; j < width; j++)
            total[j] += (double)part[j];
    }
    for (int j = 0; j < width; j++)
        sum[j] += (float)total[j];
}

KERNEL_BODY void kernel_column_sums_body(int rows, int c, const float *x, float *sum)
{
    int j = 0;
    for (; j + COLUMNS <= c; j += COLUMNS)
        column_block(rows, c, COLUMNS, x + j, sum + j);
    for (; j + 16 <= c; j += 16)
        column_block(rows, c, 16, x + j, sum + j);
    if (j < c)
        column_block(rows, c, c - j, x + j, sum + j);
}
KERNEL_DISPATCH(kernel_column_sums, (int rows, int c, const float *x, float *sum), (rows, c, x, sum))
