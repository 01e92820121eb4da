/* Owns the desk. Asserts with cmocka: to be called from tests only. */
#include "tests/desk.h"

#include "engine/base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail

void desk_open(Desk *desk, int width, int height, GraphicsChoice graphics)
{
    emulator_environment();
    emulator_open(&desk->emulator, width, height);
    desk->term = emulator_term(&desk->emulator, graphics, false);
    desk->screen = screen_new(&(ScreenOptions){0});
    CanvasLook look = term_look(desk->term);
    canvas_init(&desk->canvas, width, height, &look);
}

/* Lets everything that was asked for happen: pictures out, acknowledgements in. Returns whether an
 * answer changed what is to be drawn for. */
static bool settle(Desk *desk)
{
    bool other = false;
    enum { LIMIT_S = 60 }; /* of a busy machine; a second is usual */
    double until = clock_s() + LIMIT_S;
    for (int quiet = 0; quiet < 2;) {
        int press[256];
        bool changed;
        size_t before = desk->emulator.received;
        if (term_output(desk->term) >= 0) /* in the midst of a picture */
            emulator_pump(&desk->emulator);
        else
            emulator_catch_up(&desk->emulator);
        size_t bytes = desk->emulator.received - before;
        assert_int_equal(term_read(desk->term, press, 256, &changed),
                         0); /* answers are never keys */
        bool again = term_tick(desk->term);
        other = other || changed || again;
        double wait = term_wait(desk->term);
        bool busy = bytes > 0 || changed || again || wait >= 0 || term_output(desk->term) >= 0;
        quiet = busy ? 0 : quiet + 1;
        assert_true(clock_s() < until);
    }
    return other;
}

void desk_settle(Desk *desk) { settle(desk); }

void desk_draw(Desk *desk, const Snapshot *snapshot)
{
    do {
        desk->canvas.look = term_look(desk->term);
        screen_draw(desk->screen, snapshot, &desk->canvas);
        term_show(desk->term, &desk->canvas);
    } while (settle(desk));
}

void desk_close(Desk *desk)
{
    desk_settle(desk);
    emulator_term_close(&desk->emulator, desk->term);
    emulator_pump(&desk->emulator);
    emulator_close(&desk->emulator);
    screen_free(desk->screen);
    canvas_done(&desk->canvas);
}

void assert_text_arrived(const Desk *desk)
{
    const Canvas *canvas = &desk->canvas;
    VTermScreen *screen = vterm_obtain_screen(desk->emulator.text);
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            VTermScreenCell cell;
            const Cell *wanted = &canvas->cell[y * canvas->width + x];
            vterm_screen_get_cell(screen, (VTermPos){y, x}, &cell);
            uint32_t rune = cell.chars[0] == 0 ? ' ' : cell.chars[0];
            assert_int_equal(rune, wanted->rune);
            if (rune != ' ') {
                assert_int_equal(cell.attrs.bold, (wanted->style.attributes & ATTRIBUTE_BOLD) != 0);
                assert_true(VTERM_COLOR_IS_DEFAULT_FG(&cell.fg) == (wanted->style.fg < 0));
                assert_true(wanted->style.fg < 0 || !VTERM_COLOR_IS_INDEXED(&cell.fg) ||
                            cell.fg.indexed.idx == wanted->style.fg);
            }
        }
    }
}

/* One number stands in all cells of the place. */
static bool stands(const int *cells, int width, Rect place, int number)
{
    for (int y = place.y; y < place.y + place.height; y++) {
        for (int x = place.x; x < place.x + place.width; x++)
            if (cells[y * width + x] != number)
                return false;
    }
    return true;
}

void assert_pictures_arrived(const Desk *desk, bool in_full)
{
    const Emulator *e = &desk->emulator;
    const Canvas *canvas = &desk->canvas;
    for (int i = 0; i < canvas->pictures; i++) {
        const Picture *picture = &canvas->picture[i];
        int number = e->whole[picture->cells.y * e->width + picture->cells.x];
        assert_true(number > 0);
        Rect place = e->shown[number - 1];
        assert_true(place.x == picture->cells.x && place.y == picture->cells.y);
        assert_true(stands(e->whole, e->width, place, number));
        if (in_full)
            assert_decodes_to(&e->decoded[number - 1], picture);
    }
    assert_nothing_stale(desk);
}

/* Whether the ink of a cell is that of a picture wanted in that very place. */
static bool is_wanted(const Emulator *e, int cell, const Canvas *canvas)
{
    Rect here = {cell % e->width, cell / e->width, 1, 1};
    const Picture *wanted = NULL;
    for (int k = 0; k < canvas->pictures; k++)
        wanted = rects_overlap(canvas->picture[k].cells, here) ? &canvas->picture[k] : wanted;
    if (!wanted || e->inked[cell] == INK_OF_A_PART)
        return wanted;
    const Decoded *is = &e->decoded[e->inked[cell] - 1];
    Rect place = e->shown[e->inked[cell] - 1];
    return place.x == wanted->cells.x && place.y == wanted->cells.y && is->width == wanted->width &&
           is->height == wanted->height;
}

void assert_nothing_stale(const Desk *desk)
{
    const Emulator *e = &desk->emulator;
    assert_false(e->scrolled);
    for (int i = 0; i < e->width * e->height; i++) {
        if (e->inked[i] != 0 && !is_wanted(e, i, &desk->canvas)) {
            printf("# a picture is left at column %d, row %d\n", i % e->width, i / e->width);
            assert_true(false);
        }
    }
}
