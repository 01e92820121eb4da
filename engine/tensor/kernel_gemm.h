/* Matrix product for the shapes of small networks. Included by kernel_*.c only. */
#ifndef DDIL_KERNEL_GEMM_H
#define DDIL_KERNEL_GEMM_H

#include <stdbool.h>
#include <stddef.h>

/* c (m, n; row stride ldc) = [c if add, else bias (n) or 0] + alpha A B, with A[i, l] =
 * a[i * ra + l * ca] and B[l, j] = b[l * rb + j * cb]. ra or ca is 1, rb or cb is 1. */
typedef struct Gemm {
    int m, n, k;
    float alpha;
    const float *a;
    ptrdiff_t ra, ca;
    const float *b;
    ptrdiff_t rb, cb;
    const float *bias; /* not together with add */
    bool add;
    float *c;
    ptrdiff_t ldc;
} Gemm;

/* m > 0. On every CPU; without AVX2, BLAS may be faster. */
void kernel_gemm(const Gemm *gemm);

/* The same for B packed by the caller; alpha, rb and cb are not looked at, n is a multiple of 16.
 * Columns in panels, each (k, width) contiguous; the panel that starts at column j starts at float
 * k * j and is kernel_gemm_panel(n, j) wide. */
int kernel_gemm_panel(int n, int j);
void kernel_gemm_packed(const Gemm *gemm);

#endif
