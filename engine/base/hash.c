/* Owns the hash: words of eight bytes, each mixed by a multiplication and two shifts. Pure. */
#include "engine/base/hash.h"

static uint64_t mix(uint64_t hash)
{
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

/* Little-endian, whatever the machine; short at the end. */
static uint64_t word_at(const unsigned char *bytes, size_t left)
{
    uint64_t word = 0;
    for (size_t k = 0; k < 8 && k < left; k++)
        word |= (uint64_t)bytes[k] << 8 * k;
    return word;
}

uint64_t hash_bytes(uint64_t hash, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    hash ^= size;
    for (size_t at = 0; at < size; at += 8)
        hash = mix(hash ^ word_at(bytes + at, size - at)) + 0x9e3779b97f4a7c15u;
    return mix(hash);
}
