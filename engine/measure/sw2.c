/* Owns the sliced Wasserstein distance. May call base. */
#include "engine/measure/sw2.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include "engine/measure/sums.h"
#include <limits.h>
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

static inline float project(int d, const float *row, const float *w)
{
    double lane[4] = {0};
    int c = 0;
    for (; c + 4 <= d; c += 4)
        for (int k = 0; k < 4; k++)
            lane[k] += (double)row[c + k] * w[c + k];
    for (; c < d; c++)
        lane[0] += (double)row[c] * w[c];
    return (float)(lane[0] + lane[1] + lane[2] + lane[3]);
}

float *sw2_directions(int d, int directions, uint64_t seed, Arena *arena)
{
    float *direction = arena_floats(arena, (size_t)directions * (size_t)d);
    for (int k = 0; k < directions; k++)
        draw_direction(d, seed, k, direction + (size_t)k * (size_t)d);
    return direction;
}

void sw2_along(int d, int directions, const float *direction, const float *row, size_t stride,
               float *along)
{
    for (int k = 0; k < directions; k++)
        along[(size_t)k * stride] = project(d, row, direction + (size_t)k * (size_t)d);
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

/* Keys have the float's bits above, the row's block below. `count` becomes where the next one of
 * each digit goes. */
static void place(int n, const uint64_t *from, uint64_t *to, int shift, uint32_t *count)
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

/* Radix sort, three digits of 11 bits, of values with their blocks: keys and spare are n words
 * each. */
static void sort_rows(int n, float *x, unsigned char *block, uint64_t *keys, uint64_t *spare)
{
    uint32_t count[PASSES][BINS] = {{0}};
    for (int k = 0; k < n; k++) {
        uint32_t key = key_of(x[k]);
        keys[k] = (uint64_t)key << 32 | block[k];
        for (int p = 0; p < PASSES; p++)
            count[p][key >> (p * DIGIT) & (BINS - 1)]++;
    }
    place(n, keys, spare, 32, count[0]);
    place(n, spare, keys, 32 + DIGIT, count[1]);
    place(n, keys, spare, 32 + 2 * DIGIT, count[2]);
    for (int k = 0; k < n; k++) {
        x[k] = value_of((uint32_t)(spare[k] >> 32));
        block[k] = (unsigned char)spare[k];
    }
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

/* One set along one direction, sorted, and where its rows come from. */
typedef struct Line {
    int n;
    float *x;
    unsigned char *block;
} Line;

/* Sorts values along one direction where they are. */
static Line line_of(int n, float *x, int blocks, Arena *arena)
{
    Line line = {n, x, arena_alloc(arena, (size_t)n)};
    int *block = arena_new(arena, int, n);
    uint64_t *keys = arena_alloc(arena, sizeof *keys * (size_t)n),
             *spare = arena_alloc(arena, sizeof *spare * (size_t)n);
    block_rows(n, blocks, block);
    for (int r = 0; r < n; r++)
        line.block[r] = (unsigned char)block[r];
    sort_rows(n, line.x, line.block, keys, spare);
    return line;
}

static float *along(int n, const float *x, int d, const float *w, Arena *arena)
{
    float *value = arena_floats(arena, n);
    for (int r = 0; r < n; r++)
        value[r] = project(d, x + (size_t)r * (size_t)d, w);
    return value;
}

/* Without the rows of block b, in `rest`. */
static Line line_without(const Line *line, int b, float *rest)
{
    Line left = {0, rest, NULL};
    for (int r = 0; r < line->n; r++)
        if (line->block[r] != b)
            rest[left.n++] = line->x[r];
    return left;
}

static double between(const Line *x, const Line *y)
{
    return x->n && y->n ? coupled(x->n, x->x, y->n, y->x) : NAN;
}

typedef struct Slicing {
    const Pair *pair;
    const Slices *slices;
    double *value; /* directions x (2 blocks + 1): without those of x, of y, the whole */
} Slicing;

/* y along direction k. */
static float *y_along(const Slicing *s, int k, const float *w, Arena *arena)
{
    const Pair *pair = s->pair;
    if (!s->slices->y_along)
        return along(pair->m, pair->y, pair->d, w, arena);
    float *value = arena_floats(arena, pair->m);
    return memcpy(value, s->slices->y_along + (size_t)k * (size_t)pair->m,
                  sizeof *value * (size_t)pair->m);
}

static void slice_along(void *context, Arena *arena, int begin, int end, int chunk)
{
    (void)end;
    (void)chunk;
    const Slicing *s = context;
    const Pair *pair = s->pair;
    int blocks = s->slices->blocks;
    float *w = arena_floats(arena, pair->d);
    double *value = s->value + (size_t)begin * (size_t)(2 * blocks + 1);
    draw_direction(pair->d, s->slices->seed, begin, w);
    Line x = line_of(pair->n, along(pair->n, pair->x, pair->d, w, arena), blocks, arena),
         y = line_of(pair->m, y_along(s, begin, w, arena), blocks, arena);
    float *rest = arena_floats(arena, pair->n > pair->m ? pair->n : pair->m);
    for (int b = 0; b < blocks; b++) {
        Line left = line_without(&x, b, rest);
        value[b] = between(&left, &y);
        left = line_without(&y, b, rest);
        value[blocks + b] = between(&x, &left);
    }
    value[2 * blocks] = between(&x, &y);
}

double sw2_blocks(const Pair *pair, const Slices *slices, double *without_x, double *without_y,
                  const Work *work)
{
    int directions = slices->directions, blocks = slices->blocks;
    must(pair->n >= 1 && pair->m >= 1 && directions >= 1 && blocks < UCHAR_MAX);
    size_t mark = arena_mark(work->scratch), width = 2 * (size_t)blocks + 1;
    double *sum = arena_new(work->scratch, double, width);
    Slicing slicing = {pair, slices, arena_new(work->scratch, double, (size_t)directions *width)};
    work_map(work, directions, slice_along, &slicing);
    for (size_t b = 0; b < width; b++)
        for (int k = 0; k < directions; k++)
            sum[b] += slicing.value[(size_t)k * width + b] / directions;
    for (int b = 0; b < blocks; b++) {
        without_x[b] = sum[b];
        without_y[b] = sum[blocks + b];
    }
    double whole = sum[2 * blocks];
    arena_rewind(work->scratch, mark);
    return whole;
}

double sw2(const Pair *pair, int directions, uint64_t seed, const Work *work)
{
    return sw2_blocks(pair, &(Slices){directions, seed, 0, NULL}, NULL, NULL, work);
}
