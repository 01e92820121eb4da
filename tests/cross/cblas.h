/* Stands in for BLAS where another architecture's is not installed: the naive product. */
#ifndef DDIL_TESTS_CROSS_CBLAS_H
#define DDIL_TESTS_CROSS_CBLAS_H

#include "engine/tensor/kernels.h"

typedef enum CBLAS_ORDER { CblasRowMajor } CBLAS_ORDER;
typedef enum CBLAS_TRANSPOSE { CblasNoTrans, CblasTrans } CBLAS_TRANSPOSE;

static inline void openblas_set_num_threads(int threads) { (void)threads; }

static inline int openblas_get_num_threads(void) { return 1; }

static inline void cblas_sgemm(CBLAS_ORDER order, CBLAS_TRANSPOSE ta, CBLAS_TRANSPOSE tb, int m,
                               int n, int k, float alpha, const float *a, int lda, const float *b,
                               int ldb, float beta, float *c, int ldc)
{
    (void)order;
    naive_matmul(m, n, k, alpha, (Matrix){a, lda, ta == CblasTrans},
                 (Matrix){b, ldb, tb == CblasTrans}, beta != 0.0f, c, ldc);
}

#endif
