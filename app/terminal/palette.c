/* Owns the fixed palettes. See palette.h. */
#include "app/terminal/palette.h"

#include "engine/base/status.h"
#include "views/draw/theme.h"
#include <string.h>

/* Entries first + (r * side[1] + g) * side[2] + b of equal steps each; grey: one axis, luminance,
 * on which the step next to the background's is entry 0. */
typedef struct Cube {
    int first, side[3];
    bool grey;
    int ground; /* step */
} Cube;

enum { SIDE_MOST = 6, SIDE_LEAST = 3, FEW = 16 };

static Cube cube_of(int colours, const uint8_t *background)
{
    for (int side = SIDE_MOST; side >= SIDE_LEAST; side--)
        if (PICTURE_COLOURS + side * side * side <= colours)
            return (Cube){PICTURE_COLOURS, {side, side, side}, false, 0};
    if (colours >= FEW)
        return (Cube){1, {2, 3, 2}, false, 0};
    int ground = (theme_luminance(background) * (colours - 1) + 127) / 255;
    return (Cube){0, {colours, 1, 1}, true, ground};
}

/* The step of a level 0 .. 255, of which what is left over is weighed against the place: between
 * two steps pixels alternate. */
static int step_at(int level, int side, int x, int y)
{
    static const int order[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
    int scaled = level * (side - 1), rest = scaled % 255;
    return scaled / 255 + (rest * 32 > 255 * (2 * order[y & 3][x & 3] + 1));
}

static int grey_entry(const Cube *cube, int step)
{
    if (step == cube->ground)
        return 0;
    return step < cube->ground ? step + 1 : step;
}

static uint8_t entry_of(const Cube *cube, const uint8_t *rgb, int x, int y)
{
    const int *side = cube->side;
    if (cube->grey)
        return (uint8_t)grey_entry(cube, step_at(theme_luminance(rgb), side[0], x, y));
    int entry = 0;
    for (int c = 0; c < 3; c++)
        entry = entry * side[c] + step_at(rgb[c], side[c], x, y);
    return (uint8_t)(cube->first + entry);
}

/* The view's own colours first, where they have kept their places. */
static void fill_palette(const Cube *cube, uint8_t palette[][3])
{
    const int *side = cube->side;
    for (int step = 0; cube->grey && step < side[0]; step++)
        if (step != cube->ground)
            memset(palette[grey_entry(cube, step)], step * 255 / (side[0] - 1), 3);
    for (int i = 0; !cube->grey && i < side[0] * side[1] * side[2]; i++) {
        const int step[3] = {i / side[2] / side[1], i / side[2] % side[1], i % side[2]};
        for (int c = 0; c < 3; c++)
            palette[cube->first + i][c] = (uint8_t)(step[c] * 255 / (side[c] - 1));
    }
}

void palette_colours(Picture *picture, int colours)
{
    must(picture->coloured && colours >= 2 && colours <= PICTURE_PALETTE);
    Cube cube = cube_of(colours, picture->palette[0]);
    for (int y = 0; y < picture->height; y++) {
        for (int x = 0; x < picture->width; x++) {
            uint8_t *pixel = picture->pixels + y * picture->width + x;
            bool kept = *pixel == 0 || (*pixel < cube.first && cube.first == PICTURE_COLOURS);
            if (!kept)
                *pixel =
                    entry_of(&cube, picture_rgb(picture, (size_t)(pixel - picture->pixels)), x, y);
        }
    }
    fill_palette(&cube, picture->palette);
    picture->coloured = false;
}
