/* Owns the fixed palettes. See palette.h. */
#include "app/terminal/palette.h"

#include "engine/base/status.h"
#include "views/draw/theme.h"
#include <string.h>

/* Place (r * side[1] + g) * side[2] + b of equal steps each; grey: one axis, luminance. The view's
 * own entries come first; where there are none, the place next to the background is entry 0. */
typedef struct Cube {
    int first, side[3];
    bool grey, alternates;
    int ground; /* place, where first is 0 */
} Cube;

enum { SIDE_MOST = 6, SIDE_LEAST = 3, FEW = 16, CORNERS = 8 };

/* Of a level 0 .. 255. */
static int nearest_step(int level, int side) { return (level * (side - 1) + 127) / 255; }

static Cube cube_of(int colours, const uint8_t *ground)
{
    for (int side = SIDE_MOST; side >= SIDE_LEAST; side--)
        if (PICTURE_COLOURS + side * side * side <= colours)
            return (Cube){PICTURE_COLOURS, {side, side, side}, false, false, 0};
    if (colours >= FEW)
        return (Cube){1, {2, 3, 2}, false, true, 0};
    int corner = nearest_step(ground[0], 2) * 4 + nearest_step(ground[1], 2) * 2 +
                 nearest_step(ground[2], 2);
    if (colours >= CORNERS)
        return (Cube){0, {2, 2, 2}, false, false, corner};
    return (Cube){0, {colours, 1, 1}, true, false, nearest_step(theme_luminance(ground), colours)};
}

/* Between two steps pixels alternate where steps are few and bytes do not matter: it triples them.
 */
static int step_at(const Cube *cube, int level, int c, int x, int y)
{
    static const int order[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
    int scaled = level * (cube->side[c] - 1), rest = scaled % 255;
    if (!cube->alternates)
        return nearest_step(level, cube->side[c]);
    return scaled / 255 + (rest * 32 > 255 * (2 * order[y & 3][x & 3] + 1));
}

static int entry_at(const Cube *cube, int place)
{
    if (cube->first > 0)
        return cube->first + place;
    if (place == cube->ground)
        return 0;
    return place < cube->ground ? place + 1 : place;
}

static uint8_t entry_of(const Cube *cube, const uint8_t *rgb, int x, int y)
{
    const int *side = cube->side;
    int place = 0;
    if (cube->grey)
        place = step_at(cube, theme_luminance(rgb), 0, x, y);
    for (int c = 0; c < 3 && !cube->grey; c++)
        place = place * side[c] + step_at(cube, rgb[c], c, x, y);
    return (uint8_t)entry_at(cube, place);
}

static void fill_palette(const Cube *cube, Picture *picture)
{
    const int *side = cube->side;
    for (int i = 0; i < side[0] * side[1] * side[2]; i++) {
        const int step[3] = {i / side[2] / side[1], i / side[2] % side[1], i % side[2]};
        int entry = entry_at(cube, i);
        for (int c = 0; c < 3 && entry > 0; c++) {
            int axis = cube->grey ? 0 : c;
            picture->palette[entry][c] = (uint8_t)(step[axis] * 255 / (side[axis] - 1));
        }
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
    fill_palette(&cube, picture);
    picture->coloured = false;
}
