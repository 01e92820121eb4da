/* 3x3 convolutions by Winograd's minimal filtering. Included by kernel_conv.c only. */
#ifndef DDIL_KERNEL_WINOGRAD_H
#define DDIL_KERNEL_WINOGRAD_H

#include "engine/tensor/kernels.h"

/* Whether this shape is to be transformed; the others below want it to be. */
bool winograd_fits(ConvShape shape);
/* Pictures that are best worked through together: their tiles stay in the second-level cache. */
int winograd_pictures(ConvShape shape);
size_t winograd_scratch(ConvShape shape);

void winograd_forward(ConvShape shape, const float *x, const float *weight, ConvEnd end, float *y,
                      float *scratch);
/* turned (3, 3, out, in) = weight (3, 3, in, out) with the taps in reverse and each matrix
 * transposed: the input gradient is a forward pass with that. */
void winograd_turn(ConvShape shape, const float *weight, float *turned);
void winograd_weight(ConvShape shape, const float *gy, const float *x, float *gweight,
                     float *scratch);

#endif
