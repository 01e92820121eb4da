/* Ops: shape rule, forward and backward of one differentiable step each. Every op works
 * with n = 0 (then it only follows shapes), skips gradients nobody needs, and must()s on
 * shapes that do not fit. All threads-unaware; all memory from the tape. Weights: linear
 * (in, out), convolution (3, 3, in, out). */
#ifndef DDIL_OP_H
#define DDIL_OP_H

#include "engine/tensor/tape.h"

/* y = x W + b over the channels, at every pixel: also the 1x1 convolution. W: (in, out);
 * b may be NULL. */
Tensor *op_linear(Tape *tape, Tensor *x, Tensor *weight, Tensor *bias);
/* op_linear followed by SiLU, fused. */
Tensor *op_linear_silu(Tape *tape, Tensor *x, Tensor *weight, Tensor *bias);
/* 3x3 convolution, stride 1, zero padding 1. W: (3, 3, in, out) stored as a tensor n=3
 * h=3 w=in c=out. */
Tensor *op_conv3x3(Tape *tape, Tensor *x, Tensor *weight, Tensor *bias);

/* The same behind a group norm and SiLU where there are gamma[c] and beta[c] (see below), and with
 * something added where there is `more`: like the output, or n x 1 x 1 x out for every pixel. One
 * pass over memory; only the output is kept. */
typedef struct NormConv {
    int groups;
    Tensor *gamma, *beta, *weight, *bias, *more;
} NormConv;
Tensor *op_norm_conv3x3(Tape *tape, Tensor *x, const NormConv *conv);

Tensor *op_silu(Tape *tape, Tensor *x);
Tensor *op_gelu(Tape *tape, Tensor *x); /* tanh form */
Tensor *op_add(Tape *tape, Tensor *a, Tensor *b);
/* Group norm over (h, w, c/groups) of each sample, eps 1e-5, then scale gamma[c], shift
 * beta[c]. */
Tensor *op_group_norm(Tape *tape, Tensor *x, Tensor *gamma, Tensor *beta, int groups);
/* op_group_norm followed by SiLU, fused. */
Tensor *op_group_norm_silu(Tape *tape, Tensor *x, Tensor *gamma, Tensor *beta, int groups);
/* Self-attention over the h*w pixels of each sample. qkv has 3c channels: q, k, v one
 * after the other, each split into `heads` blocks of c/heads; scale (c/heads)^-1/2. Out:
 * c channels. */
Tensor *op_attention(Tape *tape, Tensor *qkv, int heads);
/* The mean over the h*w pixels of each sample: n x 1 x 1 x c. */
Tensor *op_mean_pixels(Tape *tape, Tensor *x);
/* Joins channels: a first. */
Tensor *op_concat(Tape *tape, Tensor *a, Tensor *b);
/* 2x2 pixels into channels and back. Channel order is PyTorch's pixel_unshuffle: out
 * channel = c_in * 4 + 2 * dy + dx. */
Tensor *op_space_to_depth(Tape *tape, Tensor *x);
Tensor *op_depth_to_space(Tape *tape, Tensor *x);
/* Row label[i] of a (rows, c) table; gradient flows to the table. label[i] in 0..rows-1.
 */
Tensor *op_embed(Tape *tape, Tensor *table, const int *label, int n);
/* n x features: sin then cos of time[i] * scale * exp(-ln(range) * k / half), half =
 * features / 2. */
Tensor *op_time_features(Tape *tape, const float *time, int n, int features, float scale,
                         float range);

/* y[i,:] = scale[i] * x[i,:] + shift[i,:], scale and shift constant (shift: like x, or
 * NULL). xhat = alpha z - sigma v is op_affine(v, -sigma, alpha z); a consistency
 * function likewise. */
Tensor *op_affine(Tape *tape, Tensor *x, const float *scale, const float *shift);
/* Clips values to [low, high]; the gradient passes straight through (d clip / dx := 1).
 */
Tensor *op_clip_straight(Tape *tape, Tensor *x, float low, float high);
/* Values replaced by `values` (borrowed); the gradient passes straight through. */
Tensor *op_replace_straight(Tape *tape, Tensor *x, const float *values);

/* Losses: one element. target: like x, constant. each[i] (may be NULL) gets sample i's
 * unweighted loss. */
/* sum_i weight[i] * mean_d (x - target)^2 */
Tensor *op_mse(Tape *tape, Tensor *x, const float *target, const float *weight, float *each);
/* sum_i weight[i] * ( sqrt( mean_d (x - target)^2 + c^2 ) - c ): pseudo-Huber (Song &
 * Dhariwal 2023). */
Tensor *op_pseudo_huber(Tape *tape, Tensor *x, const float *target, const float *weight, float c,
                        float *each);
/* sum_i weight[i] * mean_d ( sqrt( (x - target)^2 + c^2 ) - c ): elementwise Huber of the
 * LCM scripts. */
Tensor *op_huber(Tape *tape, Tensor *x, const float *target, const float *weight, float c,
                 float *each);
/* sum_i weight[i] * -log softmax(x_i)[label[i]]; x: n x 1 x 1 x classes. */
Tensor *op_cross_entropy(Tape *tape, Tensor *x, const int *label, const float *weight, float *each);
/* sum_i weight[i] * ln(1 + exp(sign * x_i)) for one value a sample: logistic. */
Tensor *op_logistic(Tape *tape, Tensor *x, float sign, const float *weight, float *each);

#endif
