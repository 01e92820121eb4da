/* The Tweak view: what marks say, notes, and every key in
 * every state of a run. */
#include "tests/fake_snapshot.h"
#include "tests/near.h"
#include "views/model/marks.h"
#include "views/screen.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- Marks ---- */

static void test_marks_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        MarkKind kind;
        const char *words;
        /* clang-format off */
    } rows[] = {
        {"optimizer.lr 0.001 -> 0.0005",                           MARK_CHANGE, "lr 0.001 → 0.0005"  },
        {"source.beta_data 1 -> 0.5, threshold.sites \"\" -> TRS", MARK_CHANGE,
         "beta_data 1 → 0.5, sites \"\" → TRS"                                                     },
        {"forked from 0007@900",                                   MARK_FORK,   "fork of 0007@900"     },
        {"forked from 0007@900: optimizer.lr 0.1 -> 0.2",          MARK_FORK,
         "fork of 0007@900, lr 0.1 → 0.2"                                                            },
        {"note: optimizer.lr 0.1 -> 0.2 was good",                 MARK_NOTE,
         "optimizer.lr 0.1 -> 0.2 was good"                                                            },
        {"round 2: 4 -> 2 steps",                                  MARK_NEWS,   "round 2: 4 -> 2 steps"},
        {"",                                                       MARK_NEWS,   ""                     },
        {"a.b c",                                                  MARK_NEWS,   "a.b c"                },
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        MarkView mark = {.step = 1};
        char words[MARK_TEXT_SIZE];
        snprintf(mark.text, sizeof mark.text, "%s", rows[i].text);
        mark_words(&mark, words, sizeof words);
        assert_int_equal(mark_kind(&mark), rows[i].kind);
        assert_string_equal(words, rows[i].words);
    }
}

static void test_undo_is_a_fork_with_the_old_values(void **state)
{
    (void)state;
    /* clang-format off */
    MarkView marks[] = {
        {10, "forked from 0001@10"                                      },
        {20, "optimizer.lr 0.001 -> 0.0005, threshold.sites \"\" -> TRS"},
        {30, "note: hello"                                              }
    };
    /* clang-format on */
    RunView run = {.id = 3, .parent = 1, .marks = 3, .mark = marks};
    Command command;
    char plan[120];
    assert_true(mark_undo(&run, 1, &command, plan, sizeof plan));
    assert_true(command.kind == COMMAND_FORK && command.run == 3 && command.number == 20);
    assert_string_equal(command.text, "optimizer.lr=0.001\nthreshold.sites=\n");
    assert_string_equal(
        plan, "03 stays; a fork of it at 20 gets lr back to 0.001, sites back to nothing");
    assert_false(mark_undo(&run, 0, &command, plan, sizeof plan));
    assert_non_null(strstr(plan, "run 01"));
    assert_false(mark_undo(&run, 2, &command, plan, sizeof plan));
}

/* The effect of a change against laws that are known: the fake loss and shift fall
 * smoothly. */
/* The moving average of the fake loss' law, one row in ten steps. */
static double smooth_law(long step)
{
    double sum = 0, weight = 0;
    for (long at = 0; at < step; at += 10) {
        double t = (double)at;
        sum = 0.98 * sum + 0.02 + 0.9 * exp(-t / 250) + 0.15 * exp(-t / 1500);
        weight = 0.98 * weight + 1;
    }
    return sum / weight;
}

static void test_effects(void **state)
{
    (void)state;
    const Snapshot *snapshot =
        fake_snapshot(&(FakeOptions){.runs = 1, .step = 3500, .steered = true});
    RunView run = *snapshot->run[0];
    Session session = {.reference = REFERENCE_AUTO};
    /* clang-format off */
    MarkView marks[] = {
        {1200, "optimizer.lr 0.001 -> 0.0005" },
        {1500, "note: nothing ends here"      },
        {2900, "optimizer.lr 0.0005 -> 0.0002"},
        {3500, "optimizer.lr 0.0005 -> 0.0002"}
    };
    /* clang-format on */
    run.marks = 4;
    run.mark = marks;
    MarkEffect effect = mark_effect(&session, &run, 0);
    assert_int_equal(effect.steps, MARK_HORIZON);
    double before = smooth_law(1200), after = smooth_law(2200);
    assert_near(effect.loss, after / before - 1, 0.05);
    assert_true(effect.shift < -0.4 && effect.shift > -0.8);
    assert_int_equal(mark_effect(&session, &run, 2).steps, 600);
    effect = mark_effect(&session, &run, 3);
    assert_true(effect.steps == 0 && isnan(effect.loss) && isnan(effect.shift));
    strcpy(marks[1].text, "optimizer.clip 1 -> 2"); /* the next change ends it */
    assert_int_equal(mark_effect(&session, &run, 0).steps, 300);
    char text[80];
    effect = (MarkEffect){-0.081, 0.5, 1000, REFERENCE_PAIRED};
    mark_effect_words(&effect, true, text, sizeof text);
    assert_string_equal(text, "loss -8.1 %, paired +50 % in 1 000");
    effect.reference = REFERENCE_RATIO; /* what lists and logs call by that word */
    mark_effect_words(&effect, true, text, sizeof text);
    assert_string_equal(text, "loss -8.1 %, shift +50 % in 1 000");
    mark_effect_words(&effect, false, text, sizeof text);
    assert_string_equal(text, "-8.1 %");
    effect.steps = 600;
    mark_effect_words(&effect, false, text, sizeof text);
    assert_string_equal(text, "-8.1 % in 600");
    fake_free(snapshot);
}

static void test_notes_carry_the_cursor(void **state)
{
    (void)state;
    const Snapshot *snapshot =
        fake_snapshot(&(FakeOptions){.runs = 1, .step = 2000, .steered = true});
    Screen *screen = screen_new(&(ScreenOptions){0});
    Reply reply = {0};
    static const char *const keys = "5[[mstill here\r";
    for (const char *key = keys; *key != '\0'; key++)
        reply = screen_press(screen, snapshot, *key);
    assert_true(reply.kind == REPLY_SEND && reply.command.kind == COMMAND_NOTE);
    assert_int_equal(reply.command.number, 1500); /* the note before the newest change */
    assert_string_equal(reply.command.text, "still here [stage 2, seed 5]");
    screen_press(screen, snapshot, 'm');
    reply = screen_press(screen, snapshot, '\r');
    assert_string_equal(reply.command.text, "bookmark [stage 2, seed 5]");
    screen_press(screen, snapshot,
                 ']'); /* a change has no stage of its own: the cursor keeps its */
    screen_press(screen, snapshot, 'm');
    reply = screen_press(screen, snapshot, '\r');
    assert_int_equal(reply.command.number, 1800);
    screen_press(screen, snapshot, '\''); /* the list: newest first */
    screen_press(screen, snapshot, PRESS_DOWN);
    screen_press(screen, snapshot, PRESS_DOWN);
    assert_int_equal(screen_press(screen, snapshot, '\r').kind, REPLY_NONE);
    screen_press(screen, snapshot, 'm');
    assert_int_equal(screen_press(screen, snapshot, '\r').command.number, 1200);
    screen_free(screen);
    fake_free(snapshot);
}

/* ---- The view ---- */

static Reply press(Screen *screen, const Snapshot *snapshot, const char *keys)
{
    Reply reply = {.kind = REPLY_NONE};
    for (; *keys != '\0'; keys++)
        reply = screen_press(screen, snapshot, *keys == '\b' ? PRESS_BACKSPACE : *keys);
    return reply;
}

static void test_keys_stage_apply_fork_undo(void **state)
{
    (void)state;
    const Snapshot *snapshot =
        fake_snapshot(&(FakeOptions){.runs = 5, .step = 2000, .steered = true});
    Screen *screen = screen_new(&(ScreenOptions){0});
    assert_int_equal(press(screen, snapshot, "5\r").kind, REPLY_NONE); /* nothing staged */
    Reply reply = press(screen, snapshot, "ljjjl\r");
    assert_true(reply.kind == REPLY_SEND && reply.command.kind == COMMAND_SET &&
                reply.command.run == 5);
    assert_string_equal(reply.command.text, "optimizer.lr=0.002\nsource.beta_student=0.3\n");
    reply = press(screen, snapshot, "\bf"); /* still staged until the run shows it */
    assert_true(reply.command.kind == COMMAND_FORK && reply.command.number == FORK_HERE);
    assert_string_equal(reply.command.text, "optimizer.lr=0.002\n");
    press(screen, snapshot, "\033");
    assert_string_equal(press(screen, snapshot, "f").command.text, "");
    /* typed: refused while it is wrong, the line stays */
    press(screen, snapshot, "kkk=\b\b\b\b\b\b9");
    assert_int_equal(press(screen, snapshot, "\r").kind, REPLY_NONE);
    assert_int_equal(press(screen, snapshot, "\b0.25\r").kind, REPLY_NONE);
    assert_string_equal(press(screen, snapshot, "\r").command.text, "optimizer.lr=0.25\n");
    /* what applies to forks only is not sent to the run */
    press(screen, snapshot, "\033/net.width\rl");
    assert_int_equal(press(screen, snapshot, "\r").kind, REPLY_NONE);
    assert_string_equal(press(screen, snapshot, "f").command.text, "net.width=1\n");
    press(screen, snapshot, "\033\033");
    /* the triangle */
    reply = press(screen, snapshot, "\tkl\r");
    assert_string_equal(
        reply.command.text,
        "source.beta_data=0.55\nsource.beta_teacher=0.175\nsource.beta_student=0.275\n");
    assert_int_equal(press(screen, snapshot, "hj\r").kind,
                     REPLY_NONE); /* moved back: nothing is staged */
    /* undo: says first, then does */
    assert_int_equal(press(screen, snapshot, "u").kind, REPLY_NONE);
    assert_int_equal(press(screen, snapshot, "k").kind, REPLY_NONE); /* another key disarms it */
    assert_int_equal(press(screen, snapshot, "u").kind, REPLY_NONE);
    reply = press(screen, snapshot, "u");
    assert_true(reply.command.kind == COMMAND_FORK && reply.command.number == 1800);
    assert_string_equal(reply.command.text, "source.beta_student=0.25\nthreshold.sites=TRS\n");
    press(screen, snapshot, "\tjj"); /* changes: the oldest of the three */
    assert_int_equal(press(screen, snapshot, "u").kind, REPLY_NONE);
    reply = press(screen, snapshot, "u");
    assert_true(reply.command.number == 1200 &&
                strcmp(reply.command.text, "optimizer.lr=0.001\n") == 0);
    screen_free(screen);
    fake_free(snapshot);
}

static void test_other_methods_are_hidden(void **state)
{
    (void)state;
    const Snapshot *snapshot = fake_snapshot(&(FakeOptions){.runs = 5, .step = 2000});
    Screen *screen = screen_new(&(ScreenOptions){0});
    press(screen, snapshot, "5/pd.weight_cap\r"); /* the run's own method */
    assert_non_null(strstr(press(screen, snapshot, "l\r").command.text, "pd.weight_cap="));
    assert_int_equal(press(screen, snapshot, "\033\033\033/lcm.skip\r\033l\r").kind,
                     REPLY_SEND); /* refused: not filtered */
    screen_free(screen);
    fake_free(snapshot);
}

/* What is clicked on is what was drawn there. */
static void test_the_mouse_finds_what_is_drawn(void **state)
{
    (void)state;
    const Snapshot *snapshot =
        fake_snapshot(&(FakeOptions){.runs = 1, .step = 2000, .steered = true});
    CanvasLook look = {.ascii = true, .graphics = GRAPHICS_OFF};
    Screen *screen = screen_new(&(ScreenOptions){0});
    Canvas canvas;
    canvas_init(&canvas, 80, 24, &look);
    press(screen, snapshot, "5");
    int found = 0;
    for (int scroll = 0; scroll < 60; scroll++) { /* wherever the list stands */
        screen_draw(screen, snapshot, &canvas);
        int y = 2 + scroll % 9;
        bool heading = canvas.cell[y * 80 + 1].rune != ' ';
        screen_press(screen, snapshot, press_mouse(MOUSE_CLICK, 10, y));
        screen_draw(screen, snapshot, &canvas);
        int chosen = 0;
        for (int row = 2; row < 11; row++)
            chosen = canvas.cell[row * 80].rune == '>' ? row : chosen;
        assert_true(chosen > 0);
        found += !heading && chosen == y;
        screen_press(screen, snapshot, press_mouse(MOUSE_WHEEL_DOWN, 10, 5));
    }
    assert_true(found > 40);
    press(screen, snapshot, "\033");
    for (int x = 40; x < 79; x++) /* the student's corner of the triangle */
        if (canvas.cell[20 * 80 + x].rune == 'S')
            screen_press(screen, snapshot, press_mouse(MOUSE_CLICK, x, 20));
    assert_string_equal(press(screen, snapshot, "\r").command.text,
                        "source.beta_data=0\nsource.beta_teacher=0\nsource.beta_student=1\n");
    canvas_done(&canvas);
    screen_free(screen);
    fake_free(snapshot);
}

/* Every key, in every state a run can be in, with all that the view can show; commands
 * are those of the key. */
static void test_every_key_in_every_state(void **state)
{
    (void)state;
    static const int extra[] = {PRESS_UP,        PRESS_DOWN,     PRESS_LEFT,    PRESS_RIGHT,
                                PRESS_HOME,      PRESS_END,      PRESS_PAGE_UP, PRESS_TAB,
                                PRESS_PAGE_DOWN, PRESS_BACK_TAB, PRESS_DELETE,  PRESS_BACKSPACE,
                                PRESS_ENTER,     PRESS_ESCAPE,   PRESS_UNKNOWN};
    CanvasLook look = {.ascii = true, .graphics = GRAPHICS_OFF};
    unsigned seed = 3;
    int sent = 0;
    for (int round = 0; round < 400; round++) {
        FakeOptions fake = {.runs = round % 6,
                            .step = round % 7 == 0 ? 1 : 900 + round,
                            .steered = round % 2,
                            .empty = round % 11 == 0,
                            .all_done = round % 5 == 0};
        const Snapshot *snapshot = fake_snapshot(&fake);
        Screen *screen = screen_new(&(ScreenOptions){.readonly = round % 13 == 0});
        Canvas canvas;
        canvas_init(&canvas, 40 + (int)(seed >> 9) % 160, 10 + (int)(seed >> 5) % 50, &look);
        for (int i = 0; i < 60; i++) {
            seed = seed * 1664525u + 1013904223u;
            int key = (int)(seed >> 12) % 3 == 0
                          ? extra[(seed >> 8) % (sizeof extra / sizeof *extra)]
                      : i % 15 == 0 ? '5'
                                    : 32 + (int)(seed >> 8) % 95;
            if (i % 9 == 4) {
                key = press_mouse((MouseKind)(seed >> 20 & 3), (int)(seed >> 4) % 200,
                                  (int)(seed >> 13) % 60);
            }
            Reply reply = screen_press(screen, snapshot, key);
            assert_true(reply.kind != REPLY_SEND || reply.command.kind == COMMAND_NEW ||
                        reply.command.run > 0);
            assert_true(reply.kind != REPLY_SEND || round % 13 != 0);
            sent += reply.kind == REPLY_SEND;
            screen_draw(screen, snapshot, &canvas);
        }
        canvas_done(&canvas);
        screen_free(screen);
        fake_free(snapshot);
    }
    assert_true(sent > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_marks_are_read),
        cmocka_unit_test(test_undo_is_a_fork_with_the_old_values),
        cmocka_unit_test(test_effects),
        cmocka_unit_test(test_notes_carry_the_cursor),
        cmocka_unit_test(test_keys_stage_apply_fork_undo),
        cmocka_unit_test(test_other_methods_are_hidden),
        cmocka_unit_test(test_the_mouse_finds_what_is_drawn),
        cmocka_unit_test(test_every_key_in_every_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
