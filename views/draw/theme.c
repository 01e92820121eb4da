/* Owns every colour of the program. */
#include "views/draw/theme.h"

#include "views/model/clamp.h"
#include <stdlib.h>
#include <string.h>

enum { BOLD = ATTRIBUTE_BOLD, DIM = ATTRIBUTE_DIM, REVERSE = ATTRIBUTE_REVERSE };
enum { NO = COLOUR_DEFAULT };

/* One row a role: with 256 colours on a dark ground and on a light one, with eight on
 * either (cyan, green and yellow cannot be read on white), with none. */
/* clang-format off */
static const Style styles[ROLES][5] = {
    [ROLE_TEXT] = {{NO, NO, 0}, {NO, NO, 0}, {NO, NO, 0}, {NO, NO, 0}, {NO, NO, 0}},
    [ROLE_STRONG] = {{NO, NO, BOLD}, {NO, NO, BOLD}, {NO, NO, BOLD}, {NO, NO, BOLD}, {NO, NO, BOLD}},
    [ROLE_FAINT] = {{245, NO, 0}, {242, NO, 0}, {NO, NO, DIM}, {NO, NO, DIM}, {NO, NO, DIM}},
    [ROLE_RULE] = {{240, NO, 0}, {250, NO, 0}, {4, NO, 0}, {6, NO, 0}, {NO, NO, DIM}},
    [ROLE_TITLE] = {{74, NO, 0}, {25, NO, 0}, {6, NO, 0}, {4, NO, 0}, {NO, NO, BOLD}},
    [ROLE_FRONT] = {{214, NO, BOLD}, {130, NO, BOLD}, {3, NO, BOLD}, {5, NO, BOLD}, {NO, NO, BOLD}},
    [ROLE_KEY] = {{74, NO, 0}, {25, NO, 0}, {6, NO, 0}, {4, NO, 0}, {NO, NO, BOLD}},
    [ROLE_SELECTED] = {{NO, NO, REVERSE},
                       {NO, NO, REVERSE},
                       {NO, NO, REVERSE},
                       {NO, NO, REVERSE},
                       {NO, NO, REVERSE}},
    [ROLE_LIVE] = {{36, NO, 0}, {29, NO, 0}, {2, NO, 0}, {4, NO, BOLD}, {NO, NO, BOLD}},
    [ROLE_PAUSED] = {{214, NO, 0}, {130, NO, 0}, {3, NO, 0}, {5, NO, 0}, {NO, NO, 0}},
    [ROLE_DONE] = {{74, NO, 0}, {25, NO, 0}, {6, NO, 0}, {4, NO, 0}, {NO, NO, 0}},
    [ROLE_FAILED] = {{166, NO, BOLD}, {124, NO, BOLD}, {1, NO, BOLD}, {1, NO, BOLD}, {NO, NO, REVERSE}},
    [ROLE_LINE] = {{74, NO, 0}, {25, NO, 0}, {6, NO, 0}, {4, NO, 0}, {NO, NO, BOLD}},
    [ROLE_BAND] = {{8, NO, 0}, {248, NO, 0}, {4, NO, 0}, {6, NO, 0}, {NO, NO, DIM}},
    [ROLE_CURSOR] = {{214, NO, 0}, {130, NO, 0}, {3, NO, 0}, {1, NO, 0}, {NO, NO, BOLD}},
    [ROLE_MARK] = {{175, NO, 0}, {132, NO, 0}, {5, NO, 0}, {5, NO, 0}, {NO, NO, BOLD}},
};
/* clang-format on */

Style theme_style(const Canvas *canvas, Role role)
{
    const CanvasLook *look = &canvas->look;
    static const int first[] = {[COLOURS_256] = 0, [COLOURS_8] = 2, [COLOURS_NONE] = 4};
    bool light = canvas->light && look->colours != COLOURS_NONE;
    return styles[role][first[look->colours] + light];
}

/* The lines of a chart, in order, by palette: on a dark ground, on a light one. With
 * eight colours what comes nearest. */
enum { LINES = 7, PALETTES = 3 };

Style theme_line(const Canvas *canvas, int n)
{
    /* clang-format off */
    static const int16_t many[PALETTES][2][LINES] = {
        {{74, 214, 36, 175, 166, 227, 25},
         {25, 130, 29, 132, 160, 100, 16}                                        }, /* Okabe and Ito */
        {{68, 203, 77, 185, 81, 133, 250},
         {25, 160, 28, 136, 31, 90, 240}                                         }, /* Paul Tol, bright */
        {{255, 250, 245, 240, 252, 247, 242}, {232, 238, 243, 248, 235, 240, 245}},
    };
    /* clang-format on */
    static const int16_t few[2][LINES] = {{6, 3, 2, 5, 1, 7, 4}, {4, 1, 5, 0, 2, 6, 3}};
    const CanvasLook *look = &canvas->look;
    switch (look->colours) {
    case COLOURS_256:
        return (Style){many[canvas->palette % PALETTES][canvas->light][n % LINES], NO, 0};
    case COLOURS_8: return (Style){few[canvas->light][n % LINES], NO, 0};
    default: return (Style){NO, NO, n == 0 ? BOLD : 0};
    }
}

/* Cividis at ten even steps (Nunez, Anderton, Renslow 2018). */
/* clang-format off */
static const uint8_t cividis[10][3] = {
    {0,   32,  77 },
    {0,   51,  111},
    {57,  72,  107},
    {87,  92,  109},
    {112, 113, 115},
    {138, 135, 121},
    {166, 157, 117},
    {196, 181, 108},
    {228, 207, 91 },
    {255, 234, 70 },
};
/* clang-format on */

void theme_ramp_rgb(int level, uint8_t rgb[3])
{
    int scaled = level * 9 * 16 / (RAMP_SIZE - 1);
    int low = scaled / 16, part = scaled % 16;
    int high = low < 9 ? low + 1 : 9;
    for (int c = 0; c < 3; c++)
        rgb[c] = (uint8_t)((cividis[low][c] * (16 - part) + cividis[high][c] * part) / 16);
}

int16_t theme_ramp_256(int level)
{
    static const int16_t ramp[RAMP_SIZE] = {17,  18,  24,  24,  60,  60,  243, 102,
                                            246, 144, 143, 179, 185, 221, 227};
    return ramp[level];
}

static int distance(const uint8_t a[3], const uint8_t b[3])
{
    int sum = 0;
    for (int c = 0; c < 3; c++)
        sum += (a[c] - b[c]) * (a[c] - b[c]);
    return sum;
}

static int16_t nearest_of_8(const uint8_t rgb[3])
{
    int best = 0, best_distance = 1 << 30;
    for (int i = 0; i < 8; i++) {
        uint8_t c[3] = {(uint8_t)(205 * (i & 1)), (uint8_t)(205 * (i >> 1 & 1)),
                        (uint8_t)(205 * (i >> 2 & 1))};
        int d = distance(rgb, c);
        if (d < best_distance) {
            best = i;
            best_distance = d;
        }
    }
    return (int16_t)best;
}

int16_t theme_nearest(ColourLevel colours, const uint8_t rgb[3])
{
    static const uint8_t step[6] = {0, 95, 135, 175, 215, 255};
    if (colours != COLOURS_256)
        return colours == COLOURS_8 ? nearest_of_8(rgb) : COLOUR_DEFAULT;
    int cube = 0;
    uint8_t cube_rgb[3];
    for (int c = 0; c < 3; c++) {
        int best = 0;
        for (int i = 1; i < 6; i++)
            best = abs(step[i] - rgb[c]) < abs(step[best] - rgb[c]) ? i : best;
        cube = cube * 6 + best;
        cube_rgb[c] = step[best];
    }
    int level = ((rgb[0] + rgb[1] + rgb[2]) / 3 - 3) / 10;
    level = clamp(level, 0, 23);
    uint8_t grey = (uint8_t)(8 + 10 * level), grey_rgb[3] = {grey, grey, grey};
    bool use_grey = distance(grey_rgb, rgb) < distance(cube_rgb, rgb);
    return (int16_t)(use_grey ? 232 + level : 16 + cube);
}

int theme_luminance(const uint8_t rgb[3])
{
    return (rgb[0] * 299 + rgb[1] * 587 + rgb[2] * 114) / 1000;
}

void theme_ink_rgb(Ink ink, const uint8_t ground[3], uint8_t rgb[3])
{
    /* On a dark ground, on a light one, where yellow cannot be seen. */
    /* clang-format off */
    static const uint8_t inks[INKS][2][3] = {
        [INK_STUDENT] = {{86, 180, 233}, {0, 114, 178}},
        [INK_TEACHER] = {{230, 159, 0}, {213, 94, 0}},
        [INK_CHOSEN] = {{240, 228, 66}, {160, 0, 110}},
        [INK_PALE] = {{120, 130, 140}, {120, 130, 140}},
    };
    /* clang-format on */
    memcpy(rgb, inks[ink][theme_luminance(ground) > 128], 3);
}
