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

enum { TAPS = 9, PLANES = 36, PIXELS = 16, PAD = 16, CHANNELS = 256, BLOCK = 440 * 1024 };

/* Transforms `channels` (a multiple of 16) side by side, data and gradient from rows to planes,
 * which are `plane` floats apart, output from planes to rows; that adds a bias and as many rows
 * more, unless NULL. */
typedef void Transform(int channels, float *const *rows, float *planes, ptrdiff_t plane,
                       const float *bias, const float *const *more);

/* Between weights, whose taps are `tap` floats apart, and a row of frequencies, `plane` floats
 * apart: matrices of `in` rows, some columns of them. */
typedef struct WeightRow {
    int in, width, from_row, to_row; /* floats from row to row */
    const float *from;
    float *to;
    ptrdiff_t tap, plane;
} WeightRow;
typedef void WeightTransform(int row, const WeightRow *w);

typedef struct Transforms {
    int side; /* of a tile's output */
    Transform *data, *output, *gradient;
    WeightTransform *weight, *weight_gradient; /* sets frequencies; adds to weights */
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

/* Scratch: tiles by frequency, weights of a row of frequencies, a row nobody reads, a picture's
 * tiles' pixels; and what all functions below need to know. */
typedef struct Room {
    const Transforms *to;
    int side, planes, across, down; /* tiles' sides, frequencies, tiles of a picture */
    int tiles, block;               /* tiles of all pictures, those transformed at a time */
    float *a, *b, *weight, *unread;
    int *pixel; /* of each tile of a picture, one more around it: twice where, or 1 outside */
    ptrdiff_t weight_plane, plane;
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
    room.weight_plane = (size_t)s.in * (size_t)s.out + PAD;
    room.plane = (size_t)room.block * (size_t)(s.in > s.out ? s.in : s.out) + PAD;
    return room;
}

static int a_picture(const Room *room) { return room->across * room->down; }

static size_t pixels_room(const Room *room)
{
    return (size_t)((a_picture(room) * room->planes + PAD - 1) / PAD * PAD);
}

static void find_pixels(ConvShape s, const Room *room)
{
    int *pixel = room->pixel;
    for (int t = 0; t < a_picture(room); t++) {
        int left = t % room->across * room->side - 1, top = t / room->across * room->side - 1;
        for (int r = top; r < top + room->side + 2; r++)
            for (int j = left; j < left + room->side + 2; j++) {
                bool inside = (unsigned)r < (unsigned)s.h && (unsigned)j < (unsigned)s.w;
                *pixel++ = inside ? 2 * (r * s.w + j) : 1;
            }
    }
}

/* Of a forward pass each product goes where the tiles of the frequency before it were: so half as
 * much is in use. The weights' gradient needs both. */
static Room lay_out(ConvShape s, bool forward, float *scratch)
{
    Room room = sizes_of(s);
    room.pixel = (int *)(void *)scratch;
    room.unread = scratch + pixels_room(&room);
    room.weight = room.unread + CHANNELS;
    room.b = room.weight + (size_t)(room.side + 2) * room.weight_plane;
    room.a = room.b + (forward ? 1 : (size_t)room.planes) * room.plane;
    find_pixels(s, &room);
    return room;
}

int winograd_pictures(ConvShape s)
{
    Room room = sizes_of(s);
    int pictures = room.block / a_picture(&room);
    return pictures > 1 ? pictures : 1;
}

size_t winograd_scratch(ConvShape s)
{
    Room room = sizes_of(s);
    return pixels_room(&room) + CHANNELS + (size_t)(room.side + 2) * room.weight_plane +
           2 * (size_t)room.planes * room.plane;
}

/* The pixels of tile `t` of a picture with c channels: those it makes and `border` more
 * around them; `outside` beyond the picture. */
static void pixel_rows(ConvShape s, const Room *room, int c, int t, int border, float *x,
                       float *outside, float **row)
{
    int width = room->side + 2, picture = t / a_picture(room);
    const int *pixel = room->pixel + (t - picture * a_picture(room)) * room->planes;
    float *const from[] = {x + (size_t)picture * (size_t)(s.h * s.w) * (size_t)c, outside};
    for (int r = 1 - border; r < width - 1 + border; r++)
        for (int j = 1 - border; j < width - 1 + border; j++) {
            int at = pixel[r * width + j];
            *row++ = from[at & 1] + (ptrdiff_t)(at >> 1) * c;
        }
}

/* a[f] (tiles, in) = B^T d B of tiles t0.. of x. */
static void load_data(ConvShape s, int t0, int tiles, const float *x, const Room *room)
{
    for (int t = 0; t < tiles; t++) {
        float *from[PLANES];
        pixel_rows(s, room, s.in, t0 + t, 1, writable(x), writable(zeros), from);
        room->to->data(s.in, from, room->a + (ptrdiff_t)t * s.in, room->plane, NULL, NULL);
    }
}

/* weight[j] = frequency (row, j) of G g G^T, (in, out) in panels; g: (3, 3, in, out). */
static void load_weight(ConvShape s, int row, const float *g, const Room *room)
{
    for (int j = 0, width; j < s.out; j += width) {
        width = kernel_gemm_panel(s.out, j);
        room->to->weight(row, &(WeightRow){.in = s.in,
                                           .width = width,
                                           .from_row = s.out,
                                           .to_row = width,
                                           .from = g + j,
                                           .to = room->weight + (ptrdiff_t)s.in * j,
                                           .tap = (ptrdiff_t)s.in * s.out,
                                           .plane = (ptrdiff_t)room->weight_plane});
    }
}

/* y tiles = A^T b A over what the output starts from. */
static void store_output(ConvShape s, int t0, int tiles, float *y, ConvEnd end, const Room *room)
{
    for (int t = 0; t < tiles; t++) {
        float *into[PIXELS], *more[PIXELS];
        pixel_rows(s, room, s.out, t0 + t, 0, y, room->unread, into);
        if (end.more && !end.flat)
            pixel_rows(s, room, s.out, t0 + t, 0, writable(end.more), writable(zeros), more);
        for (int i = 0; end.flat && i < PIXELS; i++)
            more[i] = writable(end.more) + (size_t)((t0 + t) / a_picture(room)) * (size_t)s.out;
        room->to->output(s.out, into, room->b + (ptrdiff_t)t * s.out, room->plane, end.bias,
                         end.more ? (const float *const *)more : NULL);
    }
}

static int tiles_from(const Room *room, int t)
{
    return room->tiles - t < room->block ? room->tiles - t : room->block;
}

/* b = a times the weights, frequency by frequency, the weights made for a row of them. */
static void multiply(ConvShape s, int tiles, const float *weight, const Room *room)
{
    int width = room->side + 2;
    for (int row = 0; row < width; row++) {
        load_weight(s, row, weight, room);
        for (int j = 0; j < width; j++) {
            size_t f = (size_t)(row * width + j);
            kernel_gemm_packed(&(Gemm){.m = tiles,
                                       .n = s.out,
                                       .k = s.in,
                                       .a = room->a + f * room->plane,
                                       .ra = s.in,
                                       .ca = 1,
                                       .b = room->weight + (size_t)j * room->weight_plane,
                                       .c = room->b + f * room->plane,
                                       .ldc = s.out});
        }
    }
}

void winograd_forward(ConvShape s, const float *x, const float *weight, ConvEnd end, float *y,
                      float *scratch)
{
    Room room = lay_out(s, true, scratch);
    for (int t = 0, tiles; t < room.tiles; t += tiles) {
        tiles = tiles_from(&room, t);
        load_data(s, t, tiles, x, &room);
        multiply(s, tiles, weight, &room);
        store_output(s, t, tiles, y, end, &room);
    }
}

void winograd_turn(ConvShape s, const float *weight, float *turned)
{
    for (int tap = 0; tap < TAPS; tap++) {
        const float *from = weight + (ptrdiff_t)(TAPS - 1 - tap) * s.in * s.out;
        float *to = turned + (ptrdiff_t)tap * s.in * s.out;
        for (int i = 0; i < s.in; i += 4)
            for (int o = 0; o < s.out; o += 4)
                transpose_4x4(1.0f, from + i * s.out + o, s.out, to + o * s.in + i, s.in);
    }
}

/* b[f] (tiles, out) = A gy A^T, in panels. */
static void load_gradient(ConvShape s, int t0, int tiles, const float *gy, const Room *room)
{
    for (int t = 0; t < tiles; t++) {
        float *from[PIXELS];
        pixel_rows(s, room, s.out, t0 + t, 0, writable(gy), writable(zeros), from);
        for (int j = 0, width; j < s.out; j += width) {
            width = kernel_gemm_panel(s.out, j);
            room->to->gradient(width, from, room->b + (ptrdiff_t)(tiles * j + t * width),
                               room->plane, NULL, NULL);
            for (int i = 0; i < room->side * room->side; i++)
                from[i] += width;
        }
    }
}

/* gweight += the part of G^T m G that is of a row of frequencies, which are made one by one. */
static void store_weight(ConvShape s, int row, int tiles, float *gweight, const Room *room)
{
    int width = room->side + 2;
    for (int j = 0; j < width; j++) {
        size_t f = (size_t)(row * width + j);
        kernel_gemm_packed(&(Gemm){.m = s.in,
                                   .n = s.out,
                                   .k = tiles,
                                   .a = room->a + f * room->plane,
                                   .ra = 1,
                                   .ca = s.in,
                                   .b = room->b + f * room->plane,
                                   .c = room->weight + (size_t)j * room->weight_plane,
                                   .ldc = s.out});
    }
    room->to->weight_gradient(row, &(WeightRow){.in = s.in,
                                                .width = s.out,
                                                .from_row = s.out,
                                                .to_row = s.out,
                                                .from = room->weight,
                                                .to = gweight,
                                                .tap = (ptrdiff_t)s.in * s.out,
                                                .plane = (ptrdiff_t)room->weight_plane});
}

void winograd_weight(ConvShape s, const float *gy, const float *x, float *gweight, float *scratch)
{
    Room room = lay_out(s, false, scratch);
    for (int t = 0, tiles; t < room.tiles; t += tiles) {
        tiles = tiles_from(&room, t);
        load_data(s, t, tiles, x, &room);
        load_gradient(s, t, tiles, gy, &room);
        for (int row = 0; row < room.side + 2; row++)
            store_weight(s, row, tiles, gweight, &room);
    }
}
