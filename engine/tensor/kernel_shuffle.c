/* Moving 2x2 pixels into channels and back. */
#include "engine/tensor/kernel_simd.h"
#include "engine/tensor/kernels.h"

/* Calls the two pictures' elements by their offsets: large (i, y, x, ch), small channel
 * ch * 4 + 2 dy + dx. */
KERNEL_BODY void shuffle(int n, int h, int w, int c, bool down, bool accumulate, const float *from,
                         float *to)
{
    size_t row = (size_t)w * (size_t)c, small = 0;
    for (int i = 0; i < n * (h / 2); i++)
        for (int j = 0; j < w / 2; j++) {
            size_t corner = 2 * (size_t)i * row + 2 * (size_t)j * (size_t)c;
            for (int k = 0; k < 4; k++) {
                size_t large = corner + (size_t)(k / 2) * row + (size_t)(k % 2) * (size_t)c;
                for (size_t ch = 0; ch < (size_t)c; ch++) {
                    size_t a = small + 4 * ch + (size_t)k, b = large + ch;
                    size_t source = down ? b : a, target = down ? a : b;
                    to[target] = accumulate ? to[target] + from[source] : from[source];
                }
            }
            small += 4 * (size_t)c;
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
