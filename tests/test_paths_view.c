/* Paths and the past on screen: what keys, the mouse and time do. */
#include "tests/fake_snapshot.h"
#include "views/draw/path_picture.h"
#include "views/model/path_gaps.h"
#include "views/model/samples.h"
#include "views/screen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

typedef struct Stand {
    const Snapshot *snapshot;
    Screen *screen;
    Canvas canvas;
    double now;
} Stand;

static Stand stand_up(const FakeOptions *fake, int width, int height)
{
    Stand stand = {fake_snapshot(fake), screen_new(&(ScreenOptions){0}), {0}, 100};
    CanvasLook look = {.colours = COLOURS_256, .cell_width = 10, .cell_height = 20};
    canvas_init(&stand.canvas, width, height, &look);
    return stand;
}

static void put_away(Stand *stand)
{
    canvas_done(&stand->canvas);
    screen_free(stand->screen);
    fake_free(stand->snapshot);
}

static void press(Stand *stand, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        screen_draw(stand->screen, stand->snapshot, &stand->canvas);
        screen_press(stand->screen, stand->snapshot, *keys);
    }
    screen_draw(stand->screen, stand->snapshot, &stand->canvas);
}

/* Does the screen show this anywhere? Beyond ASCII every rune is a '?'. */
static bool shows(const Stand *stand, const char *text)
{
    const Canvas *canvas = &stand->canvas;
    char row[512];
    for (int y = 0; y < canvas->height; y++) {
        for (int x = 0; x < canvas->width; x++) {
            uint32_t rune = canvas->cell[y * canvas->width + x].rune;
            row[x] = rune < 127 ? (char)rune : '?';
        }
        row[canvas->width] = '\0';
        if (strstr(row, text))
            return true;
    }
    return false;
}

static void assert_shows(const Stand *stand, const char *text)
{
    if (!shows(stand, text))
        fail_msg("\"%s\" is not on the screen", text);
}

/* The pictures' pixels, to tell whether something in them changed. */
static uint64_t pixels_of(const Stand *stand)
{
    uint64_t hash = 1469598103934665603u;
    for (int i = 0; i < stand->canvas.pictures; i++) {
        const Picture *picture = &stand->canvas.picture[i];
        for (int k = 0; k < picture->width * picture->height; k++)
            hash = (hash ^ picture->pixels[k]) * 1099511628211u;
    }
    return hash;
}

/* ---- Numbers ---- */

static void test_sentence_and_shares(void **state)
{
    (void)state;
    Stand stand = stand_up(&(FakeOptions){.runs = 1, .step = 900}, 120, 40);
    const PathsView *paths = stand.snapshot->run[0]->samples.paths;
    char text[96];
    int seed = paths_worst_seed(paths); /* nobody has chosen another one */
    for (int other = 0; other < paths->n; other++)
        assert_true(paths_gap(paths, 0, 4, other) <= paths_gap(paths, 0, 4, seed));
    press(&stand, "4");
    int worst = paths_worst(paths, seed);
    for (int stage = 1; stage <= 4; stage++)
        assert_true(paths_fresh(paths, stage, seed) <= paths_fresh(paths, worst, seed));
    double fresh = paths_fresh(paths, 4, seed), gap = paths_gap(paths, 0, 4, seed);
    char to[FORMAT_SIZE];
    samples_stage_name(to, &stand.snapshot->run[0]->samples, worst);
    snprintf(text, sizeof text, "%s; its end gap %.0f %% inherited", to, 100 * (1 - fresh / gap));
    assert_shows(&stand, text);
    snprintf(text, sizeof text, "seed %d, the worst", seed);
    assert_shows(&stand, text);
    double all_gap = 0, all_fresh = 0;
    for (seed = 0; seed < paths->n; seed++) {
        all_gap += paths_gap(paths, 0, 4, seed);
        all_fresh += paths_fresh(paths, 4, seed);
    }
    assert_true(fabs(paths_inherited(paths, -1) - (1 - all_fresh / all_gap)) < 1e-9);
    put_away(&stand);
}

/* ---- Keys ---- */

static void test_restart(void **state)
{
    (void)state;
    Stand stand = stand_up(&(FakeOptions){.runs = 1, .step = 900}, 80, 24);
    press(&stand, "4R");
    assert_shows(&stand, "choose a sampling step");
    press(&stand, "hh");
    uint64_t own = pixels_of(&stand);
    press(&stand, "R");
    assert_shows(&stand, "restarted at i=2: it ends");
    press(&stand, "l");
    assert_shows(&stand, "restarted at i=2");
    press(&stand, "h");
    assert_true(pixels_of(&stand) != own);
    press(&stand, "R");
    assert_shows(&stand, "own path again");
    assert_true(pixels_of(&stand) == own);
    put_away(&stand);
}

static void test_field_and_density(void **state)
{
    (void)state;
    Stand stand = stand_up(&(FakeOptions){.runs = 1, .step = 900}, 80, 24);
    press(&stand, "4h");
    uint64_t plain = pixels_of(&stand);
    press(&stand, "F");
    assert_true(pixels_of(&stand) != plain);
    press(&stand, "FD");
    assert_true(pixels_of(&stand) != plain);
    press(&stand, "D");
    assert_true(pixels_of(&stand) == plain);
    put_away(&stand);
    stand = stand_up(&(FakeOptions){.runs = 1, .step = 900, .images = true}, 120, 40);
    press(&stand, "4F");
    assert_shows(&stand, "for points only");
    put_away(&stand);
}

static void test_waiting_says_so(void **state)
{
    (void)state;
    Stand stand = stand_up(&(FakeOptions){.runs = 1, .step = 900, .no_paths = true}, 80, 24);
    press(&stand, "4");
    assert_shows(&stand, "being followed");
    put_away(&stand);
}

/* A click takes the seed nearest to it, the wheel goes along the steps; elsewhere nothing happens.
 */
static void test_mouse(void **state)
{
    (void)state;
    Stand stand = stand_up(&(FakeOptions){.runs = 1, .step = 900}, 80, 24);
    press(&stand, "4");
    const PathsView *paths = stand.snapshot->run[0]->samples.paths;
    PathsSpec spec = {.samples = &stand.snapshot->run[0]->samples, .paths = paths, .stage = 4};
    Rect cells = stand.canvas.picture[0].cells;
    PathsPlace place = paths_place(&stand.canvas.look, cells, &spec);
    for (int seed = 0; seed < paths->n; seed += 5) {
        int x, y;
        char text[16];
        cloud_pixel(place.box, place.world, paths_point(paths, 0, 4, seed), &x, &y);
        assert_int_equal(paths_nearest(&spec, &place, x, y), seed);
        screen_press(stand.screen, stand.snapshot,
                     press_mouse(MOUSE_CLICK, cells.x + x / 10, cells.y + y / 20));
        screen_draw(stand.screen, stand.snapshot, &stand.canvas);
        snprintf(text, sizeof text, "seed %d ",
                 paths_nearest(&spec, &place, x / 10 * 10 + 5, y / 20 * 20 + 10));
        assert_shows(&stand, text);
    }
    screen_press(stand.screen, stand.snapshot, press_mouse(MOUSE_WHEEL_UP, cells.x, cells.y));
    screen_draw(stand.screen, stand.snapshot, &stand.canvas);
    assert_shows(&stand, "u 0.25  i=1");
    put_away(&stand);
}

/* ---- The past ---- */

static void test_which_samples_fit(void **state)
{
    (void)state;
    RunView run = {.step = 1000, .steps = 1000};
    PathsView paths = {0};
    run.samples = (SamplesView){.step = 900, .n = 4};
    Session session = {.live = true};
    assert_ptr_equal(samples_shown(&session, &run), &run.samples);
    run.past = (SamplesView){.step = 300, .n = 4};
    assert_ptr_equal(samples_shown(&session, &run), &run.samples);
    session = (Session){.step = 350};
    assert_ptr_equal(samples_shown(&session, &run), &run.past);
    session.step = 950;
    assert_ptr_equal(samples_shown(&session, &run), &run.samples);
    session.step = 100; /* nothing is so old: the oldest there is, until the engine answers */
    assert_ptr_equal(samples_shown(&session, &run), &run.past);
    run.past =
        (SamplesView){.step = 900, .n = 4, .paths = &paths}; /* the newest again, with paths */
    session = (Session){.live = true};
    assert_ptr_equal(samples_shown(&session, &run), &run.past);
}

static void test_the_step_shown_is_named(void **state)
{
    (void)state;
    Stand stand = stand_up(&(FakeOptions){.runs = 1, .step = 2000, .past = 500}, 80, 24);
    press(&stand, "3,,,,,,,");
    assert_shows(&stand, "made at step 500");
    put_away(&stand);
    stand = stand_up(&(FakeOptions){.runs = 1, .step = 2000, .past = 500}, 200, 60);
    press(&stand, "3");
    assert_shows(&stand, "made at step 2 000");
    press(&stand, ",,,,,,,");
    assert_shows(&stand, "made at step 500, newest checkpoint before the cursor");
    press(&stand, "4");
    assert_shows(&stand, "made at step 500");
    screen_press(stand.screen, stand.snapshot, PRESS_END);
    screen_draw(stand.screen, stand.snapshot, &stand.canvas);
    assert_false(shows(&stand, "made at step"));
    assert_shows(&stand, "LIVE");
    put_away(&stand);
}

/* ---- Time ---- */

static Reply tick_after(Stand *stand, double seconds)
{
    stand->now += seconds;
    return screen_tick(stand->screen, stand->snapshot, stand->now);
}

static void assert_look(Reply reply, int run, long step, const char *text)
{
    assert_true(reply.kind == REPLY_SEND && reply.command.kind == COMMAND_LOOK);
    assert_int_equal(reply.command.run, run);
    assert_int_equal(reply.command.number, step);
    assert_string_equal(reply.command.text, text);
}

/* The engine hears of the cursor when it rests, once; and when nobody looks any more. */
static void test_the_engine_is_told(void **state)
{
    (void)state;
    Stand stand = stand_up(&(FakeOptions){.runs = 2, .step = 2000}, 80, 24);
    press(&stand, "1");
    assert_int_equal(tick_after(&stand, 0).kind, REPLY_UNKNOWN);
    assert_true(screen_wait(stand.screen, stand.snapshot, stand.now) < 0);
    press(&stand, "3");
    assert_int_equal(tick_after(&stand, 1).kind,
                     REPLY_UNKNOWN); /* the newest: nothing to ask for */
    press(&stand, ",");
    assert_int_equal(tick_after(&stand, 0).kind, REPLY_UNKNOWN);
    press(&stand, ",");
    assert_int_equal(tick_after(&stand, 0.1).kind, REPLY_UNKNOWN); /* still moving */
    double wait = screen_wait(stand.screen, stand.snapshot, stand.now);
    assert_true(wait > 0.1 && wait < 0.2);
    assert_look(tick_after(&stand, 0.16), 2, 1800, "");
    assert_int_equal(tick_after(&stand, 1).kind, REPLY_UNKNOWN);
    assert_true(screen_wait(stand.screen, stand.snapshot, stand.now) < 0);
    press(&stand, "4");
    tick_after(&stand, 0);
    assert_look(tick_after(&stand, 0.16), 2, 1800, "paths");
    press(&stand, "\t");
    tick_after(&stand, 0);
    assert_look(tick_after(&stand, 0.16), 2, -1, "");
    assert_look(tick_after(&stand, 0), 1, 1800, "paths");
    press(&stand, "1");
    tick_after(&stand, 0);
    assert_look(tick_after(&stand, 0.16), 1, -1, "");
    assert_int_equal(tick_after(&stand, 1).kind, REPLY_UNKNOWN);
    put_away(&stand);
}

/* Compare looks back at every run that is laid, and ends each of these looks. */
static void test_all_that_are_laid(void **state)
{
    (void)state;
    Stand stand = stand_up(&(FakeOptions){.runs = 3, .step = 2000}, 120, 40);
    press(&stand, "1v\t\tv6");
    screen_command(stand.screen, stand.snapshot, "go 500");
    tick_after(&stand, 0);
    Reply first = tick_after(&stand, 0.16), second = tick_after(&stand, 0);
    assert_int_equal(first.command.run + second.command.run, 3 + 2);
    assert_look(first, first.command.run, 500, "");
    assert_look(second, second.command.run, 500, "");
    assert_int_equal(tick_after(&stand, 1).kind, REPLY_UNKNOWN);
    press(&stand, "\t"); /* the same two, the other one chosen */
    tick_after(&stand, 0);
    screen_command(stand.screen, stand.snapshot, "go live");
    tick_after(&stand, 0);
    first = tick_after(&stand, 0.16), second = tick_after(&stand, 0);
    assert_int_equal(first.command.run + second.command.run, 3 + 2);
    assert_look(first, first.command.run, -1, "");
    assert_look(second, second.command.run, -1, "");
    assert_int_equal(tick_after(&stand, 1).kind, REPLY_UNKNOWN);
    assert_true(screen_wait(stand.screen, stand.snapshot, stand.now) < 0);
    put_away(&stand);
}

static void test_playing(void **state)
{
    (void)state;
    static const char *const stages[] = {"u 1.00  noise", "u 0.75  i=3", "u 0.50  i=2",
                                         "u 0.25  i=1", "u 0.00  sample"};
    Stand stand = stand_up(&(FakeOptions){.runs = 1, .step = 900}, 80, 24);
    press(&stand, "4");
    tick_after(&stand, 0);
    tick_after(&stand, 1); /* the look is sent */
    press(&stand, "p");
    for (int i = 0; i < 10; i++) {
        assert_int_equal(tick_after(&stand, 0).kind, REPLY_NONE);
        assert_int_equal(tick_after(&stand, 0.1).kind,
                         REPLY_UNKNOWN); /* two pictures a second, no more */
        screen_draw(stand.screen, stand.snapshot, &stand.canvas);
        assert_shows(&stand, stages[i % 5]);
        double wait = screen_wait(stand.screen, stand.snapshot, stand.now);
        assert_true(wait > 0.3 && wait < 1.3);
        stand.now += wait + 0.001;
    }
    press(&stand, "p");
    assert_int_equal(tick_after(&stand, 5).kind, REPLY_UNKNOWN);
    assert_true(screen_wait(stand.screen, stand.snapshot, stand.now) < 0);
    press(&stand, "ph"); /* moving by hand stops it too */
    assert_int_equal(tick_after(&stand, 5).kind, REPLY_UNKNOWN);
    put_away(&stand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentence_and_shares),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_field_and_density),
        cmocka_unit_test(test_waiting_says_so),
        cmocka_unit_test(test_mouse),
        cmocka_unit_test(test_which_samples_fit),
        cmocka_unit_test(test_the_step_shown_is_named),
        cmocka_unit_test(test_the_engine_is_told),
        cmocka_unit_test(test_all_that_are_laid),
        cmocka_unit_test(test_playing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
