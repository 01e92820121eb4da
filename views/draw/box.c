/* Owns the box of a popup. See box.h. */
#include "views/draw/box.h"

#include "views/draw/layout.h"
#include "views/draw/theme.h"

Rect box_inside(Rect body, int width, int height)
{
    Rect box = layout_centre(body, width, height);
    return (Rect){box.x + 2, box.y + 1, box.width - 4, box.height - 2};
}

Rect box_draw(Canvas *canvas, Rect body, int width, int height, const char *title)
{
    Rect box = layout_centre(body, width, height), inside = box_inside(body, width, height);
    Style rule = theme_style(canvas, ROLE_RULE);
    int right = box.x + box.width - 1, bottom = box.y + box.height - 1;
    canvas_clear_rect(canvas, box);
    canvas_fill(canvas, (Rect){box.x, box.y, box.width, 1}, 0x2500, rule);
    canvas_fill(canvas, (Rect){box.x, bottom, box.width, 1}, 0x2500, rule);
    canvas_fill(canvas, (Rect){box.x, box.y, 1, box.height}, 0x2502, rule);
    canvas_fill(canvas, (Rect){right, box.y, 1, box.height}, 0x2502, rule);
    canvas_put(canvas, box.x, box.y, 0x250c, rule);
    canvas_put(canvas, right, box.y, 0x2510, rule);
    canvas_put(canvas, box.x, bottom, 0x2514, rule);
    canvas_put(canvas, right, bottom, 0x2518, rule);
    canvas_print(canvas, box.x + 2, box.y, box.width - 4, theme_style(canvas, ROLE_TITLE), " %s ",
                 title);
    return inside;
}
