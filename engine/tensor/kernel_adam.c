/* One optimiser step over a flat block: clip, AdamW and EMA in a single pass, since it is
 * memory that it waits for. */
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"
#include <math.h>

/* AdamW (Loshchilov & Hutter 2019), the bias corrections as in PyTorch. */
KERNEL_BODY void step(size_t n, AdamFactors f, bool clip, float *restrict g, float *restrict m,
                      float *restrict v, float *restrict w, float *restrict ema)
{
    for (size_t i = 0; i < n; i++) {
        float gi = g[i];
        if (clip)
            g[i] = gi = gi * f.clip;
        m[i] = f.keep1 * m[i] + f.new1 * gi;
        v[i] = f.keep2 * v[i] + f.new2 * gi * gi;
        w[i] = w[i] * f.decay - f.rate * m[i] / (sqrtf(v[i]) * f.root + f.epsilon);
        ema[i] += f.move * (w[i] - ema[i]);
    }
}

KERNEL_BODY void kernel_adam_body(size_t n, const AdamFactors *f, float *g, float *m, float *v,
                                  float *w, float *ema)
{
    if (f->clip < 1)
        step(n, *f, true, g, m, v, w, ema);
    else
        step(n, *f, false, g, m, v, w, ema);
}
KERNEL_DISPATCH(kernel_adam,
                (size_t n, const AdamFactors *f, float *g, float *m, float *v, float *w,
                 float *ema),
                (n, f, g, m, v, w, ema))

/* The square of a float is exact in double. */
KERNEL_BODY void kernel_squares_body(size_t n, const float *x, double *sum)
{
    enum { LANES = 32 };
    double lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t j = 0; j < LANES; j++)
            lane[j] += (double)x[i + j] * (double)x[i + j];
    for (size_t j = 0; i < n; i++, j++)
        lane[j] += (double)x[i] * (double)x[i];
    *sum = 0;
    for (size_t j = 0; j < LANES; j++)
        *sum += lane[j];
}
KERNEL_DISPATCH(kernel_squares, (size_t n, const float *x, double *sum), (n, x, sum))
