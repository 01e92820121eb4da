/* Owns the ways into a Series. See series.h. */
#include "views/model/series.h"

#include <math.h>

static const SeriesChunk *chunk_of(const Series *series, long row)
{
    return series->chunk[row / CHUNK_ROWS];
}

long series_step(const Series *series, long row)
{
    return series->step[row / CHUNK_ROWS][row % CHUNK_ROWS];
}

double series_value(const Series *series, long row)
{
    return chunk_of(series, row)->value[row % CHUNK_ROWS];
}

long series_row(const Series *series, long step)
{
    long below = -1, above = series->n;
    while (above - below > 1) {
        long middle = below + (above - below) / 2;
        if (series_step(series, middle) <= step)
            below = middle;
        else
            above = middle;
    }
    return below;
}

static void widen(float *low, float *high, float below, float above)
{
    *low = isnan(*low) || below < *low ? below : *low;
    *high = isnan(*high) || above > *high ? above : *high;
}

bool series_extent(const Series *series, long from, long to, float *low, float *high)
{
    *low = *high = NAN;
    to = to < series->n ? to : series->n;
    for (long row = from < 0 ? 0 : from; row < to;) {
        const SeriesChunk *chunk = chunk_of(series, row);
        int at = (int)(row % CHUNK_ROWS), g = at / GROUP_ROWS;
        if (at == 0 && row + CHUNK_ROWS <= to) {
            widen(low, high, chunk->lowest, chunk->highest);
            row += CHUNK_ROWS;
        } else if (at % GROUP_ROWS == 0 && row + GROUP_ROWS <= to) {
            widen(low, high, chunk->low[g], chunk->high[g]);
            row += GROUP_ROWS;
        } else {
            widen(low, high, chunk->value[at], chunk->value[at]);
            row++;
        }
    }
    return !isnan(*low);
}

long series_newest(const Series *series, long from, long to)
{
    to = to < series->n ? to : series->n;
    for (long row = to - 1; row >= from && row >= 0;) {
        int at = (int)(row % CHUNK_ROWS);
        const SeriesChunk *chunk = chunk_of(series, row);
        if (isfinite(chunk->value[at]))
            return row;
        bool whole = at % GROUP_ROWS == GROUP_ROWS - 1; /* an empty group is passed over */
        row -= whole && isnan(chunk->low[at / GROUP_ROWS]) ? GROUP_ROWS : 1;
    }
    return -1;
}

/* Goes on from the average that stands at the end of the group before. */
double series_smooth(const Series *series, long row, int strength)
{
    if (strength <= 0)
        return series_value(series, row);
    double decay = SMOOTHING[strength - 1], sum = 0, weight = 0;
    long first = row - row % GROUP_ROWS;
    if (first > 0) {
        const SeriesChunk *chunk = chunk_of(series, first - 1);
        int g = (int)((first - 1) % CHUNK_ROWS / GROUP_ROWS);
        weight = 1 - pow(decay, chunk->count[g]);
        sum = weight > 0 ? weight * (double)chunk->smooth[strength - 1][g] : 0;
    }
    for (long r = first; r <= row; r++) {
        double value = series_value(series, r);
        if (isfinite(value)) {
            sum = decay * sum + (1 - decay) * value;
            weight = decay * weight + (1 - decay);
        }
    }
    return weight > 0 ? sum / weight : NAN;
}

double series_spacing(const Series *series)
{
    if (series->n < 2)
        return 1;
    long last = series->n - 1, measured = 0;
    long end = series->n - series->n % GROUP_ROWS; /* rows in whole groups */
    if (end > 0)
        measured = chunk_of(series, end - 1)->count[(end - 1) % CHUNK_ROWS / GROUP_ROWS];
    for (long row = end; row <= last; row++)
        measured += isfinite(series_value(series, row));
    double span = (double)(series_step(series, last) - series_step(series, 0));
    return measured > 1 ? span / (double)(measured - 1) : span;
}
