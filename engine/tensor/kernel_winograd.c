/* Winograd's minimal filtering: F(4x4, 3x3) makes 4x4 output pixels from a 6x6 tile by 36
 * products a channel pair instead of 144, F(2x2, 3x3) 2x2 from 4x4 by 16 instead of 36.
 * A block of tiles is transformed at a time, so that it stays in the second-level cache
 * through the matrix products, one a frequency. The planes of a frequency stand PAD
 * floats apart, lest all fall into one cache set. Relative error 5e-6 to 1e-5, and 1e-6
 * (tests). The input gradient is a forward convolution with turned and transposed
 * weights.
 */
#include "engine/tensor/kernel_winograd.h"
#include "engine/tensor/kernel_gemm.h"
#include "engine/tensor/kernel_simd.h"

enum { TAPS = 9, PLANES = 36, PIXELS = 16, PAD = 16, CHANNELS = 256, BLOCK = 220 * 1024 };

typedef enum Finish { FINISH_SET, FINISH_BIAS, FINISH_ADD } Finish;

/* Transforms `channels` (a multiple of 16) side by side from rows `from` to rows `to`. */
typedef void Transform(int channels, const float *const *from, float *const *to, Finish finish,
                       const float *bias);

typedef struct Transforms {
    int side; /* of a tile's output */
    Transform *data, *output, *gradient, *weight, *weight_gradient;
} Transforms;

#if KERNEL_X86
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
#endif

#define TILE(name) portable_##name
#define TARGET
#define LANES 4
#include "engine/tensor/kernel_winograd_tile.h"
#undef TILE
#undef TARGET
#undef LANES

/* By instruction set, then: for tiles of 2, of 4. */
static const Transforms *const sets[][2] = {
    [CPU_PORTABLE] = {&portable_transforms2, &portable_transforms4},
#if KERNEL_X86
    [CPU_AVX2] = {&avx2_transforms2, &avx2_transforms4},
    [CPU_AVX512] = {&avx512_transforms2, &avx512_transforms4},
#endif
};

static const float zeros[CHANNELS]; /* what lies outside the picture */

static float *writable(const float *x) { return (float *)(uintptr_t)x; } /* it is not written */

/* Of one picture, a channel pair. */
static int products(ConvShape s, int side)
{
    int across = (s.w + side - 1) / side, down = (s.h + side - 1) / side;
    return across * down * (side + 2) * (side + 2);
}

/* Without AVX2, where BLAS has twice our vectors' width all the same. */
static bool blas_is_wider(void)
{
#if KERNEL_X86
    return kernel_level() == CPU_PORTABLE && __builtin_cpu_supports("avx");
#else
    return false;
#endif
}

/* The rule: tiles of whichever side need fewer products for a picture, of 2 when equal,
 * since their transforms are cheaper. The number of pictures is not asked, so that one's
 * numbers do not depend on its company. NULL: not by transforms. */
static const Transforms *transforms_of(ConvShape s)
{
    bool large = s.way == CONV_WINOGRAD4;
    if (s.n == 0 || s.in % 16 || s.out % 16 || s.in > CHANNELS || s.out > CHANNELS ||
        s.way == CONV_GATHER || (s.way == CONV_BY_RULE && blas_is_wider()))
        return NULL;
    if (s.way == CONV_BY_RULE)
        large = products(s, 4) < products(s, 2);
    return sets[kernel_level()][large];
}

bool winograd_fits(ConvShape s) { return transforms_of(s); }

/* Scratch: weights turned, weights by frequency, tiles by frequency twice, a row nobody
 * reads; and what all functions below need to know. */
typedef struct Room {
    const Transforms *to;
    int side, planes, across, down; /* tiles' sides, frequencies, tiles of a picture */
    int tiles, block;               /* tiles of all pictures, those transformed at a time */
    float *turned, *weight, *a, *b, *unread;
    size_t weight_plane, a_plane, b_plane;
} Room;

/* Everything but the pointers. Blocks are multiples of 8 tiles, so that few rows are
 * left over. */
static Room sizes_of(ConvShape s)
{
    Room room = {.to = transforms_of(s)};
    room.side = room.to->side;
    room.planes = (room.side + 2) * (room.side + 2);
    room.across = (s.w + room.side - 1) / room.side;
    room.down = (s.h + room.side - 1) / room.side;
    room.tiles = s.n * room.across * room.down;
    room.block = BLOCK / (room.planes * (s.in + s.out)) / 8 * 8;
    room.block = room.block < 16 ? 16 : room.block;
    room.block = room.block < room.tiles ? room.block : room.tiles;
    room.weight_plane = (size_t)s.in * (size_t)s.out + PAD;
    room.a_plane = (size_t)room.block * (size_t)s.in + PAD;
    room.b_plane = (size_t)room.block * (size_t)s.out + PAD;
    return room;
}

static size_t turned_size(ConvShape s) { return TAPS * (size_t)s.in * (size_t)s.out; }

static Room lay_out(ConvShape s, float *scratch)
{
    Room room = sizes_of(s);
    size_t planes = (size_t)room.planes;
    room.turned = scratch;
    room.weight = room.turned + turned_size(s);
    room.a = room.weight + planes * room.weight_plane;
    room.b = room.a + planes * room.a_plane;
    room.unread = room.b + planes * room.b_plane;
    return room;
}

size_t winograd_scratch(ConvShape s)
{
    Room room = sizes_of(s);
    return turned_size(s) +
           (size_t)room.planes * (room.weight_plane + room.a_plane + room.b_plane) + CHANNELS;
}

static void plane_rows(const Room *room, float *base, size_t plane, size_t at, float **row)
{
    for (int f = 0; f < room->planes; f++)
        row[f] = base + (size_t)f * plane + at;
}

/* The pixels of tile `t` of a picture with c channels: those it makes and `border` more
 * around them; `outside` beyond the picture. */
static void pixel_rows(ConvShape s, const Room *room, int c, int t, int border, float *x,
                       float *outside, float **row)
{
    int across = room->across, down = room->down, side = room->side;
    int left = t % across * side - border, top = t / across % down * side - border;
    float *picture = x + (size_t)(t / across / down) * (size_t)(s.h * s.w) * (size_t)c;
    for (int r = top; r < top + side + 2 * border; r++)
        for (int j = left; j < left + side + 2 * border; j++) {
            bool inside = (unsigned)r < (unsigned)s.h && (unsigned)j < (unsigned)s.w;
            *row++ = inside ? picture + (ptrdiff_t)(r * s.w + j) * c : outside;
        }
}

/* a[f] (tiles, in) = B^T d B of tiles t0.. of x. */
static void load_data(ConvShape s, int t0, int tiles, const float *x, const Room *room)
{
    for (int t = 0; t < tiles; t++) {
        float *from[PLANES], *into[PLANES];
        pixel_rows(s, room, s.in, t0 + t, 1, writable(x), writable(zeros), from);
        plane_rows(room, room->a, room->a_plane, (size_t)t * (size_t)s.in, into);
        room->to->data(s.in, (const float *const *)from, into, FINISH_SET, NULL);
    }
}

/* weight[f] = G g G^T, (in, out) in panels; weight: (3, 3, in, out). */
static void load_weight(ConvShape s, const float *weight, const Room *room)
{
    for (int j = 0; j < s.out;) {
        int width = kernel_gemm_panel(s.out, j);
        for (int i = 0; i < s.in; i++) {
            const float *from[TAPS];
            float *into[PLANES];
            for (int tap = 0; tap < TAPS; tap++)
                from[tap] = weight + ((size_t)tap * (size_t)s.in + (size_t)i) * (size_t)s.out + j;
            plane_rows(room, room->weight, room->weight_plane,
                       (size_t)s.in * (size_t)j + (size_t)(i * width), into);
            room->to->weight(width, from, into, FINISH_SET, NULL);
        }
        j += width;
    }
}

/* y tiles = A^T b A, over bias or added. */
static void store_output(ConvShape s, int t0, int tiles, float *y, Finish finish, const float *bias,
                         const Room *room)
{
    for (int t = 0; t < tiles; t++) {
        float *from[PLANES], *into[PIXELS];
        plane_rows(room, room->b, room->b_plane, (size_t)t * (size_t)s.out, from);
        pixel_rows(s, room, s.out, t0 + t, 0, y, room->unread, into);
        room->to->output(s.out, (const float *const *)from, into, finish, bias);
    }
}

static void convolve(ConvShape s, const float *x, const float *weight, Finish finish,
                     const float *bias, float *y, const Room *room)
{
    load_weight(s, weight, room);
    for (int t = 0, tiles; t < room->tiles; t += tiles) {
        tiles = room->tiles - t < room->block ? room->tiles - t : room->block;
        load_data(s, t, tiles, x, room);
        for (size_t f = 0; f < (size_t)room->planes; f++)
            kernel_gemm_packed(tiles, s.out, s.in, room->a + f * room->a_plane, s.in,
                               room->weight + f * room->weight_plane, room->b + f * room->b_plane,
                               s.out);
        store_output(s, t, tiles, y, finish, bias, room);
    }
}

void winograd_forward(ConvShape shape, const float *x, const float *weight, const float *bias,
                      float *y, float *scratch)
{
    Room room = lay_out(shape, scratch);
    convolve(shape, x, weight, bias ? FINISH_BIAS : FINISH_SET, bias, y, &room);
}

/* turned (3, 3, out, in) = weight (3, 3, in, out) with the taps in reverse and each
 * matrix transposed. */
static void flip_filters(ConvShape s, const float *weight, float *turned)
{
    for (int tap = 0; tap < TAPS; tap++) {
        const float *from = weight + (ptrdiff_t)(TAPS - 1 - tap) * s.in * s.out;
        float *to = turned + (ptrdiff_t)tap * s.in * s.out;
        for (int i = 0; i < s.in; i += 4)
            for (int o = 0; o < s.out; o += 4)
                transpose_4x4(1.0f, from + i * s.out + o, s.out, to + o * s.in + i, s.in);
    }
}

void winograd_input(ConvShape shape, const float *gy, const float *weight, bool add, float *gx,
                    float *scratch)
{
    ConvShape back = {shape.n, shape.h, shape.w, shape.out, shape.in, shape.way};
    Room room = lay_out(back, scratch);
    flip_filters(shape, weight, room.turned);
    convolve(back, gy, room.turned, add ? FINISH_ADD : FINISH_SET, NULL, gx, &room);
}

/* b[f] (tiles, out) = A gy A^T */
static void load_gradient(ConvShape s, int t0, int tiles, const float *gy, const Room *room)
{
    for (int t = 0; t < tiles; t++) {
        float *from[PIXELS], *into[PLANES];
        pixel_rows(s, room, s.out, t0 + t, 0, writable(gy), writable(zeros), from);
        plane_rows(room, room->b, room->b_plane, (size_t)t * (size_t)s.out, into);
        room->to->gradient(s.out, (const float *const *)from, into, FINISH_SET, NULL);
    }
}

/* gweight += G^T weight[f] G */
static void store_weight(ConvShape s, float *gweight, const Room *room)
{
    for (int i = 0; i < s.in; i++) {
        float *from[PLANES], *into[TAPS];
        plane_rows(room, room->weight, room->weight_plane, (size_t)i * (size_t)s.out, from);
        for (int tap = 0; tap < TAPS; tap++)
            into[tap] = gweight + ((size_t)tap * (size_t)s.in + (size_t)i) * (size_t)s.out;
        room->to->weight_gradient(s.out, (const float *const *)from, into, FINISH_ADD, NULL);
    }
}

void winograd_weight(ConvShape shape, const float *gy, const float *x, float *gweight,
                     float *scratch)
{
    ConvShape s = shape;
    Room room = lay_out(s, scratch);
    for (int t = 0, tiles; t < room.tiles; t += tiles) {
        tiles = room.tiles - t < room.block ? room.tiles - t : room.block;
        load_data(s, t, tiles, x, &room);
        load_gradient(s, t, tiles, gy, &room);
        for (size_t f = 0; f < (size_t)room.planes; f++)
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
    store_weight(s, gweight, &room);
}
