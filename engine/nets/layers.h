/* Layers: an op together with the weights it takes from the walk. Names are
 * PREFIX.weight, PREFIX.bias. */
#ifndef DDIL_LAYERS_H
#define DDIL_LAYERS_H

#include "engine/nets/net_spec.h"
#include "engine/tensor/op.h"

/* x (in) to (out); `zero` starts weight and bias at zero, else INIT_LINEAR. */
Tensor *layer_linear(Params *params, const char *prefix, Tensor *x, int out, bool zero);
/* layer_linear, never zero, followed by SiLU. */
Tensor *layer_linear_silu(Params *params, const char *prefix, Tensor *x, int out);
Tensor *layer_conv3x3(Params *params, const char *prefix, Tensor *x, int out, bool zero);
/* The weights of a group norm and of a convolution behind it, for op_norm_conv3x3. */
NormConv layer_norm_conv3x3(Params *params, const char *norm, const char *conv, int groups, int in,
                            int out, bool zero);
/* Group norm with gamma 1 and beta 0 at the start, followed by SiLU when `silu`. */
Tensor *layer_group_norm(Params *params, const char *prefix, Tensor *x, int groups, bool silu);
/* A row of a (classes + 1, c) table a sample; label -1 takes the last row, as
 * `classes` does; a NULL label takes it for all. Start: N(0, 1/fan_in). */
Tensor *layer_classes(Params *params, const char *prefix, int classes, int c, int fan_in,
                      const int *label, int n);
/* A linear map to c channels of sinusoids of the number a network is conditioned on
 * (params->condition),
 * without bias and zero at the start: until trained it makes no difference. */
Tensor *layer_condition(Params *params, const NetSpec *spec, int c, int n);

#endif
