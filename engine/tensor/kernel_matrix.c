/* Matrix products over BLAS and the linear layer's three products. */
#include "engine/tensor/kernel_gemm.h"
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"
#include <cblas.h>
#include <string.h>

void kernel_init(void)
{
    /* Asked again in a forked process, it would start its threads anew, which spin. */
    if (openblas_get_num_threads() != 1)
        openblas_set_num_threads(1);
}

static CBLAS_TRANSPOSE transposed(Matrix a) { return a.transpose ? CblasTrans : CblasNoTrans; }

/* Our own product, or BLAS where there is none. */
static void product(int m, int n, int k, float alpha, Matrix a, Matrix b, const float *bias,
                    bool add, float *c, int ldc)
{
    if (kernel_level() == CPU_PORTABLE) {
        cblas_sgemm(CblasRowMajor, transposed(a), transposed(b), m, n, k, alpha, a.x, a.stride, b.x,
                    b.stride, add ? 1.0f : 0.0f, c, ldc);
        return;
    }
    kernel_gemm(&(Gemm){.m = m,
                        .n = n,
                        .k = k,
                        .alpha = alpha,
                        .a = a.x,
                        .ra = a.transpose ? 1 : a.stride,
                        .ca = a.transpose ? a.stride : 1,
                        .b = b.x,
                        .rb = b.transpose ? 1 : b.stride,
                        .cb = b.transpose ? b.stride : 1,
                        .bias = bias,
                        .add = add,
                        .c = c,
                        .ldc = ldc});
}

void kernel_matmul(int m, int n, int k, float alpha, Matrix a, Matrix b, bool add, float *c,
                   int ldc)
{
    if (m > 0 && n > 0)
        product(m, n, k, alpha, a, b, NULL, add, c, ldc);
}

void kernel_linear(int rows, int in, int out, const float *x, const float *weight,
                   const float *bias, float *y)
{
    bool first =
        bias && kernel_level() == CPU_PORTABLE; /* then the product is added onto the bias */
    for (int row = 0; first && row < rows; row++)
        memcpy(y + (size_t)row * (size_t)out, bias, sizeof(float) * (size_t)out);
    if (rows > 0)
        product(rows, out, in, 1.0f, (Matrix){x, in, false}, (Matrix){weight, out, false}, bias,
                first, y, out);
}

void kernel_linear_input(int rows, int in, int out, const float *gy, const float *weight, bool add,
                         float *gx)
{
    kernel_matmul(rows, in, out, 1.0f, (Matrix){gy, out, false}, (Matrix){weight, out, true}, add,
                  gx, in);
}

void kernel_linear_weight(int rows, int in, int out, const float *gy, const float *x, bool add,
                          float *gweight)
{
    if (rows > 0)
        kernel_matmul(in, out, rows, 1.0f, (Matrix){x, in, true}, (Matrix){gy, out, false}, add,
                      gweight, out);
    else if (!add)
        memset(gweight, 0, sizeof(float) * (size_t)in * (size_t)out);
}
