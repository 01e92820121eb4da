/* The engine among others: one owner of a folder, viewers, the worker thread, the
 * descriptor. */
#include "tests/child.h"
#include "tests/engines.h"
#include "tests/near.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Waits for a snapshot in which `holds` is true, 60 s at most. */
static const Snapshot *wait_until(Engine *engine,
                                  bool (*holds)(const Snapshot *snapshot, long number), long number)
{
    for (int tries = 0; tries < 600; tries++) {
        const Snapshot *snapshot = engine_look(engine);
        if (holds(snapshot, number))
            return snapshot;
        engine_drop(engine, snapshot);
        struct pollfd wait = {.fd = engine_wakeup(engine), .events = POLLIN};
        poll(&wait, 1, 100);
    }
    fail_msg("waited in vain");
    return NULL;
}

static bool answered(const Snapshot *snapshot, long ticket) { return answer(snapshot, ticket); }

static bool all_reach(const Snapshot *snapshot, long step)
{
    for (int i = 0; i < snapshot->runs; i++)
        if (snapshot->run[i]->step < step)
            return false;
    return snapshot->runs > 0;
}

static bool first_has_state(const Snapshot *snapshot, long wanted)
{
    return snapshot->runs > 0 && (long)snapshot->run[0]->state == wanted;
}

/* ---- One owner ---- */

static void test_a_folder_has_one_engine(void **state)
{
    Place *place = *state;
    Engine *second;
    Error error = {{0}};
    Engine *engine = place_open(place, true, false);
    EngineOptions options = {.runs = place->runs, .threads = 1, .stepped = true};
    assert_int_equal(engine_open(&second, &options, &error), STATUS_BLOCKED);
    char pid[32];
    snprintf(pid, sizeof pid, "%ld", (long)getpid());
    assert_non_null(strstr(error.text, pid));
    assert_non_null(strstr(error.text, "--runs"));
    ask(engine, COMMAND_NEW, 0, 0, place->pd);
    Engine *viewer = place_open(place, true, true);
    const Snapshot *snapshot = engine_look(viewer);
    assert_int_equal(snapshot->runs, 1);
    assert_int_equal(snapshot->run[0]->state, RUN_LIVE);
    engine_drop(viewer, snapshot);
    assert_int_equal(ask(viewer, COMMAND_PAUSE, 1, 0, ""), STATUS_BAD_INPUT);
    engine_advance(engine, 20);
    engine_advance(viewer, 0);
    snapshot = engine_look(viewer);
    assert_true(snapshot->run[0]->step > 0);
    engine_drop(viewer, snapshot);
    engine_close(viewer, LEAVE_SAVE, NULL);
    engine_close(engine, LEAVE_DROP, NULL);
}

static void test_a_folder_that_cannot_be_is_refused(void **state)
{
    Place *place = *state;
    Engine *engine;
    Error error = {{0}};
    EngineOptions options = {.runs = place->pd, .threads = 1}; /* a file */
    assert_int_equal(engine_open(&engine, &options, &error), STATUS_BAD_INPUT);
    assert_null(engine);
    options = (EngineOptions){.runs = "/proc/nowhere/runs", .threads = 1};
    assert_int_equal(engine_open(&engine, &options, &error), STATUS_BAD_INPUT);
    options.readonly = true;
    assert_int_equal(engine_open(&engine, &options, &error), STATUS_BAD_INPUT);
}

/* Tries to run there once it is told to. */
static int intrude(const Place *place, int signal)
{
    char byte;
    Config config;
    Run *run;
    Error error = {{0}};
    if (read(signal, &byte, 1) != 1)
        return 1;
    tiny_config(&config, "pd");
    Status status = run_create(&run, place->runs, "x", &config, crew_new(1), &error);
    return status == STATUS_BLOCKED && strstr(error.text, "--runs") ? 42 : 2;
}

/* Another process cannot run there while the engine owns the folder. It is forked before
 * there are threads. */
static void test_headless_runs_keep_out(void **state)
{
    Place *place = *state;
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0)
        _exit(intrude(place, ends[0]));
    Engine *engine = place_open(place, true, false);
    assert_int_equal(write(ends[1], "", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(WEXITSTATUS(status), 42);
    engine_close(engine, LEAVE_DROP, NULL);
    close(ends[0]);
    close(ends[1]);
}

/* ---- The worker thread ---- */

/* Paused there or past it: the state alone would also be true before the steps begin. */
static bool first_rests_at(const Snapshot *snapshot, long step)
{
    return snapshot->run[0]->state == RUN_PAUSED && snapshot->run[0]->step >= step;
}

static void test_the_worker_works(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, false, false);
    char text[COMMAND_TEXT_SIZE]; /* long enough not to end before it is paused */
    snprintf(text, sizeof text, "%.900s\nrun.steps=1000000", place->pd);
    tell(engine, COMMAND_NEW, 0, 0, text);
    long ticket = tell(engine, COMMAND_NEW, 0, 0, place->lcm);
    engine_drop(engine, wait_until(engine, answered, ticket));
    engine_drop(engine, wait_until(engine, all_reach, 3));
    ticket = tell(engine, COMMAND_PAUSE, 1, 0, "");
    engine_drop(engine, wait_until(engine, answered, ticket));
    const Snapshot *snapshot = wait_until(engine, first_has_state, RUN_PAUSED);
    long step = snapshot->run[0]->step;
    engine_drop(engine, snapshot);
    ticket = tell(engine, COMMAND_STEP, 1, 2, "");
    engine_drop(engine, wait_until(engine, answered, ticket));
    snapshot = wait_until(engine, first_rests_at, step + 2);
    assert_int_equal(snapshot->run[0]->step, step + 2);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE, NULL);
    char path[PATH_SIZE];
    const RunView *view = run_view_read(file_join(path, place->runs, "0001-one"), NULL);
    assert_int_equal(view->checkpoint, step + 2);
    assert_int_equal(view->state, RUN_PAUSED);
    run_view_drop(view);
}

static bool second_reaches(const Snapshot *snapshot, long step)
{
    return snapshot->runs > 1 && snapshot->run[1]->step >= step;
}

/* A run whose steps are long does not slow one of short steps to its own pace. */
static void test_runs_share_time_and_not_steps(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, false, false);
    char text[COMMAND_TEXT_SIZE];
    snprintf(text, sizeof text, "%.900s\nrun.steps=1000000\nshift.every=1000000", place->pd);
    long ticket = tell(engine, COMMAND_NEW, 0, 0, text);
    engine_drop(engine, wait_until(engine, answered, ticket));
    snprintf(text, sizeof text,
             "%.900s\nname=long\nrun.steps=1000000\nshift.every=1000000\nrun.batch=8192",
             place->pd);
    ticket = tell(engine, COMMAND_NEW, 0, 0, text);
    engine_drop(engine, wait_until(engine, answered, ticket));
    const Snapshot *snapshot = wait_until(engine, second_reaches, 1);
    long one = snapshot->run[0]->step, two = snapshot->run[1]->step;
    engine_drop(engine, snapshot);
    snapshot = wait_until(engine, second_reaches, two + 10);
    assert_true(snapshot->run[0]->step - one > 2 * (snapshot->run[1]->step - two));
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
}

/* The descriptor becomes readable with a newer snapshot, and is quiet after a look. */
static void test_the_descriptor_says_when(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    struct pollfd wait = {.fd = engine_wakeup(engine), .events = POLLIN};
    engine_drop(engine, engine_look(engine));
    assert_int_equal(poll(&wait, 1, 0), 0);
    tell(engine, COMMAND_START, 1, 0, "");
    engine_advance(engine, 0);
    tell(engine, COMMAND_START, 1, 0, "");
    engine_advance(engine, 0);
    assert_int_equal(poll(&wait, 1, 0), 1);
    engine_drop(engine, engine_look(engine));
    assert_int_equal(poll(&wait, 1, 0), 0);
    assert_int_equal(engine_advance(engine, 5), 0);
    assert_int_equal(poll(&wait, 1, 0), 0); /* nothing changed */
    engine_close(engine, LEAVE_SAVE, NULL);
}

static void test_closing_is_safe_at_any_moment(void **state)
{
    Place *place = *state;
    for (int i = 0; i < 4; i++) {
        Engine *engine = place_open(place, false, false);
        tell(engine, i ? COMMAND_START : COMMAND_NEW, 1, 0, place->pd);
        wait_a_while(0.02 * i);
        engine_close(engine, i % 2 ? LEAVE_SAVE : LEAVE_DROP, NULL);
    }
}

static void test_presets_are_listed_with_titles(void **state)
{
    (void)state;
    PresetInfo *preset;
    int n = engine_presets(&preset);
    for (int i = 0; i < n; i++) {
        assert_true(strlen(preset[i].title) > 0);
        assert_true(i == 0 || strcmp(preset[i - 1].name, preset[i].name) < 0);
        assert_true(file_exists(preset[i].path));
    }
    free(preset);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_enter, place_leave)
    const struct CMUnitTest tests[] = {
        TEST(test_a_folder_has_one_engine),       TEST(test_a_folder_that_cannot_be_is_refused),
        TEST(test_headless_runs_keep_out),        TEST(test_the_worker_works),
        TEST(test_runs_share_time_and_not_steps), TEST(test_the_descriptor_says_when),
        TEST(test_closing_is_safe_at_any_moment), TEST(test_presets_are_listed_with_titles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
