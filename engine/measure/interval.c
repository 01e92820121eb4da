/* Owns intervals. May call base and stats. */
#include "engine/measure/interval.h"
#include "engine/base/quantile.h"
#include "engine/measure/stats.h"
#include <math.h>

static const double outside = 0.05;

/* ---- Jackknife ---- */

enum { BLOCKS = INTERVAL_BLOCKS };

static double jackknife_variance(const double value[BLOCKS])
{
    double sum = 0, mean = mean_of(BLOCKS, value);
    for (int b = 0; b < BLOCKS; b++)
        sum += (value[b] - mean) * (value[b] - mean);
    return sum * (BLOCKS - 1) / BLOCKS;
}

static Interval around(double value, double centre, double reach)
{
    return (Interval){value, centre - reach, centre + reach};
}

Interval interval_one(const Jackknife *j)
{
    double reach = student_quantile(outside, BLOCKS - 1) * sqrt(jackknife_variance(j->x));
    return around(j->whole, j->whole, reach);
}

Interval interval_two(const Jackknife *j, bool biased)
{
    double vx = jackknife_variance(j->x), vy = jackknife_variance(j->y), both = vx + vy;
    double freedom = both > 0 ? (BLOCKS - 1) * both * both / (vx * vx + vy * vy) : BLOCKS - 1;
    double bias = mean_of(BLOCKS, j->x) + mean_of(BLOCKS, j->y) - 2 * j->whole;
    double centre = j->whole - (biased ? (BLOCKS - 1) * bias : 0);
    return around(j->whole, centre, student_quantile(outside, freedom) * sqrt(both));
}

/* ---- Shares ---- */

/* The chance at which k or fewer of n come with probability `tail`, by bisection. */
static double chance_of(long k, long n, double tail)
{
    double low = 0, high = 1;
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (binomial_below(k, n, middle) > tail)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* Clopper and Pearson's interval, where `groups` are to hold at once. */
static Interval exact(long k, long n, int groups)
{
    double tail = outside / 2 / (groups > 1 ? groups : 1);
    return (Interval){(double)k / (double)n, k > 0 ? 1 - chance_of(n - k, n, tail) : 0,
                      k < n ? chance_of(k, n, tail) : 1};
}

Interval interval_share(long k, long n) { return exact(k, n, 1); }

static Interval least_at(int n, const long *right, const long *asked, int groups)
{
    Interval least = {NAN, NAN, NAN};
    for (int c = 0; c < n; c++) {
        if (!asked[c])
            continue;
        Interval share = exact(right[c], asked[c], groups);
        least.value = fmin(least.value, share.value); /* fmin leaves NaN out */
        least.low = fmin(least.low, share.low);
        least.high = fmin(least.high, share.high);
    }
    return least;
}

Interval interval_least(int n, const long *right, const long *asked)
{
    int candidates = 0;
    Interval all = least_at(n, right, asked, n);
    for (int c = 0; c < n; c++)
        candidates += asked[c] && exact(right[c], asked[c], n).low <= all.high;
    return least_at(n, right, asked, candidates);
}

static Interval reach_at(int n, const long *count, long total, double share, int groups)
{
    Interval reached = {0, 0, 0};
    for (int c = 0; c < n; c++) {
        Interval one = exact(count[c], total, groups);
        reached.value += one.value >= share;
        reached.low += one.low >= share;
        reached.high += one.high >= share;
    }
    return reached;
}

Interval interval_reach(int n, const long *count, long total, double share)
{
    Interval all = reach_at(n, count, total, share, n);
    return reach_at(n, count, total, share, (int)(all.high - all.low));
}

/* ---- Ratios ---- */

/* The mean; the square of its standard error over the mean; how many rows count. */
typedef struct Weighed {
    double mean, spread, rows;
} Weighed;

static Weighed weigh(int n, const double *x)
{
    double sum = 0, squares = 0;
    for (int r = 0; r < n; r++) {
        sum += x[r];
        squares += x[r] * x[r];
    }
    double mean = sum / n, variance = fmax(0, squares - sum * mean) / (n - 1);
    return (Weighed){mean, variance / n / (mean * mean), sum * sum / squares};
}

Interval interval_ratio(int n, const double *a, const double *b)
{
    Weighed own = weigh(n, a), forward = weigh(n, b);
    double both = own.spread + forward.spread, ratio = own.mean / forward.mean;
    double freedom =
        both * both /
        (own.spread * own.spread / own.rows + forward.spread * forward.spread / forward.rows);
    if (!(both > 0))
        return (Interval){ratio, ratio, ratio};
    double reach = exp(student_quantile(outside, fmax(1, freedom)) * sqrt(both));
    return (Interval){ratio, ratio / reach, ratio * reach};
}
