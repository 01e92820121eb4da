/* Owns ranges of values and their round ends. See scale.h. */
#include "views/model/scale.h"

#include <math.h>
#include <stdlib.h>

double scale_nice(double range, int most)
{
    double raw = range / (most > 0 ? most : 1), power = pow(10, floor(log10(raw)));
    double digit = raw / power;
    if (digit <= 2)
        return power * (digit <= 1 ? 1 : 2);
    return power * (digit <= 5 ? 5 : 10);
}

double scale_round(double value, bool up)
{
    double power = pow(10, floor(log10(value) + 1e-9)), digit = value / power;
    static const double steps[] = {1, 2, 5, 10};
    if (up) {
        for (int i = 0; i < 4; i++)
            if (digit <= steps[i] * (1 + 1e-9))
                return steps[i] * power;
    }
    if (digit >= 5 * (1 - 1e-9))
        return power * 5;
    return power * (digit >= 2 * (1 - 1e-9) ? 2 : 1);
}

Scale scale_around(double low, double high, bool log)
{
    if (log) {
        bool sane = low > 0 && isfinite(high) && high >= low;
        Scale scale = {0.1, 1, true};
        if (sane)
            scale = (Scale){scale_round(low, false), scale_round(high, true), true};
        if (!(scale.high > scale.low))
            scale.high = scale.low * 10;
        return scale;
    }
    if (!(isfinite(low) && isfinite(high) && high > low)) {
        double centre = isfinite(low) ? low : 0, room = fabs(centre);
        room = room > 0 ? room : 1;
        low = centre - room / 2;
        high = centre + room / 2;
    }
    double step = scale_nice(high - low, 4);
    return (Scale){floor(low / step) * step, ceil(high / step) * step, false};
}

double scale_step(const Scale *scale) { return scale_nice(scale->high - scale->low, 4); }

double scale_part(const Scale *scale, double value)
{
    if (scale->log && !isnan(value))
        return value > 0 ? log(value / scale->low) / log(scale->high / scale->low) : -1;
    return (value - scale->low) / (scale->high - scale->low);
}

/* ---- Ranges ---- */

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

void robust_range(float *values, int n, bool log, bool fit, double *low, double *high)
{
    enum { FEWEST = 20 }; /* fewer say nothing about outliers */
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(values[i]) && (!log || values[i] > 0))
            values[kept++] = values[i];
    *low = *high = NAN;
    if (kept == 0)
        return;
    qsort(values, (size_t)kept, sizeof *values, by_value);
    *low = values[0];
    *high = values[kept - 1];
    double q05 = values[kept / 20], q95 = values[kept - 1 - kept / 20];
    if (!fit || kept < FEWEST || !(q95 > q05))
        return;
    if (log) {
        double room = pow(q95 / q05, 1.5);
        *low = fmax(*low, q05 / room);
        *high = fmin(*high, q95 * room);
    } else {
        double room = 1.5 * (q95 - q05);
        *low = fmax(*low, q05 - room);
        *high = fmin(*high, q95 + room);
    }
}
