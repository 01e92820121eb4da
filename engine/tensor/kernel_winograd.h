/* 3x3 convolutions by Winograd's minimal filtering. Included by kernel_conv.c only. */
#ifndef DDIL_KERNEL_WINOGRAD_H
#define DDIL_KERNEL_WINOGRAD_H

#include "engine/tensor/kernels.h"

/* Whether this shape is to be transformed; the others below want it to be. */
bool winograd_fits(ConvShape shape);
size_t winograd_scratch(ConvShape shape);
void winograd_forward(ConvShape shape, const float *x, const float *weight, const float *bias,
                      float *y, float *scratch);
void winograd_input(ConvShape shape, const float *gy, const float *weight, bool add, float *gx,
                    float *scratch);
void winograd_weight(ConvShape shape, const float *gy, const float *x, float *gweight,
                     float *scratch);

#endif
