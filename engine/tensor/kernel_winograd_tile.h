/* The five transforms of F(4x4, 3x3) and of F(2x2, 3x3) for one instruction set;
 * kernel_winograd.c includes this file once for each. Wants TILE(name), TARGET and LANES
 * as kernel_gemm_tile.h does. Matrices: Lavin & Gray 2016; points 0, 1, -1 and infinity
 * in both, 2 and -2 in the first. */

typedef float TILE(Vec) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

/* B^T d */
TARGET KERNEL_BODY void TILE(data4)(const TILE(Vec) * d, TILE(Vec) * o)
{
    TILE(Vec) even = d[4] - 4.0f * d[2], odd = d[3] - 4.0f * d[1];
    TILE(Vec) near = d[4] - d[2], far = 2.0f * (d[3] - d[1]);
    o[0] = 4.0f * d[0] - 5.0f * d[2] + d[4];
    o[1] = even + odd;
    o[2] = even - odd;
    o[3] = near + far;
    o[4] = near - far;
    o[5] = 4.0f * d[1] - 5.0f * d[3] + d[5];
}

/* A^T m */
TARGET KERNEL_BODY void TILE(output4)(const TILE(Vec) * m, TILE(Vec) * o)
{
    TILE(Vec) s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
    o[0] = m[0] + s1 + s2;
    o[1] = d1 + 2.0f * d2;
    o[2] = s1 + 4.0f * s2;
    o[3] = d1 + 8.0f * d2 + m[5];
}

/* A y */
TARGET KERNEL_BODY void TILE(gradient4)(const TILE(Vec) * y, TILE(Vec) * o)
{
    TILE(Vec) even = y[0] + y[2], odd = y[1] + y[3];
    TILE(Vec) even2 = y[0] + 4.0f * y[2], odd2 = 2.0f * y[1] + 8.0f * y[3];
    o[0] = y[0];
    o[1] = even + odd;
    o[2] = even - odd;
    o[3] = even2 + odd2;
    o[4] = even2 - odd2;
    o[5] = y[3];
}

/* G g */
TARGET KERNEL_BODY void TILE(weight4)(const TILE(Vec) * g, TILE(Vec) * o)
{
    const float sixth = 1.0f / 6.0f, twelfth = 1.0f / 12.0f, part = 1.0f / 24.0f;
    TILE(Vec) sum = sixth * (g[0] + g[2]), middle = sixth * g[1];
    TILE(Vec) wide = part * g[0] + sixth * g[2], half = twelfth * g[1];
    o[0] = 0.25f * g[0];
    o[1] = -sum - middle;
    o[2] = middle - sum;
    o[3] = wide + half;
    o[4] = wide - half;
    o[5] = g[2];
}

/* G^T m */
TARGET KERNEL_BODY void TILE(weight_gradient4)(const TILE(Vec) * m, TILE(Vec) * o)
{
    const float sixth = 1.0f / 6.0f, twelfth = 1.0f / 12.0f, part = 1.0f / 24.0f;
    TILE(Vec) s1 = sixth * (m[1] + m[2]), s2 = m[3] + m[4];
    o[0] = 0.25f * m[0] - s1 + part * s2;
    o[1] = sixth * (m[2] - m[1]) + twelfth * (m[3] - m[4]);
    o[2] = sixth * s2 - s1 + m[5];
}

/* The five transforms above, for F(2x2, 3x3). */
TARGET KERNEL_BODY void TILE(data2)(const TILE(Vec) * d, TILE(Vec) * o)
{
    o[0] = d[0] - d[2];
    o[1] = d[1] + d[2];
    o[2] = d[2] - d[1];
    o[3] = d[1] - d[3];
}

TARGET KERNEL_BODY void TILE(output2)(const TILE(Vec) * m, TILE(Vec) * o)
{
    o[0] = m[0] + m[1] + m[2];
    o[1] = m[1] - m[2] - m[3];
}

TARGET KERNEL_BODY void TILE(gradient2)(const TILE(Vec) * y, TILE(Vec) * o)
{
    o[0] = y[0];
    o[1] = y[0] + y[1];
    o[2] = y[0] - y[1];
    o[3] = -y[1];
}

TARGET KERNEL_BODY void TILE(weight2)(const TILE(Vec) * g, TILE(Vec) * o)
{
    TILE(Vec) sum = 0.5f * (g[0] + g[2]), middle = 0.5f * g[1];
    o[0] = g[0];
    o[1] = sum + middle;
    o[2] = sum - middle;
    o[3] = g[2];
}

TARGET KERNEL_BODY void TILE(weight_gradient2)(const TILE(Vec) * m, TILE(Vec) * o)
{
    TILE(Vec) sum = 0.5f * (m[1] + m[2]);
    o[0] = m[0] + sum;
    o[1] = 0.5f * (m[1] - m[2]);
    o[2] = sum + m[3];
}

/* in * in rows of channels to out * out: down the columns, then along the rows. One side stands
 * anywhere, the other in planes: it is read where `ends`; then what comes out gets, where wanted, +
 * bias and + the rows `more`. */
#define TILE_TRANSFORM(one, in, out, ends)                                                         \
    TARGET static void TILE(all_##one)(int channels, float *const *rows, float *planes,            \
                                       ptrdiff_t plane, const float *bias,                         \
                                       const float *const *more)                                   \
    {                                                                                              \
        for (int at = 0; at < channels; at += LANES) {                                             \
            TILE(Vec) half[out][in], column[in], row[out];                                         \
            _Pragma("GCC unroll 6") for (int j = 0; j < in; j++)                                   \
            {                                                                                      \
                _Pragma("GCC unroll 6") for (int i = 0; i < in; i++)                               \
                {                                                                                  \
                    int f = i * in + j;                                                            \
                    const float *from = ends ? planes + f * plane : rows[f];                       \
                    column[i] = *(const TILE(Vec) *)(from + at);                                   \
                }                                                                                  \
                TILE(one)(column, row);                                                            \
                _Pragma("GCC unroll 6") for (int i = 0; i < out; i++) half[i][j] = row[i];         \
            }                                                                                      \
            TILE(Vec) start = {0};                                                                 \
            if (ends && bias)                                                                      \
                start = *(const TILE(Vec) *)(bias + at);                                           \
            _Pragma("GCC unroll 6") for (int i = 0; i < out; i++)                                  \
            {                                                                                      \
                TILE(one)(half[i], row);                                                           \
                _Pragma("GCC unroll 6") for (int j = 0; j < out; j++)                              \
                {                                                                                  \
                    int f = i * out + j;                                                           \
                    float *to = ends ? rows[f] : planes + f * plane;                               \
                    TILE(Vec) sum = row[j];                                                        \
                    if (ends)                                                                      \
                        sum = start + sum;                                                         \
                    if (ends && more)                                                              \
                        sum += *(const TILE(Vec) *)(more[f] + at);                                 \
                    *(TILE(Vec) *)(to + at) = sum;                                                 \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }
TILE_TRANSFORM(data4, 6, 6, false)
TILE_TRANSFORM(output4, 6, 4, true)
TILE_TRANSFORM(gradient4, 4, 6, false)
TILE_TRANSFORM(data2, 4, 4, false)
TILE_TRANSFORM(output2, 4, 2, true)
TILE_TRANSFORM(gradient2, 2, 4, false)
#undef TILE_TRANSFORM

/* Row `row` of G g G^T from matrices g of `in` rows, a tap each; and what that row of m adds to
 * G^T m G. Constant rows leave out what is of the others. */
#define TILE_WEIGHTS(one, gradient, side)                                                          \
    TARGET KERNEL_BODY void TILE(row_##one)(int row, const WeightRow *w, const float *from,        \
                                            float *to)                                             \
    {                                                                                              \
        TILE(Vec) column[3], line[3], all[side];                                                   \
        _Pragma("GCC unroll 3") for (int j = 0; j < 3; j++)                                        \
        {                                                                                          \
            _Pragma("GCC unroll 3") for (int k = 0; k < 3; k++) column[k] =                        \
                *(const TILE(Vec) *)(from + (3 * k + j) * w->tap);                                 \
            TILE(one)(column, all);                                                                \
            line[j] = all[row];                                                                    \
        }                                                                                          \
        TILE(one)(line, all);                                                                      \
        _Pragma("GCC unroll 6") for (int j = 0; j < side; j++) *                                   \
            (TILE(Vec) *)(to + j * w->plane) = all[j];                                             \
    }                                                                                              \
    TARGET KERNEL_BODY void TILE(row_##gradient)(int row, const WeightRow *w, const float *from,   \
                                                 float *to)                                        \
    {                                                                                              \
        TILE(Vec) line[side], column[side], three[3], all[3];                                      \
        _Pragma("GCC unroll 6") for (int j = 0; j < side; j++) line[j] =                           \
            *(const TILE(Vec) *)(from + j * w->plane);                                             \
        TILE(gradient)(line, three);                                                               \
        _Pragma("GCC unroll 3") for (int j = 0; j < 3; j++)                                        \
        {                                                                                          \
            _Pragma("GCC unroll 6") for (int k = 0; k < side; k++) column[k] = (TILE(Vec)){0};     \
            column[row] = three[j];                                                                \
            TILE(gradient)(column, all);                                                           \
            _Pragma("GCC unroll 3") for (int k = 0; k < 3; k++) if ((row > 0 || k == 0) &&         \
                                                                    (row < side - 1 || k == 2)) *  \
                (TILE(Vec) *)(to + (3 * k + j) * w->tap) += all[k];                                \
        }                                                                                          \
    }                                                                                              \
    TILE_WEIGHT_ROWS(one, side)                                                                    \
    TILE_WEIGHT_ROWS(gradient, side)
#define TILE_WEIGHT_ROW(one, row)                                                                  \
    for (int i = 0; i < w->in; i++)                                                                \
        for (int at = 0; at < w->width; at += LANES)                                               \
            TILE(row_##one)                                                                        \
    (row, w, w->from + (ptrdiff_t)i * w->from_row + at, w->to + (ptrdiff_t)i * w->to_row + at)
#define TILE_WEIGHT_ROWS(one, side)                                                                \
    TARGET static void TILE(all_##one)(int row, const WeightRow *w)                                \
    {                                                                                              \
        switch (row) {                                                                             \
        case 0: TILE_WEIGHT_ROW(one, 0); break;                                                    \
        case 1: TILE_WEIGHT_ROW(one, 1); break;                                                    \
        case 2: TILE_WEIGHT_ROW(one, 2); break;                                                    \
        case 3: TILE_WEIGHT_ROW(one, 3); break;                                                    \
        case 4: TILE_WEIGHT_ROW(one, side - 2); break;                                             \
        case 5: TILE_WEIGHT_ROW(one, side - 1); break;                                             \
        }                                                                                          \
    }
TILE_WEIGHTS(weight4, weight_gradient4, 6)
TILE_WEIGHTS(weight2, weight_gradient2, 4)
#undef TILE_WEIGHTS
#undef TILE_WEIGHT_ROW
#undef TILE_WEIGHT_ROWS

/* A row of the table for tiles of `side`. */
#define TILE_TRANSFORMS(side)                                                                      \
    static const Transforms TILE(transforms##side) = {                                             \
        side,                                                                                      \
        TILE(all_data##side),                                                                      \
        TILE(all_output##side),                                                                    \
        TILE(all_gradient##side),                                                                  \
        TILE(all_weight##side),                                                                    \
        TILE(all_weight_gradient##side),                                                           \
    }
TILE_TRANSFORMS(4);
TILE_TRANSFORMS(2);
#undef TILE_TRANSFORMS
