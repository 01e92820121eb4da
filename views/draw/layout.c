/* Owns the arithmetic of rectangles; draws nothing. */
#include "views/draw/layout.h"

#include "views/model/clamp.h"
static int at_least_0(int a) { return a > 0 ? a : 0; }

Rect layout_take_top(Rect *rect, int height)
{
    height = smaller(at_least_0(height), at_least_0(rect->height));
    Rect top = {rect->x, rect->y, rect->width, height};
    rect->y += height;
    rect->height -= height;
    return top;
}

Rect layout_take_bottom(Rect *rect, int height)
{
    height = smaller(at_least_0(height), at_least_0(rect->height));
    rect->height -= height;
    return (Rect){rect->x, rect->y + rect->height, rect->width, height};
}

Rect layout_take_right(Rect *rect, int width)
{
    width = smaller(at_least_0(width), at_least_0(rect->width));
    rect->width -= width;
    return (Rect){rect->x + rect->width, rect->y, width, rect->height};
}

static Rect take_left(Rect *rect, int width)
{
    width = smaller(at_least_0(width), at_least_0(rect->width));
    Rect left = {rect->x, rect->y, width, rect->height};
    rect->x += width;
    rect->width -= width;
    return left;
}

Rect layout_centre(Rect outer, int width, int height)
{
    width = smaller(width, outer.width);
    height = smaller(height, outer.height);
    return (Rect){outer.x + (outer.width - width) / 2, outer.y + (outer.height - height) / 2, width,
                  height};
}

Layout layout_screen(int width, int height, bool with_rail, bool with_side)
{
    Layout layout = {0};
    Rect rest = {0, 0, at_least_0(width), at_least_0(height)};
    layout.too_small = width < SCREEN_MIN_WIDTH || height < SCREEN_MIN_HEIGHT;
    if (layout.too_small) {
        layout.body = rest;
        return layout;
    }
    layout.tabs = layout_take_top(&rest, 1);
    layout.hints = layout_take_bottom(&rest, 1);
    layout.status = layout_take_bottom(&rest, 1);
    layout.timeline = layout_take_bottom(&rest, 1);
    if (with_rail && width >= 110) {
        layout.rail = take_left(&rest, width >= 170 ? 40 : 30);
        take_left(&rest, 2);
    }
    if (with_side && width >= 170) {
        layout.side = layout_take_right(&rest, 46);
        layout_take_right(&rest, 2);
    }
    layout.body = rest;
    return layout;
}

CurvesLayout layout_curves(Rect body, int sampling_steps)
{
    CurvesLayout layout = {0};
    if (body.height < 12) {
        layout.chart = body;
        return layout;
    }
    if (body.height >= 46 && sampling_steps > 0 && sampling_steps <= 16)
        layout.bars = layout_take_bottom(&body, smaller(sampling_steps + 2, 12));
    int rows = body.height * 45 / 100;
    if (sampling_steps >
        0) { /* a whole number of rows a sampling step; title and step numbers on top */
        int each = at_least_0(rows - 2) / sampling_steps;
        each = clamp(each, 1, 4);
        rows = smaller(each * sampling_steps + 2, body.height / 2);
    }
    layout.heat = layout_take_bottom(&body, rows);
    layout.chart = body;
    return layout;
}

CompareLayout layout_compare(Rect body)
{
    CompareLayout layout = {0};
    if (body.width >= 110) {
        layout.lineage = take_left(&body, body.width >= 170 ? 40 : 30);
        take_left(&body, 2);
    }
    if (body.height >= 14)
        layout.chart = layout_take_top(&body, body.height * (body.height >= 30 ? 33 : 45) / 100);
    if (body.height >= 18) /* of what the chart leaves */
        layout.sheets = layout_take_bottom(&body, body.height * 46 / 100);
    layout.table = body;
    return layout;
}

SamplesLayout layout_samples(Rect body)
{
    SamplesLayout layout = {0};
    int strip = body.height >= 40 ? body.height * 36 / 100 : body.height * 40 / 100;
    if (body.height >= 14)
        layout.strip = layout_take_bottom(&body, strip);
    if (body.width >= 60) {
        layout.facts = layout_take_right(&body, body.width >= 120 ? 36 : 25);
        layout_take_right(&body, 1);
    }
    layout.sheet = body;
    return layout;
}

PathsLayout layout_paths(Rect body, int sampling_steps, bool pictures)
{
    PathsLayout layout = {0};
    if (body.height >= 10)
        layout.sampler = layout_take_bottom(&body, 1);
    if (body.width >= 50) {
        int square = 2 * at_least_0(body.height - 1) + 2, least = 23;
        layout.steps = layout_take_right(
            &body,
            smaller(at_least_0(body.width - square - 1) > least ? body.width - square - 1 : least,
                    100));
        layout_take_right(&body, 1);
    }
    layout.picture = body;
    if (layout.steps.height >= 22) {
        Rect rest = layout.steps;
        layout.steps = layout_take_top(&rest, smaller(sampling_steps + 8, rest.height / 2));
        layout.spread = layout_take_top(&rest, smaller(sampling_steps + 2, rest.height / 2));
        layout.spread.height -= layout.spread.height > 2;
        if (pictures && rest.height >= 8)
            layout.strip = rest;
    }
    return layout;
}

RunsLayout layout_runs(Rect body, int runs)
{
    RunsLayout layout = {0};
    int want = (runs < 4 ? 4 : runs) + 2;
    if (body.height < 14) { /* what the table leaves is for the news */
        layout.table = layout_take_top(&body, smaller(want + 1, body.height));
        layout.log = layout_take_top(&body, body.height < 2 ? 0 : body.height);
        if (rect_is_empty(layout.log))
            layout.table.height += body.height;
        return layout;
    }
    layout.table = layout_take_top(&body, smaller(want, body.height * 45 / 100) + 1);
    if (body.height >= 18)
        layout.log = layout_take_bottom(&body, body.height >= 28 ? 10 : 6);
    if (body.width >= 60) {
        layout.facts = layout_take_right(&body, body.width >= 140 ? 44 : 27);
        layout_take_right(&body, 1);
    }
    layout.chart = body;
    return layout;
}

RailLayout layout_rail(Rect rail, int runs)
{
    RailLayout layout = {0};
    layout.list = layout_take_top(&rail, smaller((runs < 3 ? 3 : runs) + 2, rail.height / 3));
    layout.now = layout_take_top(&rail, 13);
    layout.news = rail;
    return layout;
}
