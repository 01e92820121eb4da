/* The kinds of network there are. */
#ifndef DDIL_NET_KINDS_H
#define DDIL_NET_KINDS_H

#include "engine/nets/net_spec.h"

extern const NetKind *const net_kinds[];
extern const int net_kind_count;

#endif
