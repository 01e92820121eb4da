/* Owns the choice of graphics and cell size. See look.h. */
#include "app/terminal/look.h"

#include <stdio.h>
#include <string.h>

static bool plausible(int width, int height)
{
    return width >= 2 && width <= 64 && height >= 4 && height <= 128;
}

/* Less than a pixel smaller, and not stale: from another size of the window; or larger, where the
 * area has no borders. */
static double refined(int cell, int area, int cells, bool exact)
{
    double part = (double)area / cells;
    bool above = exact && part < cell + 1;
    return part > cell - 1 && (part < cell || above) ? part : cell;
}

/* False: a guess. */
static bool cell_size(const Sight *sight, CanvasLook *look)
{
    const Answers *answers = sight->answers;
    /* clang-format off */
    const int candidates[][2] = {
        {answers->cell_width,                answers->cell_height                },
        {answers->text_width / sight->width, answers->text_height / sight->height},
        {sight->pixel_width,                 sight->pixel_height                 },
        {answers->area_width / sight->width,
         answers->area_height / sight->height                                    }, /* xterm cuts it at 1000 */
    };
    /* clang-format on */
    look->cell_width = 10;
    look->cell_height = 20;
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        if (plausible(candidates[i][0], candidates[i][1])) {
            look->cell_width =
                refined(candidates[i][0], answers->text_width, sight->width, answers->exact);
            look->cell_height =
                refined(candidates[i][1], answers->text_height, sight->height, answers->exact);
            return true;
        }
    }
    return false;
}

static Graphics graphics_of(const Sight *sight)
{
    Graphics cells = sight->ascii ? GRAPHICS_ASCII : GRAPHICS_BLOCKS;
    switch (sight->choice) {
    case CHOICE_KITTY:
    case CHOICE_SIXEL: return GRAPHICS_SIXEL;
    case CHOICE_BLOCKS: return cells;
    case CHOICE_ASCII: return GRAPHICS_ASCII;
    case CHOICE_OFF: return GRAPHICS_OFF;
    default: break;
    }
    return sight->answers->sixel || sight->answers->kitty ? GRAPHICS_SIXEL
           : sight->decided                               ? cells
                                                          : GRAPHICS_OFF;
}

static Graphics graphics_now(const Sight *sight)
{
    Graphics graphics = graphics_of(sight);
    if (graphics != GRAPHICS_SIXEL || sight->stage != STAGE_BLOCKS)
        return graphics;
    return sight->ascii ? GRAPHICS_ASCII : GRAPHICS_BLOCKS;
}

Speech look_speech(const Sight *sight)
{
    bool kitty =
        sight->choice == CHOICE_KITTY || (sight->choice == CHOICE_AUTO && sight->answers->kitty);
    if (graphics_now(sight) != GRAPHICS_SIXEL)
        return SPEECH_CELLS;
    return kitty ? SPEECH_KITTY : SPEECH_SIXEL;
}

int look_direct(int colour)
{
    static const int steps[] = {0, 95, 135, 175, 215, 255};
    static const int bright[] = {0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00,
                                 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff};
    if (colour < 8)
        return colour;
    if (colour < 16)
        return bright[colour - 8];
    if (colour >= 232)
        return (8 + 10 * (colour - 232)) * 0x10101;
    int cube = colour - 16;
    return steps[cube / 36] << 16 | steps[cube / 6 % 6] << 8 | steps[cube % 6];
}

static bool possible(const Sight *sight, GraphicsChoice choice)
{
    switch (choice) {
    case CHOICE_SIXEL: return sight->answers->sixel;
    case CHOICE_KITTY: return sight->answers->kitty;
    case CHOICE_BLOCKS: return !sight->ascii;
    default: return true;
    }
}

GraphicsChoice look_next(const Sight *sight)
{
    static const GraphicsChoice ring[] = {CHOICE_SIXEL, CHOICE_KITTY, CHOICE_BLOCKS, CHOICE_ASCII,
                                          CHOICE_OFF};
    static const int place[] = {
        [GRAPHICS_SIXEL] = 0, [GRAPHICS_BLOCKS] = 2, [GRAPHICS_ASCII] = 3, [GRAPHICS_OFF] = 4};
    Graphics now = graphics_of(sight);
    int at = now == GRAPHICS_SIXEL && look_speech(sight) == SPEECH_KITTY ? 1 : place[now];
    do {
        at = (at + 1) % 5;
    } while (!possible(sight, ring[at]));
    return ring[at];
}

CanvasLook look_for(const Sight *sight)
{
    static const char *const words[] = {"sixel", "blocks", "ascii", "no pictures"};
    const char *protocol = look_speech(sight) == SPEECH_KITTY ? "kitty" : "sixel";
    const char *stage = governor_stage[sight->stage].words;
    CanvasLook look = {
        .colours = sight->colours, .ascii = sight->ascii, .graphics = graphics_now(sight)};
    bool slow = look.graphics != graphics_of(sight);
    look.rgb = sight->rgb && sight->colours == COLOURS_256 && sight->stage != STAGE_BLOCKS;
    bool known = cell_size(sight, &look);
    if (sight->answers->has_background)
        memcpy(look.background, sight->answers->background, 3);
    else if (sight->ground)
        memcpy(look.background, sight->ground, 3);
    if (look.graphics == GRAPHICS_SIXEL && sight->paused) {
        snprintf(look.remark, sizeof look.remark, "%s paused: no answer", protocol);
    } else if (look.graphics == GRAPHICS_SIXEL) {
        snprintf(look.remark, sizeof look.remark, "%s %.3gx%.3g%s%s%s", protocol, look.cell_width,
                 look.cell_height, known ? "" : "?", *stage ? " " : "", stage);
    } else if (slow) {
        snprintf(look.remark, sizeof look.remark, "%s", stage);
    } else if (sight->choice != CHOICE_AUTO || sight->decided) {
        snprintf(look.remark, sizeof look.remark, "%s", words[look.graphics]);
    }
    return look;
}
