/* Weights of one network as a safetensors file: tensor names as net_list gives them; the
 * metadata carry the spec. */
#ifndef DDIL_WEIGHTS_H
#define DDIL_WEIGHTS_H

#include "engine/base/status.h"
#include "engine/nets/net.h"

/* The shape of the network in a file (completed and checked): kind, sizes, classes. */
Status weights_spec(const char *path, NetSpec *spec, Error *error);
/* A value of the metadata copied into text; "" when there is none. */
Status weights_meta(const char *path, const char *key, char *text, size_t size, Error *error);
/* Fills block (net_size(spec) floats). The file must hold exactly the network's tensors,
 * all of finite numbers; on error the block is unchanged. */
Status weights_load(const char *path, const NetSpec *spec, float *block, Error *error);
/* `meta`: further pairs key, value, ..., NULL-terminated; NULL for none. Atomic. */
Status weights_save(const char *path, const NetSpec *spec, const float *block,
                    const char *const *meta, Error *error);

#endif
