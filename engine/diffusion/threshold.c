/* Owns the thresholding operators. Works in the box's own coordinates y = (x - centre) /
 * half-width, so that every operator is the published one on [-1, 1]. May call libc. */
#include "engine/diffusion/threshold.h"
#include "engine/base/status.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

/* The box as its centre and half-width. */
typedef struct Box {
    double centre, half;
} Box;

static float into(const Box *box, float x) { return (float)((x - box->centre) / box->half); }

/* Of |y|, which orders as its bits do. */
static uint32_t bits_of(const Box *box, float x)
{
    uint32_t bits;
    float y = fabsf(into(box, x));
    memcpy(&bits, &y, sizeof bits);
    return bits;
}

/* The k-th smallest |y|, found byte by byte from the highest, so that no copy is needed: how many
 * begin as the answer does, and go on with which byte? */
static double select_kth(int d, const Box *box, const float *x, int k)
{
    uint32_t found = 0;
    float value;
    for (int shift = 24; shift >= 0; shift -= 8) {
        int count[256] = {0}, byte = 0;
        for (int i = 0; i < d; i++) {
            uint32_t bits = bits_of(box, x[i]);
            if (shift == 24 || bits >> (shift + 8) == found)
                count[bits >> shift & 255]++;
        }
        for (; k >= count[byte]; byte++)
            k -= count[byte];
        found = found << 8 | (uint32_t)byte;
    }
    memcpy(&value, &found, sizeof value);
    return (double)value;
}

/* Quantile of |y| by linear interpolation between order statistics. A row with a NaN has
 * none: the answer is then 0 and the row passes as it is, for the caller's own checks to
 * find. */
static double quantile_abs(int d, const Box *box, const float *x, double p)
{
    for (int k = 0; k < d; k++)
        if (isnan(x[k]))
            return 0;
    double at = p * (d - 1);
    int below = (int)at;
    double value = select_kth(d, box, x, below);
    if (below + 1 >= d)
        return value;
    return value + (at - below) * (select_kth(d, box, x, below + 1) - value);
}

static double reflect(double y)
{
    double m = fmod(y + 1, 4); /* [-1, 1] and back is one period of 4 */
    if (m < 0)
        m += 4;
    return m > 2 ? 3 - m : m - 1;
}

static double clip(double y, double bound) { return y < -bound ? -bound : y > bound ? bound : y; }

static void count_outside(int d, const Box *box, const float *x, ClippedCount *count)
{
    count->coordinates += d;
    for (int k = 0; k < d; k++) {
        double past = fabs((double)into(box, x[k])) - 1;
        if (past > 0) {
            count->clipped++;
            count->overshoot += past * box->half;
        }
    }
}

static ClippedCount *count_at(Clipped *clipped, double u)
{
    int steps = clipped->steps < 1               ? 1
                : clipped->steps > CLIPPED_STEPS ? CLIPPED_STEPS
                                                 : clipped->steps;
    int i = (int)ceil(u * steps - 1e-9);
    return &clipped->step[i < 1 ? 0 : i > steps ? steps - 1 : i - 1];
}

static void add(ClippedCount *to, const ClippedCount *from)
{
    to->coordinates += from->coordinates;
    to->clipped += from->clipped;
    to->overshoot += from->overshoot;
}

void clipped_add(Clipped *to, const Clipped *from)
{
    for (int i = 0; i < CLIPPED_STEPS; i++)
        if (from->step[i].coordinates)
            add(&to->step[i], &from->step[i]);
}

ClippedCount clipped_total(const Clipped *clipped)
{
    ClippedCount total = {0};
    for (int i = 0; i < CLIPPED_STEPS; i++)
        add(&total, &clipped->step[i]);
    return total;
}

bool threshold_acts(const Threshold *threshold, Site site)
{
    return threshold->kind != THRESHOLD_NONE && (threshold->sites >> site & 1);
}

void threshold_apply(const Threshold *threshold, Site site, int d, double u, float *x,
                     Clipped *count)
{
    if (!threshold_acts(threshold, site))
        return;
    must(threshold->low < threshold->high);
    Box box = {(threshold->low + threshold->high) / 2, (threshold->high - threshold->low) / 2};
    if (count)
        count_outside(d, &box, x, count_at(count, u));
    double bound = 1;
    if (threshold->kind == THRESHOLD_DYNAMIC)
        bound = fmax(1, quantile_abs(d, &box, x, threshold->quantile));
    for (int k = 0; k < d; k++) {
        double y = into(&box, x[k]), to;
        switch (threshold->kind) {
        case THRESHOLD_REFLECT: to = reflect(y); break;
        case THRESHOLD_SOFT: to = tanh(y); break;
        default: to = clip(y, bound) / bound; break;
        }
        /* What the operator leaves alone keeps its bits. */
        if (to != y)
            x[k] = (float)(box.centre + box.half * to);
    }
}
