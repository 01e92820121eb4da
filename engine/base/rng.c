/* Owns the random numbers. Pure functions of a generator's value. Philox4x32-10: Salmon,
 * Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include <math.h>
#include <string.h>

static void philox_round(uint32_t c[4], const uint32_t key[2])
{
    uint64_t a = (uint64_t)0xD2511F53u * c[0];
    uint64_t b = (uint64_t)0xCD9E8D57u * c[2];
    uint32_t c1 = c[1], c3 = c[3];
    c[0] = (uint32_t)(b >> 32) ^ c1 ^ key[0];
    c[1] = (uint32_t)b;
    c[2] = (uint32_t)(a >> 32) ^ c3 ^ key[1];
    c[3] = (uint32_t)a;
}

void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c[4], k[2] = {key[0], key[1]};
    memcpy(c, counter, sizeof c);
    for (int round = 0; round < 10; round++) {
        philox_round(c, k);
        k[0] += 0x9E3779B9u;
        k[1] += 0xBB67AE85u;
    }
    memcpy(out, c, sizeof c);
}

/* The first counter word counts blocks: 2^34 numbers before a generator would repeat. */
Rng rng_at(uint64_t seed, Stream stream, uint64_t index)
{
    must(stream > 0 && stream < STREAM_LAST);
    return (Rng){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)stream, (uint32_t)index, (uint32_t)(index >> 32)},
    };
}

uint32_t rng_u32(Rng *rng)
{
    if (rng->left == 0) {
        philox4x32_10(rng->counter, rng->key, rng->out);
        rng->counter[0]++;
        rng->left = 4;
    }
    return rng->out[4 - rng->left--];
}

double rng_uniform(Rng *rng) { return (rng_u32(rng) + 0.5) * 0x1p-32; }

/* Lemire, "Fast random integer generation in an interval", TOMACS 2019. */
uint32_t rng_below(Rng *rng, uint32_t n)
{
    must(n >= 1);
    uint64_t product = (uint64_t)rng_u32(rng) * n;
    if ((uint32_t)product < n) {
        uint32_t threshold = -n % n;
        while ((uint32_t)product < threshold)
            product = (uint64_t)rng_u32(rng) * n;
    }
    return (uint32_t)(product >> 32);
}

float rng_normal(Rng *rng)
{
    if (rng->has_spare) {
        rng->has_spare = 0;
        return rng->spare;
    }
    float radius = sqrtf(-2.0f * logf((float)rng_uniform(rng)));
    float angle = 6.28318530717958647692f * (float)rng_uniform(rng);
    rng->spare = radius * sinf(angle);
    rng->has_spare = 1;
    return radius * cosf(angle);
}

void rng_normals(Rng *rng, int n, float *out)
{
    for (int i = 0; i < n; i++)
        out[i] = rng_normal(rng);
}
