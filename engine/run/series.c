/* Owns the decimation: buckets of `stride` steps that keep min, max and last; when they
 * run out, neighbours merge. */
#include "engine/run/series.h"
#include <math.h>

static const double DECAY = 0.98;

static void clear_bucket(Series *series, int b)
{
    series->min[b] = series->max[b] = series->last[b] = series->smooth[b] = NAN;
}

void series_init(Growing *growing)
{
    *growing = (Growing){.series = {.stride = 1}};
    for (int b = 0; b < SERIES_BUCKETS; b++)
        clear_bucket(&growing->series, b);
}

static float least(float a, float b)
{
    return isnan(a) || b < a ? b : a;
}

static float most(float a, float b)
{
    return isnan(a) || b > a ? b : a;
}

/* Bucket `to` takes over buckets a and b = a + 1; the later one's last value stands. */
static void merge(Series *series, int to, int a)
{
    int b = a + 1, newer = isnan(series->last[b]) ? a : b;
    float low =
        isnan(series->min[b]) ? series->min[a] : least(series->min[a], series->min[b]);
    float high =
        isnan(series->max[b]) ? series->max[a] : most(series->max[a], series->max[b]);
    float last = series->last[newer], smooth = series->smooth[newer];
    series->min[to] = low;
    series->max[to] = high;
    series->last[to] = last;
    series->smooth[to] = smooth;
}

static void halve(Series *series)
{
    for (int b = 0; b < SERIES_BUCKETS / 2; b++)
        merge(series, b, 2 * b);
    for (int b = SERIES_BUCKETS / 2; b < SERIES_BUCKETS; b++)
        clear_bucket(series, b);
    series->n = (series->n + 1) / 2;
    series->stride *= 2;
}

double series_smooth(const Growing *growing)
{
    if (!growing->count)
        return NAN;
    return growing->average / (1 - pow(DECAY, (double)growing->count));
}

void series_add(Growing *growing, long step, double value)
{
    Series *series = &growing->series;
    if (isnan(value))
        return;
    growing->average = DECAY * growing->average + (1 - DECAY) * value;
    growing->count++;
    while (step / series->stride >= SERIES_BUCKETS)
        halve(series);
    int b = (int)(step / series->stride);
    float x = (float)value;
    series->min[b] = least(series->min[b], x);
    series->max[b] = most(series->max[b], x);
    series->last[b] = x;
    series->smooth[b] = (float)series_smooth(growing);
    if (b >= series->n)
        series->n = b + 1;
}
