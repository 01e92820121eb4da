/* The kinds of network there are. A new one is one file and one row. */
#include "engine/nets/net_kinds.h"

const NetKind *const net_kinds[] = {&net_mlp, &net_patch_unet, &net_classifier};
const int net_kind_count = sizeof net_kinds / sizeof *net_kinds;
