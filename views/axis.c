/* Owns the axes of charts: training steps across, values up. See chart.h. */
#include "views/chart.h"
#include "views/format.h"
#include "views/theme.h"
#include <math.h>

enum { STEPS_MIN = 64 };

Axis axis_for(long step, long steps, int zoom, long at)
{
    long span = steps > STEPS_MIN ? steps : STEPS_MIN;
    step = step > steps ? steps : step;
    for (int halving = 0; halving < 5; halving++) {
        long half = (span + 1) / 2;
        if (half < STEPS_MIN || step > half / 10 * 9) {
            break;
        }
        span = half;
    }
    long part = span >> (zoom > 0 ? zoom : 0);
    if (zoom <= 0 || part < 8) {
        return (Axis){0, span};
    }
    long pages = at > 0 ? at / (part / 2)
                        : 0; /* windows overlap by half: the cursor is never at an edge */
    long first = pages > 0 ? (pages - 1) * (part / 2) : 0;
    return (Axis){first, first + part};
}

int axis_column(Axis axis, long step, int width)
{
    double part = (double)(step - axis.first) / (double)(axis.last - axis.first);
    double column = floor(part * width);
    return column < -1 ? -1 : column > width ? width : (int)column;
}

long axis_step(Axis axis, int column, int width)
{
    double part = width > 0 ? (double)column / width : 0;
    return axis.first + (long)ceil(part * (double)(axis.last - axis.first));
}

static double nice_step(double range, int most)
{
    double raw = range / (most > 0 ? most : 1), power = pow(10, floor(log10(raw)));
    double digit = raw / power;
    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

void axis_draw(Canvas *canvas, Axis axis, int x, int y, int width)
{
    double step = nice_step((double)(axis.last - axis.first), width / 12);
    step = step < 1 ? 1 : step;
    int next = 0;
    for (double at = ceil((double)axis.first / step) * step; at <= (double)axis.last;
         at += step) {
        char text[FORMAT_SIZE];
        int column = axis_column(axis, (long)at, width);
        int room = text_width(format_count(text, at)), left = column - room / 2;
        left = left < 0 ? 0 : left + room > width ? width - room : left;
        if (left >= next && left + room <= width) {
            canvas_text(canvas, x + left, y, room, theme_style(canvas, ROLE_FAINT), text);
            next = left + room + 2;
        }
    }
}

/* The largest 1, 2, 5 x 10^k not above value, or the smallest not below it. */
static double round_125(double value, bool up)
{
    double power = pow(10, floor(log10(value) + 1e-9)), digit = value / power;
    static const double steps[] = {1, 2, 5, 10};
    if (up) {
        for (int i = 0; i < 4; i++) {
            if (digit <= steps[i] * (1 + 1e-9)) {
                return steps[i] * power;
            }
        }
    }
    return power * (digit >= 5 * (1 - 1e-9) ? 5 : digit >= 2 * (1 - 1e-9) ? 2 : 1);
}

Scale scale_around(double low, double high, bool log)
{
    if (log) {
        bool sane = low > 0 && isfinite(high) && high >= low;
        Scale scale = {sane ? round_125(low, false) : 0.1,
                       sane ? round_125(high, true) : 1, true};
        if (!(scale.high > scale.low)) {
            scale.high = scale.low * 10;
        }
        return scale;
    }
    if (!(isfinite(low) && isfinite(high) && high > low)) {
        double centre = isfinite(low) ? low : 0,
               room = fabs(centre) > 0 ? fabs(centre) : 1;
        low = centre - room / 2;
        high = centre + room / 2;
    }
    double step = nice_step(high - low, 4);
    return (Scale){floor(low / step) * step, ceil(high / step) * step, false};
}

double scale_part(const Scale *scale, double value)
{
    if (scale->log) {
        return value > 0 ? log(value / scale->low) / log(scale->high / scale->low) : -1;
    }
    return (value - scale->low) / (scale->high - scale->low);
}
