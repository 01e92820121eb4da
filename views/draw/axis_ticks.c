/* Owns the numbers under a chart. See axis_ticks.h. */
#include "views/draw/axis_ticks.h"

#include "views/draw/theme.h"
#include "views/model/clamp.h"
#include "views/model/format.h"
#include "views/model/scale.h"
#include <math.h>

static const char *axis_text(char text[FORMAT_SIZE], Across across, double at)
{
    if (across == ACROSS_STEP)
        return format_count(text, at);
    return across == ACROSS_TIME ? format_duration(text, at) : format_short(text, at);
}

/* Between the tick at `at` and the next there are about 12 columns. */
static double tick_step(Axis axis, double at, int width)
{
    double range = axis.last - axis.first;
    if (!axis.log)
        return fmax(scale_nice(range, width / 12), 1);
    return fmax(scale_nice(axis_place_at(axis, axis_part(axis, at) + 12.0 / width) - at, 1), 1);
}

void axis_draw(Canvas *canvas, Axis axis, int x, int y, int width)
{
    double step = tick_step(axis, axis.first, width);
    int next = 0;
    for (double at = ceil(axis.first / step) * step; at <= axis.last;
         step = tick_step(axis, at, width), at = (floor(at / step + 1e-9) + 1) * step) {
        char text[FORMAT_SIZE];
        int column = (int)floor(axis_part(axis, at) * width);
        int room = text_width(axis_text(text, axis.across, at)), left = column - room / 2;
        left = larger(smaller(left, width - room), 0);
        if (left >= next && left + room <= width) {
            canvas_text(canvas, x + left, y, room, theme_style(canvas, ROLE_FAINT), text);
            next = left + room + 2;
        }
    }
}
