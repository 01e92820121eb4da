/* Lessons: files that are wrong say where; steps wait until they are done; the strip
 * shows them. */
#include "app/workbench/lesson_file.h"
#include "tests/fake_snapshot.h"
#include "views/screen.h"
#include "views/tour/lesson_value.h"
#include <math.h>
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
                           "when = step>1000000\n"
                           "seen = Far.\n"
                           "seen = It is at {step} of {steps}, {progress%}.\n"
                           "[step]\n"
                           "look = view samples; stage last\n"
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
    assert_int_equal(lesson->step[0].cases, 2);
    assert_string_equal(lesson->step[0].seen[0].when, "step>1000000");
    assert_string_equal(lesson->step[0].seen[1].when, "");
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
        {"[lesson]\ntitle = x\n[step]\ndo = y\nuntil = step>3 or step<2\n", ":3: parts are joined"},
        {"[lesson]\ntitle = x\n[step]\ndo = y\nseen = {bogus}\n", "no such name: bogus (seen"},
        {"[lesson]\ntitle = x\n[step]\ndo = y\nseen = {step\n", "brace without its end"},
        {"[lesson]\ntitle = x\n[step]\ndo = y\nwhen = step>2\n", "without seen"},
        {"[lesson]\ntitle = x\n[step]\ndo = y\nlook = view bogus\n", "view bogus"},
        {"[lesson]\ntitle = x\n[step]\ndo = y\nlook = pause\n", "asleep"},
        {"[lesson]\ntitle = x\n[step]\ndo = y\nshow = save-display f\n", "does more than look"},
        {"[lesson]\ntitle = x\n[step]\ndo = y\n[step]\nsay = z\n", ":5: a [step] without do"},
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

/* A learner at the one lesson of `text`, on a snapshot. */
typedef struct Learner {
    Lesson *lesson;
    Screen *screen;
    const Snapshot *snapshot;
    double now;
} Learner;

static Learner learner(const char *text, const FakeOptions *options, bool readonly)
{
    Learner one = {.lesson = calloc(1, sizeof *one.lesson), .now = 100};
    Error error;
    assert_int_equal(read_text(text, one.lesson, &error), STATUS_OK);
    one.snapshot = fake_snapshot(options);
    one.screen = screen_new(&(ScreenOptions){.readonly = readonly});
    screen_tour(one.screen, one.lesson, 1, 0);
    return one;
}

static void leave(Learner *one)
{
    screen_free(one->screen);
    fake_free(one->snapshot);
    free(one->lesson);
}

static bool sees(Learner *one, const char *text) { return shows(one->screen, one->snapshot, text); }

static void wait(Learner *one, double seconds)
{
    screen_tick(one->screen, one->snapshot, one->now);
    one->now += seconds;
    for (int i = 0; i < 4; i++) /* what is looked at is sent first */
        screen_tick(one->screen, one->snapshot, one->now += 0.2);
}

static void press(Learner *one, int key) { screen_press(one->screen, one->snapshot, key); }

static Reply wants(Learner *one)
{
    sees(one, "");
    return screen_want(one->screen, one->snapshot);
}

/* Six words take 2.4 seconds. */
static void test_steps_wait(void **state)
{
    (void)state;
    Learner one = learner(good, &(FakeOptions){.runs = 2, .step = 900}, false);
    Reply want = wants(&one);
    assert_true(want.kind == REPLY_SEND && want.command.kind == COMMAND_NEW);
    assert_true(sees(&one, "step 1 of 3"));
    press(&one, 'g');
    assert_true(sees(&one, "Press 2") && sees(&one, "not yet: this is the view Runs"));
    press(&one, '2');
    assert_true(sees(&one, "It is at 900 of 4000, 22 %."));
    wait(&one, 1000);
    assert_true(sees(&one, "It is at 900"));
    press(&one, 'G');
    assert_true(sees(&one, "Press 2") && sees(&one, "g goes on"));
    wait(&one, 1000);
    assert_true(sees(&one, "Press 2"));
    press(&one, 'g');
    press(&one, 'g');
    assert_true(sees(&one, "step 2 of 3") && sees(&one, "[3 Samples]"));
    press(&one, 'g');
    assert_true(sees(&one, "step 3 of 3"));
    screen_command(one.screen, one.snapshot, "lesson next");
    assert_true(sees(&one, "the last lesson"));
    screen_command(one.screen, one.snapshot, "lesson leave");
    assert_false(sees(&one, "lesson 1"));
    leave(&one);
}

/* What was to be done is done at once: the text stays as long as it takes to read. */
static void test_texts_can_be_read(void **state)
{
    (void)state;
    Learner one = learner(good, &(FakeOptions){.runs = 2, .step = 900}, false);
    wants(&one);
    press(&one, '2');
    wait(&one, 1.2);
    assert_true(sees(&one, "And another.") && sees(&one, "done; g goes on"));
    assert_true(screen_wait(one.screen, one.snapshot, one.now) <= 2.4);
    wait(&one, 2);
    assert_true(sees(&one, "It is at 900"));
    leave(&one);
}

static const char training[] = "[lesson]\ntitle = T\npreset = ring-pd\n"
                               "[step]\ndo = Press 2 and watch\nuntil = view=curves and step>=950\n"
                               "seen = Seen.\n"
                               "[step]\ndo = fork\nuntil = forked\n";

/* A snapshot in which all but the first `old` runs came with the lesson. */
static void begin_after(Learner *one, int old)
{
    Snapshot before = *one->snapshot;
    CanvasLook look = {.colours = COLOURS_NONE, .ascii = true, .graphics = GRAPHICS_OFF};
    Canvas canvas;
    before.runs = old;
    canvas_init(&canvas, 80, 24, &look);
    screen_draw(one->screen, &before, &canvas);
    screen_want(one->screen, &before);
    canvas_done(&canvas);
}

/* The run trains only while the step waits for it; a learner who lets it go on has his will. */
static void test_runs_wait(void **state)
{
    (void)state;
    Learner one = learner(training, &(FakeOptions){.runs = 5, .step = 900}, false);
    begin_after(&one, 4);
    Reply want = wants(&one);
    int id = one.snapshot->run[4]->id;
    assert_true(want.kind == REPLY_SEND && want.command.kind == COMMAND_PAUSE);
    assert_int_equal(want.command.run, id);
    assert_int_equal(wants(&one).kind, REPLY_NONE); /* once */
    press(&one, '2');
    assert_int_equal(wants(&one).kind, REPLY_NONE); /* not read yet */
    wait(&one, 60);
    want = wants(&one);
    assert_true(want.kind == REPLY_SEND && want.command.kind == COMMAND_START);
    assert_int_equal(want.command.run, id);
    assert_true(sees(&one, "the run goes on"));
    press(&one, '1');
    assert_int_equal(wants(&one).command.kind, COMMAND_PAUSE);
    leave(&one);
}

/* A run that is over, gone or not ours leaves no step without a way on. */
static void test_nothing_hangs(void **state)
{
    (void)state;
    static const struct {
        FakeOptions options;
        bool readonly;
        /* clang-format off */
    } rows[] = {
        {{.runs = 5, .step = 900, .all_done = true}, false},
        {{.runs = 0},                                false},
        {{.runs = 0},                                true },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Learner one = learner(training, &rows[i].options, rows[i].readonly);
        wants(&one);
        press(&one, '2');
        wait(&one, 60);
        assert_true(sees(&one, "run over; g goes on"));
        press(&one, 'g');
        assert_true(sees(&one, "Seen."));
        leave(&one);
    }
}

static void test_claims(void **state)
{
    (void)state;
    Learner one = learner(good, &(FakeOptions){.runs = 5, .step = 900}, false);
    Session session = {.run = one.snapshot->run[4]->id, .live = true};
    Scene scene = {
        .snapshot = one.snapshot, .run = one.snapshot->run[4], .session = &session, .views = NULL};
    LessonContext context = {.scene = &scene, .view = "Curves"};
    const ShiftView *shift = &scene.run->shift_view;
    int newest = (shift->columns - 1) * shift->rows;
    FilterValue value;
    char text[200];
    assert_true(lesson_value(&context, "ratio_last", &value));
    assert_float_equal(value.number, shift->ratio[newest + shift->rows - 1], 1e-6);
    assert_true(lesson_value(&context, "parent.step", &value));
    const RunView *parent = snapshot_run(one.snapshot, scene.run->parent);
    assert_true(parent ? value.number == (double)parent->step : value.number == 0);
    assert_true(lesson_value(&context, "agree", &value) && value.number >= 0);
    assert_true(lesson_value(&context, "curve.bogus", &value) && isnan(value.number));
    lesson_fill(&context, "{curve.bogus} {view} {step}", text, sizeof text);
    assert_string_equal(text, "unknown Curves 900");
    leave(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_file),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_files_from_anywhere),
        cmocka_unit_test(test_steps_wait),
        cmocka_unit_test(test_texts_can_be_read),
        cmocka_unit_test(test_runs_wait),
        cmocka_unit_test(test_nothing_hangs),
        cmocka_unit_test(test_claims),
    };
    return cmocka_run_group_tests_name("lesson", tests, NULL, NULL);
}
