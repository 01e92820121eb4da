/* Owns titles, cut and wrapped text. See text.h. */
#include "views/draw/text.h"

#include "views/draw/layout.h"
#include "views/draw/theme.h"
#include <stdio.h>
#include <string.h>

void text_title(Canvas *canvas, Rect *rect, const char *title, const char *right)
{
    Rect row = *rect;
    if (rect->height < 1 || rect->width < 4)
        return;
    rect->y++;
    rect->height--;
    canvas_fill(canvas, (Rect){row.x, row.y, row.width, 1}, 0x2500, theme_style(canvas, ROLE_RULE));
    int used = canvas_text(canvas, row.x + 2, row.y, row.width - 4, theme_style(canvas, ROLE_TITLE),
                           title);
    canvas_put(canvas, row.x + 1, row.y, ' ', theme_style(canvas, ROLE_TEXT));
    canvas_put(canvas, row.x + 2 + used, row.y, ' ', theme_style(canvas, ROLE_TEXT));
    int need = text_width(right);
    if (need > 0 && used + need + 8 <= row.width) {
        int end = row.x + row.width - 2;
        canvas_text_right(canvas, end, row.y, need, theme_style(canvas, ROLE_FAINT), right);
        canvas_put(canvas, end - need - 1, row.y, ' ', theme_style(canvas, ROLE_TEXT));
        canvas_put(canvas, end, row.y, ' ', theme_style(canvas, ROLE_TEXT));
    }
}

void text_cut(Canvas *canvas, int x, int y, int width, Style style, const char *text)
{
    canvas_text(canvas, x, y, width, style, text);
    if (text_width(text) > width && width > 0)
        canvas_put(canvas, x + width - 1, y, 0x2026, style);
}

enum { WRAP_TEXT = 1024 };

int text_wrap(Canvas *canvas, Rect rect, int row, Style style, const char *text)
{
    int first = row;
    while (*text != '\0') {
        int cut = 0, end = 0;
        while (text[end] != '\0') {
            int next = end + 1 + (int)strcspn(text + end + 1, " ");
            char line[WRAP_TEXT];
            snprintf(line, sizeof line, "%.*s", next, text);
            if (text_width(line) > rect.width && cut > 0)
                break;
            cut = end = next;
        }
        if (canvas && row >= 0 && row < rect.height)
            canvas_print(canvas, rect.x, rect.y + row, rect.width, style, "%.*s", cut, text);
        row++;
        text += cut + (text[cut] == ' ');
    }
    return row - first;
}

bool text_fact(Canvas *canvas, Rect rect, int row, const char *label, const char *value)
{
    if (row >= rect.height || rect.width < 12)
        return false;
    text_cut(canvas, rect.x + 1, rect.y + row, 9, theme_style(canvas, ROLE_FAINT), label);
    canvas_text(canvas, rect.x + 11, rect.y + row, rect.width - 11, theme_style(canvas, ROLE_TEXT),
                value);
    return true;
}

void text_choice(Canvas *canvas, int x, int y, int width, bool chosen, const char *name)
{
    Style style = theme_style(canvas, chosen ? ROLE_CURSOR : ROLE_FAINT);
    canvas_print(canvas, x, y, width, style, chosen ? "▸%s" : " %s", name);
}

void text_alone(Canvas *canvas, Rect body, const char *text)
{
    Rect line = layout_centre(body, text_width(text), 1);
    canvas_text(canvas, line.x, line.y, line.width, theme_style(canvas, ROLE_FAINT), text);
}
