/* The five transforms of F(4x4, 3x3) for one instruction set; kernel_winograd.c includes
 * this file once for each. Wants TILE(name), TARGET and LANES as kernel_gemm_tile.h does.
 * Matrices: Lavin & Gray 2016, points 0, 1, -1, 2, -2. */

typedef float TILE(Vec) __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

/* B^T d */
TARGET KERNEL_BODY void TILE(one_data)(const TILE(Vec) * d, TILE(Vec) * o)
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
TARGET KERNEL_BODY void TILE(one_output)(const TILE(Vec) * m, TILE(Vec) * o)
{
    TILE(Vec) s1 = m[1] + m[2], d1 = m[1] - m[2], s2 = m[3] + m[4], d2 = m[3] - m[4];
    o[0] = m[0] + s1 + s2;
    o[1] = d1 + 2.0f * d2;
    o[2] = s1 + 4.0f * s2;
    o[3] = d1 + 8.0f * d2 + m[5];
}

/* A y */
TARGET KERNEL_BODY void TILE(one_gradient)(const TILE(Vec) * y, TILE(Vec) * o)
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
TARGET KERNEL_BODY void TILE(one_weight)(const TILE(Vec) * g, TILE(Vec) * o)
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
TARGET KERNEL_BODY void TILE(one_weight_gradient)(const TILE(Vec) * m, TILE(Vec) * o)
{
    const float sixth = 1.0f / 6.0f, twelfth = 1.0f / 12.0f, part = 1.0f / 24.0f;
    TILE(Vec) s1 = sixth * (m[1] + m[2]), s2 = m[3] + m[4];
    o[0] = 0.25f * m[0] - s1 + part * s2;
    o[1] = sixth * (m[2] - m[1]) + twelfth * (m[3] - m[4]);
    o[2] = sixth * s2 - s1 + m[5];
}

/* from: in * in rows of channels, to: out * out rows; `one` down the columns, then along
 * the rows. */
#define TILE_TRANSFORM(name, one, in, out)                                               \
    TARGET static void TILE(name)(int channels, const float *const *from,                \
                                  float *const *to, Finish finish, const float *bias)    \
    {                                                                                    \
        for (int at = 0; at < channels; at += LANES) {                                   \
            TILE(Vec) half[out][in], column[in], row[out];                               \
            _Pragma("GCC unroll 6") for (int j = 0; j < in; j++)                         \
            {                                                                            \
                _Pragma("GCC unroll 6") for (int i = 0; i < in; i++) column[i] =         \
                    *(const TILE(Vec) *)(from[i * in + j] + at);                         \
                TILE(one)(column, row);                                                  \
                _Pragma("GCC unroll 6") for (int i = 0; i < out; i++) half[i][j] =       \
                    row[i];                                                              \
            }                                                                            \
            TILE(Vec)                                                                    \
            start = finish == FINISH_BIAS ? *(const TILE(Vec) *)(bias + at)              \
                                          : (TILE(Vec)){0};                              \
            _Pragma("GCC unroll 6") for (int i = 0; i < out; i++)                        \
            {                                                                            \
                TILE(one)(half[i], row);                                                 \
                _Pragma("GCC unroll 6") for (int j = 0; j < out; j++)                    \
                {                                                                        \
                    TILE(Vec) *value = (TILE(Vec) *)(to[i * out + j] + at);              \
                    *value = finish == FINISH_ADD ? *value + row[j] : start + row[j];    \
                }                                                                        \
            }                                                                            \
        }                                                                                \
    }
TILE_TRANSFORM(data, one_data, 6, 6)
TILE_TRANSFORM(output, one_output, 6, 4)
TILE_TRANSFORM(gradient, one_gradient, 4, 6)
TILE_TRANSFORM(weight, one_weight, 3, 6)
TILE_TRANSFORM(weight_gradient, one_weight_gradient, 6, 3)
#undef TILE_TRANSFORM
