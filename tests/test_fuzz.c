/* Anything, anywhere: every key of every view, typed lines, the mouse and lessons, on
 * every kind of run and on canvases of any size, down to one cell. No terminal. */
#include "app/workbench/lesson_file.h"
#include "tests/fake_snapshot.h"
#include "tests/sound.h"
#include "views/model/keys.h"
#include "views/screen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 10;
}

static int random_mouse(unsigned *seed)
{
    static const int edges[] = {0, 1, 40, 200, 0x3fff};
    int x = next(seed) % 4 ? (int)(next(seed) % 130) : edges[next(seed) % 5];
    int y = next(seed) % 4 ? (int)(next(seed) % 45) : edges[next(seed) % 5];
    return press_mouse((MouseKind)(next(seed) % 4), x, y);
}

static int random_press(unsigned *seed)
{
    static const int special[] = {PRESS_UP,      PRESS_DOWN,
                                  PRESS_LEFT,    PRESS_RIGHT,
                                  PRESS_HOME,    PRESS_END,
                                  PRESS_TAB,     PRESS_BACK_TAB,
                                  PRESS_PAGE_UP, PRESS_PAGE_DOWN,
                                  PRESS_ENTER,   PRESS_ESCAPE,
                                  PRESS_UNKNOWN, PRESS_F1,
                                  PRESS_DELETE,  PRESS_BACKSPACE,
                                  '1',           '2',
                                  '3',           '4',
                                  '5',           '6',
                                  '+',           '[',
                                  ']',           'v',
                                  0xe9,          0x2192,
                                  0x10ffff};
    unsigned n = next(seed);
    return n % 8 == 0    ? random_mouse(seed)
           : n % 2 == 0  ? special[n / 8 % (sizeof special / sizeof *special)]
           : n % 32 == 1 ? key_rows[n / 32 % (unsigned)key_row_count].press
                         : (int)(n / 2 % 128);
}

static const Snapshot *random_snapshot(unsigned *seed)
{
    FakeOptions fake = {.runs = (int)(next(seed) % 6),
                        .step = (long)(next(seed) % 4000),
                        .seed = next(seed),
                        .sampling = 1 + (int)(next(seed) % (next(seed) % 3 ? 8 : 20)),
                        .images = next(seed) % 4 == 0,
                        .colour = next(seed) % 2 == 0,
                        .guided = next(seed) % 2,
                        .empty = next(seed) % 5 == 0,
                        .hole = next(seed) % 2,
                        .all_done = next(seed) % 5 == 0,
                        .steered = next(seed) % 2,
                        .no_paths = next(seed) % 4 == 0,
                        .past = next(seed) % 3 == 0 ? 1 + (long)(next(seed) % 900) : 0,
                        .bad_news = next(seed) % 3 == 0};
    return fake_snapshot(&fake);
}

static void random_canvas(Canvas *canvas, unsigned *seed)
{
    CanvasLook look = {.colours = (ColourLevel)(next(seed) % 3),
                       .ascii = next(seed) % 4 == 0,
                       .graphics = (Graphics)(next(seed) % 4),
                       .cell_width = 4 + (int)(next(seed) % 20),
                       .cell_height = 6 + (int)(next(seed) % 40)};
    unsigned kind = next(seed) % 16;
    int width = kind == 0  ? 1
                : kind < 4 ? 1 + (int)(next(seed) % 45)
                           : 40 + (int)(next(seed) % 180);
    int height = kind == 0  ? 1
                 : kind < 4 ? 1 + (int)(next(seed) % 12)
                            : 10 + (int)(next(seed) % 55);
    canvas_init(canvas, width, height, &look);
}

static void draw_and_check(Screen *screen, const Snapshot *snapshot, unsigned *seed)
{
    Canvas canvas;
    random_canvas(&canvas, seed);
    screen_draw(screen, snapshot, &canvas);
    assert_sound(&canvas);
    screen_want(screen, snapshot);
    canvas_done(&canvas);
}

static void press_and_check(Screen *screen, const Snapshot *snapshot, int press)
{
    Reply reply = screen_press(screen, snapshot, press);
    assert_true(reply.kind != REPLY_CLOSE && reply.kind != REPLY_ELSEWHERE);
    assert_true(reply.kind != REPLY_VIEW);
    assert_true(reply.kind != REPLY_SEND || reply.command.kind == COMMAND_NEW ||
                reply.command.run > 0);
}

/* Sizes change under the very same screen, as in a storm of resizes. */
static void storm(Screen *screen, unsigned *seed, int rounds)
{
    const Snapshot *snapshot = random_snapshot(seed);
    for (int round = 0; round < rounds; round++) {
        if (next(seed) % 20 == 0) {
            fake_free(snapshot);
            snapshot = random_snapshot(seed);
        }
        draw_and_check(screen, snapshot, seed);
        for (int presses = (int)(next(seed) % 4); presses >= 0; presses--)
            press_and_check(screen, snapshot, random_press(seed));
        screen_tick(screen, snapshot, round * 0.1);
        draw_and_check(screen, snapshot, seed);
    }
    fake_free(snapshot);
}

static void test_random_keys_never_crash(void **state)
{
    (void)state;
    unsigned seed = 11;
    Screen *screen = screen_new(&(ScreenOptions){0});
    storm(screen, &seed, 1000);
    screen_free(screen);
    screen = screen_new(&(ScreenOptions){.readonly = true});
    storm(screen, &seed, 100);
    screen_free(screen);
}

/* Each key there is, in each view, on runs of each kind. */
static void test_every_key_in_every_view(void **state)
{
    (void)state;
    /* clang-format off */
    static const FakeOptions kinds[] = {
        {.runs = 0          },
        {             .runs = 1,         .empty = true   },
        { .runs = 5,  .step = 2900,               .steered = true, .past = 1500},
        { .runs = 5,   .step = 2900,           .images = true, .bad_news = true},
        {           .runs = 3, .step = 3999, .all_done = true, .no_paths = true},
    };
    /* clang-format on */
    unsigned seed = 5;
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        const Snapshot *snapshot = fake_snapshot(&kinds[kind]);
        for (int view = '1'; view <= '6'; view++) {
            Screen *screen = screen_new(&(ScreenOptions){0});
            for (int i = 0; i < key_row_count; i++) {
                screen_press(screen, snapshot, PRESS_ESCAPE);
                screen_press(screen, snapshot, view);
                press_and_check(screen, snapshot, key_rows[i].press);
                draw_and_check(screen, snapshot, &seed);
            }
            screen_free(screen);
        }
        fake_free(snapshot);
    }
}

/* Lines typed behind : / m = in every view: words that are known, and anything else. */
static void test_typed_lines(void **state)
{
    (void)state;
    static const char *const pieces[] = {
        "tweak",  "set ",  "run.", "loss.threshold", "=",     "1e999", "-",   "0",
        "nan",    "step>", ">=",   "and ",           "or",    "\xff",  "%s",  "%n",
        "filter", "goto ", "note", "wait",           "theme", "view",  "999", " "};
    unsigned seed = 77;
    const Snapshot *snapshot =
        fake_snapshot(&(FakeOptions){.runs = 5, .step = 2900, .steered = true});
    Screen *screen = screen_new(&(ScreenOptions){0});
    for (int round = 0; round < 400; round++) {
        screen_press(screen, snapshot, '1' + (int)(next(&seed) % 6));
        screen_press(screen, snapshot, ":/m="[next(&seed) % 4]);
        for (int n = (int)(next(&seed) % 6); n >= 0; n--) {
            const char *piece = pieces[next(&seed) % (sizeof pieces / sizeof *pieces)];
            for (; *piece != '\0'; piece++)
                press_and_check(screen, snapshot, (unsigned char)*piece);
        }
        for (int n = next(&seed) % 40 == 0 ? 3000 : 0; n > 0; n--)
            screen_press(screen, snapshot, 'x'); /* no line is too long */
        draw_and_check(screen, snapshot, &seed);
        static const int ends[] = {PRESS_ENTER, PRESS_TAB, PRESS_ESCAPE, PRESS_BACKSPACE};
        press_and_check(screen, snapshot, ends[next(&seed) % 4]);
        draw_and_check(screen, snapshot, &seed);
        screen_press(screen, snapshot, PRESS_ESCAPE);
    }
    screen_free(screen);
    fake_free(snapshot);
}

static void test_lessons_under_any_key(void **state)
{
    (void)state;
    Lesson *lessons;
    int n;
    Error error = {""};
    unsigned seed = 3;
    assert_int_equal(lessons_read("assets/lessons", &lessons, &n, &error), STATUS_OK);
    assert_true(n >= 6);
    for (int i = 0; i < n; i++) {
        Screen *screen = screen_new(&(ScreenOptions){0});
        screen_tour(screen, lessons, n, i);
        storm(screen, &seed, 50);
        screen_free(screen);
    }
    free(lessons);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_keys_never_crash),
        cmocka_unit_test(test_every_key_in_every_view),
        cmocka_unit_test(test_typed_lines),
        cmocka_unit_test(test_lessons_under_any_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
