/* Pictures on their way out: bytes that decode to their source, one in flight, a capped
 * rate. */
#define _GNU_SOURCE
#include "app/terminal/kitty.h"
#include "app/terminal/pictures.h"
#include "app/terminal/reduce.h"
#include "app/terminal/sixel.h"
#include "app/terminal/tempo.h"
#include "tests/emulator.h"
#include "views/draw/picture.h"
#include <math.h>
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
        colour = next(seed) % flat == 0 ? (uint8_t)(next(seed) % PICTURE_COLOURS) : colour;
        picture.pixels[i] = colour;
    }
    for (int i = 0; i < PICTURE_COLOURS * 3; i++)
        picture.palette[i / 3][i % 3] = (uint8_t)next(seed);
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

/* ---- Plainer pictures ---- */

static void test_thin_pictures(void **state)
{
    (void)state;
    unsigned seed = 23;
    for (int round = 0; round < 40; round++) {
        Picture picture = random_picture(&seed);
        int colours = 2 + (int)(next(&seed) % 14);
        thin_colours(&picture, colours);
        assert_in_range(picture_colours(&picture), 1, colours);
        thin_pixels(&picture, 2);
        for (int i = 0; i < picture.width * picture.height; i++) {
            int x = i % picture.width & ~1, y = i / picture.width & ~1;
            assert_int_equal(picture.pixels[i], picture.pixels[y * picture.width + x]);
        }
        free(picture.pixels);
    }
    /* dark greys stay with the ground, the bright dot does not; and it survives halving
     */
    uint8_t pixels[36] = {0};
    Picture picture = {.width = 6,
                       .height = 6,
                       .pixels = pixels,
                       .palette = {{0, 0, 0}, {40, 40, 40}, {250, 240, 230}}};
    pixels[7] = 1;
    pixels[21] = 2;
    thin_colours(&picture, 2);
    assert_int_equal(pixels[7], 0);
    assert_int_equal(pixels[21], 1);
    thin_pixels(&picture, 2);
    assert_int_equal(pixels[14], 1);
    static const uint8_t bright[3] = {250, 240, 230};
    assert_memory_equal(picture.palette[1], bright, 3);
    /* neighbours merge first: three far colours of sixteen survive four */
    uint8_t many[96];
    Picture shades = {.width = 16, .height = 6, .pixels = many};
    for (int i = 0; i < 96; i++)
        many[i] = (uint8_t)(i % 16);
    for (int i = 0; i < 13; i++)
        memset(shades.palette[i], 2 * i, 3);
    for (int i = 0; i < 3; i++)
        shades.palette[13 + i][i] = 255;
    thin_colours(&shades, 4);
    assert_int_equal(picture_colours(&shades), 4);
    assert_memory_equal(shades.palette[3], ((uint8_t[3]){0, 0, 255}), 3);
}

/* A line that breaks in the middle of a picture: the rest is thrown away by a deletion,
 * and it comes again, at half its size too. */
static void test_kitty_decodes_to_its_source(void **state)
{
    (void)state;
    unsigned seed = 29;
    for (int round = 0; round < 30; round++) {
        Picture picture = random_picture(&seed);
        KittyScreen screen = {.n = 0};
        Bytes bytes = {0};
        Canvas canvas = {.pictures = 1, .picture = {picture}};
        canvas.picture[0].cells = (Rect){3, 4, 30, 9};
        assert_int_equal(kitty_append(&bytes, &canvas.picture[0], 7, 1, NULL), STATUS_OK);
        for (int times = 0; times < 2; times++) {
            for (size_t at = 0, chunk = 0; at < bytes.n; chunk++) {
                const char *end = memmem(bytes.data + at, bytes.n - at, "\033\\", 2);
                size_t n = (size_t)(end - bytes.data) - at;
                assert_memory_equal(bytes.data + at, "\033_G", 3);
                kitty_command(&screen, bytes.data + at + 3, n - 3, 3, 4);
                at += n + 2;
                if (times == 0 && chunk == 0) {
                    kitty_command(&screen, "a=d,d=I,i=7,q=2", 15, 0, 0);
                    assert_int_equal(screen.n, 0);
                    break;
                }
            }
        }
        assert_kitty_shows(&screen, &canvas, true);
        kitty_clear(&screen);
        free(picture.pixels);
        bytes_done(&bytes);
    }
}

/* ---- Order and rate of pictures ---- */

static void add_picture(Canvas *canvas, int x, int y, uint8_t colour)
{
    Picture picture = {.cells = {x, y, 10, 3}, .width = 100, .height = 60, .pixels = malloc(6000)};
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
    pictures_init(&pictures, 0, 0);
    add_picture(&canvas, 0, 1, 1);
    add_picture(&canvas, 20, 1, 2);
    pictures_take(&pictures, &canvas, &out);
    assert_int_equal(out.n, 0);
    assert_true(pictures_next(&pictures, 0, false, &out));
    assert_false(pictures_next(&pictures, 0.1, false, &out)); /* the first is not acknowledged */
    assert_true(pictures_wait(&pictures, 0.1) > 2);
    pictures_acknowledged(&pictures, 0.2);
    assert_true(pictures_next(&pictures, 0.2, false, &out));
    pictures_acknowledged(&pictures, 0.3);
    assert_true(pictures_wait(&pictures, 0.3) < 0);
    pictures_take(&pictures, &canvas, &out);
    assert_false(pictures_next(&pictures, 0.4, false, &out)); /* the same again costs nothing */
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
    assert_true(pictures_next(&pictures, 3.6, false, &out)); /* no answer in 3 s: once more */
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

static void fill_raster(Canvas *canvas, Rect cells, int colour)
{
    Raster raster;
    if (raster_begin(&raster, canvas, cells)) {
        raster_fill(&raster, raster_box(&raster, cells), (uint8_t)colour);
        raster_end(&raster, canvas);
    }
}

/* A calm canvas keeps what was drawn in the same cells, and only that. */
static void test_a_calm_canvas_keeps_its_pictures(void **state)
{
    (void)state;
    CanvasLook look = {.graphics = GRAPHICS_SIXEL, .cell_width = 10, .cell_height = 20};
    Rect first = {0, 1, 4, 3}, second = {10, 1, 4, 3}, third = {20, 1, 4, 3};
    Canvas canvas;
    canvas_init(&canvas, 80, 24, &look);
    fill_raster(&canvas, first, 1);
    fill_raster(&canvas, second, 2);
    for (int i = 0; i < 3; i++) {
        canvas.calm = true;
        canvas_clear(&canvas);
        assert_int_equal(canvas.pictures, 0);
        fill_raster(&canvas, first, 5 + i);
        fill_raster(&canvas, third, 3); /* a new place */
        assert_int_equal(canvas.pictures, 2);
        assert_int_equal(canvas.picture[0].pixels[0], 1);
        assert_int_equal(canvas.picture[1].pixels[0], 3);
        assert_int_equal(canvas.cell[80].style.attributes, ATTRIBUTE_PICTURE);
    }
    fill_raster(&canvas, first, 4); /* kept once, not twice */
    assert_int_equal(canvas.picture[2].pixels[0], 4);
    canvas_clear_rect(&canvas, first); /* a dialogue */
    canvas_clear(&canvas);
    fill_raster(&canvas, first, 6);
    assert_int_equal(canvas.picture[0].pixels[0], 6);
    canvas.calm = false;
    canvas_clear(&canvas);
    fill_raster(&canvas, first, 7);
    assert_int_equal(canvas.picture[0].pixels[0], 7);
    canvas_done(&canvas);
}

/* Data that never rest, for ten seconds, a look every 10 ms; a key in the middle; then rest. */
static void test_the_tempo(void **state)
{
    (void)state;
    Tempo tempo = {0};
    int drawn[3] = {0}, eager[3] = {0};
    for (int i = 0; i < 1000; i++) {
        double now = 50 + 0.01 * i;
        tempo_data(&tempo);
        if (i == 500)
            tempo_key(&tempo, now);
        Due due = tempo_due(&tempo, now);
        assert_true((due != DUE_NOTHING) == (tempo_wait(&tempo, now) <= 0));
        if (due != DUE_NOTHING)
            tempo_drawn(&tempo, now, due);
        (i >= 500 && i < 600 ? eager : drawn)[due]++;
    }
    assert_in_range(drawn[DUE_ALL], 16, 19);
    assert_in_range(drawn[DUE_TEXT] + drawn[DUE_ALL], 45, 60);
    assert_in_range(eager[DUE_ALL], 9, 10);
    assert_int_equal(eager[DUE_TEXT], 0);
    double end = 70;
    tempo_drawn(&tempo, end, DUE_ALL);
    assert_true(tempo_wait(&tempo, end) < 0);
    tempo_data(&tempo); /* the last change of a run that ended: the pictures follow */
    tempo_drawn(&tempo, end + 0.1, DUE_TEXT);
    assert_int_equal(tempo_due(&tempo, end + 0.2), DUE_NOTHING);
    assert_true(fabs(tempo_wait(&tempo, end + 0.2) - 0.3) <
                1e-9); /* pictures are due .5 s after the last */
    assert_int_equal(tempo_due(&tempo, end + 0.51), DUE_ALL);
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
    pictures_init(&pictures, 0, 0);
    for (double now = 0; now < 10; now += 0.01) { /* a new noisy picture every 10 ms */
        Picture picture = {
            .cells = {0, 1, 40, 15}, .width = 400, .height = 300, .pixels = malloc(120000)};
        for (int i = 0; i < 120000; i++)
            picture.pixels[i] = (uint8_t)(next(&seed) % 16);
        canvas_clear(&canvas);
        canvas_add_picture(&canvas, &picture);
        pictures_take(&pictures, &canvas, &out);
        if (pictures_next(&pictures, now, false, &out))
            pictures_acknowledged(&pictures, now);
    }
    assert_true(out.n < 12.5 * GOVERNOR_BYTES_PER_S && out.n > 9 * GOVERNOR_BYTES_PER_S);
    pictures_done(&pictures);
    canvas_done(&canvas);
    bytes_done(&out);
}

/* A line that carries `speed` bytes a second, in order, and answers each picture when it
 * is through. */
typedef struct Line {
    double speed, now, free_at;
    double answer[8];
    int answers;
} Line;

/* A new picture every 100 ms; every sixel sent decodes. Returns the stage at the end. */
static Stage run_line(Pictures *pictures, Line *line, double seconds, unsigned *seed)
{
    CanvasLook look = {.graphics = GRAPHICS_SIXEL, .cell_width = 10, .cell_height = 20};
    double *now = &line->now, until = *now + seconds;
    for (; *now < until; *now += 0.1) {
        Canvas canvas;
        Bytes out = {0};
        canvas_init(&canvas, 80, 24, &look);
        Picture picture = {
            .cells = {0, 1, 20, 8}, .width = 200, .height = 150, .pixels = malloc(30000)};
        for (int i = 0; i < 16; i++)
            memset(picture.palette[i], 17 * i, 3);
        for (int y = 0; y < 150; y++) { /* squares of 4x4 pixels */
            for (int x = 0; x < 200; x++) {
                picture.pixels[y * 200 + x] = y % 4   ? picture.pixels[(y - 1) * 200 + x]
                                              : x % 4 ? picture.pixels[y * 200 + x - 1]
                                                      : (uint8_t)(next(seed) % 16);
            }
        }
        canvas_add_picture(&canvas, &picture);
        if (pictures->governor.stage != STAGE_BLOCKS)
            pictures_take(pictures, &canvas, &out);
        while (line->answers > 0 && *now >= line->answer[0]) {
            pictures_acknowledged(pictures, line->answer[0]);
            memmove(line->answer, line->answer + 1, 7 * sizeof *line->answer);
            line->answers--;
        }
        out.n = 0;
        if (pictures_next(pictures, *now, false, &out)) {
            const char *start = memmem(out.data, out.n, "\033P0;1;0q", 8);
            const char *end = memmem(out.data, out.n, "\033\\", 2);
            Decoded decoded = sixel_decode(start + 8, (size_t)(end - start) - 8);
            int colours = 0;
            for (int i = 0; i < 30000; i++)
                colours = decoded.pixels[i] > colours ? decoded.pixels[i] : colours;
            assert_true(colours <= governor_stage[pictures->governor.stage].colours);
            free(decoded.pixels);
            double start_at = line->free_at > *now ? line->free_at : *now;
            line->free_at = start_at + (double)out.n / line->speed;
            assert_true(line->answers < 8);
            line->answer[line->answers++] = line->free_at;
        }
        canvas_done(&canvas);
        bytes_done(&out);
    }
    return pictures->governor.stage;
}

static void test_a_slow_line_gets_plainer_pictures(void **state)
{
    (void)state;
    static const double speeds[] = {10e6, 15e3, 4e3, 100};
    Stage before = STAGE_FULL, stage = STAGE_FULL;
    for (int i = 0; i < 4; i++) {
        Pictures pictures;
        Line line = {.speed = speeds[i]};
        unsigned seed = 7;
        pictures_init(&pictures, 0, 0);
        stage = run_line(&pictures, &line, i == 3 ? 200 : 20, &seed);
        printf("# %g bytes a second: stage %d\n", speeds[i], (int)stage);
        assert_true(i == 0 ? stage == STAGE_FULL : stage > before);
        before = stage;
        line.speed = 10e6; /* the line is fast again */
        line.free_at = line.now;
        for (int k = 0; k < line.answers; k++)
            line.answer[k] = line.now;
        assert_int_equal(run_line(&pictures, &line, 60, &seed), STAGE_FULL);
        pictures_done(&pictures);
    }
    assert_int_equal(stage, STAGE_BLOCKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thin_pictures),
        cmocka_unit_test(test_a_slow_line_gets_plainer_pictures),
        cmocka_unit_test(test_kitty_decodes_to_its_source),
        cmocka_unit_test(test_sixel_decodes_to_its_source),
        cmocka_unit_test(test_one_picture_in_flight),
        cmocka_unit_test(test_a_calm_canvas_keeps_its_pictures),
        cmocka_unit_test(test_the_tempo),
        cmocka_unit_test(test_the_rate_is_capped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
