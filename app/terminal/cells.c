/* Owns half blocks past curses, which knows no colours but those of its palette. */
#include "app/terminal/cells.h"

#include <string.h>

/* A colour for a character or its ground; -1: the terminal's own. */
static int colour_at(const Picture *picture, int x, int y)
{
    size_t i = (size_t)y * (size_t)picture->width + (size_t)x;
    const uint8_t *rgb = picture_rgb(picture, i);
    return picture->pixels[i] ? rgb[0] << 16 | rgb[1] << 8 | rgb[2] : -1;
}

/* `kind`: 38 the character, 48 its ground. */
static void select_colour(Bytes *bytes, int kind, int colour, int *now)
{
    if (colour == *now)
        return;
    *now = colour;
    if (colour < 0)
        bytes_print(bytes, "\033[%dm", kind + 1);
    else
        bytes_print(bytes, "\033[%d;2;%d;%d;%dm", kind, colour >> 16, colour >> 8 & 255,
                    colour & 255);
}

static void append_row(Bytes *bytes, const Picture *picture, int row)
{
    int ink = -1, ground = -1;
    bytes_print(bytes, "\033[%d;%dH\033[0m", picture->cells.y + row + 1, picture->cells.x + 1);
    for (int x = 0; x < picture->cells.width; x++) {
        int top = colour_at(picture, x, 2 * row), bottom = colour_at(picture, x, 2 * row + 1);
        bool lower = top < 0 && bottom >= 0, same = top == bottom;
        select_colour(bytes, 48, lower ? top : bottom, &ground);
        if (!same)
            select_colour(bytes, 38, lower ? bottom : top, &ink);
        bytes_print(bytes, "%s", same ? " " : lower ? "\342\226\204" : "\342\226\200");
    }
}

void cells_append(Bytes *bytes, const Picture *picture)
{
    must(picture->width == picture->cells.width && picture->height == 2 * picture->cells.height);
    for (int row = 0; row < picture->cells.height; row++)
        append_row(bytes, picture, row);
    bytes_print(bytes, "\033[0m");
}
