/* The Samples view's look at a critic: a key shows its estimates and the teacher's, at the noise
 * level that the cursor stands on; runs without a critic never show them. */
#include "tests/fake_snapshot.h"
#include "views/screen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WIDTH = 120, HEIGHT = 40 };

static bool shows(Screen *screen, const Snapshot *snapshot, const char *text)
{
    Canvas canvas;
    CanvasLook look = {
        .colours = COLOURS_256, .graphics = GRAPHICS_BLOCKS, .cell_width = 10, .cell_height = 20};
    bool found = false;
    canvas_init(&canvas, WIDTH, HEIGHT, &look);
    screen_draw(screen, snapshot, &canvas);
    for (int y = 0; y < HEIGHT && !found; y++) {
        char row[WIDTH + 1] = "";
        for (int x = 0; x < WIDTH; x++) {
            uint32_t rune = canvas.cell[y * WIDTH + x].rune;
            row[x] = rune >= ' ' && rune < 127 ? (char)rune : ' ';
        }
        found = strstr(row, text);
    }
    canvas_done(&canvas);
    return found;
}

/* The made-up run gets estimates of a critic: the teacher's and student's states will do. */
static void judge(const Snapshot *snapshot)
{
    static const float level[] = {0.8f, 0.4f};
    SamplesView *samples = &((RunView *)(uintptr_t)snapshot->run[snapshot->runs - 1])->samples;
    samples->levels = 2;
    samples->level = level;
    samples->critic = samples->student;
    samples->score = samples->teacher;
}

static void test_critic(void **state)
{
    for (int images = 0; images < 2; images++) {
        const Snapshot *snapshot =
            fake_snapshot(&(FakeOptions){.runs = 1, .step = 900, .images = images});
        Screen *screen = screen_new(&(ScreenOptions){0});
        (void)state;
        screen_press(screen, snapshot, '3');
        assert_false(shows(screen, snapshot, "critic of it"));
        screen_press(screen, snapshot, 'c');
        assert_true(shows(screen, snapshot, "student at sample"));
        judge(snapshot);
        screen_press(screen, snapshot, 'c');
        assert_true(shows(screen, snapshot, "critic of it at u=0.40"));
        assert_true(shows(screen, snapshot, "teacher of it"));
        screen_press(screen, snapshot, 'h');
        assert_true(shows(screen, snapshot, "critic of it at u=0.80"));
        screen_press(screen, snapshot, 'c');
        assert_true(shows(screen, snapshot, "teacher of it at u=0.80"));
        screen_press(screen, snapshot, 't');
        assert_true(shows(screen, snapshot, "student at"));
        screen_free(screen);
        fake_free(snapshot);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_critic),
    };
    return cmocka_run_group_tests_name("critic's samples", tests, NULL, NULL);
}
