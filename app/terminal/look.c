/* Owns the choice of graphics and cell size. See look.h. */
#include "app/terminal/look.h"

#include <stdio.h>
#include <string.h>

static bool plausible(int width, int height)
{
    return width >= 2 && width <= 64 && height >= 4 && height <= 128;
}

/* False: a guess. */
static bool cell_size(const Sight *sight, int *width, int *height)
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
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        if (plausible(candidates[i][0], candidates[i][1])) {
            *width = candidates[i][0];
            *height = candidates[i][1];
            return true;
        }
    }
    *width = 10;
    *height = 20;
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

bool look_kitty(const Sight *sight)
{
    return sight->choice == CHOICE_KITTY ||
           (sight->choice == CHOICE_AUTO && sight->answers->kitty && !sight->answers->sixel);
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
    int at = now == GRAPHICS_SIXEL && look_kitty(sight) ? 1 : place[now];
    do {
        at = (at + 1) % 5;
    } while (!possible(sight, ring[at]));
    return ring[at];
}

CanvasLook look_for(const Sight *sight)
{
    static const char *const words[] = {"sixel", "blocks", "ascii", "no pictures"};
    const char *protocol = look_kitty(sight) ? "kitty" : "sixel";
    const char *stage = governor_stage[sight->stage].words;
    CanvasLook look = {
        .colours = sight->colours, .ascii = sight->ascii, .graphics = graphics_of(sight)};
    bool slow = look.graphics == GRAPHICS_SIXEL && sight->stage == STAGE_BLOCKS;
    look.graphics = !slow ? look.graphics : look.ascii ? GRAPHICS_ASCII : GRAPHICS_BLOCKS;
    bool known = cell_size(sight, &look.cell_width, &look.cell_height);
    if (sight->answers->has_background)
        memcpy(look.background, sight->answers->background, 3);
    if (look.graphics == GRAPHICS_SIXEL && sight->paused) {
        snprintf(look.remark, sizeof look.remark, "%s paused: no answer", protocol);
    } else if (look.graphics == GRAPHICS_SIXEL) {
        snprintf(look.remark, sizeof look.remark, "%s %dx%d%s%s%s", protocol, look.cell_width,
                 look.cell_height, known ? "" : "?", *stage ? " " : "", stage);
    } else if (slow) {
        snprintf(look.remark, sizeof look.remark, "%s", stage);
    } else if (sight->choice != CHOICE_AUTO || sight->decided) {
        snprintf(look.remark, sizeof look.remark, "%s", words[look.graphics]);
    }
    return look;
}
