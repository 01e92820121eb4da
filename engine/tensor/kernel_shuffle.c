/* Moving 2x2 pixels into channels and back. */
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"

/* Four pixels of `c` channels and the one they make, which has channel ch of pixel k at 4 ch + k.
 */
KERNEL_BODY void patch(int c, bool down, bool accumulate, const float *from, float *to,
                       const ptrdiff_t pixel[4])
{
    int ch = 0;
    for (; ch + 4 <= c; ch += 4) {
        Quad in[4], out[4];
        for (int k = 0; k < 4; k++)
            in[k] = *(const Quad *)(from + (down ? pixel[k] + ch : 4 * (ch + k)));
        transpose_quads(in, out);
        for (int k = 0; k < 4; k++) {
            Quad *at = (Quad *)(to + (down ? 4 * (ch + k) : pixel[k] + ch));
            if (accumulate)
                out[k] += *at;
            *at = out[k];
        }
    }
    for (; ch < c; ch++)
        for (int k = 0; k < 4; k++) {
            float *at = to + (down ? 4 * ch + k : pixel[k] + ch);
            *at = (accumulate ? *at : 0.0f) + from[down ? pixel[k] + ch : 4 * ch + k];
        }
}

/* The large picture has h x w pixels of c channels. */
KERNEL_BODY void shuffle(int n, int h, int w, int c, bool down, bool accumulate, const float *from,
                         float *to)
{
    ptrdiff_t row = (ptrdiff_t)w * c;
    const ptrdiff_t pixel[4] = {0, c, row, row + c};
    for (int i = 0; i < n * (h / 2); i++)
        for (int j = 0; j < w / 2; j++) {
            ptrdiff_t large = 2 * i * row + 2 * (ptrdiff_t)j * c;
            ptrdiff_t small = ((ptrdiff_t)i * (w / 2) + j) * 4 * c;
            patch(c, down, accumulate, from + (down ? large : small), to + (down ? small : large),
                  pixel);
        }
}

void kernel_space_to_depth(int n, int h, int w, int c, const float *x, float *y, bool accumulate)
{
    if (accumulate)
        shuffle(n, h, w, c, true, true, x, y);
    else
        shuffle(n, h, w, c, true, false, x, y);
}

void kernel_depth_to_space(int n, int h, int w, int c, const float *x, float *y, bool accumulate)
{
    if (accumulate)
        shuffle(n, h, w, c, false, true, x, y);
    else
        shuffle(n, h, w, c, false, false, x, y);
}
