/* Register tiles of the matrix product for one instruction set; kernel_gemm.c includes this file once for each.
 * Wants: TILE(name) to name the set's functions, TARGET its attribute, LANES floats a vector, VECTORS vectors and
 * ROWS rows a full tile (so that ROWS * VECTORS accumulators and VECTORS more fit the registers). */

typedef float TILE(Vec) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

enum { TILE(WIDTH) = LANES * VECTORS };

/* c (rows, vectors * LANES) = [bias or c or 0] + A panel: A[i, l] = a[i * ra + l * ca], panel (k, vectors * LANES). */
KERNEL_BODY void TILE(tile)(int rows, int vectors, int k, const float *a, ptrdiff_t ra, ptrdiff_t ca,
                            const float *panel, TileStart start, const float *bias, float *c,
                            ptrdiff_t ldc)
{
    TILE(Vec) sum[ROWS][VECTORS];
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++)
            sum[i][j] = start == START_ADD    ? *(const TILE(Vec) *)(c + i * ldc + LANES * j)
                        : start == START_BIAS ? *(const TILE(Vec) *)(bias + LANES * j)
                                              : (TILE(Vec)){0};
    for (int l = 0; l < k; l++, a += ca, panel += LANES * vectors) {
        TILE(Vec) b[VECTORS];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++)
            b[j] = *(const TILE(Vec) *)(panel + LANES * j);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            float factor = a[i * ra];
#pragma GCC unroll 4
            for (int j = 0; j < vectors; j++)
                sum[i][j] += factor * b[j];
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++)
            *(TILE(Vec) *)(c + i * ldc + LANES * j) = sum[i][j];
}

/* The same with A's contiguous direction known to the compiler. */
KERNEL_BODY void TILE(any_tile)(int rows, int vectors, const TileCall *t)
{
    if (t->ca == 1)
        TILE(tile)(rows, vectors, t->k, t->a, t->ra, 1, t->panel, t->start, t->bias, t->c, t->ldc);
    else
        TILE(tile)(rows, vectors, t->k, t->a, 1, t->ca, t->panel, t->start, t->bias, t->c, t->ldc);
}

#define TILE_ROWS(rows)                                                                           \
    TARGET static void TILE(rows_##rows)(int vectors, const TileCall *t)                          \
    {                                                                                             \
        if (vectors == 1)                                                                         \
            TILE(any_tile)(rows, 1, t);                                                           \
        else if (vectors == 2)                                                                    \
            TILE(any_tile)(rows, 2, t);                                                           \
        else                                                                                      \
            TILE(any_tile)(rows, VECTORS, t);                                                     \
    }
TILE_ROWS(ROWS)
TILE_ROWS(4)
TILE_ROWS(2)
TILE_ROWS(1)
#undef TILE_ROWS
