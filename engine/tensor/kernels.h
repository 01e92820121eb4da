/* Kernels: pure float functions over plain arrays, shapes beside the arguments. Forward
 * overwrites its output, backward adds to it, or overwrites without `add`. Any number of
 * elements may be zero; then pointers are not looked at. Every function may be called
 * from several threads at once. Pictures are NHWC, matrices row-major. NaN propagates
 * through all of them. The only callers of cblas. */
#ifndef DDIL_KERNELS_H
#define DDIL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

/* Keeps BLAS single-threaded: our own workers are the threads. Call before the first
 * kernel. */
void kernel_init(void);

/* The instruction set used for vectorised kernels: "avx512", "avx2" or "portable". */
const char *kernel_cpu(void);

/* C (m, n; row stride ldc) = [C if add +] alpha op(A) op(B). op(A): (m, k), op(B): (k,
 * n). */
typedef struct Matrix {
    const float *x;
    int stride;     /* floats from row to row */
    bool transpose; /* use the transpose of what is stored */
} Matrix;
void kernel_matmul(int m, int n, int k, float alpha, Matrix a, Matrix b, bool add, float *c,
                   int ldc);

/* y (rows, out) = x (rows, in) W (in, out) + bias (out, or NULL). */
void kernel_linear(int rows, int in, int out, const float *x, const float *weight,
                   const float *bias, float *y);
void kernel_linear_input(int rows, int in, int out, const float *gy, const float *weight, bool add,
                         float *gx);
void kernel_linear_weight(int rows, int in, int out, const float *gy, const float *x, bool add,
                          float *gweight);
/* sum (c) += column sums of x (rows, c). */
void kernel_column_sums(int rows, int c, const float *x, float *sum);

/* 3x3 convolution, stride 1, zero padding 1. x: (n, h, w, in); weight: (3, 3, in, out);
 * y: (n, h, w, out). scratch: conv3x3_scratch floats. */
typedef enum ConvWay {
    CONV_BY_RULE,   /* the fastest for the shape, as measured */
    CONV_GATHER,    /* one matrix product over neighbourhoods */
    CONV_WINOGRAD2, /* F(2x2, 3x3) and F(4x4, 3x3): where channels are multiples of 16, */
    CONV_WINOGRAD4, /* at most 256; else gathered */
} ConvWay;
typedef struct ConvShape {
    int n, h, w, in, out;
    ConvWay way;
} ConvShape;
size_t conv3x3_scratch(ConvShape shape);
/* The input goes through group norm (KERNEL_NORM_CHANNELS at most) and SiLU first. */
typedef struct ConvNorm {
    int groups;
    const float *gamma, *beta; /* (in) */
    float *stats;              /* as of kernel_group_norm */
} ConvNorm;
/* What is added to the output; NULL: nothing. */
typedef struct ConvEnd {
    const float *bias; /* (out) */
    const float *more; /* like y, which it may be; or (n, out) where `flat`: at every pixel */
    bool flat;
} ConvEnd;
/* norm may be NULL. */
void kernel_conv3x3(ConvShape shape, const ConvNorm *norm, const float *x, const float *weight,
                    ConvEnd end, float *y, float *scratch);
/* Where gradients go; NULL: not wanted. `add` is about x alone. */
typedef struct ConvGrad {
    float *x, *gamma, *beta, *weight;
    bool add;
} ConvGrad;
/* Of all but the end. With `norm` its stats are read. */
void kernel_conv3x3_grad(ConvShape shape, const ConvNorm *norm, const float *x, const float *weight,
                         const float *gy, ConvGrad to, float *scratch);

/* Elementwise over n values. */
void kernel_exp(size_t n, const float *x,
                float *y); /* relative error 3e-7; x clamped to [-87, 88] */
void kernel_silu(size_t n, const float *x, float *y);
void kernel_silu_grad(size_t n, const float *x, const float *gy, float *gx);
/* y = silu(x); x becomes the slope there. */
void kernel_silu_slope(size_t n, float *x, float *y);
void kernel_gelu(size_t n, const float *x, float *y);
void kernel_gelu_grad(size_t n, const float *x, const float *gy, float *gx);
void kernel_add(size_t n, const float *a, const float *b, float *y);
/* y *= x */
void kernel_multiply(size_t n, const float *x, float *y);
/* y += scale x */
void kernel_accumulate(size_t n, float scale, const float *x, float *y);
/* y (rows, c) = x (rows, c) + e (c) */
void kernel_add_row(int rows, int c, const float *x, const float *e, float *y);

/* value = mean of e^(-rate value), its 4th, 16th, 64th and 256th power, value >= 0:
 * relative error 2e-13, absolute 1e-15. */
void kernel_five_gaussians(size_t n, double rate, double *value);

/* x0 (rows, 2) = E[x | z] of points z = alpha x + sigma noise under n Gaussians in the plane of one
 * isotropic variance; label[r]: over the components of that label alone, or all when < 0. In
 * double: relative error 1e-13 of the largest mean. */
typedef struct PlaneMixture {
    int n;
    const double (*mean)[2]; /* [n] */
    const double *weight;
    const int *label;
    double variance;
} PlaneMixture;
void kernel_mixture(const PlaneMixture *m, int rows, const double *alpha, const double *sigma,
                    const int *label, const float *z, float *x0);

/* Group norm over (pixels, c / groups) of each of n samples, eps 1e-5; y = gamma xhat +
 * beta, then SiLU when `silu`. stats: 2 n groups floats (mean, 1 / deviation), written
 * forward and read backward. */
enum { KERNEL_NORM_CHANNELS = 1024 };
typedef struct NormShape {
    int n, pixels, c, groups; /* c <= KERNEL_NORM_CHANNELS, a multiple of groups */
    bool silu;
} NormShape;
void kernel_group_norm(NormShape shape, const float *x, const float *gamma, const float *beta,
                       float *y, float *stats);
/* gx, ggamma and gbeta may each be NULL; `add` is about gx alone. y is made anew on the way.
 * scratch: pixels * c floats. */
void kernel_group_norm_grad(NormShape shape, const float *x, const float *gamma, const float *beta,
                            const float *stats, const float *gy, bool add, float *gx, float *ggamma,
                            float *gbeta, float *y, float *scratch);

/* y (n, 2 half): sin, then cos, of time[i] * frequency[k]. Absolute error 1e-7 up to
 * angles of 1e6. */
void kernel_time_features(int n, int half, const float *time, const double *frequency, float *y);

/* Softmax down each column of x (rows, n), in place. */
void kernel_softmax(int rows, int n, float *x);
/* gx = p (gp - sum(p gp)) column by column, in place over gp. */
void kernel_softmax_grad(int rows, int n, const float *p, float *gp);

/* Self-attention of each of n samples over `pixels` rows of qkv (pixels, 3c); y (pixels,
 * c). p: attention_room floats a sample, the attention weights, written forward and read
 * backward. */
typedef struct AttentionShape {
    int n, pixels, c, heads;
} AttentionShape;
size_t attention_room(AttentionShape shape);
void kernel_attention(AttentionShape shape, const float *qkv, float *y, float *p);
/* scratch: attention_room floats. */
void kernel_attention_grad(AttentionShape shape, const float *qkv, const float *p, const float *gy,
                           bool add, float *gqkv, float *scratch);

/* One optimiser step over n floats: gradient (scaled in place when clip < 1), the two
 * moments, weights and their moving average. */
typedef struct AdamFactors {
    float clip, keep1, keep2, new1, new2, decay, rate, root, epsilon, move;
} AdamFactors;
void kernel_adam(size_t n, const AdamFactors *factors, float *gradient, float *moment1,
                 float *moment2, float *weights, float *ema);
/* sum = sum of x^2, in double; the same bits on every CPU. */
void kernel_squares(size_t n, const float *x, double *sum);

/* (n, h, w, c) to (n, h/2, w/2, 4c), channel c * 4 + 2 dy + dx, and back. The shape is
 * the large picture's. */
void kernel_space_to_depth(int n, int h, int w, int c, const float *x, float *y, bool accumulate);
void kernel_depth_to_space(int n, int h, int w, int c, const float *x, float *y, bool accumulate);

/* The naive twins: the formula as loops, sums in double. Oracle of the tests and
 * documentation. */
void naive_matmul(int m, int n, int k, float alpha, Matrix a, Matrix b, bool add, float *c,
                  int ldc);
void naive_conv3x3(ConvShape shape, const float *x, const float *weight, const float *bias,
                   float *y);
void naive_conv3x3_input(ConvShape shape, const float *gy, const float *weight, float *gx);
void naive_conv3x3_weight(ConvShape shape, const float *gy, const float *x, float *gweight);
double naive_silu(double x);
double naive_silu_slope(double x);
double naive_gelu(double x);
double naive_gelu_slope(double x);
void naive_group_norm(NormShape shape, const float *x, const float *gamma, const float *beta,
                      float *y);
void naive_group_norm_grad(NormShape shape, const float *x, const float *gamma, const float *beta,
                           const float *gy, float *gx, float *ggamma, float *gbeta);
void naive_softmax(int rows, int n, float *x);
void naive_attention(AttentionShape shape, const float *qkv, float *y);
void naive_attention_grad(AttentionShape shape, const float *qkv, const float *gy, float *gqkv);

#endif
