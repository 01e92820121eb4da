/* Longer runs: what goes back is said before it is done, and schedules can be held at their end. */
#include "engine/run/run_parts.h"
#include "tests/labs.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <stdlib.h>
#include <string.h>

#define RING                                                                                       \
    "batch = 16\nseed = 3\n[data]\nname = ring\n[net]\nwidth = 8\ndepth = 1\nfeatures = 8\n"       \
    "[student]\ninit = random\nsteps = 2\n[optimizer]\nlr = 1e-3\n"

/* Held schedules: the steps before are those of the shorter run, bit for bit; the rate of the last
 * of them stays. */
static void test_held_schedules_stay_at_their_end(void **state)
{
    (void)state;
    Bench *plain = bench_open("[run]\nmethod = pd\nsteps = 20\n" RING, 1);
    Bench *held = bench_open("[run]\nmethod = pd\nsteps = 50\nschedule_steps = 20\n" RING, 1);
    StepReport report;
    bench_start(plain, 0);
    bench_start(held, 0);
    bench_advance(plain, 0, 20);
    bench_advance(held, 0, 20);
    assert_true(state_of_same(&plain->lab, &held->lab));
    for (long index = 20; index < 50; index++) {
        lab_step(&held->lab, index, &report);
        assert_near(report.lr, 1e-3 / 20, 1e-12);
    }
    bench_close(plain);
    bench_close(held);
}

static void test_held_discretisation(void **state)
{
    (void)state;
    Bench *bench = bench_open("[run]\nmethod = ct\nsteps = 50\nschedule_steps = 20\n" RING
                              "[ct]\npoints_first = 4\npoints_last = 16\n",
                              1);
    StepReport report;
    Lab *lab = &bench->lab;
    bench_start(bench, 0);
    for (long index = 0; index < 50; index++) {
        lab_step(lab, index, &report);
        if (index >= 19)
            assert_near(lab->method->level(lab), 17, 0);
    }
    bench_close(bench);
}

/* ---- Runs ---- */

static void small(Config *config, const char *method)
{
    tiny_config(config, method);
    tiny_set(config, "run.steps=20");
    tiny_set(config, "run.eval_samples=20");
    tiny_set(config, "optimizer.decay=linear");
    tiny_set(config, "optimizer.lr=1e-3");
}

/* One warning with all the words, or none. */
static void assert_warned(Run *run, const char *const *words)
{
    const char *text = run_warning(run);
    if (!*words)
        assert_null(text);
    for (; *words; words++)
        if (!text || !strstr(text, *words))
            fail_msg("'%s' should say '%s'", text ? text : "", *words);
    assert_null(run_warning(run));
}

static void test_a_longer_run_says_what_goes_back(void **state)
{
    const World *world = *state;
    Config config;
    Error error;
    char folder[PATH_SIZE];
    small(&config, "pd");
    world_whole(world, &config, folder);
    Run *run = world_resume(world, folder);
    assert_int_equal(run_set(run, "run.steps=40", &error), STATUS_OK);
    assert_warned(run, (const char *[]){"40 steps instead of 20", "learning rate 5e-05 -> 0.0005",
                                        "run.schedule_steps=20", NULL});
    char *events = log_text(folder, "events.csv");
    char *said = strstr(events, "warning: 40"), *done = strstr(events, "run.steps 20 -> 40");
    assert_true(said && done && said < done);
    free(events);
    run_close(run);
}

/* By hand, in run.ini. */
static void test_an_edited_run_says_it_too(void **state)
{
    const World *world = *state;
    Config config;
    char folder[PATH_SIZE], path[PATH_SIZE];
    small(&config, "pd");
    world_whole(world, &config, folder);
    char *ini = log_text(folder, "run.ini"), *steps = strstr(strstr(ini, "[run]"), "\nsteps = 20");
    assert_non_null(steps);
    memcpy(steps, "\nsteps = 40", strlen("\nsteps = 40"));
    assert_int_equal(file_write(file_join(path, folder, "run.ini"), ini, strlen(ini), NULL),
                     STATUS_OK);
    free(ini);
    for (int time = 0; time < 2; time++) { /* once */
        Run *run = world_resume(world, folder);
        const char *const words[] = {"40 steps instead of 20", "learning rate 5e-05 -> 0.0005",
                                     NULL};
        assert_warned(run, time ? words + 2 : words);
        run_close(run);
    }
    char *events = log_text(folder, "events.csv");
    char *said = strstr(events, "warning: 40"), *done = strstr(events, "run.steps 20 -> 40");
    assert_true(said && done && said < done);
    free(events);
}

static void test_a_held_one_says_nothing(void **state)
{
    const World *world = *state;
    Config config;
    Error error;
    char folder[PATH_SIZE];
    Run *fork;
    small(&config, "pd");
    world_whole(world, &config, folder);
    Run *run = world_resume(world, folder);
    assert_int_equal(run_set(run, "run.steps=40\nrun.schedule_steps=20", &error), STATUS_OK);
    assert_warned(run, (const char *[]){NULL});
    assert_int_equal(run_set(run, "run.steps=60", &error), STATUS_OK);
    assert_warned(run, (const char *[]){NULL});
    run_close(run);
    assert_int_equal(
        run_fork(&fork, world->runs, folder, 20, "f", "run.schedule_steps=0", world->crew, &error),
        STATUS_OK);
    run_close(fork);
}

static void test_a_fork_says_it_too(void **state)
{
    const World *world = *state;
    Config config;
    Error error;
    char folder[PATH_SIZE];
    Run *fork;
    small(&config, "pd");
    world_whole(world, &config, folder);
    assert_int_equal(
        run_fork(&fork, world->runs, folder, 20, "f", "run.steps=40", world->crew, &error),
        STATUS_OK);
    assert_warned(fork, (const char *[]){"learning rate 5e-05 -> 0.0005", NULL});
    run_close(fork);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_schedules_stay_at_their_end),
        cmocka_unit_test(test_held_discretisation),
        cmocka_unit_test_setup_teardown(test_a_longer_run_says_what_goes_back, world_enter,
                                        world_leave),
        cmocka_unit_test_setup_teardown(test_an_edited_run_says_it_too, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_a_held_one_says_nothing, world_enter, world_leave),
        cmocka_unit_test_setup_teardown(test_a_fork_says_it_too, world_enter, world_leave),
    };
    return cmocka_run_group_tests_name("stretch", tests, NULL, NULL);
}
