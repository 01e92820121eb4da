/* Softmax and self-attention. A sample's attention weights stand turned, a key a row, the queries
 * of all heads side by side: so the softmax runs down columns and nothing across a vector. */
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"
#include <math.h>

/* The largest of each column. A NaN that is not seen as such still reaches the sum. */
KERNEL_BODY void largest(int rows, int n, int width, const float *x, float *top)
{
    Columns most, xi;
    load_columns(x, width, &most);
    for (int row = 1; row < rows; row++) {
        load_columns(x + row * n, width, &xi);
        ColumnsMask more = xi > most;
        most = (Columns)(((ColumnsMask)xi & more) | ((ColumnsMask)most & ~more));
    }
    *(Columns *)top = most;
}

/* `width` columns side by side. */
KERNEL_BODY void softmax_block(int rows, int n, int width, float *x)
{
    float top[COLUMNS], sum[COLUMNS];
    Columns total = {0}, xi;
    largest(rows, n, width, x, top);
    for (int row = 0; row < rows; row++)
        for (int j = 0; j < width; j++)
            x[row * n + j] = simd_exp(x[row * n + j] - top[j]);
    for (int row = 0; row < rows; row++) {
        load_columns(x + row * n, width, &xi);
        total += xi;
    }
    for (int j = 0; j < width; j++)
        sum[j] = 1.0f / total[j];
    for (int row = 0; row < rows; row++)
        for (int j = 0; j < width; j++)
            x[row * n + j] *= sum[j];
}

KERNEL_BODY void kernel_softmax_body(int rows, int n, float *x)
{
    int j = 0;
    for (; rows > 0 && j + COLUMNS <= n; j += COLUMNS)
        softmax_block(rows, n, COLUMNS, x + j);
    if (rows > 0 && j < n)
        softmax_block(rows, n, n - j, x + j);
}
KERNEL_DISPATCH(kernel_softmax, (int rows, int n, float *x), (rows, n, x))

KERNEL_BODY void softmax_grad_block(int rows, int n, int width, const float *p, float *gp)
{
    Columns total = {0}, pi, gi;
    for (int row = 0; row < rows; row++) {
        load_columns(p + row * n, width, &pi);
        load_columns(gp + row * n, width, &gi);
        total += pi * gi;
    }
    float dot[COLUMNS];
    *(Columns *)dot = total;
    for (int row = 0; row < rows; row++)
        for (int j = 0; j < width; j++)
            gp[row * n + j] = p[row * n + j] * (gp[row * n + j] - dot[j]);
}

KERNEL_BODY void kernel_softmax_grad_body(int rows, int n, const float *p, float *gp)
{
    int j = 0;
    for (; j + COLUMNS <= n; j += COLUMNS)
        softmax_grad_block(rows, n, COLUMNS, p + j, gp + j);
    if (j < n)
        softmax_grad_block(rows, n, n - j, p + j, gp + j);
}
KERNEL_DISPATCH(kernel_softmax_grad, (int rows, int n, const float *p, float *gp), (rows, n, p, gp))

/* Queries of all heads, and some more that fill the last vector. */
static int queries(AttentionShape s)
{
    return (s.heads * s.pixels + COLUMNS - 1) / COLUMNS * COLUMNS;
}

size_t attention_room(AttentionShape s) { return (size_t)s.pixels * (size_t)queries(s); }

/* Columns of nobody's queries. */
static void clear_rest(AttentionShape s, float *p)
{
    int n = queries(s), used = s.heads * s.pixels;
    for (int row = 0; row < s.pixels && used < n; row++)
        memset(p + row * n + used, 0, sizeof(float) * (size_t)(n - used));
}

/* One head's channels of one sample: rows of q, k and v (or their gradients), and of y. */
typedef struct Head {
    size_t q, k, v, y; /* offsets */
    int width, row;    /* channels of the head; stride of qkv */
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
        .width = width,
        .row = 3 * s.c,
        .scale = 1.0f / sqrtf((float)width),
    };
}

void kernel_attention(AttentionShape shape, const float *qkv, float *y, float *p)
{
    int t = shape.pixels, n = queries(shape);
    for (int i = 0; i < shape.n; i++, p += attention_room(shape)) {
        for (int head = 0; head < shape.heads; head++) {
            Head h = head_of(shape, i, head);
            kernel_matmul(t, t, h.width, h.scale, (Matrix){qkv + h.k, h.row, false},
                          (Matrix){qkv + h.q, h.row, true}, false, p + head * t, n);
        }
        clear_rest(shape, p);
        kernel_softmax(t, n, p);
        for (int head = 0; head < shape.heads; head++) {
            Head h = head_of(shape, i, head);
            kernel_matmul(t, h.width, t, 1.0f, (Matrix){p + head * t, n, true},
                          (Matrix){qkv + h.v, h.row, false}, false, y + h.y, shape.c);
        }
    }
}

/* Of the weights, before the softmax, into `gp`; and of v. */
static void grad_to_weights(AttentionShape shape, int sample, const float *qkv, const float *p,
                            const float *gy, bool add, float *gqkv, float *gp)
{
    int t = shape.pixels, n = queries(shape);
    for (int head = 0; head < shape.heads; head++) {
        Head h = head_of(shape, sample, head);
        Matrix out = {gy + h.y, shape.c, false}, turned = {gy + h.y, shape.c, true};
        kernel_matmul(t, h.width, t, 1.0f, (Matrix){p + head * t, n, false}, out, add, gqkv + h.v,
                      h.row);
        kernel_matmul(t, t, h.width, 1.0f, (Matrix){qkv + h.v, h.row, false}, turned, false,
                      gp + head * t, n);
    }
    clear_rest(shape, gp);
    kernel_softmax_grad(t, n, p, gp);
}

void kernel_attention_grad(AttentionShape shape, const float *qkv, const float *p, const float *gy,
                           bool add, float *gqkv, float *scratch)
{
    int t = shape.pixels, n = queries(shape);
    for (int i = 0; i < shape.n; i++, p += attention_room(shape)) {
        grad_to_weights(shape, i, qkv, p, gy, add, gqkv, scratch);
        for (int head = 0; head < shape.heads; head++) {
            Head h = head_of(shape, i, head);
            Matrix q = {qkv + h.q, h.row, false}, k = {qkv + h.k, h.row, false};
            kernel_matmul(t, h.width, t, h.scale, (Matrix){scratch + head * t, n, true}, k, add,
                          gqkv + h.q, h.row);
            kernel_matmul(t, h.width, t, h.scale, (Matrix){scratch + head * t, n, false}, q, add,
                          gqkv + h.k, h.row);
        }
    }
}
