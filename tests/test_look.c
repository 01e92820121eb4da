/* From what is known of a terminal to what is drawn for it: answers recorded from real ones. */
#include "app/terminal/look.h"
#include "app/terminal/modes.h"
#include "app/terminal/outside.h"
#include "tests/desk.h"
#include "tests/fake_snapshot.h"
#include "views/draw/picture.h"
#include "views/draw/theme.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail

static CanvasLook look_of(const Answers *answers, int width, int height)
{
    Sight sight = {.answers = answers, .width = width, .height = height, .decided = true};
    return look_for(&sight);
}

/* xterm.js says 8x15 of cells of 7.5x15 pixels: pictures are as wide as their cells. */
static void test_cells_are_fractions_where_they_were_rounded_up(void **state)
{
    (void)state;
    static const struct {
        int cell[2], area[2];
        double width, height;
        const char *remark;
        /* clang-format off */
    } rows[] = {
        {{8, 15},  {600, 360},  7.5, 15,  "sixel 7.5x15" }, /* rounded up */
        {{10, 20}, {800, 480},  10,  20,  "sixel 10x20"  },
        {{10, 20}, {804, 486},  10,  20,  "sixel 10x20"  }, /* a margin inside the area */
        {{10, 20}, {400, 240},  10,  20,  "sixel 10x20"  }, /* stale: of half the window */
        {{9, 18},  {700, 420},  8.75, 17.5, "sixel 8.75x17.5"},
        {{0, 0},   {804, 486},  10,  20,  "sixel 10x20"  }, /* no answer but the area's */
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Answers answers = {.done = true,
                           .sixel = true,
                           .cell_width = rows[i].cell[0],
                           .cell_height = rows[i].cell[1],
                           .text_width = rows[i].area[0],
                           .text_height = rows[i].area[1]};
        CanvasLook look = look_of(&answers, 80, 24);
        assert_float_equal(look.cell_width, rows[i].width, 1e-9);
        assert_float_equal(look.cell_height, rows[i].height, 1e-9);
        assert_string_equal(look.remark, rows[i].remark);
    }
}

/* Boxes of neighbouring cells meet, and nothing reaches beyond the cells. */
static void test_rasters_cover_their_cells(void **state)
{
    (void)state;
    static const double units[] = {7.5, 7.8, 8.4, 10, 6.6667};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        CanvasLook look = {.graphics = GRAPHICS_SIXEL, .cell_width = units[u], .cell_height = 15.6};
        for (int width = 1; width < 60; width++) {
            Raster raster = raster_for(&look, (Rect){3, 2, width, 7});
            assert_true(raster.width <= width * units[u] + 1e-6);
            assert_true(raster.width > width * units[u] - 1);
            for (int x = 0, edge = 0; x < width; x++) {
                Box box = raster_box(&raster, (Rect){3 + x, 2, 1, 7});
                assert_int_equal(box.x, edge);
                edge = box.x + box.width;
            }
        }
    }
}

/* What each of these said to the whole burst, with so many cells, and what is drawn for it. */
static void test_recorded_terminals(void **state)
{
    (void)state;
    static const struct {
        const char *said;
        int width, height;
        const char *remark;
        /* clang-format off */
    } rows[] = {
        {"\033P>|XTerm(379)\033\\\033[?1;0;1024S\033[?2;0;880;612S\033[?2026;0$y"
         "\033]11;rgb:ffff/ffff/ffff\033\\\033[?63;1;2;4;6;9;15;16;22;28c",      110, 36, "sixel 8x17" },
        {"\033P>|foot(1.13.1)\033\\\033[?1;0;1024S\033[?2;0;992;612S\033[6;17;8t\033[4;612;992t"
         "\033[?2026;2$y\033]11;rgb:1111/1111/1111\033\\\033[?62;4;22c",        124, 36, "sixel 8x17" },
        {"\033_Gi=31;OK\033\\\033P>|kitty(0.26.5)\033\\\033[6;20;9t\033[4;720;990t\033[?2026;2$y"
         "\033]11;rgb:0000/0000/0000\033\\\033[?62;c",                          110, 36, "kitty 9x20" },
        {"\033_Gi=31;OK\033\\\033P>|Konsole 22.12.3\033\\\033[?1;0;256S\033[?2;0;16384;16384S"
         "\033[6;18;8t\033[4;504;880t\033]11;rgb:2323/2626/2727\033\\\033[?62;1;4c", 110, 28, "kitty 8x18" },
        {"\033[4;616;1006t\033[?2026;0$y\033[?1;2c",                             110, 36, "blocks"     }, /* urxvt 9.30 */
        {"\033[?1;0;256S\033[?2;0;843;576S\033[6;16;8t\033[4;576;843t\033[?2026;2$y"
         "\033]11;rgb:0000/0000/0000\033\\\033[?62;4;9;22c",                    100, 36, "sixel 8.43x16"}, /* xterm.js 6.0 */
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Probe probe;
        InputEvent events[PROBE_EVENTS];
        probe_init(&probe);
        for (const char *c = rows[i].said; *c; c++)
            assert_true(probe_feed(&probe, (unsigned char)*c, events) <= PROBE_EVENTS);
        assert_true(probe.answers.done);
        CanvasLook look = look_of(&probe.answers, rows[i].width, rows[i].height);
        assert_string_equal(look.remark, rows[i].remark);
    }
}

/* urxvt and zutty print the question: the row it is asked in is cleared behind it. */
static void test_the_row_of_the_question_is_cleared(void **state)
{
    (void)state;
    char sent[1024] = "";
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    Wire wire = {.fd = ends[1]};
    setenv("TERM", "rxvt-unicode-256color", 1);
    unsetenv("TMUX");
    modes_ask(&wire);
    close(ends[1]);
    ssize_t n = read(ends[0], sent, sizeof sent - 1);
    close(ends[0]);
    assert_true(n > 0);
    const char *question = strstr(sent, probe_kitty);
    assert_non_null(question);
    assert_true(strncmp(question - 3, "\033[H", 3) == 0);
    assert_true(strncmp(question + strlen(probe_kitty), "\033[H\033[2K", 7) == 0);
}

/* No ink of pictures is near the colour of the ground, dark or light. */
static void test_marks_are_seen_on_any_ground(void **state)
{
    (void)state;
    static const uint8_t grounds[][3] = {{0, 0, 0}, {35, 38, 39}, {255, 255, 255}, {253, 246, 227}};
    for (size_t g = 0; g < sizeof grounds / sizeof *grounds; g++) {
        for (int ink = 0; ink < INKS; ink++) {
            uint8_t rgb[3];
            theme_ink_rgb((Ink)ink, grounds[g], rgb);
            assert_true(abs(theme_luminance(rgb) - theme_luminance(grounds[g])) >= 80);
        }
    }
}

static void test_kitty_where_both_are_known(void **state)
{
    (void)state;
    Answers answers = {
        .done = true, .sixel = true, .kitty = true, .cell_width = 10, .cell_height = 20};
    assert_string_equal(look_of(&answers, 80, 24).remark, "kitty 10x20"); /* Konsole 22.12 */
    answers.kitty = false;
    assert_string_equal(look_of(&answers, 80, 24).remark, "sixel 10x20");
}

/* As tmux answered in each of these terminals. */
static void test_tmux_is_asked_what_stands_outside(void **state)
{
    (void)state;
    static const struct {
        const char *answer;
        bool sixel;
        /* clang-format off */
    } rows[] = {
        {"bpaste,ccolour,clipboard,cstyle,focus,sixel,title 10", true }, /* 3.5a in xterm -ti vt340 */
        {"sixel 9",                                              true },
        {"bpaste,ccolour,clipboard,cstyle,focus,title 10",       false}, /* 3.5a in plain xterm */
        {"256,RGB,sixel,title 0",                                false}, /* detached, no pixels */
        {" 10",                                                  false}, /* 3.3a names none */
        {"nosixel,title 10",                                     false},
        {"",                                                     false},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(outside_says_sixel(rows[i].answer), rows[i].sixel);
    unsetenv("TMUX");
    assert_true(outside_takes_sixel());
    setenv("TMUX", "/none/default,1,0", 1); /* no server answers there */
    assert_false(outside_takes_sixel());
    unsetenv("TMUX");
    Probe probe;
    InputEvent events[PROBE_EVENTS];
    probe_init(&probe);
    probe.no_sixel_here = true;
    for (const char *c = "\033[?1;2;4c"; *c; c++) /* tmux 3.5a, whatever is outside */
        probe_feed(&probe, (unsigned char)*c, events);
    assert_true(probe.answers.done && !probe.answers.sixel);
}

static void test_the_ground_by_the_environment(void **state)
{
    (void)state;
    uint8_t rgb[3];
    assert_true(outside_ground("0;15", rgb) && rgb[0] == 255);
    assert_true(outside_ground("0;default;7", rgb) && rgb[2] == 255);
    assert_true(outside_ground("15;0", rgb) && rgb[0] == 0);
    assert_false(outside_ground("15;default", rgb) || outside_ground("", rgb) ||
                 outside_ground(NULL, rgb));
    Answers answers = {.done = true};
    uint8_t white[3] = {255, 255, 255};
    Sight sight = {.answers = &answers, .width = 80, .height = 24, .ground = white};
    assert_int_equal(look_for(&sight).background[1], 255);
    answers.has_background = true; /* the terminal knows better */
    assert_int_equal(look_for(&sight).background[1], 0);
}

static void test_palette_numbers_become_rgb(void **state)
{
    (void)state;
    assert_int_equal(look_direct(-1), -1);
    assert_int_equal(look_direct(7), 7);
    assert_int_equal(look_direct(15), 0xffffff);
    assert_int_equal(look_direct(16), 0);
    assert_int_equal(look_direct(208), 0xff8700);
    assert_int_equal(look_direct(231), 0xffffff);
    assert_int_equal(look_direct(244), 0x808080);
}

static void hear(Desk *desk, const char *answer)
{
    assert_int_equal(write(desk->emulator.master, answer, strlen(answer)), strlen(answer));
}

/* No SIGWINCH comes: the answers beside the acknowledgements tell. */
static void test_another_font_with_the_same_grid(void **state)
{
    (void)state;
    Desk desk;
    const Snapshot *snapshot =
        fake_snapshot(&(FakeOptions){.runs = 5, .step = 2000, .images = true});
    emulator_environment();
    desk_open(&desk, 100, 30, CHOICE_SIXEL);
    desk_settle(&desk);
    hear(&desk, "\033[6;20;10t\033[4;600;1000t");
    screen_press(desk.screen, snapshot, '3');
    desk_draw(&desk, snapshot);
    assert_pictures_arrived(&desk, true);
    assert_string_equal(term_look(desk.term).remark, "sixel 10x20");
    hear(&desk, "\033[6;26;13t\033[4;765;1250t");
    desk.emulator.cell_width = 13;
    desk.emulator.cell_height = 26;
    for (int i = 0; i < 1000 && term_look(desk.term).cell_width < 11; i++)
        desk_settle(&desk);
    assert_string_equal(term_look(desk.term).remark, "sixel 12.5x25.5");
    desk_draw(&desk, snapshot);
    assert_true(desk.canvas.pictures > 0);
    for (int i = 0; i < desk.canvas.pictures; i++)
        assert_true(desk.canvas.picture[i].width >
                    desk.canvas.picture[i].cells.width * 12.5 - 1 - 1e-6);
    assert_text_arrived(&desk);
    assert_pictures_arrived(&desk, true);
    desk_close(&desk);
    fake_free(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells_are_fractions_where_they_were_rounded_up),
        cmocka_unit_test(test_rasters_cover_their_cells),
        cmocka_unit_test(test_recorded_terminals),
        cmocka_unit_test(test_the_row_of_the_question_is_cleared),
        cmocka_unit_test(test_marks_are_seen_on_any_ground),
        cmocka_unit_test(test_kitty_where_both_are_known),
        cmocka_unit_test(test_tmux_is_asked_what_stands_outside),
        cmocka_unit_test(test_the_ground_by_the_environment),
        cmocka_unit_test(test_palette_numbers_become_rgb),
        cmocka_unit_test(test_another_font_with_the_same_grid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
