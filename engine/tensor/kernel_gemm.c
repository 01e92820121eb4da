/* Matrix product for the shapes of small networks, where a general library loses half of
 * the machine's speed to packing and edges. B is packed, KC rows and one tile wide at a
 * time, on the stack; A is read in place by broadcasts. The order of additions depends on
 * the shape only. */
#include "engine/tensor/kernel_gemm.h"
#include "engine/tensor/kernel_simd.h"

#if KERNEL_X86
#include <immintrin.h>
#endif

enum { KC = 144, WIDEST = 48, AHEAD = 12 };

typedef enum TileStart { START_ZERO, START_BIAS, START_ADD } TileStart;

typedef struct TileCall {
    int k, tail;
    const float *a;
    ptrdiff_t ra, ca;
    const float *panel;
    ptrdiff_t ldb; /* floats from row to row of the panel */
    TileStart start;
    const float *bias;
    float *c;
    ptrdiff_t ldc;
} TileCall;

/* panel = alpha B from the rows of B^T, 8 x 4 values at a time. */
KERNEL_BODY void pack_transposed(int k, int n, int width, float alpha, const float *b, ptrdiff_t cb,
                                 float *panel)
{
    int j = 0;
    for (; j + 8 <= n; j += 8) {
        int l = 0;
        for (; l + 4 <= k; l += 4)
            transpose_8x4(alpha, b + j * cb + l, cb, panel + l * width + j, width);
        for (; l < k; l++)
            for (int i = j; i < j + 8; i++)
                panel[l * width + i] = alpha * b[i * cb + l];
    }
    for (; j < n; j++)
        for (int l = 0; l < k; l++)
            panel[l * width + j] = alpha * b[j * cb + l];
}

/* Rows of 16 floats at a time: the width of the widest vector. */
KERNEL_BODY void pack_rows(int k, int n, int width, float alpha, const float *b, ptrdiff_t rb,
                           float *panel)
{
    for (int l = 0; l < k; l++, b += rb, panel += width) {
        int j = 0;
        for (; j + 16 <= n; j += 16)
            for (int i = j; i < j + 16; i++)
                panel[i] = alpha * b[i];
        for (; j + 4 <= n; j += 4)
            *(Quad *)(panel + j) = alpha * *(const Quad *)(b + j);
        for (; j < n; j++)
            panel[j] = alpha * b[j];
    }
}

/* panel (k, width) = alpha B (k, n), columns from n on zero. */
KERNEL_BODY void pack(const Gemm *g, int l0, int k, int j0, int n, int width, float *panel)
{
    const float *b = g->b + l0 * g->rb + j0 * g->cb;
    if (n < width)
        memset(panel, 0, sizeof(float) * (size_t)(k * width));
    if (g->cb == 1)
        pack_rows(k, n, width, g->alpha, b, g->rb, panel);
    else
        pack_transposed(k, n, width, g->alpha, b, g->cb, panel);
}

#if KERNEL_X86
/* sum += a * b; gcc would now and then have the sum in another register, and move it back. */
#define ADD_PRODUCT(sum, a, b) __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))
#define TILE(name)             avx512_##name
#define TARGET                 KERNEL_AVX512
#define LANES                  16
#define VECTORS                3
#define ROWS                   8
#define MASK(tail)             ((__mmask16)((1u << (tail)) - 1))
typedef __mmask16 avx512_Mask;
#define LOAD(from, mask)        _mm512_maskz_loadu_ps(mask, from)
#define STORE(to, mask, vector) _mm512_mask_storeu_ps(to, mask, vector)
#include "engine/tensor/kernel_gemm_tile.h"
#undef MASK
#undef LOAD
#undef STORE
#undef TILE
#undef TARGET
#undef LANES
#undef VECTORS
#undef ROWS

/* Eight integers from entry 8 - tail on: `tail` of them -1. */
static const int tail_mask[16] = {-1, -1, -1, -1, -1, -1, -1, -1};

#define TILE(name) avx2_##name
#define TARGET     KERNEL_AVX2
#define LANES      8
#define VECTORS    2
#define ROWS       6
typedef __m256i avx2_Mask;
#define MASK(tail)              _mm256_loadu_si256((const __m256i *)(tail_mask + 8 - (tail)))
#define LOAD(from, mask)        _mm256_maskload_ps(from, mask)
#define STORE(to, mask, vector) _mm256_maskstore_ps(to, mask, vector)
#include "engine/tensor/kernel_gemm_tile.h"
#undef MASK
#undef LOAD
#undef STORE
#undef TILE
#undef TARGET
#undef LANES
#undef VECTORS
#undef ROWS
#endif

KERNEL_BODY Quad load_some(const float *from, int n)
{
    Quad vector = {0};
    for (int i = 0; i < n; i++)
        vector[i] = from[i];
    return vector;
}

KERNEL_BODY void store_some(float *to, int n, Quad vector)
{
    for (int i = 0; i < n; i++)
        to[i] = vector[i];
}

#undef ADD_PRODUCT
#define ADD_PRODUCT(sum, a, b) sum += a * b
#define TILE(name)             portable_##name
#define TARGET
#define LANES   4
#define VECTORS 2
#define ROWS    6
typedef int portable_Mask;
#define MASK(tail)              (tail)
#define LOAD(from, mask)        load_some(from, mask)
#define STORE(to, mask, vector) store_some(to, mask, vector)
#include "engine/tensor/kernel_gemm_tile.h"
#undef MASK
#undef LOAD
#undef STORE
#undef TILE
#undef TARGET
#undef LANES
#undef VECTORS
#undef ROWS

/* One instruction set's tiles, by their rows, from one on. */
typedef struct TileSet {
    int lanes, vectors, rows;
    void (*pack)(const Gemm *g, int l0, int k, int j0, int n, int width, float *panel);
    void (*tile[8])(int vectors, const TileCall *t);
} TileSet;

/* clang-format off */
#define SIX_TILES(set) set##_rows_1, set##_rows_2, set##_rows_3, set##_rows_4, set##_rows_5, set##_rows_6
static const TileSet sets[] = {
    [CPU_PORTABLE] = {4,  2, 6, portable_pack, {SIX_TILES(portable)}},
#if KERNEL_X86
    [CPU_AVX2]     = {8,  2, 6, avx2_pack,     {SIX_TILES(avx2)}},
    [CPU_AVX512]   = {16, 3, 8, avx512_pack,   {SIX_TILES(avx512), avx512_rows_7, avx512_rows_8}},
#endif
};
/* clang-format on */

/* Tiles down the rows of C for one panel; `vectors` vectors cover n columns. As few tiles as there
 * can be share the rows evenly, since small ones cannot keep the units busy. */
static void sweep(const TileSet *set, TileCall t, int m, int vectors)
{
    int tiles = (m + set->rows - 1) / set->rows, few = m / tiles, more = m % tiles;
    for (int i = 0; i < tiles; i++) {
        int rows = few + (i < more);
        set->tile[rows - 1](vectors, &t);
        t.c += rows * t.ldc;
        t.a += rows * t.ra;
    }
}

/* Columns of the panel that starts at column j: panels share the vectors of a row evenly,
 * wider ones first. */
static int panel_width(const TileSet *set, int n, int j)
{
    int left = (n - j + set->lanes - 1) / set->lanes;
    int panels = (left + set->vectors - 1) / set->vectors;
    return (left + panels - 1) / panels * set->lanes;
}

static TileCall call_of(const TileSet *set, const Gemm *g, int l0, int k, int j, const float *panel,
                        ptrdiff_t ldb)
{
    int tail = g->n - j < panel_width(set, g->n, j) ? (g->n - j) % set->lanes : set->lanes;
    return (TileCall){
        .k = k,
        .tail = tail,
        .a = g->a + l0 * g->ca,
        .ra = g->ra,
        .ca = g->ca,
        .panel = panel,
        .ldb = ldb,
        .start = g->add || l0 > 0 ? START_ADD
                 : g->bias        ? START_BIAS
                                  : START_ZERO,
        .bias = g->bias ? g->bias + j : NULL,
        .c = g->c + j,
        .ldc = g->ldc,
    };
}

/* Packing is for many rows: a few read B where it stands, if whole vectors fill its rows. */
static bool in_place(const TileSet *set, const Gemm *g)
{
    enum { FEW = 128 };
    return g->cb == 1 && g->m <= FEW && g->alpha == 1.0f && g->n % set->lanes == 0;
}

/* One block of at most KC of the inner dimension, for all of C. */
static void block(const TileSet *set, const Gemm *g, int l0, int k)
{
    float panel[KC * WIDEST] __attribute__((aligned(64)));
    bool packs = !in_place(set, g);
    for (int j = 0, width; j < g->n; j += width) {
        width = panel_width(set, g->n, j);
        int n = g->n - j < width ? g->n - j : width;
        if (packs)
            set->pack(g, l0, k, j, n, width, panel);
        TileCall call = packs ? call_of(set, g, l0, k, j, panel, width)
                              : call_of(set, g, l0, k, j, g->b + l0 * g->rb + j, g->rb);
        sweep(set, call, g->m, width / set->lanes);
    }
}

int kernel_gemm_panel(int n, int j) { return panel_width(&sets[kernel_level()], n, j); }

void kernel_gemm_packed(const Gemm *g)
{
    const TileSet *set = &sets[kernel_level()];
    for (int j = 0, width; j < g->n; j += width) {
        width = panel_width(set, g->n, j);
        sweep(set, call_of(set, g, 0, g->k, j, g->b + (ptrdiff_t)g->k * j, width), g->m,
              width / set->lanes);
    }
}

void kernel_gemm(const Gemm *gemm)
{
    const TileSet *set = &sets[kernel_level()];
    for (int l = 0; l < gemm->k; l += KC)
        block(set, gemm, l, gemm->k - l < KC ? gemm->k - l : KC);
}
