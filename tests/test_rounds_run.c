/* Progressive rounds of a whole run: marked on its curves; stopped, resumed and forked inside any
 * of them it goes the same way, byte for byte. */
#include "tests/near.h"
#include "tests/runs.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 23 steps in three rounds, which begin at 0, 7 and 15; checkpoints at 7, 14 and 21. */
static void rounds_config(Config *config)
{
    tiny_config(config, "pd");
    tiny_set(config, "pd.rounds=3");
    tiny_set(config, "pd.substeps=2");
}

static const MarkView *find_mark(const RunView *view, const char *text)
{
    for (int i = 0; i < view->marks; i++)
        if (strstr(view->mark[i].text, text))
            return &view->mark[i];
    return NULL;
}

static void test_rounds_are_marked(void **state)
{
    World *world = *state;
    Config config;
    Error error;
    char folder[PATH_SIZE];
    rounds_config(&config);
    world_most(world, &config, folder);
    const RunView *view = run_view_read(folder, &error);
    assert_non_null(view);
    const MarkView *second = find_mark(view, "round 2: 16 -> 8 steps"),
                   *third = find_mark(view, "round 3: 8 -> 4 steps");
    assert_non_null(second);
    assert_non_null(third);
    assert_true(second->step == 7 || second->step == 8);
    assert_true(third->step == second->step + 8);
    run_view_drop(view);
}

/* Killed in the first, the second and the third round, at steps that were not saved. */
static void test_resumed_inside_any_round(void **state)
{
    World *world = *state;
    Config config;
    char whole[PATH_SIZE], folder[PATH_SIZE];
    rounds_config(&config);
    world_most(world, &config, whole);
    Run *run = world_create(world, &config);
    snprintf(folder, sizeof folder, "%s", run_folder(run));
    static const long stops[] = {4, 8, 12, 17, 22};
    for (int i = 0; i < 5; i++) {
        run_until(run, stops[i]);
        run_close(run);
        run = world_resume(world, folder);
    }
    run_until(run, 22);
    run_close(run);
    assert_same_logs(whole, folder);
}

static void test_forked_inside_any_round(void **state)
{
    World *world = *state;
    Config config;
    Error error;
    char whole[PATH_SIZE];
    rounds_config(&config);
    world_most(world, &config, whole);
    static const long from[] = {7, 14, 21};
    for (int i = 0; i < 3; i++) {
        Run *run;
        char folder[PATH_SIZE], row[32];
        assert_int_equal(run_fork(&run, world->runs, whole, from[i], NULL, "", world->crew, &error),
                         STATUS_OK);
        snprintf(folder, sizeof folder, "%s", run_folder(run));
        run_until(run, 22);
        run_close(run);
        char *all = log_text(whole, "metrics.csv"), *rest = log_text(folder, "metrics.csv");
        snprintf(row, sizeof row, "\n%ld,", (from[i] / 3 + 1) * 3);
        const char *later = strstr(all, row);
        if (later)
            assert_string_equal(later, strstr(rest, row));
        free(all);
        free(rest);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_enter, world_leave)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(test_rounds_are_marked),
        TEST(test_resumed_inside_any_round),
        TEST(test_forked_inside_any_round),
    };
    return cmocka_run_group_tests_name("rounds of a run", tests, NULL, NULL);
}
