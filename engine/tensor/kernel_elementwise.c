/* Elementwise kernels. Owns nothing, calls nothing. */
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"

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
    for (size_t i = 0; i < n; i++) {
        float slope;
        simd_silu_both(x[i], &slope);
        gx[i] += gy[i] * slope;
    }
}
KERNEL_DISPATCH(kernel_silu_grad, (size_t n, const float *x, const float *gy, float *gx),
                (n, x, gy, gx))

KERNEL_BODY void kernel_silu_slope_body(size_t n, float *x, float *y)
{
    for (size_t i = 0; i < n; i++) {
        float slope;
        y[i] = simd_silu_both(x[i], &slope);
        x[i] = slope;
    }
}
KERNEL_DISPATCH(kernel_silu_slope, (size_t n, float *x, float *y), (n, x, y))

/* gelu(x) = x sigmoid(t), t = 2 sqrt(2 / pi) (x + 0.044715 x^3): the tanh form, since
 * (1 + tanh(t / 2)) / 2 = sigmoid(t). */
KERNEL_BODY float gelu_argument(float x) { return 1.5957691216f * (x + 0.044715f * x * x * x); }

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

KERNEL_BODY void kernel_multiply_body(size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++)
        y[i] *= x[i];
}
KERNEL_DISPATCH(kernel_multiply, (size_t n, const float *x, float *y), (n, x, y))

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

enum { WIDE = 64, ROWS = 64 };

/* Blocks of rows in float, their totals in double. */
KERNEL_BODY void column_block(int rows, int c, int width, const float *x, float *sum)
{
    double total[WIDE] = {0};
    for (int start = 0; start < rows; start += ROWS) {
        float part[WIDE] = {0};
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
    for (; j + WIDE <= c; j += WIDE)
        column_block(rows, c, WIDE, x + j, sum + j);
    for (; j + 16 <= c; j += 16)
        column_block(rows, c, 16, x + j, sum + j);
    if (j < c)
        column_block(rows, c, c - j, x + j, sum + j);
}
KERNEL_DISPATCH(kernel_column_sums, (int rows, int c, const float *x, float *sum),
                (rows, c, x, sum))

/* Sine and cosine of a + quarter * pi / 2 from their series on [-pi/4, pi/4]. */
KERNEL_BODY void series(double r, uint64_t quarter, float *sine, float *cosine)
{
    double q = r * r;
    double s = r + r * q * (-1.0 / 6 + q * (1.0 / 120 + q * (-1.0 / 5040 + q * (1.0 / 362880))));
    double c = 1 + q * (-0.5 + q * (1.0 / 24 + q * (-1.0 / 720 + q * (1.0 / 40320))));
    double first = quarter & 1 ? c : s, second = quarter & 1 ? s : c;
    *sine = (float)(quarter & 2 ? -first : first);
    *cosine = (float)((quarter + 1) & 2 ? -second : second);
}

/* The quarter turn is rounded by adding 1.5 * 2^52, whose low bits then hold it. */
KERNEL_BODY void kernel_time_features_body(int n, int half, const float *time,
                                           const double *frequency, float *y)
{
    for (int i = 0; i < n; i++, y += 2 * half)
        for (int k = 0; k < half; k++) {
            double angle = (double)time[i] * frequency[k];
            double shifted = angle * 0.63661977236758134308 + 6755399441055744.0;
            double quarter = shifted - 6755399441055744.0;
            double r = angle - quarter * 1.5707963267948965580;
            r = r - quarter * 6.1232339957367660e-17;
            uint64_t bits;
            memcpy(&bits, &shifted, sizeof bits);
            series(r, bits, y + k, y + half + k);
        }
}
KERNEL_DISPATCH(kernel_time_features,
                (int n, int half, const float *time, const double *frequency, float *y),
                (n, half, time, frequency, y))

KERNEL_BODY void kernel_five_gaussians_body(size_t n, double rate, double *value)
{
    for (size_t i = 0; i < n; i++) {
        double k = simd_exp_double(-value[i] * rate), sum = k;
        for (int j = 0; j < 4; j++) {
            k = k * k;
            k = k * k;
            sum += k;
        }
        value[i] = sum / 5;
    }
}
KERNEL_DISPATCH(kernel_five_gaussians, (size_t n, double rate, double *value), (n, rate, value))
