/* Owns the sliced Wasserstein distance. May call base. */
#include "engine/measure/sw2.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include <math.h>
#include <string.h>

static void draw_direction(int d, uint64_t seed, int k, float *w)
{
    Rng rng = rng_at(seed, STREAM_DIRECTIONS, (uint64_t)k);
    double square = 0;
    rng_normals(&rng, d, w);
    for (int c = 0; c < d; c++)
        square += (double)w[c] * w[c];
    for (int c = 0; c < d; c++)
        w[c] = (float)(w[c] / sqrt(square));
}

static void project(int n, const float *x, int d, const float *w, float *out)
{
    for (int r = 0; r < n; r++) {
        const float *row = x + (size_t)r * (size_t)d;
        double lane[4] = {0};
        int c = 0;
        for (; c + 4 <= d; c += 4)
            for (int k = 0; k < 4; k++)
                lane[k] += (double)row[c + k] * w[c + k];
        for (; c < d; c++)
            lane[0] += (double)row[c] * w[c];
        out[r] = (float)(lane[0] + lane[1] + lane[2] + lane[3]);
    }
}

/* ---- Sorting floats by their bits ---- */

enum { DIGIT = 11, BINS = 1 << DIGIT, PASSES = 3 };

/* Bits whose order as whole numbers is that of the floats: negatives turned over,
 * positives above them. */
static uint32_t key_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static float value_of(uint32_t key)
{
    uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* `count` becomes where the next one of each digit goes. */
static void place(int n, const uint32_t *from, uint32_t *to, int shift, uint32_t *count)
{
    uint32_t sum = 0;
    for (int b = 0; b < BINS; b++) {
        uint32_t these = count[b];
        count[b] = sum;
        sum += these;
    }
    for (int k = 0; k < n; k++)
        to[count[from[k] >> shift & (BINS - 1)]++] = from[k];
}

/* Radix sort, three digits of 11 bits: keys and spare are n words each. */
static void sort_floats(int n, float *x, uint32_t *keys, uint32_t *spare)
{
    uint32_t count[PASSES][BINS] = {{0}};
    for (int k = 0; k < n; k++) {
        keys[k] = key_of(x[k]);
        for (int p = 0; p < PASSES; p++)
            count[p][keys[k] >> (p * DIGIT) & (BINS - 1)]++;
    }
    place(n, keys, spare, 0, count[0]);
    place(n, spare, keys, DIGIT, count[1]);
    place(n, keys, spare, 2 * DIGIT, count[2]);
    for (int k = 0; k < n; k++)
        x[k] = value_of(spare[k]);
}

/* ---- Coupling ---- */

/* Squared W2 of two sorted samples: integral of (F^-1 - G^-1)^2 over quantiles. Masses
 * are counted in units of 1 / (n m), so nothing is rounded. */
static double coupled(int n, const float *x, int m, const float *y)
{
    double sum = 0;
    int64_t left_x = m, left_y = n; /* of the present point's mass */
    for (int i = 0, j = 0; i < n && j < m;) {
        int64_t moved = left_x < left_y ? left_x : left_y;
        double gap = (double)x[i] - y[j];
        sum += gap * gap * (double)moved;
        left_x -= moved;
        left_y -= moved;
        if (left_x == 0) {
            left_x = m;
            i++;
        }
        if (left_y == 0) {
            left_y = n;
            j++;
        }
    }
    return sum / ((double)n * m);
}

/* Buffers of one direction. */
typedef struct Slice {
    float *w, *px, *py, *part;
    uint32_t *keys, *spare;
} Slice;

static Slice slice_new(int n, int m, int d, Arena *arena)
{
    size_t most = (size_t)(n > m ? n : m);
    return (Slice){arena_floats(arena, d),
                   arena_floats(arena, n),
                   arena_floats(arena, m),
                   arena_floats(arena, n),
                   arena_alloc(arena, most * sizeof(uint32_t)),
                   arena_alloc(arena, most * sizeof(uint32_t))};
}

/* px without run b of `blocks`, sorted, against the sorted py; b == blocks leaves nothing out. */
static double slice_without(const Slice *slice, int n, int m, int b, int blocks)
{
    int begin = b < blocks ? (int)((long)n * b / blocks) : n;
    int end = b < blocks ? (int)((long)n * (b + 1) / blocks) : n;
    int rest = n - (end - begin);
    if (rest == 0)
        return NAN;
    memcpy(slice->part, slice->px, sizeof *slice->px * (size_t)begin);
    memcpy(slice->part + begin, slice->px + end, sizeof *slice->px * (size_t)(n - end));
    sort_floats(rest, slice->part, slice->keys, slice->spare);
    return coupled(rest, slice->part, m, slice->py);
}

typedef struct Slicing {
    const Pair *pair;
    uint64_t seed;
    int blocks;
    double *value; /* directions x (blocks + 1) */
} Slicing;

static void slice_along(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Slicing *slicing = context;
    const Pair *pair = slicing->pair;
    Slice slice = slice_new(pair->n, pair->m, pair->d, arena);
    draw_direction(pair->d, slicing->seed, begin, slice.w);
    project(pair->n, pair->x, pair->d, slice.w, slice.px);
    project(pair->m, pair->y, pair->d, slice.w, slice.py);
    sort_floats(pair->m, slice.py, slice.keys, slice.spare);
    for (int b = 0; b <= slicing->blocks; b++)
        slicing->value[(size_t)begin * (size_t)(slicing->blocks + 1) + (size_t)b] =
            slice_without(&slice, pair->n, pair->m, b, slicing->blocks);
}

void sw2_blocks(const Pair *pair, int directions, uint64_t seed, int blocks, double *value,
                const Work *work)
{
    must(pair->n >= 1 && pair->m >= 1 && directions >= 1);
    size_t mark = arena_mark(work->scratch), width = (size_t)blocks + 1;
    Slicing slicing = {pair, seed, blocks,
                       arena_new(work->scratch, double, (size_t)directions *width)};
    work_map(work, directions, slice_along, &slicing);
    for (size_t b = 0; b < width; b++) {
        value[b] = 0;
        for (int k = 0; k < directions; k++)
            value[b] += slicing.value[(size_t)k * width + b] / directions;
    }
    arena_rewind(work->scratch, mark);
}

double sw2(const Pair *pair, int directions, uint64_t seed, const Work *work)
{
    double value;
    sw2_blocks(pair, directions, seed, 0, &value, work);
    return value;
}
