/* Winograd F(4x4, 3x3): 4x4 output pixels from a 6x6 tile by 36 products a channel pair
 * instead of 144. A block of tiles is transformed at a time, so that it stays in the
 * second-level cache through the 36 matrix products, one a frequency. The planes of a
 * frequency stand PAD floats apart, lest all 36 fall into one cache set. Relative error
 * 5e-6 to 1e-5 (tests). The input gradient is a forward convolution with
 * turned and transposed weights.
 */
#include "engine/tensor/kernel_winograd.h"
#include "engine/tensor/kernel_gemm.h"
#include "engine/tensor/kernel_simd.h"

#if KERNEL_X86

enum { TAPS = 9, PLANES = 36, PAD = 16, CHANNELS = 256, BLOCK = 220 * 1024 };

typedef enum Finish { FINISH_SET, FINISH_BIAS, FINISH_ADD } Finish;

#define TILE(name) avx512_##name
#define TARGET     KERNEL_AVX512
#define LANES      16
#include "engine/tensor/kernel_winograd_tile.h"
#undef TILE
#undef TARGET
#undef LANES

#define TILE(name) avx2_##name
#define TARGET     KERNEL_AVX2
#define LANES      8
#include "engine/tensor/kernel_winograd_tile.h"
#undef TILE
#undef TARGET
#undef LANES

/* Transforms `channels` (a multiple of 16) side by side from rows `from` to rows `to`. */
typedef void Transform(int channels, const float *const *from, float *const *to,
                       Finish finish, const float *bias);

typedef struct Transforms {
    Transform *data, *output, *gradient, *weight, *weight_gradient;
} Transforms;

static const Transforms sets[] = {
    [CPU_AVX2] = {avx2_data,   avx2_output,   avx2_gradient,   avx2_weight,
                  avx2_weight_gradient  },
    [CPU_AVX512] = {avx512_data, avx512_output, avx512_gradient, avx512_weight,
                  avx512_weight_gradient},
};

static const float zeros[CHANNELS]; /* what lies outside the picture */

bool winograd_fits(ConvShape s)
{
    return kernel_level() > CPU_PORTABLE && s.n > 0 && s.in % 16 == 0 &&
           s.out % 16 == 0 && s.in <= CHANNELS && s.out <= CHANNELS && s.h >= 4 &&
           s.w >= 4;
}

static int tiles_of(ConvShape s)
{
    return s.n * ((s.h + 3) / 4) * ((s.w + 3) / 4);
}

/* Tiles transformed at a time: a multiple of 8, so that few rows are left over. */
static int block_of(ConvShape s)
{
    int block = BLOCK / (PLANES * (s.in + s.out)) / 8 * 8, all = tiles_of(s);
    block = block < 16 ? 16 : block;
    return block < all ? block : all;
}

/* Scratch: weights turned, weights by frequency, tiles by frequency twice, a row nobody
 * reads. */
typedef struct Room {
    float *turned, *weight, *a, *b, *unread;
    size_t weight_plane, a_plane, b_plane;
} Room;

static void lay_out(ConvShape s, float *scratch, Room *room)
{
    size_t pairs = (size_t)s.in * (size_t)s.out, block = (size_t)block_of(s);
    room->weight_plane = pairs + PAD;
    room->a_plane = block * (size_t)s.in + PAD;
    room->b_plane = block * (size_t)s.out + PAD;
    room->turned = scratch;
    room->weight = room->turned + TAPS * pairs;
    room->a = room->weight + PLANES * room->weight_plane;
    room->b = room->a + PLANES * room->a_plane;
    room->unread = room->b + PLANES * room->b_plane;
}

size_t winograd_scratch(ConvShape s)
{
    size_t pairs = (size_t)s.in * (size_t)s.out, block = (size_t)block_of(s);
    return TAPS * pairs + PLANES * (pairs + block * (size_t)(s.in + s.out) + 3 * PAD) +
           CHANNELS;
}

static void plane_rows(float *base, size_t plane, size_t at, float **row)
{
    for (size_t f = 0; f < PLANES; f++)
        row[f] = base + f * plane + at;
}

/* The pixels of tile `t` of a picture with c channels: `side` x `side` from 4 (ty, tx) -
 * border; `outside` elsewhere. */
static void pixel_rows(ConvShape s, int c, int t, int side, int border, const float *x,
                       const float *outside, const float **row)
{
    int across = (s.w + 3) / 4, down = (s.h + 3) / 4;
    int left = t % across * 4 - border, top = t / across % down * 4 - border;
    const float *picture =
        x + (size_t)(t / across / down) * (size_t)(s.h * s.w) * (size_t)c;
    for (int r = top; r < top + side; r++)
        for (int j = left; j < left + side; j++) {
            bool inside = (unsigned)r < (unsigned)s.h && (unsigned)j < (unsigned)s.w;
            *row++ = inside ? picture + (ptrdiff_t)(r * s.w + j) * c : outside;
        }
}

/* a[f] (tiles, in) = B^T d B of tiles t0.. of x. */
static void load_data(ConvShape s, const Transforms *to, int t0, int tiles,
                      const float *x, const Room *room)
{
    for (int t = 0; t < tiles; t++) {
        const float *from[PLANES];
        float *into[PLANES];
        pixel_rows(s, s.in, t0 + t, 6, 1, x, zeros, from);
        plane_rows(room->a, room->a_plane, (size_t)t * (size_t)s.in, into);
        to->data(s.in, from, into, FINISH_SET, NULL);
    }
}

/* weight[f] = G g G^T, (in, out) in panels; weight: (3, 3, in, out). */
static void load_weight(ConvShape s, const Transforms *to, const float *weight,
                        const Room *room)
{
    for (int j = 0; j < s.out;) {
        int width = kernel_gemm_panel(s.out, j);
        for (int i = 0; i < s.in; i++) {
            const float *from[TAPS];
            float *into[PLANES];
            for (int tap = 0; tap < TAPS; tap++)
                from[tap] =
                    weight + ((size_t)tap * (size_t)s.in + (size_t)i) * (size_t)s.out + j;
            plane_rows(room->weight, room->weight_plane,
                       (size_t)s.in * (size_t)j + (size_t)(i * width), into);
            to->weight(width, from, into, FINISH_SET, NULL);
        }
        j += width;
    }
}

/* y tiles = A^T b A, over bias or added. */
static void store_output(ConvShape s, const Transforms *to, int t0, int tiles, float *y,
                         Finish finish, const float *bias, const Room *room)
{
    for (int t = 0; t < tiles; t++) {
        float *from[PLANES];
        const float *into[16];
        float *out[16];
        plane_rows(room->b, room->b_plane, (size_t)t * (size_t)s.out, from);
        pixel_rows(s, s.out, t0 + t, 4, 0, y, room->unread, into);
        for (int i = 0; i < 16; i++)
            out[i] = (float *)(uintptr_t)into[i];
        to->output(s.out, (const float *const *)from, out, finish, bias);
    }
}

static void convolve(ConvShape s, const float *x, const float *weight, Finish finish,
                     const float *bias, float *y, const Room *room)
{
    const Transforms *to = &sets[kernel_level()];
    int all = tiles_of(s), block = block_of(s);
    load_weight(s, to, weight, room);
    for (int t = 0, tiles; t < all; t += tiles) {
        tiles = all - t < block ? all - t : block;
        load_data(s, to, t, tiles, x, room);
        for (size_t f = 0; f < PLANES; f++)
            kernel_gemm_packed(tiles, s.out, s.in, room->a + f * room->a_plane, s.in,
                               room->weight + f * room->weight_plane,
                               room->b + f * room->b_plane, s.out);
        store_output(s, to, t, tiles, y, finish, bias, room);
    }
}

void winograd_forward(ConvShape shape, const float *x, const float *weight,
                      const float *bias, float *y, float *scratch)
{
    Room room;
    lay_out(shape, scratch, &room);
    convolve(shape, x, weight, bias ? FINISH_BIAS : FINISH_SET, bias, y, &room);
}

/* turned (3, 3, out, in) = weight (3, 3, in, out) with the taps in reverse and each
 * matrix transposed. */
static void turn(ConvShape s, const float *weight, float *turned)
{
    for (int tap = 0; tap < TAPS; tap++) {
        const float *from = weight + (ptrdiff_t)(TAPS - 1 - tap) * s.in * s.out;
        float *to = turned + (ptrdiff_t)tap * s.in * s.out;
        for (int i = 0; i < s.in; i += 4)
            for (int o = 0; o < s.out; o += 4)
                transpose_4x4(1.0f, from + i * s.out + o, s.out, to + o * s.in + i, s.in);
    }
}

void winograd_input(ConvShape shape, const float *gy, const float *weight, bool add,
                    float *gx, float *scratch)
{
    Room room;
    ConvShape back = {shape.n, shape.h, shape.w, shape.out, shape.in};
    lay_out(back, scratch, &room);
    turn(shape, weight, room.turned);
    convolve(back, gy, room.turned, add ? FINISH_ADD : FINISH_SET, NULL, gx, &room);
}

/* b[f] (tiles, out) = A gy A^T */
static void load_gradient(ConvShape s, const Transforms *to, int t0, int tiles,
                          const float *gy, const Room *room)
{
    for (int t = 0; t < tiles; t++) {
        const float *from[16];
        float *into[PLANES];
        pixel_rows(s, s.out, t0 + t, 4, 0, gy, zeros, from);
        plane_rows(room->b, room->b_plane, (size_t)t * (size_t)s.out, into);
        to->gradient(s.out, from, into, FINISH_SET, NULL);
    }
}

/* gweight += G^T weight[f] G */
static void store_weight(ConvShape s, const Transforms *to, float *gweight,
                         const Room *room)
{
    for (int i = 0; i < s.in; i++) {
        float *from[PLANES], *into[TAPS];
        plane_rows(room->weight, room->weight_plane, (size_t)i * (size_t)s.out, from);
        for (int tap = 0; tap < TAPS; tap++)
            into[tap] =
                gweight + ((size_t)tap * (size_t)s.in + (size_t)i) * (size_t)s.out;
        to->weight_gradient(s.out, (const float *const *)from, into, FINISH_ADD, NULL);
    }
}

void winograd_weight(ConvShape shape, const float *gy, const float *x, float *gweight,
                     float *scratch)
{
    Room room;
    ConvShape s = shape;
    const Transforms *to = &sets[kernel_level()];
    int all = tiles_of(s), block = block_of(s);
    lay_out(s, scratch, &room);
    for (int t = 0, tiles; t < all; t += tiles) {
        tiles = all - t < block ? all - t : block;
        load_data(s, to, t, tiles, x, &room);
        load_gradient(s, to, t, tiles, gy, &room);
        for (size_t f = 0; f < PLANES; f++)
            kernel_gemm(&(Gemm){.m = s.in,
                                .n = s.out,
                                .k = tiles,
                                .alpha = 1.0f,
                                .a = room.a + f * room.a_plane,
                                .ra = 1,
                                .ca = s.in,
                                .b = room.b + f * room.b_plane,
                                .rb = s.out,
                                .cb = 1,
                                .add = t > 0,
                                .c = room.weight + f * room.weight_plane,
                                .ldc = s.out});
    }
    if (all > 0)
        store_weight(s, to, gweight, &room);
}

#else

bool winograd_fits(ConvShape shape)
{
    (void)shape;
    return false;
}

size_t winograd_scratch(ConvShape shape)
{
    (void)shape;
    return 0;
}

/* Never called: nothing fits. */
void winograd_forward(ConvShape shape, const float *x, const float *weight,
                      const float *bias, float *y, float *scratch)
{
    (void)shape, (void)x, (void)weight, (void)bias, (void)y, (void)scratch;
}

void winograd_input(ConvShape shape, const float *gy, const float *weight, bool add,
                    float *gx, float *scratch)
{
    (void)shape, (void)gy, (void)weight, (void)add, (void)gx, (void)scratch;
}

void winograd_weight(ConvShape shape, const float *gy, const float *x, float *gweight,
                     float *scratch)
{
    (void)shape, (void)gy, (void)x, (void)gweight, (void)scratch;
}

#endif
