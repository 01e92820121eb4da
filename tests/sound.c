/* Owns the invariants of a canvas. Asserts with cmocka: to be called from tests only. */
#include "tests/sound.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

void assert_sound(const Canvas *canvas)
{
    int marked = 0, covered = 0;
    for (int i = 0; i < canvas->pictures; i++) {
        const Picture *picture = &canvas->picture[i];
        Rect inside =
            rect_intersect(picture->cells, (Rect){0, 1, canvas->width, canvas->height - 2});
        assert_memory_equal(&inside, &picture->cells, sizeof inside);
        assert_true(picture->height > 0 && picture->height % 6 == 0 &&
                    picture->height <= PICTURE_SIDE_MAX);
        assert_true(picture->width > 0 && picture->width <= PICTURE_SIDE_MAX);
        assert_true(picture->width <= picture->cells.width * canvas->look.cell_width);
        assert_true(picture->height <= picture->cells.height * canvas->look.cell_height);
        covered += inside.width * inside.height;
        for (int k = 0; k < i; k++)
            assert_false(rects_overlap(canvas->picture[k].cells, picture->cells));
        for (int k = 0; k < picture->width * picture->height; k++)
            assert_true(picture->pixels[k] < PICTURE_COLOURS ||
                        (picture->coloured && picture->pixels[k] == PICTURE_OWN));
    }
    for (int i = 0; i < canvas->width * canvas->height; i++) {
        const Cell *cell = &canvas->cell[i];
        marked += (cell->style.attributes & ATTRIBUTE_PICTURE) != 0;
        assert_true((cell->style.attributes & ATTRIBUTE_PICTURE) == 0 || cell->rune == ' ');
        assert_true(cell->rune >= 32 && (!canvas->look.ascii || cell->rune <= 126));
        assert_true(canvas->look.colours != COLOURS_NONE ||
                    (cell->style.fg < 0 && cell->style.bg < 0));
        assert_true(canvas->look.colours != COLOURS_8 ||
                    (cell->style.fg < 8 && cell->style.bg < 8));
    }
    assert_int_equal(marked, covered); /* no text over a picture */
}
