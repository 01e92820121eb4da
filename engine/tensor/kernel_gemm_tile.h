/* Register tiles of the matrix product for one instruction set; kernel_gemm.c includes
 * this file once for each. Wants: TILE(name) to name the set's functions, TARGET its
 * attribute, LANES floats a vector, VECTORS vectors and ROWS rows a full tile (so that
 * ROWS * VECTORS accumulators and VECTORS more fit the registers); LOAD(from, mask) and
 * STORE(to, mask, vector) for the last vector of a row, of which the first t->tail floats
 * count, and MASK(tail). */

typedef float TILE(Vec) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

TARGET static void TILE(pack)(const Gemm *g, int l0, int k, int j0, int n, int width, float *panel)
{
    pack(g, l0, k, j0, n, width, panel);
}

/* The part of C that the next tile begins with. */
TARGET KERNEL_BODY void TILE(prefetch_next)(int rows, int vectors, const TileCall *t)
{
    for (int i = rows; i < 2 * rows; i++)
        for (int j = 0; j < vectors; j++)
            __builtin_prefetch(t->c + i * t->ldc + LANES * j);
}

/* sum += one column of A times one row of the panel. Where A goes from row to row of what is
 * stored, every step wants another line: it is asked for ahead. */
TARGET KERNEL_BODY void TILE(step)(int rows, int vectors, ptrdiff_t ra, ptrdiff_t ca,
                                   const float *a, const float *panel, TILE(Vec) sum[ROWS][VECTORS])
{
    TILE(Vec) b[VECTORS];
    if (ca != 1)
        __builtin_prefetch(a + AHEAD * ca);
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++)
        b[j] = *(const TILE(Vec) *)(panel + LANES * j);
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
        TILE(Vec) factor = a[i * ra] - (TILE(Vec)){0};
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++)
            ADD_PRODUCT(sum[i][j], factor, b[j]);
    }
}

/* c (rows, (vectors - 1) * LANES + tail) = [bias or c or 0] + A panel: A[i, l] = a[i * ra
 * + l * ca], panel (k, ldb). Narrow tiles are over soon, unless loops are unrolled; in wide ones
 * gcc then runs out of registers. C is mostly large and asked for ahead. */
TARGET KERNEL_BODY void TILE(tile)(int rows, int vectors, ptrdiff_t ra, ptrdiff_t ca,
                                   const TileCall *t)
{
    TILE(Vec) sum[ROWS][VECTORS];
    const float *a = t->a, *panel = t->panel, *from = t->start == START_BIAS ? t->bias : t->c;
    float *c = t->c; /* what is stored might change *t, for all the compiler knows */
    const ptrdiff_t ldc = t->ldc, ldb = t->ldb, row = t->start == START_BIAS ? 0 : ldc;
    const int last = vectors - 1, k = t->k;
    const TILE(Mask) mask = MASK(t->tail);
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++)
            sum[i][j] = (TILE(Vec)){0};
        if (t->start == START_ZERO)
            continue;
#pragma GCC unroll 4
        for (int j = 0; j < last; j++)
            sum[i][j] = *(const TILE(Vec) *)(from + i * row + LANES * j);
        sum[i][last] = LOAD(from + i * row + LANES * last, mask);
    }
    if (ca != 1)
        TILE(prefetch_next)(rows, vectors, t);
    if (vectors < 3)
#pragma GCC unroll 4
        for (int l = 0; l < k; l++, a += ca, panel += ldb)
            TILE(step)(rows, vectors, ra, ca, a, panel, sum);
    else
        for (int l = 0; l < k; l++, a += ca, panel += ldb)
            TILE(step)(rows, vectors, ra, ca, a, panel, sum);
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
#pragma GCC unroll 4
        for (int j = 0; j < last; j++)
            *(TILE(Vec) *)(c + i * ldc + LANES * j) = sum[i][j];
        STORE(c + i * ldc + LANES * last, mask, sum[i][last]);
    }
}

/* A tile, with A's contiguous direction known to the compiler. */
TARGET KERNEL_BODY void TILE(any_tile)(int rows, int vectors, const TileCall *t)
{
    if (t->ca == 1)
        TILE(tile)(rows, vectors, t->ra, 1, t);
    else
        TILE(tile)(rows, vectors, 1, t->ca, t);
}

#define TILE_ROWS(rows)                                                                            \
    TARGET static void TILE(rows_##rows)(int vectors, const TileCall *t)                           \
    {                                                                                              \
        if (vectors == 1)                                                                          \
            TILE(any_tile)(rows, 1, t);                                                            \
        else if (vectors == 2)                                                                     \
            TILE(any_tile)(rows, 2, t);                                                            \
        else                                                                                       \
            TILE(any_tile)(rows, VECTORS, t);                                                      \
    }
TILE_ROWS(1)
TILE_ROWS(2)
TILE_ROWS(3)
TILE_ROWS(4)
TILE_ROWS(5)
TILE_ROWS(6)
#if ROWS > 6
TILE_ROWS(7)
TILE_ROWS(8)
#endif
#undef TILE_ROWS
