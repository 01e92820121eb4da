/* Lessons: files that are wrong say where; steps wait until they are done; the strip
 * shows them. */
#include "app/workbench/lesson_file.h"
#include "tests/fake_snapshot.h"
#include "views/screen.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *path(void) { return "lesson-under-test.ini"; }

static Status read_text(const char *text, Lesson *lesson, Error *error)
{
    FILE *file = fopen(path(), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    Status status = lesson_read(path(), lesson, error);
    unlink(path());
    return status;
}

static const char good[] = "; a lesson\n"
                           "[lesson]\n"
                           "title = Drift\n"
                           "preset = ring-pd\n"
                           "set = run.steps=600 shift.every=50\n"
                           "[step]\n"
                           "say = One thing.\n"
                           "  And another.\n"
                           "do = Press 2\n"
                           "until = view=curves\n"
                           "seen = It falls.\n"
                           "[step]\n"
                           "do = Read\n"
                           "[step]\n"
                           "do = Hold the cursor\n"
                           "until = live=0 and cursor<500\n";

static void test_a_file(void **state)
{
    (void)state;
    Lesson *lesson = calloc(1, sizeof *lesson);
    Error error;
    assert_int_equal(read_text(good, lesson, &error), STATUS_OK);
    assert_string_equal(lesson->title, "Drift");
    assert_string_equal(lesson->name, "lesson-under-test");
    assert_string_equal(lesson->launch, "ring-pd\nrun.steps=600\nshift.every=50");
    assert_int_equal(lesson->steps, 3);
    assert_string_equal(lesson->step[0].say, "One thing. And another.");
    assert_string_equal(lesson->step[0].until, "view=curves");
    free(lesson);
}

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
        /* clang-format off */
    } rows[] = {
        {"[lesson]\ntitle = x\n",                                  "at least one [step]"  },
        {"[lesson]\ntitle = x\n[step]\nsay = y\n",                 "without do"           },
        {"[lesson]\ntitle = x\n[step]\ndo = y\nuntil = bogus>3\n", "no such name: bogus"  },
        {"[lesson]\ntitle = x\n[step]\ndo = y\nuntil = step>>3\n", "value is missing"     },
        {"[lesson]\ntitle = x\ncolour = red\n",                    ":3: no such key"      },
        {"[lesson]\ntitle\n",                                      ":2: write key = value"},
        {"[step]\n[step]\n[step]\n[step]\n[step]\n[step]\n[step]\n[step]\n[step]\n[step]"
         "\n[step]\n[step]\n[step]\n[step]\n[step]\n"
         "[step]\n[step]\n",                                                         "more steps"                                                               },
    };
    /* clang-format on */
    Lesson *lesson = calloc(1, sizeof *lesson);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Error error;
        assert_int_equal(read_text(rows[i].text, lesson, &error), STATUS_BAD_INPUT);
        assert_non_null(strstr(error.text, rows[i].says));
    }
    free(lesson);
}

/* What ends, and within the room a lesson may take, is read; a device is not read for ever. */
static void test_files_from_anywhere(void **state)
{
    (void)state;
    Lesson *lesson = calloc(1, sizeof *lesson);
    Error error;
    assert_int_equal(lesson_read("nowhere.ini", lesson, &error), STATUS_BAD_INPUT);
    assert_int_equal(lesson_read("/dev/zero", lesson, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "larger than"));
    assert_int_equal(lesson_read("/", lesson, &error), STATUS_BAD_INPUT);
    assert_int_equal(
        read_text("\xEF\xBB\xBF[lesson]\r\ntitle = x\r\n[step]\r\ndo = y\r\n", lesson, &error),
        STATUS_OK);
    assert_string_equal(lesson->title, "x");
    char text[4000];
    snprintf(text, sizeof text, "[lesson]\ntitle = x\n[step]\nsay = %0*d\n", 3000, 0);
    assert_int_equal(read_text(text, lesson, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, ":4: too long a line"));
    free(lesson);
}

static bool shows(Screen *screen, const Snapshot *snapshot, const char *text)
{
    CanvasLook look = {.colours = COLOURS_NONE, .ascii = true, .graphics = GRAPHICS_OFF};
    Canvas canvas;
    char all[24 * 81 + 1];
    canvas_init(&canvas, 80, 24, &look);
    screen_draw(screen, snapshot, &canvas);
    for (int i = 0; i < 24 * 80; i++)
        all[i] = (char)canvas.cell[i].rune;
    all[24 * 80] = '\0';
    canvas_done(&canvas);
    return strstr(all, text);
}

static void test_steps_wait(void **state)
{
    (void)state;
    Lesson *lesson = calloc(1, sizeof *lesson);
    Error error;
    assert_int_equal(read_text(good, lesson, &error), STATUS_OK);
    const Snapshot *snapshot = fake_snapshot(&(FakeOptions){.runs = 2, .step = 900});
    Screen *screen = screen_new(&(ScreenOptions){0});
    screen_tour(screen, lesson, 1, 0);
    Reply want = screen_want(screen, snapshot);
    assert_true(want.kind == REPLY_SEND && want.command.kind == COMMAND_NEW);
    assert_int_equal(screen_want(screen, snapshot).kind, REPLY_NONE); /* once */
    assert_true(shows(screen, snapshot, "step 1 of 3"));
    screen_press(screen, snapshot, 'g'); /* not a step to read */
    assert_true(shows(screen, snapshot, "step 1 of 3"));
    screen_press(screen, snapshot, '2');
    assert_true(shows(screen, snapshot, "step 2 of 3"));
    assert_true(shows(screen, snapshot, "It falls."));
    screen_press(screen, snapshot, 'g');
    assert_true(shows(screen, snapshot, "step 3 of 3"));
    screen_command(screen, snapshot, "lesson back");
    assert_true(shows(screen, snapshot, "step 2 of 3"));
    screen_command(screen, snapshot, "lesson next");
    screen_command(screen, snapshot, "go 100");
    assert_true(shows(screen, snapshot, "the last lesson"));
    screen_command(screen, snapshot, "lesson leave");
    assert_false(shows(screen, snapshot, "lesson 1 of 1"));
    screen_free(screen);
    fake_free(snapshot);
    free(lesson);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_files_from_anywhere),
        cmocka_unit_test(test_steps_wait),
    };
    return cmocka_run_group_tests_name("lesson", tests, NULL, NULL);
}
