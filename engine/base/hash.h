/* A hash of bytes, the same on every machine: to find equal things and to divide them, not against
 * anybody's ill will. */
#ifndef DDIL_HASH_H
#define DDIL_HASH_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from `hash`; 0 to begin. */
uint64_t hash_bytes(uint64_t hash, const void *data, size_t size);

#endif
