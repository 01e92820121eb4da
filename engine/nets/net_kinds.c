/* The kinds of network there are. A new one is one file and one row of NET_DENOISERS. */
#include "engine/nets/net_kinds.h"

#define ADDRESS(name) &net_##name,
const NetKind *const net_kinds[] = {NET_DENOISERS(ADDRESS) & net_classifier};
const int net_kind_count = sizeof net_kinds / sizeof *net_kinds;
