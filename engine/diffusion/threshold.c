/* Owns the thresholding operators. Works in the box's own coordinates y = (x - centre) /
 * half-width, so that every operator is the published one on [-1, 1]. May call libc. */
#include "engine/diffusion/threshold.h"
#include "engine/base/status.h"
#include "engine/nets/net.h"
#include <math.h>
#include <string.h>

/* Rearranges a[0..n-1] so that a[k] is what sorting would put there, nothing after it
 * smaller. */
static void select_kth(int n, float *a, int k)
{
    for (int low = 0, high = n - 1; low < high;) {
        float pivot = a[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (a[i] < pivot)
                i++;
            while (a[j] > pivot)
                j--;
            if (i <= j) {
                float swap = a[i];
                a[i++] = a[j];
                a[j--] = swap;
            }
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            return;
    }
}

/* Quantile of |y| by linear interpolation between order statistics. A row with a NaN has
 * none: the answer is then 0 and the row passes as it is, for the caller's own checks to
 * find. */
static double quantile_abs(int d, const float *y, double p)
{
    float a[NET_DIMS_MAX];
    for (int k = 0; k < d; k++) {
        a[k] = fabsf(y[k]);
        if (isnan(a[k]))
            return 0;
    }
    double at = p * (d - 1);
    int below = (int)at;
    select_kth(d, a, below);
    if (below + 1 >= d)
        return a[below];
    float next = a[below + 1];
    for (int k = below + 2; k < d; k++)
        next = fminf(next, a[k]);
    return a[below] + (at - below) * ((double)next - a[below]);
}

static double reflect(double y)
{
    double m = fmod(y + 1, 4); /* [-1, 1] and back is one period of 4 */
    if (m < 0)
        m += 4;
    return m > 2 ? 3 - m : m - 1;
}

static double clip(double y, double bound) { return y < -bound ? -bound : y > bound ? bound : y; }

static void count_outside(int d, const float *y, double half, ClippedCount *count)
{
    count->coordinates += d;
    for (int k = 0; k < d; k++) {
        double past = fabs((double)y[k]) - 1;
        if (past > 0) {
            count->clipped++;
            count->overshoot += past * half;
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
    must(d <= NET_DIMS_MAX && threshold->low < threshold->high);
    float y[NET_DIMS_MAX];
    double centre = (threshold->low + threshold->high) / 2;
    double half = (threshold->high - threshold->low) / 2;
    for (int k = 0; k < d; k++)
        y[k] = (float)((x[k] - centre) / half);
    if (count)
        count_outside(d, y, half, count_at(count, u));
    double bound = 1;
    if (threshold->kind == THRESHOLD_DYNAMIC)
        bound = fmax(1, quantile_abs(d, y, threshold->quantile));
    for (int k = 0; k < d; k++) {
        double to;
        switch (threshold->kind) {
        case THRESHOLD_REFLECT: to = reflect(y[k]); break;
        case THRESHOLD_SOFT: to = tanh(y[k]); break;
        default: to = clip(y[k], bound) / bound; break;
        }
        /* What the operator leaves alone keeps its bits. */
        if (to != y[k])
            x[k] = (float)(centre + half * to);
    }
}
