/* Softmax and self-attention: per sample and head two small matrix products around a
 * softmax. */
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"
#include <math.h>

enum { LANES = 16 };

/* The larger, or NaN when either is: a NaN must reach the output. */
KERNEL_BODY float larger(float a, float b) { return a > b || a != a ? a : b; }

KERNEL_BODY float row_maximum(int n, const float *x)
{
    float lane[LANES];
    for (int j = 0; j < LANES; j++)
        lane[j] = x[j < n ? j : 0];
    int i = LANES;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] = larger(lane[j], x[i + j]);
    for (; i < n; i++)
        lane[0] = larger(lane[0], x[i]);
    for (int j = 1; j < LANES; j++)
        lane[0] = larger(lane[0], lane[j]);
    return lane[0];
}

KERNEL_BODY float row_sum(int n, const float *x)
{
    float lane[LANES] = {0}, rest = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += x[i + j];
    for (; i < n; i++)
        rest += x[i];
    for (int j = 0; j < LANES; j++)
        rest += lane[j];
    return rest;
}

KERNEL_BODY float row_dot(int n, const float *a, const float *b)
{
    float lane[LANES] = {0}, rest = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += a[i + j] * b[i + j];
    for (; i < n; i++)
        rest += a[i] * b[i];
    for (int j = 0; j < LANES; j++)
        rest += lane[j];
    return rest;
}

/* Three passes, so that the exponentials run over all rows at once. */
KERNEL_BODY void kernel_softmax_body(int rows, int n, float *x)
{
    for (int row = 0; row < rows; row++) {
        float top = row_maximum(n, x + row * n);
        for (int j = 0; j < n; j++)
            x[row * n + j] -= top;
    }
    for (int i = 0; i < rows * n; i++)
        x[i] = simd_exp(x[i]);
    for (int row = 0; row < rows; row++) {
        float factor = 1.0f / row_sum(n, x + row * n);
        for (int j = 0; j < n; j++)
            x[row * n + j] *= factor;
    }
}
KERNEL_DISPATCH(kernel_softmax, (int rows, int n, float *x), (rows, n, x))

KERNEL_BODY void kernel_softmax_grad_body(int rows, int n, const float *p, float *gp)
{
    for (int row = 0; row < rows; row++, p += n, gp += n) {
        float dot = row_dot(n, p, gp);
        for (int j = 0; j < n; j++)
            gp[j] = p[j] * (gp[j] - dot);
    }
}
KERNEL_DISPATCH(kernel_softmax_grad, (int rows, int n, const float *p, float *gp), (rows, n, p, gp))

/* One head of one sample: a view into qkv (or its gradient) and into y. */
typedef struct Head {
    size_t q, k, v, y, p; /* offsets */
    int width, row;       /* channels of the head; stride of qkv */
    float scale;
} Head;

static Head head_of(AttentionShape s, int sample, int head)
{
    int width = s.c / s.heads;
    size_t pixels = (size_t)s.pixels, c = (size_t)s.c, at = (size_t)head * (size_t)width;
    size_t first = (size_t)sample * pixels * 3 * c + at;
    return (Head){
        .q = first,
        .k = first + c,
        .v = first + 2 * c,
        .y = (size_t)sample * pixels * c + at,
        .p = ((size_t)sample * (size_t)s.heads + (size_t)head) * pixels * pixels,
        .width = width,
        .row = 3 * s.c,
        .scale = 1.0f / sqrtf((float)width),
    };
}

void kernel_attention(AttentionShape shape, const float *qkv, float *y, float *p)
{
    int t = shape.pixels;
    for (int i = 0; i < shape.n * shape.heads; i++) {
        Head h = head_of(shape, i / shape.heads, i % shape.heads);
        float *weight = p + h.p;
        kernel_matmul(t, t, h.width, h.scale, (Matrix){qkv + h.q, h.row, false},
                      (Matrix){qkv + h.k, h.row, true}, false, weight, t);
        kernel_softmax(t, t, weight);
        kernel_matmul(t, h.width, t, 1.0f, (Matrix){weight, t, false},
                      (Matrix){qkv + h.v, h.row, false}, false, y + h.y, shape.c);
    }
}

void kernel_attention_grad(AttentionShape shape, const float *qkv, const float *p, const float *gy,
                           bool add, float *gqkv, float *scratch)
{
    int t = shape.pixels;
    for (int i = 0; i < shape.n * shape.heads; i++) {
        Head h = head_of(shape, i / shape.heads, i % shape.heads);
        Matrix q = {qkv + h.q, h.row, false}, k = {qkv + h.k, h.row, false};
        Matrix out = {gy + h.y, shape.c, false};
        kernel_matmul(t, h.width, t, 1.0f, (Matrix){p + h.p, t, true}, out, add, gqkv + h.v, h.row);
        kernel_matmul(t, t, h.width, 1.0f, out, (Matrix){qkv + h.v, h.row, true}, false, scratch,
                      t);
        kernel_softmax_grad(t, t, p + h.p, scratch);
        kernel_matmul(t, h.width, t, h.scale, (Matrix){scratch, t, false}, k, add, gqkv + h.q,
                      h.row);
        kernel_matmul(t, h.width, t, h.scale, (Matrix){scratch, t, true}, q, add, gqkv + h.k,
                      h.row);
    }
}
