/* The workbench as a whole, over a line: what was typed ahead is done, what a person pastes is not.
 */
#include "tests/session.h"
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TRAINS                                                                                     \
    "ring-pd", "--steps", "1000000", "-s", "run.eval_samples=64", "-s", "shift.samples=16", "-s",  \
        "student.pretrain_steps=5", "-s", "run.checkpoint_every=1000000", "--threads", "1",        \
        "--graphics", "off"
static const char *const trains[] = {TRAINS, NULL};

static void open_training(Session *session)
{
    session_begin(session);
    session_start(session, trains);
    assert_true(session_shows(session, "live"));
}

/* Everything in one write, as an expect script or fast fingers send it. */
static void test_what_was_sent_is_done_before_leaving(void **state)
{
    (void)state;
    Session session;
    open_training(&session);
    session_type(&session, ":set optimizer.lr=1.25e-4\rmworth a note\rqs");
    assert_int_equal(session_ends(&session), 0);
    assert_true(session_file_holds(&session, "0001-ring-pd/run.ini", "0.000125"));
    assert_true(session_file_holds(&session, "0001-ring-pd/events.csv", "worth a note"));
    session_finish(&session);
}

/* The markers go on with the workbench and off with it; between them nothing is a key. */
static void test_a_paste_neither_leaves_nor_pauses(void **state)
{
    (void)state;
    Session session;
    open_training(&session);
    session_type(&session, "\033[200~qx D1\r quick example\r\n\033[201~");
    assert_true(session_shows(&session, "pasted text was dropped"));
    session_type(&session, "m\033[200~first line\r\nq x\033[201~");
    assert_true(session_shows(&session, "note: first line q x"));
    session_type(&session, "\rqs");
    assert_int_equal(session_ends(&session), 0);
    assert_true(session_file_holds(&session, "0001-ring-pd/events.csv", "first line q x"));
    session_finish(&session);
}

/* x says what it would drop and asks again; the run is then listed at the step it goes on from. */
static void test_leaving_unsaved_asks_again(void **state)
{
    (void)state;
    static const char *const lists[] = {"ls", NULL};
    Session session;
    open_training(&session);
    session_type(&session, "qx");
    assert_true(session_shows(&session, "x again: drops"));
    assert_true(session_shows(&session, "steps of 01"));
    session_type(&session, "x");
    assert_int_equal(session_ends(&session), 0);
    session_start(&session, lists);
    assert_int_equal(session_ends(&session), 0);
    assert_true(session_shows(&session, "paused"));
    assert_true(session_shows(&session, " 0/1000000"));
    session_finish(&session);
}

/* SIGUSR1 saves and goes on, SIGALRM is harmless, SIGUSR2 and SIGXCPU save and stop. */
static void test_what_schedulers_send(void **state)
{
    (void)state;
    static const int stops[] = {SIGUSR2, SIGXCPU};
    for (int i = 0; i < 2; i++) {
        Session session;
        open_training(&session);
        kill(session.process, SIGALRM);
        kill(session.process, SIGUSR1);
        assert_true(session_shows(&session, "saved"));
        session_type(&session, "?");
        assert_true(session_shows(&session, "in a lesson"));
        kill(session.process, stops[i]);
        assert_int_equal(session_ends(&session), 3);
        session_finish(&session);
    }
}

/* Over a line of 20 KB/s and 150 ms each way, left at any moment, with pictures under way: no
 * answer is left for the shell to read. */
static void test_leaving_over_a_slow_line_types_nothing(void **state)
{
    (void)state;
    static const char *const makes[] = {"run",     "ring-pd",
                                        "-s",      "run.steps=12",
                                        "-s",      "student.pretrain_steps=5",
                                        "-s",      "run.eval_samples=64",
                                        "-s",      "shift.samples=16",
                                        "--quiet", NULL};
    static const char *const looks[] = {"--readonly", "--graphics",   "sixel",
                                        "--look",     "view samples", NULL};
    int rounds = getenv("DDIL_ROUNDS") ? atoi(getenv("DDIL_ROUNDS")) : 6;
    Session session;
    char left[256];
    session_begin(&session);
    session_start(&session, makes);
    assert_int_equal(session_ends(&session), 0);
    session.lag_s = 0.15;
    session.bytes_per_s = 20e3;
    for (int i = 0; i < rounds; i++) {
        session_start(&session, looks);
        session_wait_for_bytes(&session, session.shown + 1 + (size_t)(i * 6000 / rounds));
        session_type(&session, "q");
        assert_int_equal(session_ends(&session), 0);
        if (session_left(&session, left, sizeof left) > 0)
            fail_msg("round %d left: %s", i, left + (left[0] == 27));
    }
    session_finish(&session);
}

/* doctor says what the workbench would do, and what to set where that is not much. */
static void test_doctor_says_what_the_workbench_does(void **state)
{
    (void)state;
    static const char *const asks[] = {"doctor", NULL};
    Session session;
    session_begin(&session);
    setenv("TERM_PROGRAM", "vscode", 1);
    session_start(&session, asks);
    assert_int_equal(session_ends(&session), 0);
    unsetenv("TERM_PROGRAM");
    assert_true(session_shows(&session, "pictures   blocks"));
    assert_true(session_shows(&session, "terminal.integrated.enableImages"));
    session_finish(&session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_sent_is_done_before_leaving),
        cmocka_unit_test(test_a_paste_neither_leaves_nor_pauses),
        cmocka_unit_test(test_leaving_unsaved_asks_again),
        cmocka_unit_test(test_what_schedulers_send),
        cmocka_unit_test(test_doctor_says_what_the_workbench_does),
        cmocka_unit_test(test_leaving_over_a_slow_line_types_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
