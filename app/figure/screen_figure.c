/* Owns how cells look on paper: blocks, dots and rules are drawn, so that they meet; all other text
 * stays text. See screen_figure.h. */
#include "app/figure/screen_figure.h"

#include <stdlib.h>

enum { WIDTH = 8, HEIGHT = 16, BASELINE = 12, SIZE = 12 };

typedef struct Place {
    Drawing *drawing;
    double x, y;
    uint32_t rgb;
} Place;

/* ---- Colours ---- */

static uint32_t pack(int r, int g, int b) { return (uint32_t)(r << 16 | g << 8 | b); }

/* As xterm has them. */
static uint32_t colour_of(int index)
{
    static const uint32_t first[16] = {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x3465a4, 0xcd00cd,
                                       0x00cdcd, 0xe5e5e5, 0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                       0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    static const int step[6] = {0, 95, 135, 175, 215, 255};
    if (index < 16)
        return first[index];
    if (index >= 232)
        return pack(8 + 10 * (index - 232), 8 + 10 * (index - 232), 8 + 10 * (index - 232));
    index -= 16;
    return pack(step[index / 36], step[index / 6 % 6], step[index % 6]);
}

static uint32_t ground_of(const Canvas *canvas)
{
    const uint8_t *rgb = canvas->look.background;
    return pack(rgb[0], rgb[1], rgb[2]);
}

static uint32_t dimmed(uint32_t ink, uint32_t ground)
{
    uint32_t half = 0x7f7f7f;
    return (ink >> 1 & half) + (ground >> 1 & half);
}

/* ---- Cells ---- */

/* A box in eighths of the cell. */
static void box(const Place *at, double x0, double y0, double x1, double y1)
{
    drawing_box(at->drawing, at->x + x0 * WIDTH / 8, at->y + y0 * HEIGHT / 8, (x1 - x0) * WIDTH / 8,
                (y1 - y0) * HEIGHT / 8, (Pen){.rgb = at->rgb, .opacity = 1});
}

/* U+2580 to U+259F: halves, eighths, shades, quadrants. */
static void draw_block(const Place *at, uint32_t rune)
{
    static const uint8_t quadrants[10] = {4, 8, 1, 13, 9, 7, 11, 2, 6, 14}; /* from U+2596 on */
    uint32_t k = rune - 0x2580;
    if (k == 0)
        box(at, 0, 0, 8, 4);
    else if (k <= 8)
        box(at, 0, 8 - (double)k, 8, 8);
    else if (k < 16)
        box(at, 0, 0, 16 - (double)k, 8);
    else if (k == 16)
        box(at, 4, 0, 8, 8);
    else if (k <= 19)
        drawing_box(at->drawing, at->x, at->y, WIDTH, HEIGHT,
                    (Pen){.rgb = at->rgb, .opacity = 0.25 * (k - 16)});
    for (int q = 0; k >= 22 && q < 4; q++)
        if (quadrants[k - 22] >> q & 1)
            box(at, q % 2 * 4, q / 2 * 4, q % 2 * 4 + 4, q / 2 * 4 + 4);
}

static void draw_braille(const Place *at, uint32_t rune)
{
    static const uint8_t across[8] = {0, 0, 0, 1, 1, 1, 0, 1}, down[8] = {0, 1, 2, 0, 1, 2, 3, 3};
    for (int i = 0; i < 8; i++) {
        if (rune >> i & 1) {
            drawing_dot(at->drawing, at->x + 2 + 4 * across[i], at->y + 2 + 4 * down[i], 1.1,
                        (Pen){.rgb = at->rgb, .opacity = 1});
        }
    }
}

/* Rules: which of left, right, up, down a rune reaches. 0: it is no rule. */
static int arms_of(uint32_t rune)
{
    enum { LEFT = 1, RIGHT = 2, UP = 4, DOWN = 8 };
    switch (rune) {
    case 0x2500:
    case 0x2501: return LEFT | RIGHT;
    case 0x2502: return UP | DOWN;
    case 0x250c: return RIGHT | DOWN;
    case 0x2510: return LEFT | DOWN;
    case 0x2514: return RIGHT | UP;
    case 0x2518: return LEFT | UP;
    case 0x251c: return RIGHT | UP | DOWN;
    case 0x2524: return LEFT | UP | DOWN;
    case 0x253c: return LEFT | RIGHT | UP | DOWN;
    default: return 0;
    }
}

static void draw_rule(const Place *at, int arms, double width)
{
    Pen pen = {.rgb = at->rgb, .opacity = 1, .width = width};
    double x = at->x + WIDTH / 2.0, y = at->y + HEIGHT / 2.0;
    if (arms & 3)
        drawing_line(at->drawing, arms & 1 ? at->x : x, y, arms & 2 ? at->x + WIDTH : x, y, pen);
    if (arms & 12)
        drawing_line(at->drawing, x, arms & 4 ? at->y : y, x, arms & 8 ? at->y + HEIGHT : y, pen);
}

static void draw_text(const Place *at, uint32_t rune)
{
    char text[5] = "";
    int n = 0, more = (rune >= 0x80) + (rune >= 0x800) + (rune >= 0x10000);
    static const uint8_t head[4] = {0, 0xc0, 0xe0, 0xf0};
    text[n++] = (char)(head[more] | rune >> 6 * more);
    while (more-- > 0)
        text[n++] = (char)(0x80 | (rune >> 6 * more & 0x3f));
    drawing_text(at->drawing, at->x + WIDTH / 2.0, at->y + BASELINE, text, SIZE, ANCHOR_MIDDLE,
                 at->rgb, 0);
}

static void draw_rune(const Place *at, uint32_t rune)
{
    int arms = arms_of(rune);
    if (rune >= 0x2580 && rune <= 0x259f)
        draw_block(at, rune);
    else if (rune >= 0x2800 && rune <= 0x28ff)
        draw_braille(at, rune);
    else if (arms)
        draw_rule(at, arms, rune == 0x2501 ? 2 : 1);
    else if (rune > ' ')
        draw_text(at, rune);
}

static void draw_cell(const Canvas *canvas, Drawing *drawing, int x, int y)
{
    const Cell *cell = &canvas->cell[y * canvas->width + x];
    uint32_t ground = ground_of(canvas), paper = ground;
    Place at = {drawing, x * WIDTH, y * HEIGHT, canvas->light ? 0x202020 : 0xd8d8d8};
    if (cell->style.attributes & ATTRIBUTE_PICTURE)
        return;
    if (cell->style.fg != COLOUR_DEFAULT)
        at.rgb = colour_of(cell->style.fg);
    if (cell->style.bg != COLOUR_DEFAULT)
        paper = colour_of(cell->style.bg);
    if (cell->style.attributes & ATTRIBUTE_DIM)
        at.rgb = dimmed(at.rgb, ground);
    if (cell->style.attributes & ATTRIBUTE_REVERSE) {
        uint32_t ink = at.rgb;
        at.rgb = paper;
        paper = ink;
    }
    if (paper != ground)
        drawing_box(drawing, at.x, at.y, WIDTH, HEIGHT, (Pen){.rgb = paper, .opacity = 1});
    draw_rune(&at, cell->rune);
}

static void draw_picture(Drawing *drawing, const Picture *picture)
{
    size_t n = (size_t)picture->width * (size_t)picture->height;
    uint32_t *rgb = malloc(n * sizeof *rgb);
    need(rgb);
    for (size_t i = 0; i < n; i++) {
        const uint8_t *colour = picture_rgb(picture, i);
        rgb[i] = pack(colour[0], colour[1], colour[2]);
    }
    Rect cells = picture->cells;
    drawing_picture(drawing, cells.x * WIDTH, cells.y * HEIGHT, cells.width * WIDTH,
                    cells.height * HEIGHT, picture->width, picture->height, rgb);
    free(rgb);
}

Drawing *screen_figure(const Canvas *canvas)
{
    Drawing *drawing =
        drawing_new(canvas->width * WIDTH, canvas->height * HEIGHT, ground_of(canvas));
    for (int i = 0; drawing && i < canvas->pictures; i++)
        draw_picture(drawing, &canvas->picture[i]);
    for (int y = 0; drawing && y < canvas->height; y++)
        for (int x = 0; x < canvas->width; x++)
            draw_cell(canvas, drawing, x, y);
    return drawing;
}
