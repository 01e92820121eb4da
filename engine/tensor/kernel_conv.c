/* 3x3 convolution: by Winograd's transforms where they fit; else one sample at a time,
 * its 3x3 neighbourhoods gathered into rows (pixels, 9 channels) on the side that has
 * fewer channels, so that each direction is one matrix product: with few outputs a
 * convolution is run as the transpose of the one with turned weights. Some pictures at a time
 * are normalised, convolved and added to, so that they stay in cache from one to the next. */
#include "engine/tensor/kernel_winograd.h"
#include "engine/tensor/kernels.h"
#include <string.h>

static size_t pixels(ConvShape s) { return (size_t)s.h * (size_t)s.w; }

static bool turns(ConvShape s) { return s.out < s.in; }

static ConvShape swapped(ConvShape s) { return (ConvShape){s.n, s.h, s.w, s.out, s.in, s.way}; }

static size_t weights(ConvShape s) { return 9 * (size_t)s.in * (size_t)s.out; }

/* Row (y, x) of `col` gets x[y + ky - 1, x + kx - 1, :] at block ky * 3 + kx; zeros
 * outside. Three neighbouring pixels are one copy away from the border. */
static void gather(ConvShape s, const float *x, float *col)
{
    size_t in = (size_t)s.in, row = (size_t)s.w * in;
    for (int i = 0; i < s.h; i++)
        for (int j = 0; j < s.w; j++)
            for (int ky = -1; ky <= 1; ky++, col += 3 * in) {
                int from = j > 0 ? -1 : 0, to = j + 1 < s.w ? 1 : 0;
                if (i + ky < 0 || i + ky >= s.h || to - from < 2)
                    memset(col, 0, sizeof(float) * 3 * in);
                if (i + ky < 0 || i + ky >= s.h)
                    continue;
                memcpy(col + (size_t)(from + 1) * in,
                       x + (size_t)(i + ky) * row + (size_t)(j + from) * in,
                       sizeof(float) * (size_t)(to - from + 1) * in);
            }
}

/* The transpose of gather: adds each neighbourhood back. */
static void scatter(ConvShape s, const float *col, float *x)
{
    size_t in = (size_t)s.in, row = (size_t)s.w * in;
    for (int i = 0; i < s.h; i++)
        for (int j = 0; j < s.w; j++)
            for (int ky = -1; ky <= 1; ky++, col += 3 * in) {
                int from = j > 0 ? -1 : 0, to = j + 1 < s.w ? 1 : 0;
                if (i + ky < 0 || i + ky >= s.h)
                    continue;
                const float *part = col + (size_t)(from + 1) * in;
                float *target = x + (size_t)(i + ky) * row + (size_t)(j + from) * in;
                for (size_t k = 0; k < (size_t)(to - from + 1) * in; k++)
                    target[k] += part[k];
            }
}

/* turned (3, 3, out, in) = weight (3, 3, in, out), taps in reverse, each matrix
 * transposed; added or set. */
static void flip_filters(ConvShape s, const float *weight, bool add, float *turned)
{
    for (int tap = 0; tap < 9; tap++)
        for (int i = 0; i < s.in; i++)
            for (int o = 0; o < s.out; o++) {
                float *to = &turned[((8 - tap) * s.out + o) * s.in + i];
                *to = (add ? *to : 0.0f) + weight[(tap * s.in + i) * s.out + o];
            }
}

/* Starts rows of y (rows, c) at the bias. */
static void start(size_t rows, int c, const float *bias, float *y)
{
    size_t width = (size_t)c;
    if (!bias)
        memset(y, 0, sizeof(float) * rows * width);
    for (size_t i = 0; bias && i < rows; i++)
        memcpy(y + i * width, bias, sizeof(float) * width);
}

/* y = bias + gathered x times weight, or y += without `set`. */
static void by_gather(ConvShape s, const float *x, const float *weight, bool set, const float *bias,
                      float *y, float *col)
{
    int hw = s.h * s.w, k = 9 * s.in;
    for (size_t i = 0; i < (size_t)s.n; i++) {
        float *sample = y + i * pixels(s) * (size_t)s.out;
        gather(s, x + i * pixels(s) * (size_t)s.in, col);
        if (set)
            kernel_linear(hw, k, s.out, col, weight, bias, sample);
        else
            kernel_matmul(hw, s.out, k, 1.0f, (Matrix){col, k, false},
                          (Matrix){weight, s.out, false}, true, sample, s.out);
    }
}

/* gx += scattered gy times weight^T. */
static void by_scatter(ConvShape s, const float *gy, const float *weight, float *gx, float *col)
{
    int hw = s.h * s.w, k = 9 * s.in;
    for (size_t i = 0; i < (size_t)s.n; i++) {
        kernel_matmul(hw, k, s.out, 1.0f,
                      (Matrix){gy + i * pixels(s) * (size_t)s.out, s.out, false},
                      (Matrix){weight, s.out, true}, false, col, k);
        scatter(s, col, gx + i * pixels(s) * (size_t)s.in);
    }
}

/* gweight += gathered x^T times gy. */
static void weight_by_gather(ConvShape s, const float *gy, const float *x, float *gweight,
                             float *col)
{
    for (size_t i = 0; i < (size_t)s.n; i++) {
        gather(s, x + i * pixels(s) * (size_t)s.in, col);
        kernel_linear_weight(s.h * s.w, 9 * s.in, s.out, gy + i * pixels(s) * (size_t)s.out, col,
                             true, gweight);
    }
}

/* Each with the weights that `ready` gives. */
static void gather_forward(ConvShape s, const float *x, const float *weight, ConvEnd end, float *y,
                           float *col)
{
    size_t sample = pixels(s) * (size_t)s.out;
    if (turns(s)) {
        start((size_t)s.n * pixels(s), s.out, end.bias, y);
        by_scatter(swapped(s), x, weight, y, col);
    } else {
        by_gather(s, x, weight, true, end.bias, y, col);
    }
    if (end.more && !end.flat)
        kernel_accumulate((size_t)s.n * sample, 1.0f, end.more, y);
    for (size_t i = 0; end.more && end.flat && i < (size_t)s.n; i++)
        kernel_add_row((int)pixels(s), s.out, y + i * sample, end.more + i * (size_t)s.out,
                       y + i * sample);
}

static void gather_input(ConvShape s, const float *gy, const float *weight, bool add, float *gx,
                         float *col)
{
    if (turns(s)) {
        by_gather(swapped(s), gy, weight, !add, NULL, gx, col);
        return;
    }
    if (!add)
        start((size_t)s.n * pixels(s), s.in, NULL, gx);
    by_scatter(s, gy, weight, gx, col);
}

/* ---- Either way, some pictures at a time ---- */

/* Pictures that are worked through together. */
typedef struct Group {
    ConvShape s;
    int first;
    size_t in, out; /* floats of the inputs and outputs before them */
} Group;

static Group group_from(ConvShape s, int first)
{
    enum { GATHERED = 32 * 1024 }; /* floats */
    size_t few = GATHERED / (pixels(s) * (size_t)s.in);
    int most = winograd_fits(s) ? winograd_pictures(s) : (int)few + !few;
    int groups = (s.n + most - 1) / most;
    Group g = {s, first, (size_t)first * pixels(s) * (size_t)s.in,
               (size_t)first * pixels(s) * (size_t)s.out};
    most = groups ? (s.n + groups - 1) / groups : 0; /* about as many in each */
    g.s.n = s.n - first < most ? s.n - first : most;
    return g;
}

static Group group_after(ConvShape s, Group g) { return group_from(s, g.first + g.s.n); }

/* Floats of one picture's input, a group's, weights, and what a group is convolved in. */
typedef struct Sizes {
    size_t picture, group, weight, work;
} Sizes;

static Sizes sizes_of(ConvShape s)
{
    Group g = group_from(s, 0);
    size_t narrow = (size_t)(s.in < s.out ? s.in : s.out), picture = pixels(s) * (size_t)s.in;
    size_t work = winograd_fits(s) ? winograd_scratch(s) : pixels(s) * 9 * narrow;
    return (Sizes){picture, (size_t)g.s.n * picture, weights(s), work};
}

size_t conv3x3_scratch(ConvShape s)
{
    Sizes z = sizes_of(s);
    return 2 * z.group + z.picture + 2 * z.weight + z.work;
}

/* Scratch: a group's normalised input and the gradient of that, one picture's on the way from the
 * one to the other; weights turned, and their gradient; room to convolve. */
typedef struct Room {
    float *normal, *gradient, *picture, *weight, *gweight, *work;
} Room;

static Room lay_out(ConvShape s, float *scratch)
{
    Sizes z = sizes_of(s);
    Room room = {.normal = scratch};
    room.gradient = room.normal + z.group;
    room.picture = room.gradient + z.group;
    room.weight = room.picture + z.picture;
    room.gweight = room.weight + z.weight;
    room.work = room.gweight + z.weight;
    return room;
}

/* Weights as the forward pass, or the one back to the input, wants them. */
static const float *ready(ConvShape s, bool back, const float *weight, const Room *room)
{
    if (winograd_fits(s) ? !back : !turns(s))
        return weight;
    if (winograd_fits(s))
        winograd_turn(s, weight, room->weight);
    else
        flip_filters(s, weight, false, room->weight);
    return room->weight;
}

static NormShape norm_shape(ConvShape s, const ConvNorm *norm)
{
    return (NormShape){s.n, (int)pixels(s), s.in, norm->groups, true};
}

void kernel_conv3x3(ConvShape shape, const ConvNorm *norm, const float *x, const float *weight,
                    ConvEnd end, float *y, float *scratch)
{
    Room room = lay_out(shape, scratch);
    weight = shape.n ? ready(shape, false, weight, &room) : weight;
    for (Group g = group_from(shape, 0); g.s.n > 0; g = group_after(shape, g)) {
        const float *in = x + g.in;
        ConvEnd over = end;
        if (end.more)
            over.more += end.flat ? (size_t)(g.first * shape.out) : g.out;
        if (norm) {
            kernel_group_norm(norm_shape(g.s, norm), in, norm->gamma, norm->beta, room.normal,
                              norm->stats + 2 * g.first * norm->groups);
            in = room.normal;
        }
        if (winograd_fits(g.s))
            winograd_forward(g.s, in, weight, over, y + g.out, room.work);
        else
            gather_forward(g.s, in, weight, over, y + g.out, room.work);
    }
}

static void input_gradient(const Group *g, const float *gy, const float *weight, bool add,
                           float *gx, float *work)
{
    ConvEnd over = {.more = add ? gx : NULL};
    if (winograd_fits(g->s))
        winograd_forward(swapped(g->s), gy, weight, over, gx, work);
    else
        gather_input(g->s, gy, weight, add, gx, work);
}

static void weight_gradient(const Group *g, const float *gy, const float *x, float *gweight,
                            const Room *room)
{
    if (winograd_fits(g->s))
        winograd_weight(g->s, gy, x, gweight, room->work);
    else if (turns(g->s))
        weight_by_gather(swapped(g->s), x, gy, room->gweight, room->work);
    else
        weight_by_gather(g->s, gy, x, gweight, room->work);
}

void kernel_conv3x3_grad(ConvShape shape, const ConvNorm *norm, const float *x, const float *weight,
                         const float *gy, ConvGrad to, float *scratch)
{
    Room room = lay_out(shape, scratch);
    bool back = norm || to.x;
    if (shape.n == 0)
        return;
    if (back)
        weight = ready(shape, true, weight, &room);
    bool turned = to.weight && !winograd_fits(shape) && turns(shape);
    if (turned)
        memset(room.gweight, 0, sizeof(float) * weights(shape));
    for (Group g = group_from(shape, 0); g.s.n > 0; g = group_after(shape, g)) {
        const float *in = x + g.in;
        float *gx = to.x ? to.x + g.in : NULL;
        if (back)
            input_gradient(&g, gy + g.out, weight, to.add && !norm, norm ? room.gradient : gx,
                           room.work);
        if (norm) {
            kernel_group_norm_grad(norm_shape(g.s, norm), in, norm->gamma, norm->beta,
                                   norm->stats + 2 * g.first * norm->groups, room.gradient, to.add,
                                   gx, to.gamma, to.beta, room.normal, room.picture);
            in = room.normal;
        }
        if (to.weight)
            weight_gradient(&g, gy + g.out, in, to.weight, &room);
    }
    if (turned)
        flip_filters(swapped(shape), room.gweight, true, to.weight);
}
