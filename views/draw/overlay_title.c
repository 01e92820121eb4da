/* Owns the title that tells runs apart. See overlay_title.h. */
#include "views/draw/overlay_title.h"

#include "views/draw/chart.h"
#include "views/draw/text.h"
#include "views/model/overlay.h"
#include <stdio.h>
#include <string.h>

/* Puts colour on the part of the title that stands for one run. */
static int title_run(char *text, size_t size, const Overlay *overlay, int i)
{
    int n =
        snprintf(text, size, "  %s %02d", chart_stroke(overlay->stroke[i]), overlay->run[i]->id);
    if (overlay->group[i].n > 0)
        n += snprintf(text + n, size - (size_t)n, "×%d", overlay->group[i].n);
    return n;
}

void overlay_title(Canvas *canvas, Rect *rect, const char *before, const Overlay *overlay,
                   const char *after, const char *right)
{
    char title[200];
    Rect row = *rect;
    int x[CHART_LINES_MAX];
    size_t used = (size_t)snprintf(title, sizeof title, "%.100s", before);
    for (int i = 0; i < overlay->n && used + 24 < sizeof title; i++) {
        x[i] = text_width(title) + 2;
        used += (size_t)title_run(title + used, sizeof title - used, overlay, i);
    }
    snprintf(title + strlen(title), sizeof title - strlen(title), "%s", after);
    text_title(canvas, rect, title, right);
    for (int i = 0; i < overlay->n; i++) {
        char run[32];
        title_run(run, sizeof run, overlay, i);
        int room = row.width - 4 - x[i];
        canvas_text(canvas, row.x + 2 + x[i], row.y, room > 0 ? room : 0,
                    chart_style(canvas, overlay->stroke[i]), run + 2);
    }
}
