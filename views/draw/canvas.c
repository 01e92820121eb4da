/* Owns the cell grid: clipping, UTF-8 decoding, the ASCII stand-ins of every rune the
 * views use. Calls nothing but libc. */
#include "views/draw/canvas.h"

#include "engine/base/status.h"
#include "views/model/clamp.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void canvas_init(Canvas *canvas, int width, int height, const CanvasLook *look)
{
    *canvas = (Canvas){.width = width, .height = height, .look = *look};
    canvas->cell = calloc((size_t)width * (size_t)height + 1, sizeof *canvas->cell);
    need(canvas->cell);
    canvas_clear(canvas);
}

static void drop_pictures(Picture *picture, int *n)
{
    while (*n > 0)
        free(picture[--*n].pixels);
}

void canvas_done(Canvas *canvas)
{
    drop_pictures(canvas->picture, &canvas->pictures);
    drop_pictures(canvas->before, &canvas->befores);
    free(canvas->cell);
    *canvas = (Canvas){0};
}

size_t picture_size(const Picture *picture)
{
    return (size_t)picture->width * (size_t)picture->height * (picture->coloured ? 4 : 1);
}

const uint8_t *picture_rgb(const Picture *picture, size_t i)
{
    size_t n = (size_t)picture->width * (size_t)picture->height;
    bool own = picture->coloured && picture->pixels[i] == PICTURE_OWN;
    return own ? picture->pixels + n + 3 * i : picture->palette[picture->pixels[i]];
}

static const Cell blank = {' ', {COLOUR_DEFAULT, COLOUR_DEFAULT, 0}};

void canvas_clear(Canvas *canvas)
{
    for (int i = 0; i < canvas->width * canvas->height; i++)
        canvas->cell[i] = blank;
    drop_pictures(canvas->before, &canvas->befores);
    if (canvas->calm) {
        memcpy(canvas->before, canvas->picture, sizeof canvas->before);
        canvas->befores = canvas->pictures;
        canvas->pictures = 0;
    }
    drop_pictures(canvas->picture, &canvas->pictures);
}

/* ---- Rectangles ---- */

bool rect_is_empty(Rect rect) { return rect.width <= 0 || rect.height <= 0; }

Rect rect_intersect(Rect a, Rect b)
{
    int x0 = a.x > b.x ? a.x : b.x;
    int y0 = a.y > b.y ? a.y : b.y;
    int x1 = a.x + a.width < b.x + b.width ? a.x + a.width : b.x + b.width;
    int y1 = a.y + a.height < b.y + b.height ? a.y + a.height : b.y + b.height;
    return (Rect){x0, y0, larger(x1 - x0, 0), larger(y1 - y0, 0)};
}

bool rects_overlap(Rect a, Rect b) { return !rect_is_empty(rect_intersect(a, b)); }

/* ---- Runes ---- */

static const struct {
    uint32_t rune;
    char ascii;
    /* clang-format off */
} stand_ins[] = {
    {0x2500, '-'},
    {0x2501, '='},
    {0x2502, '|'},
    {0x2504, '-'},
    {0x254c, '-'},
    {0x2508, '-'},
    {0x254d, '-'},
    {0x2505, '-'},
    {0x250c, '+'},
    {0x2510, '+'},
    {0x2514, '+'},
    {0x2518, '+'},
    {0x251c, '|'},
    {0x2524, '|'},
    {0x252c, '+'},
    {0x2534, '+'},
    {0x253c, '+'},
    {0x25cf, '*'},
    {0x25cb, 'o'},
    {0x25c7, '+'},
    {0x2571, '/'},
    {0x2572, '\\'},
    {0x2016, '='},
    {0x2713, 'v'},
    {0x2717, 'x'},
    {0x25b2, '^'},
    {0x25b8, '>'},
    {0x25c6, '#'},
    {0x03c4, 't'},
    {0x00b7, '.'},
    {0x2591, ':'},
    {0x2592, '+'},
    {0x2593, '#'},
    {0x2588, '@'},
    {0x2580, '#'},
    {0x2581, '_'},
    {0x2582, '.'},
    {0x2583, ':'},
    {0x2585, '+'},
    {0x2586, '*'},
    {0x2587, '#'},
    {0x2584, '#'},
    {0x2190, '<'},
    {0x2191, '^'},
    {0x2192, '>'},
    {0x2193, 'v'},
    {0x00d7, 'x'},
    {0x2265, '>'},
    {0x2264, '<'},
    {0x2026, '.'},
    {0x00b2, '2'},
    {0x2589, '@'},
    {0x258a, '#'},
    {0x258b, '#'},
    {0x258c, '#'},
    {0x258d, ':'},
    {0x258e, ':'},
    {0x258f, '.'},
    {0x2014, '-'},
    {0x2013, '-'},
    {0x2218, 'o'},
};
/* clang-format on */

static uint32_t ascii_for(uint32_t rune)
{
    for (size_t i = 0; i < sizeof stand_ins / sizeof *stand_ins; i++)
        if (stand_ins[i].rune == rune)
            return (uint32_t)stand_ins[i].ascii;
    return rune >= 0x2800 && rune <= 0x28ff ? '*' : '?';
}

/* Bytes that follow the first of a character in UTF-8; -1: it cannot be the first. */
static int followers(unsigned char first)
{
    if (first < 0x80)
        return 0;
    if (first >> 5 == 6)
        return 1;
    if (first >> 4 == 14)
        return 2;
    return first >> 3 == 30 ? 3 : -1;
}

/* Decodes one code point; a broken sequence yields '?' and moves one byte. */
static uint32_t decode(const char **text)
{
    const unsigned char *s = (const unsigned char *)*text;
    int more = followers(s[0]);
    if (more < 0) {
        *text += 1;
        return '?';
    }
    uint32_t rune = more == 0 ? s[0] : s[0] & (0x3fu >> more);
    for (int i = 1; i <= more; i++) {
        if (s[i] >> 6 != 2) {
            *text += 1;
            return '?';
        }
        rune = rune << 6 | (s[i] & 0x3fu);
    }
    *text += more + 1;
    return rune;
}

/* 0 for marks that join the rune before, which are left out; '?' for what is not one cell
 * wide. */
static uint32_t printable(uint32_t rune)
{
    if (rune < 32 || (rune >= 127 && rune < 160))
        return '?';
    if ((rune >= 0x300 && rune <= 0x36f) || (rune >= 0x200b && rune <= 0x200f) ||
        (rune >= 0xfe00 && rune <= 0xfe0f))
        return 0;
    bool wide = (rune >= 0x1100 && rune <= 0x115f) || (rune >= 0x2e80 && rune <= 0xa4cf) ||
                (rune >= 0xac00 && rune <= 0xd7a3) || (rune >= 0xd800 && rune <= 0xf8ff) ||
                (rune >= 0xf900 && rune <= 0xfaff) || (rune >= 0xfe30 && rune <= 0xfe6f) ||
                (rune >= 0xff00 && rune <= 0xff60) || rune >= 0x10000 ||
                (rune >= 0x2028 && rune <= 0x202e);
    return wide ? '?' : rune;
}

int text_width(const char *text)
{
    int width = 0;
    while (*text != '\0')
        width += printable(decode(&text)) != 0;
    return width;
}

/* ---- Drawing ---- */

void canvas_put(Canvas *canvas, int x, int y, uint32_t rune, Style style)
{
    if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
        return;
    if (canvas->look.ascii && rune > 126)
        rune = ascii_for(rune);
    canvas->cell[y * canvas->width + x] = (Cell){rune, style};
}

int canvas_text(Canvas *canvas, int x, int y, int width, Style style, const char *text)
{
    int used = 0;
    while (*text != '\0' && used < width) {
        uint32_t rune = printable(decode(&text));
        if (rune != 0) {
            canvas_put(canvas, x + used, y, rune, style);
            used++;
        }
    }
    return used;
}

int canvas_print(Canvas *canvas, int x, int y, int width, Style style, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return canvas_text(canvas, x, y, width, style, text);
}

int canvas_text_right(Canvas *canvas, int right, int y, int width, Style style, const char *text)
{
    int need = text_width(text);
    int used = need < width ? need : width;
    return used > 0 ? canvas_text(canvas, right - used, y, used, style, text) : 0;
}

void canvas_fill(Canvas *canvas, Rect rect, uint32_t rune, Style style)
{
    rect = rect_intersect(rect, (Rect){0, 0, canvas->width, canvas->height});
    for (int y = rect.y; y < rect.y + rect.height; y++)
        for (int x = rect.x; x < rect.x + rect.width; x++)
            canvas_put(canvas, x, y, rune, style);
}

void canvas_add_attributes(Canvas *canvas, Rect rect, uint8_t attributes)
{
    rect = rect_intersect(rect, (Rect){0, 0, canvas->width, canvas->height});
    for (int y = rect.y; y < rect.y + rect.height; y++)
        for (int x = rect.x; x < rect.x + rect.width; x++)
            canvas->cell[y * canvas->width + x].style.attributes |= attributes;
}

void canvas_clear_rect(Canvas *canvas, Rect rect)
{
    int kept = 0;
    for (int i = 0; i < canvas->pictures; i++) {
        if (rects_overlap(canvas->picture[i].cells, rect)) {
            canvas_fill(canvas, canvas->picture[i].cells, ' ', blank.style);
            free(canvas->picture[i].pixels);
        } else {
            canvas->picture[kept++] = canvas->picture[i];
        }
    }
    canvas->pictures = kept;
    canvas_fill(canvas, rect, ' ', blank.style);
}

void canvas_add_picture(Canvas *canvas, const Picture *picture)
{
    Rect whole = {0, 0, canvas->width, canvas->height - 1}; /* the last row never holds a picture */
    Rect inside = rect_intersect(picture->cells, whole);
    bool fits = inside.width == picture->cells.width && inside.height == picture->cells.height;
    if (canvas->pictures == PICTURES_MAX || !fits || rect_is_empty(inside)) {
        free(picture->pixels);
        return;
    }
    canvas->picture[canvas->pictures++] = *picture;
    canvas_fill(canvas, inside, ' ', (Style){COLOUR_DEFAULT, COLOUR_DEFAULT, ATTRIBUTE_PICTURE});
}

bool canvas_keep_picture(Canvas *canvas, Rect cells)
{
    for (int i = 0; i < canvas->befores; i++) {
        if (memcmp(&canvas->before[i].cells, &cells, sizeof cells) == 0) {
            Picture kept = canvas->before[i];
            canvas->before[i] = canvas->before[--canvas->befores];
            canvas_add_picture(canvas, &kept);
            return true;
        }
    }
    return false;
}
