/* Pictures on their way out: bytes that decode to their source, one in flight, a capped
 * rate. */
#include "app/pictures.h"
#include "app/sixel.h"
#include "tests/emulator.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 10;
}

static Picture random_picture(unsigned *seed)
{
    Picture picture = {.width = 1 + (int)(next(seed) % 300),
                       .height = 6 * (1 + (int)(next(seed) % 30))};
    picture.pixels = malloc((size_t)picture.width * (size_t)picture.height);
    unsigned flat = 1 + next(seed) % 40;
    uint8_t colour = 0;
    for (int i = 0; i < picture.width * picture.height; i++) {
        colour =
            next(seed) % flat == 0 ? (uint8_t)(next(seed) % PICTURE_COLOURS) : colour;
        picture.pixels[i] = colour;
    }
    for (int i = 0; i < PICTURE_COLOURS * 3; i++) {
        picture.palette[i / 3][i % 3] = (uint8_t)next(seed);
    }
    return picture;
}

static void test_sixel_decodes_to_its_source(void **state)
{
    (void)state;
    unsigned seed = 17;
    for (int round = 0; round < 60; round++) {
        Picture picture = random_picture(&seed);
        Bytes bytes = {0};
        assert_int_equal(sixel_append(&bytes, &picture, NULL), STATUS_OK);
        assert_memory_equal(bytes.data, "\033P0;1;0q", 8);
        assert_memory_equal(bytes.data + bytes.n - 2, "\033\\", 2);
        Decoded decoded = sixel_decode(bytes.data + 8, bytes.n - 10);
        assert_decodes_to(&decoded, &picture);
        free(decoded.pixels);
        free(picture.pixels);
        bytes_done(&bytes);
    }
}

/* ---- Order and rate of pictures ---- */

static void add_picture(Canvas *canvas, int x, int y, uint8_t colour)
{
    Picture picture = {
        .cells = {x, y, 10, 3},
          .width = 100, .height = 60, .pixels = malloc(6000)
    };
    memset(picture.pixels, colour, 6000);
    canvas_add_picture(canvas, &picture);
}

static void test_one_picture_in_flight(void **state)
{
    (void)state;
    CanvasLook look = {.graphics = GRAPHICS_SIXEL, .cell_width = 10, .cell_height = 20};
    Canvas canvas;
    Pictures pictures;
    Bytes out = {0};
    canvas_init(&canvas, 80, 24, &look);
    pictures_init(&pictures, 0);
    add_picture(&canvas, 0, 1, 1);
    add_picture(&canvas, 20, 1, 2);
    pictures_take(&pictures, &canvas, &out);
    assert_int_equal(out.n, 0);
    assert_true(pictures_next(&pictures, 0, false, &out));
    assert_false(
        pictures_next(&pictures, 0.1, false, &out)); /* the first is not acknowledged */
    assert_true(pictures_wait(&pictures, 0.1) > 2);
    pictures_acknowledged(&pictures, 0.2);
    assert_true(pictures_next(&pictures, 0.2, false, &out));
    pictures_acknowledged(&pictures, 0.3);
    assert_true(pictures_wait(&pictures, 0.3) < 0);
    pictures_take(&pictures, &canvas, &out);
    assert_false(
        pictures_next(&pictures, 0.4, false, &out)); /* the same again costs nothing */
    out.n = 0;
    canvas_clear(&canvas);
    add_picture(&canvas, 20, 1, 3);
    pictures_take(&pictures, &canvas, &out);
    assert_true(out.n > 3 * 10 && out.n < 100); /* one erased, the replaced one not */
    assert_true(pictures_next(&pictures, 0.5, false, &out));
    assert_false(pictures_next(&pictures, 0.6, false, &out));
    canvas_clear(&canvas);
    add_picture(&canvas, 20, 1, 4);
    pictures_take(&pictures, &canvas, &out);
    assert_true(
        pictures_next(&pictures, 3.6, false, &out)); /* no answer in 3 s: once more */
    add_picture(&canvas, 40, 1, 4);
    pictures_take(&pictures, &canvas, &out);
    assert_false(pictures_next(&pictures, 7, false, &out)); /* then a pause */
    assert_true(pictures.paused && pictures_wait(&pictures, 7) < 0);
    pictures_acknowledged(&pictures, 8);
    assert_true(pictures_next(&pictures, 8, false, &out));
    pictures_done(&pictures);
    canvas_done(&canvas);
    bytes_done(&out);
}

static void test_the_rate_is_capped(void **state)
{
    (void)state;
    CanvasLook look = {.graphics = GRAPHICS_SIXEL, .cell_width = 10, .cell_height = 20};
    Canvas canvas;
    Pictures pictures;
    Bytes out = {0};
    unsigned seed = 3;
    canvas_init(&canvas, 80, 24, &look);
    pictures_init(&pictures, 0);
    for (double now = 0; now < 10; now += 0.01) { /* a new noisy picture every 10 ms */
        Picture picture = {
            .cells = {0, 1, 40, 15},
            .width = 400,
            .height = 300,
            .pixels = malloc(120000)
        };
        for (int i = 0; i < 120000; i++) {
            picture.pixels[i] = (uint8_t)(next(&seed) % 16);
        }
        canvas_clear(&canvas);
        canvas_add_picture(&canvas, &picture);
        pictures_take(&pictures, &canvas, &out);
        if (pictures_next(&pictures, now, false, &out)) {
            pictures_acknowledged(&pictures, now);
        }
    }
    assert_true(out.n < 11.5 * PICTURES_BYTES_PER_S && out.n > 8 * PICTURES_BYTES_PER_S);
    pictures_done(&pictures);
    canvas_done(&canvas);
    bytes_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sixel_decodes_to_its_source),
        cmocka_unit_test(test_one_picture_in_flight),
        cmocka_unit_test(test_the_rate_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
