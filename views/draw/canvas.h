/* A grid of styled cells plus a list of pictures: all a view can draw on. Knows nothing
 * of terminals; app/terminal/term.c shows it. Every helper clips. Owns its cells and the pixels of
 * its pictures. */
#ifndef DDIL_CANVAS_H
#define DDIL_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Rect {
    int x, y, width, height;
} Rect;

typedef enum ColourLevel { COLOURS_NONE, COLOURS_8, COLOURS_256 } ColourLevel;

/* How pictures reach the screen, best first. */
typedef enum Graphics {
    GRAPHICS_SIXEL,
    GRAPHICS_BLOCKS, /* half-block cells, two pixels each */
    GRAPHICS_ASCII,  /* one shade a cell */
    GRAPHICS_OFF,
} Graphics;

enum { COLOUR_DEFAULT = -1 };

enum Attribute {
    ATTRIBUTE_BOLD = 1,
    ATTRIBUTE_DIM = 2,
    ATTRIBUTE_REVERSE = 4,
    ATTRIBUTE_UNDERLINE = 8,
    ATTRIBUTE_PICTURE = 16, /* a blank under a picture: must differ from an ordinary blank */
};

typedef struct Style {
    int16_t fg, bg; /* xterm-256 index, or 0..7 at COLOURS_8, or COLOUR_DEFAULT */
    uint8_t attributes;
} Style;

typedef struct Cell {
    uint32_t rune;
    Style style;
} Cell;

/* Views use the first PICTURE_COLOURS of a palette; the others are the terminal's, for those of a
 * coloured picture. PICTURE_OWN as an index: the pixel has a colour of its own. */
enum {
    PICTURE_COLOURS = 16,
    PICTURE_PALETTE = 256,
    PICTURE_OWN = 255,
    PICTURES_MAX = 8,
    PICTURE_SIDE_MAX = 1000
};

typedef struct Picture {
    Rect cells;
    int width, height; /* pixels; height is a multiple of 6 where the terminal takes sixel */
    bool coloured;     /* some pixels may have colours of their own */
    uint8_t *pixels;   /* [height * width] palette indices; if coloured then [height * width][3] */
    uint8_t palette[PICTURE_PALETTE][3];
} Picture;
/* Bytes of the pixels. */
size_t picture_size(const Picture *picture);
/* The colour of pixel i: the palette's or its own. */
const uint8_t *picture_rgb(const Picture *picture, size_t i);

/* What the terminal can show. */
typedef struct CanvasLook {
    ColourLevel colours;
    bool ascii; /* no rune above 126 */
    Graphics graphics;
    double cell_width, cell_height; /* pixels, for sixel; whole ones on most terminals */
    uint8_t background[3];
    char remark[40]; /* about pictures, for the status row: "sixel 10x20" */
    bool rgb;        /* cells take any colour: half blocks of coloured pictures are pictures too */
} CanvasLook;

typedef struct Canvas {
    int width, height;
    Cell *cell; /* [height * width] */
    CanvasLook look;
    bool light;  /* dark text on a light ground */
    int palette; /* of lines, palette_names */
    bool calm;   /* pictures may stay as they were drawn before: canvas_keep_picture */
    int pictures, befores;
    Picture picture[PICTURES_MAX], before[PICTURES_MAX];
} Canvas;

void canvas_init(Canvas *canvas, int width, int height, const CanvasLook *look);
void canvas_done(Canvas *canvas);
/* All cells blank, no pictures; but those there were are remembered while calm. */
void canvas_clear(Canvas *canvas);

void canvas_put(Canvas *canvas, int x, int y, uint32_t rune, Style style);
/* UTF-8 text in at most `width` cells; returns the cells used. What has no one-cell shape
 * becomes '?'. */
int canvas_text(Canvas *canvas, int x, int y, int width, Style style, const char *text);
int canvas_print(Canvas *canvas, int x, int y, int width, Style style, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* Ends at column `right` (exclusive); cut on the left end of the room, `width` cells. */
int canvas_text_right(Canvas *canvas, int right, int y, int width, Style style, const char *text);
void canvas_fill(Canvas *canvas, Rect rect, uint32_t rune, Style style);
/* Blanks the cells and drops every picture that touches them: before a dialogue. */
void canvas_clear_rect(Canvas *canvas, Rect rect);
/* Changes the look of what stands there. */
void canvas_add_attributes(Canvas *canvas, Rect rect, uint8_t attributes);
/* Takes `pixels` (malloc'd) over and marks the cells. Frees and ignores it when there is
 * no room for another. */
void canvas_add_picture(Canvas *canvas, const Picture *picture);
/* While calm, adds what stood in the same cells before; false: nothing did. */
bool canvas_keep_picture(Canvas *canvas, Rect cells);

/* Cells a text would use. */
int text_width(const char *text);
bool rect_is_empty(Rect rect);
bool rects_overlap(Rect a, Rect b);
Rect rect_intersect(Rect a, Rect b);

#endif
