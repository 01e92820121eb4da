/* Matrix products over BLAS and the linear layer's three products. */
#include "engine/tensor/kernels.h"
#include <cblas.h>

void kernel_init(void)
{
    openblas_set_num_threads(1);
}

static CBLAS_TRANSPOSE transposed(Matrix a)
{
    return a.transpose ? CblasTrans : CblasNoTrans;
}

void kernel_matmul(int m, int n, int k, float alpha, Matrix a, Matrix b, float beta, float *c, int ldc)
{
    if (m == 0 || n == 0)
        return;
    cblas_sgemm(CblasRowMajor, transposed(a), transposed(b), m, n, k, alpha, a.x, a.stride, b.x,
                b.stride, beta, c, ldc);
}

/* Bias first, so that the product is added onto it. */
void kernel_linear(int rows, int in, int out, const float *x, const float *weight, const float *bias,
                   float *y)
{
    for (int row = 0; bias && row < rows; row++)
        for (int j = 0; j < out; j++)
            y[(size_t)row * (size_t)out + (size_t)j] = bias[j];
    kernel_matmul(rows, out, in, 1.0f, (Matrix){x, in, false}, (Matrix){weight, out, false},
                  bias ? 1.0f : 0.0f, y, out);
}

void kernel_linear_input(int rows, int in, int out, const float *gy, const float *weight, float *gx)
{
    kernel_matmul(rows, in, out, 1.0f, (Matrix){gy, out, false}, (Matrix){weight, out, true}, 1.0f, gx,
                  in);
}

void kernel_linear_weight(int rows, int in, int out, const float *gy, const float *x, float *gweight)
{
    if (rows > 0)
        kernel_matmul(in, out, rows, 1.0f, (Matrix){x, in, true}, (Matrix){gy, out, false}, 1.0f,
                      gweight, out);
}
