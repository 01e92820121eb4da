/* The kinds of network there are. */
#ifndef DDIL_NET_KINDS_H
#define DDIL_NET_KINDS_H

#include "engine/nets/net_spec.h"

/* In the order of NET_DENOISERS, then the others. */
extern const NetKind *const net_kinds[];
extern const int net_kind_count;

#endif
