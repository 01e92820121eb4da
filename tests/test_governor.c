/* The pace of pictures on lines of any speed, without a terminal or a clock. */
#include "app/terminal/governor.h"
#include "app/terminal/look.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SHEET = 55000 }; /* bytes of a sheet of digits in 16 colours */

typedef struct Line {
    double speed, latency;
    double now;
    double sent, longest; /* bytes so far; the longest a frame took on the line */
} Line;

/* As many frames as the governor lets out in `seconds`; each answered when it is through.
 */
static void run(Governor *governor, Line *line, double seconds)
{
    double until = line->now + seconds;
    line->longest = 0;
    while (line->now < until) {
        governor_tick(governor, line->now);
        double bytes = SHEET * governor_stage[governor->stage].cost;
        while (governor->stage != STAGE_BLOCKS && !governor_fits(governor, line->now, bytes))
            bytes = SHEET * governor_stage[governor->stage].cost;
        if (governor->stage == STAGE_BLOCKS || !governor_may(governor, line->now)) {
            line->now += 0.01;
            continue;
        }
        governor_sent(governor, line->now, (size_t)bytes);
        line->sent += bytes;
        double travel = bytes / line->speed;
        line->longest = travel > line->longest ? travel : line->longest;
        line->now += travel + line->latency;
        governor_answered(governor, line->now, SHEET);
        double period = governor_stage[governor->stage].period_s - travel;
        line->now += period > 0.01 ? period : 0.01;
    }
}

static void test_each_line_gets_what_it_carries(void **state)
{
    (void)state;
    static const struct {
        double speed, latency;
        Stage stage;
        /* clang-format off */
    } lines[] = {
        {50e6,  0.0002, STAGE_FULL  },
        {5e6,   0.4,    STAGE_FULL  }, /* far away, but wide */
        {200e3, 0.02,   STAGE_FULL  },
        {75e3,  0.05,   STAGE_SLOW  },
        {45e3,  0.05,   STAGE_EIGHT },
        {15e3,  0.05,   STAGE_TWO   },
        {4e3,   0.05,   STAGE_HALF  },
        {1e3,   0.05,   STAGE_BLOCKS},
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        Governor governor;
        Line line = {.speed = lines[i].speed, .latency = lines[i].latency};
        governor_init(&governor, 0);
        governor_round_trip(&governor, lines[i].latency);
        run(&governor, &line, 60); /* the first frame pays for the knowledge */
        run(&governor, &line, 5);
        assert_int_equal(governor.stage, lines[i].stage);
        assert_true(line.longest <= governor_stage[governor.stage].limit_s ||
                    governor.stage == STAGE_BLOCKS);
        line.speed = 50e6; /* and all the way back */
        Stage before = governor.stage;
        for (int s = 0; s < 2000 && governor.stage != STAGE_FULL; s++) {
            run(&governor, &line, 0.2);
            assert_true(governor.stage + 1 >= before); /* one at a time */
            assert_true(governor.stage <= before);     /* and no wavering */
            before = governor.stage;
        }
        assert_int_equal(governor.stage, STAGE_FULL);
    }
}

static void test_the_cap_holds_whatever_comes(void **state)
{
    (void)state;
    Governor governor;
    unsigned seed = 1;
    double now = 0, sent = 0, largest = 0;
    governor_init(&governor, 0);
    for (int i = 0; i < 20000; i++) {
        seed = seed * 1664525u + 1013904223u;
        now += (seed >> 20) * 1e-5; /* up to 40 ms, or hours of a clock that stands */
        if (governor_may(&governor, now)) {
            size_t bytes = (seed >> 8) % 120000;
            largest = (double)bytes > largest ? (double)bytes : largest;
            governor_sent(&governor, now, bytes);
            governor_answered(&governor, now, (double)bytes);
            sent += (double)bytes;
        } else {
            double wait = governor_wait(&governor, now);
            assert_true(wait > 0 && wait < 1);
            Governor later = governor;
            assert_true(governor_may(&later, now + wait + 1e-6));
        }
        assert_true(sent <= GOVERNOR_BUCKET + GOVERNOR_BYTES_PER_S * now + largest);
    }
    assert_true(sent > 0.9 * GOVERNOR_BYTES_PER_S * now);
}

/* Text is paid for by pictures, which keep a tenth whatever it takes. */
static void test_text_comes_first(void **state)
{
    (void)state;
    for (int text = 0; text <= 320; text += 80) { /* KB a second */
        Governor governor;
        double now = 0, pictures = 0;
        governor_init(&governor, 0);
        for (int frame = 0; frame < 3000; frame++) {
            governor_text(&governor, (size_t)text * 1024 / 30);
            double wait = governor_wait(&governor, now), end = now + 1.0 / 30;
            if (now + wait > end) {
                Governor later = governor;
                assert_false(governor_may(&later, end));
            } else {
                now += wait + 1e-6;
                assert_true(governor_may(&governor, now));
                governor_sent(&governor, now, 20000);
                governor_answered(&governor, now, 20000);
                pictures += 20000;
            }
            now = end;
        }
        double left = GOVERNOR_BYTES_PER_S - text * 1024, least = 0.1 * GOVERNOR_BYTES_PER_S;
        double expected = (left > least ? left : least) * now + GOVERNOR_BUCKET;
        assert_true(pictures > 0.9 * expected && pictures < 1.1 * expected);
    }
}

/* A line too slow for anything is tried again, less and less often. */
static void test_blocks_are_left_for_a_trial(void **state)
{
    (void)state;
    Governor governor;
    Line line = {.speed = 300, .latency = 0.05};
    governor_init(&governor, 0);
    run(&governor, &line, 600);
    double before = line.sent;
    run(&governor, &line, 3600);
    assert_int_equal(governor.stage, STAGE_BLOCKS);
    assert_true(line.sent - before > 1000); /* it was tried */
    assert_true(line.sent - before < 0.05 * 3600 * line.speed);
}

static void test_answers_out_of_place(void **state)
{
    (void)state;
    Governor governor;
    governor_init(&governor, 0);
    governor_answered(&governor, 1, 1e9); /* nobody asked */
    governor_cut(&governor);
    assert_true(governor.stage == STAGE_FULL && governor.speed <= 0);
    for (int i = 0; i < 100; i++) {
        governor_sent(&governor, i, 1000);
        assert_in_range(governor.flights, 1, GOVERNOR_FLIGHTS);
    }
    for (int i = 0; i < 100; i++)
        governor_answered(&governor, 90, 1e6); /* earlier than it was sent */
    assert_int_equal(governor.flights, 0);
    governor_silent(&governor, 200);
    assert_int_equal(governor.stage, STAGE_HALF);
    governor_silent(&governor, 201);
    assert_int_equal(governor.stage, STAGE_HALF);
}

static void test_the_remark_names_the_stage(void **state)
{
    (void)state;
    static const char *const remarks[STAGES] = {"sixel 10x20",      "sixel 10x20 16c slow",
                                                "sixel 10x20 8c",   "sixel 10x20 2c",
                                                "sixel 10x20 half", "blocks: slow line"};
    Answers answers = {.done = true, .sixel = true, .cell_width = 10, .cell_height = 20};
    for (Stage stage = 0; stage < STAGES; stage++) {
        Sight sight = {
            .answers = &answers, .width = 80, .height = 24, .decided = true, .stage = stage};
        CanvasLook look = look_for(&sight);
        assert_string_equal(look.remark, remarks[stage]);
        assert_int_equal(look.graphics, stage == STAGE_BLOCKS ? GRAPHICS_BLOCKS : GRAPHICS_SIXEL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_line_gets_what_it_carries),
        cmocka_unit_test(test_the_cap_holds_whatever_comes),
        cmocka_unit_test(test_text_comes_first),
        cmocka_unit_test(test_blocks_are_left_for_a_trial),
        cmocka_unit_test(test_answers_out_of_place),
        cmocka_unit_test(test_the_remark_names_the_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
