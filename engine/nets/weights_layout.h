/* How a network's arrays stand in a file. Version 2: as PyTorch's state_dict has them, linear (out,
 * in), convolution (out, in, 3, 3), tables as they are. Version 1: as in memory, linear (in, out),
 * convolution (3, 3, in, out). Files may hold any float type, in any order. */
#ifndef DDIL_WEIGHTS_LAYOUT_H
#define DDIL_WEIGHTS_LAYOUT_H

#include "engine/base/safetensors.h"
#include "engine/nets/net.h"

typedef enum Layout { LAYOUT_TORCH, LAYOUT_MEMORY } Layout;

/* Of a file: as its version says; without one, PyTorch's unless its shapes fit memory alone. */
Layout layout_of(const TensorFile *file, const NetSpec *spec);
/* The shape an array has in the file. */
void layout_shape(Layout layout, const ParamInfo *info, long shape[4]);
/* The array of a file, info->size floats as in memory. block NULL: only looks whether it is there,
 * of that shape and a float type; else the file is a loaded one. BAD_INPUT: file, array, what is
 * wrong with it, and a value that is not finite with its place. */
Status layout_take(const TensorFile *file, const char *path, Layout layout, const ParamInfo *info,
                   float *block, Error *error);
/* From memory to PyTorch's. */
void layout_give(const ParamInfo *info, const float *own, float *theirs);

#endif
