/* Samples in colour: from the numbers to what each way of showing them puts on the screen. */
#define _GNU_SOURCE
#include "app/terminal/cells.h"
#include "app/terminal/kitty.h"
#include "app/terminal/outside.h"
#include "app/terminal/palette.h"
#include "app/terminal/pictures.h"
#include "app/terminal/reduce.h"
#include "tests/desk.h"
#include "tests/fake_snapshot.h"
#include "tests/kitty_decoder.h"
#include "views/draw/picture.h"
#include "views/draw/sample_sheet.h"
#include "views/draw/theme.h"
#include <setjmp.h>
#define sixel_decode sixel_decode_of_old /* emulator.h's is another */
#include <sixel.h>
#undef sixel_decode
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#undef fail

/* One picture that is not square, rows of pixels of three numbers, with a ramp in each. */
enum { HIGH = 24, WIDE = 16, SIDE = 4 };

static float value_at(int row, int column, int channel)
{
    const float level[3] = {(float)row / (HIGH - 1), (float)column / (WIDE - 1),
                            row % 2 ? 0.3f : 0.8f};
    return 2 * level[channel] - 1;
}

static int byte_at(int row, int column, int channel)
{
    return (int)((value_at(row, column, channel) + 1) / 2 * 255 + 0.5f);
}

static void fill_values(float *value)
{
    for (int i = 0; i < HIGH * WIDE * 3; i++)
        value[i] = value_at(i / 3 / WIDE, i / 3 % WIDE, i % 3);
}

/* The tile, each value a square of SIDE pixels, as the canvas' only picture. */
static void draw_tile(Canvas *canvas, float factor)
{
    static float value[HIGH * WIDE * 3];
    CanvasLook look = {.colours = COLOURS_256,
                       .graphics = GRAPHICS_SIXEL,
                       .cell_width = WIDE * SIDE / 8.0,
                       .cell_height = HIGH * SIDE / 4.0,
                       .background = {10, 20, 30}};
    Raster raster;
    Tile tile = {value, NULL, HIGH, WIDE, 3, -1 / factor, 1 / factor};
    fill_values(value);
    canvas_init(canvas, 80, 24, &look);
    assert_true(raster_begin(&raster, canvas, (Rect){2, 3, 8, 4}));
    sheet_palette(&raster);
    sheet_tile(&raster, (Box){0, 0, raster.width, raster.height}, &tile);
    raster_end(&raster, canvas);
    assert_int_equal(canvas->pictures, 1);
    assert_true(canvas->picture[0].coloured);
}

static Picture copy_of(const Picture *picture)
{
    Picture copy = *picture;
    copy.pixels = malloc(picture_size(picture));
    memcpy(copy.pixels, picture->pixels, picture_size(picture));
    return copy;
}

static void test_kitty_shows_the_very_colours(void **state)
{
    (void)state;
    Canvas canvas;
    KittyScreen screen = {.n = 0};
    Bytes bytes = {0};
    draw_tile(&canvas, 1);
    assert_int_equal(kitty_append(&bytes, &canvas.picture[0], 7, 1, NULL), STATUS_OK);
    for (size_t at = 0; at < bytes.n;) {
        const char *end = memmem(bytes.data + at, bytes.n - at, "\033\\", 2);
        size_t n = (size_t)(end - bytes.data) - at;
        kitty_command(&screen, bytes.data + at + 3, n - 3, 2, 3);
        at += n + 2;
    }
    assert_kitty_shows(&screen, &canvas, true);
    const KittyPicture *shown = &screen.shown[0];
    for (int y = 0; y < HIGH * SIDE; y++)
        for (int x = 0; x < WIDE * SIDE; x++)
            for (int c = 0; c < 3; c++)
                assert_int_equal(shown->rgb[3 * (y * shown->width + x) + c],
                                 byte_at(y / SIDE, x / SIDE, c));
    kitty_clear(&screen);
    bytes_done(&bytes);
    canvas_done(&canvas);
}

/* By libsixel's own decoder: how far the mean of a square is from its colour at most. */
static int worst_square(int registers)
{
    Canvas canvas;
    Bytes bytes = {0};
    unsigned char *pixels, *palette;
    int width, height, colours, most = 0;
    draw_tile(&canvas, 1);
    Picture picture = copy_of(&canvas.picture[0]);
    palette_colours(&picture, registers);
    assert_int_equal(sixel_append(&bytes, &picture, NULL), STATUS_OK);
    assert_true(SIXEL_SUCCEEDED(sixel_decode_raw((unsigned char *)bytes.data, (int)bytes.n, &pixels,
                                                 &width, &height, &palette, &colours, NULL)));
    assert_int_equal(width, WIDE * SIDE);
    assert_int_equal(height, HIGH * SIDE);
    for (int i = 0; i < HIGH * WIDE * 3; i++) {
        int row = i / 3 / WIDE, column = i / 3 % WIDE, sum = 0;
        for (int k = 0; k < SIDE * SIDE; k++) {
            int at = (row * SIDE + k / SIDE) * width + column * SIDE + k % SIDE;
            sum += palette[3 * pixels[at] + i % 3];
        }
        int error = abs(sum / (SIDE * SIDE) - byte_at(row, column, i % 3));
        most = error > most ? error : most;
    }
    free(pixels);
    free(palette);
    free(picture.pixels);
    bytes_done(&bytes);
    canvas_done(&canvas);
    return most;
}

static void test_sixel_shows_the_colours(void **state)
{
    (void)state;
    assert_in_range(worst_square(256), 20, 27); /* half a step of six a side, and per cent */
    assert_in_range(worst_square(16), 1, 18);   /* two or three steps, alternating */
}

/* Other pixels, the same entries, whatever the terminal has room for; and never more of them. */
static void test_palettes_stay_between_frames(void **state)
{
    (void)state;
    static const int sizes[] = {2, 4, 8, 15, 16, 42, 43, 64, 231, 232, 256};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        Picture frame[2];
        for (int f = 0; f < 2; f++) {
            Canvas canvas;
            draw_tile(&canvas, f ? 0.25f : 1);
            frame[f] = copy_of(&canvas.picture[0]);
            palette_colours(&frame[f], sizes[i]);
            assert_false(frame[f].coloured);
            assert_in_range(picture_colours(&frame[f]), 2, sizes[i]);
            canvas_done(&canvas);
        }
        assert_memory_equal(frame[0].palette, frame[1].palette, sizeof frame[0].palette);
        static const uint8_t ground[3] = {10, 20, 30};
        assert_memory_equal(frame[0].palette[0], ground, 3);
        for (int f = 0; f < 2; f++)
            free(frame[f].pixels);
    }
}

/* Equal numbers stay grey between the steps of the cube. */
static void test_greys_have_no_tint(void **state)
{
    (void)state;
    uint8_t pixels[4 * 48];
    for (int level = 0; level < 256; level++) {
        Picture picture = {.width = 8, .height = 6, .coloured = true, .pixels = pixels};
        memset(pixels, PICTURE_OWN, 48);
        memset(pixels + 48, level, 3 * 48);
        palette_colours(&picture, PICTURE_PALETTE);
        for (int i = 0; i < 48; i++) {
            const uint8_t *rgb = picture.palette[pixels[i]];
            assert_true(rgb[0] == rgb[1] && rgb[1] == rgb[2]);
        }
    }
}

/* ---- Cells ---- */

static VTermColor rgb_of(VTermColor colour, const VTerm *vterm)
{
    vterm_screen_convert_color_to_rgb(vterm_obtain_screen((VTerm *)vterm), &colour);
    return colour;
}

static void assert_colour(VTermColor is, const VTerm *vterm, const uint8_t *rgb)
{
    is = rgb_of(is, vterm);
    assert_true(is.rgb.red == rgb[0] && is.rgb.green == rgb[1] && is.rgb.blue == rgb[2]);
}

/* Every cell of the canvas' pictures as the emulator shows it: two pixels, in their colours. */
static void assert_half_blocks_arrived(const Desk *desk)
{
    VTermScreen *screen = vterm_obtain_screen(desk->emulator.text);
    for (int i = 0; i < desk->canvas.pictures; i++) {
        const Picture *picture = &desk->canvas.picture[i];
        Rect cells = picture->cells;
        for (int k = 0; k < cells.width * cells.height; k++) {
            int x = k % cells.width, y = k / cells.width;
            size_t top = (size_t)(2 * y * picture->width + x),
                   bottom = top + (size_t)picture->width;
            VTermScreenCell cell;
            VTermPos at = {.row = cells.y + y, .col = cells.x + x};
            assert_true(vterm_screen_get_cell(screen, at, &cell));
            if (!picture->pixels[bottom] || !picture->pixels[top])
                continue;
            assert_colour(cell.bg, desk->emulator.text, picture_rgb(picture, bottom));
            if (cell.chars[0] == 0x2580)
                assert_colour(cell.fg, desk->emulator.text, picture_rgb(picture, top));
            else
                assert_memory_equal(picture_rgb(picture, top), picture_rgb(picture, bottom), 3);
        }
    }
}

static const FakeOptions fake = {
    .runs = 3, .step = 2000, .seed = 1, .images = true, .colour = true};

static void open_colour(Desk *desk, const Snapshot *snapshot, GraphicsChoice graphics)
{
    desk_open(desk, 100, 30, graphics);
    screen_press(desk->screen, snapshot, '3');
    desk_draw(desk, snapshot);
}

/* A terminal of 24 bits gets the colours themselves; a dialogue takes them away, and they come
 * again. */
static void test_half_blocks_in_any_colour(void **state)
{
    (void)state;
    Desk desk;
    const Snapshot *snapshot = fake_snapshot(&fake);
    emulator_environment();
    setenv("COLORTERM", "truecolor", 1);
    open_colour(&desk, snapshot, CHOICE_BLOCKS);
    assert_true(desk.canvas.look.rgb && desk.canvas.pictures > 1);
    assert_half_blocks_arrived(&desk);
    screen_press(desk.screen, snapshot, '1');
    desk_draw(&desk, snapshot);
    assert_int_equal(desk.canvas.pictures, 0);
    assert_text_arrived(&desk);
    screen_press(desk.screen, snapshot, '3');
    desk_draw(&desk, snapshot);
    assert_half_blocks_arrived(&desk);
    unsetenv("COLORTERM");
    desk_close(&desk);
    fake_free(snapshot);
}

static void test_who_takes_any_colour(void **state)
{
    (void)state;
    assert_true(outside_takes_rgb("truecolor", "xterm-256color", NULL));
    assert_true(outside_takes_rgb("24bit", "tmux-256color", "/tmp/tmux"));
    assert_true(
        outside_takes_rgb("truecolor", "screen-256color", "/tmp/tmux")); /* tmux's old name */
    assert_false(outside_takes_rgb("truecolor", "screen.xterm-256color", NULL));
    assert_false(outside_takes_rgb("", "xterm-256color", NULL));
    assert_false(outside_takes_rgb(NULL, "xterm-256color", NULL));
}

/* Without that the nearest of what there is, and shades where there are no colours. */
static void test_half_blocks_in_what_colours_there_are(void **state)
{
    (void)state;
    static const ColourLevel levels[] = {COLOURS_256, COLOURS_8, COLOURS_NONE};
    float value[HIGH * WIDE * 3];
    fill_values(value);
    for (int i = 0; i < 3; i++) {
        CanvasLook look = {.colours = levels[i], .graphics = GRAPHICS_BLOCKS};
        Canvas canvas;
        Raster raster;
        Tile tile = {value, NULL, HIGH, WIDE, 3, -1, 1};
        canvas_init(&canvas, 40, 20, &look);
        assert_true(raster_begin(&raster, &canvas, (Rect){0, 1, WIDE, HIGH / 2}));
        sheet_palette(&raster);
        sheet_tile(&raster, (Box){0, 0, WIDE, HIGH}, &tile);
        raster_end(&raster, &canvas);
        assert_int_equal(canvas.pictures, 0);
        for (int k = 0; k < WIDE * HIGH / 2; k++) {
            int x = k % WIDE, y = k / WIDE;
            const Cell *cell = &canvas.cell[(y + 1) * canvas.width + x];
            uint8_t rgb[2][3];
            for (int c = 0; c < 6; c++)
                rgb[c / 3][c % 3] = (uint8_t)byte_at(2 * y + c / 3, x, c % 3);
            assert_int_equal(cell->style.fg, theme_nearest(levels[i], rgb[0]));
            assert_true(
                levels[i] == COLOURS_NONE ||
                (cell->rune == 0x2580 && cell->style.bg == theme_nearest(levels[i], rgb[1])));
        }
        assert_true(canvas.cell[canvas.width].rune != canvas.cell[12 * canvas.width + 15].rune ||
                    levels[i] != COLOURS_NONE);
        canvas_done(&canvas);
    }
}

/* ---- Terminals of sixteen colours ---- */

/* While it has sixteen it is sent no more. */
static void test_sixteen_colours_become_more(void **state)
{
    (void)state;
    Pictures pictures;
    Canvas canvas;
    Bytes out = {0};
    draw_tile(&canvas, 1);
    pictures_init(&pictures, 0, 0);
    for (int i = 0; i < 2; i++) {
        int registers = i ? 256 : 16, highest = 0;
        pictures_speak(&pictures, SPEECH_SIXEL, registers, i, &out);
        pictures_take(&pictures, &canvas, &out);
        out.n = 0;
        assert_true(pictures_next(&pictures, i, false, &out)); /* again, when more are known */
        pictures_acknowledged(&pictures, i + 0.1);
        const char *start = memmem(out.data, out.n, "\033P0;1;0q", 8);
        const char *end = memmem(out.data, out.n, "\033\\", 2);
        Decoded decoded = sixel_decode(start + 8, (size_t)(end - start) - 8);
        for (int k = 0; k < decoded.width * decoded.height; k++)
            highest = decoded.pixels[k] > highest ? decoded.pixels[k] : highest;
        assert_in_range(highest, i ? 17 : 8, registers);
        free(decoded.pixels);
    }
    pictures_done(&pictures);
    canvas_done(&canvas);
    bytes_done(&out);
}

static bool says(const Bytes *bytes, const char *text)
{
    return bytes->n > 0 && memmem(bytes->data, bytes->n, text, strlen(text));
}

/* xterm as a VT340: it is asked for more, once, and gets its own number back. */
static void test_the_terminal_is_asked_for_colours(void **state)
{
    (void)state;
    Pictures pictures;
    Canvas canvas;
    Bytes out = {0};
    draw_tile(&canvas, 1);
    pictures_init(&pictures, 0, 0);
    pictures_take(&pictures, &canvas, &out);
    assert_int_equal(out.n, 0); /* it has not said that it has few */
    pictures_speak(&pictures, SPEECH_SIXEL, 16, 1, &out);
    pictures_take(&pictures, &canvas, &out);
    assert_true(says(&out, "\033[?1;3;256S"));
    out.n = 0;
    pictures_take(&pictures, &canvas, &out);
    assert_int_equal(out.n, 0);
    pictures_leave(&pictures, &out);
    assert_true(says(&out, "\033[?1;3;16S"));
    pictures_done(&pictures);
    canvas_done(&canvas);
    bytes_done(&out);
}

/* ---- Whole screens ---- */

/* Where there is room for a few, small pictures keep every pixel; larger ones become smaller. */
static void test_small_pictures_stay_whole(void **state)
{
    (void)state;
    enum { N = 40, ROOM = 54 };
    int label[N] = {0};
    SamplesView view = {.n = N, .channels = 3, .label = label};
    for (int side = 8; side <= 64; side++) {
        view.height = view.width = side;
        SheetPlan plan = sheet_plan(&view, ROOM, 2 * ROOM / 3);
        assert_true(plan.columns * plan.pitch_x <= ROOM);
        assert_true(plan.pitch_x > (side <= 18 ? side : 12));
        assert_true(plan.columns >= 2);
    }
}

static void test_screens_arrive_in_colour(void **state)
{
    (void)state;
    static const GraphicsChoice ways[] = {CHOICE_SIXEL, CHOICE_KITTY};
    for (int i = 0; i < 2; i++) {
        Desk desk;
        const Snapshot *snapshot = fake_snapshot(&fake);
        emulator_environment();
        open_colour(&desk, snapshot, ways[i]);
        assert_true(desk.canvas.pictures > 1 && desk.canvas.picture[0].coloured);
        if (ways[i] == CHOICE_SIXEL)
            assert_pictures_arrived(&desk, true);
        else
            assert_kitty_shows(&desk.emulator.kitty, &desk.canvas, true);
        desk_close(&desk);
        fake_free(snapshot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kitty_shows_the_very_colours),
        cmocka_unit_test(test_sixel_shows_the_colours),
        cmocka_unit_test(test_palettes_stay_between_frames),
        cmocka_unit_test(test_greys_have_no_tint),
        cmocka_unit_test(test_half_blocks_in_any_colour),
        cmocka_unit_test(test_who_takes_any_colour),
        cmocka_unit_test(test_half_blocks_in_what_colours_there_are),
        cmocka_unit_test(test_sixteen_colours_become_more),
        cmocka_unit_test(test_the_terminal_is_asked_for_colours),
        cmocka_unit_test(test_small_pictures_stay_whole),
        cmocka_unit_test(test_screens_arrive_in_colour),
    };
    unsetenv("COLORTERM");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
