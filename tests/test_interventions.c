/* Steering with a way back: several values at once or none, the checkpoint before, forks
 * that undo, notes about the past, what the draws of the last batches were. */
#include "engine/store/checkpoint.h"
#include "tests/engines.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <stdlib.h>
#include <string.h>

static const RunView *find(const Snapshot *snapshot, int id)
{
    for (int i = 0; i < snapshot->runs; i++)
        if (snapshot->run[i]->id == id)
            return snapshot->run[i];
    fail_msg("no run %d", id);
    return NULL;
}

/* Until run 1 is at that step. */
static void advance_to(Engine *engine, long step)
{
    for (long at = 0; at < step;) {
        assert_int_equal(engine_advance(engine, 1), 1);
        const Snapshot *snapshot = engine_look(engine);
        at = find(snapshot, 1)->step;
        engine_drop(engine, snapshot);
    }
}

static int row_of(const char *section, const char *key)
{
    ParamInfoView param;
    for (int i = 0; engine_param(i, &param); i++)
        if (strcmp(param.section, section) == 0 && strcmp(param.key, key) == 0)
            return i;
    fail_msg("no parameter %s.%s", section, key);
    return -1;
}

/* ---- All or none ---- */

static void test_several_values_are_one_intervention(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    engine_advance(engine, 12);
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0,
                         "optimizer.lr=0.0005\n\n source.beta_student = 0.5 \nthreshold.sites=\n"),
                     STATUS_OK);
    const Snapshot *snapshot = engine_look(engine);
    const RunView *run = find(snapshot, 1);
    assert_int_equal(run->marks, 1);
    assert_string_equal(run->mark[0].text,
                        "optimizer.lr 0.001 -> 0.0005, source.beta_student 0.25 -> 0.5, "
                        "threshold.sites TRS -> \"\"");
    assert_int_equal(run->mark[0].step, run->step);
    assert_int_equal(run->checkpoint, run->step);
    assert_string_equal(run->param[row_of("source", "beta_student")], "0.5");
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
}

/* The last line is bad in every way a line can be: nothing happened, not even a
 * checkpoint. */
static void test_one_bad_line_leaves_everything(void **state)
{
    static const char *const BAD[] = {
        "source.beta_student=-1", "source.betta=1", "net.width=32", "run.steps=2", "nonsense",
        "threshold.low=5"};
    Place *place = *state;
    char text[128];
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    engine_advance(engine, 12);
    const Snapshot *before = engine_look(engine);
    assert_int_equal(find(before, 1)->checkpoint, 0);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        snprintf(text, sizeof text, "optimizer.lr=0.0005\n%s", BAD[i]);
        assert_int_equal(ask(engine, COMMAND_SET, 1, 0, text), STATUS_BAD_INPUT);
    }
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0, "optimizer.lr=1e-3"),
                     STATUS_BAD_INPUT); /* as it is */
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0, ""), STATUS_BAD_INPUT);
    const Snapshot *after = engine_look(engine);
    const RunView *run = find(after, 1);
    assert_int_equal(run->checkpoint, 0);
    assert_int_equal(run->marks, 0);
    for (int i = 0; i < run->params; i++)
        assert_string_equal(run->param[i], find(before, 1)->param[i]);
    engine_drop(engine, before);
    engine_drop(engine, after);
    engine_close(engine, LEAVE_DROP, NULL);
}

static void test_what_no_mark_could_hold_is_refused(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE] = "";
    static const char *const KEYS[] = {
        "optimizer.lr",  "optimizer.beta1",  "optimizer.beta2",     "optimizer.clip",
        "optimizer.ema", "source.beta_data", "source.beta_student", "source.beta_teacher",
        "source.warmup", "source.mix"};
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s=0.123456789\n", KEYS[i]);
    long ticket = tell(engine, COMMAND_SET, 1, 0, text);
    engine_advance(engine, 0);
    assert_answer(engine, ticket, "two parts");
    engine_close(engine, LEAVE_DROP, NULL);
}

/* ---- The way back ---- */

/* Undone at once or after the run has gone on: the fork goes the way of a run that was
 * never touched. */
static void test_a_fork_undoes_an_intervention(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    Run *run, *undone;
    char calm[PATH_SIZE], folder[PATH_SIZE];
    tiny_config(&config, "pd");
    world_most(world, &config, calm);
    char *wanted = log_text(calm, "metrics.csv");
    for (int later = 0; later < 2; later++) {
        run = world_create(world, &config);
        run_until(run, 10);
        assert_int_equal(run_set(run, "optimizer.lr=0.01\nsource.beta_student=3", &error),
                         STATUS_OK);
        snprintf(folder, sizeof folder, "%s", run_folder(run));
        run_until(run, later ? 16 : 10);
        run_close(run);
        assert_int_equal(run_fork(&undone, world->runs, folder, 10, NULL,
                                  "optimizer.lr=0.001\nsource.beta_student=0.25\n", world->crew,
                                  &error),
                         STATUS_OK);
        run_until(undone, 22);
        char *got = log_text(run_folder(undone), "metrics.csv");
        assert_string_equal(strstr(got, "\n15,"), strstr(wanted, "\n15,"));
        free(got);
        run_close(undone);
    }
    free(wanted);
}

static void test_a_fork_says_what_it_changed(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    advance_to(engine, 9);
    const Snapshot *snapshot = engine_look(engine);
    long here = find(snapshot, 1)->step;
    char text[96];
    assert_true(here > 0 && find(snapshot, 1)->checkpoint < here);
    engine_drop(engine, snapshot);
    assert_int_equal(ask(engine, COMMAND_FORK, 1, FORK_HERE, "source.beta_student=1"), STATUS_OK);
    snapshot = engine_look(engine);
    const RunView *child = find(snapshot, 2);
    assert_int_equal(child->parent_step, here);
    assert_int_equal(find(snapshot, 1)->checkpoint, here);
    assert_int_equal(find(snapshot, 1)->state, RUN_LIVE);
    snprintf(text, sizeof text, "forked from 0001@%ld: source.beta_student 0.25 -> 1", here);
    assert_string_equal(child->mark[0].text, text);
    snprintf(text, sizeof text, "forked from 01@%ld: source.beta_student 0.25 -> 1", here);
    assert_string_equal(child->note, text);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
    engine = place_open(place, true, false); /* not open any more: at what was saved */
    assert_int_equal(ask(engine, COMMAND_FORK, 1, FORK_HERE, ""), STATUS_OK);
    snapshot = engine_look(engine);
    assert_int_equal(find(snapshot, 3)->parent_step, here);
    assert_string_equal(find(snapshot, 2)->note, text);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
}

/* Before the first step, while the student is still being prepared, and after the last
 * one. */
static void test_a_fork_begins_anywhere(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE];
    Engine *engine = place_open(place, true, false);
    snprintf(text, sizeof text, "%.900s\nstudent.init=pretrain\nstudent.pretrain_steps=40",
             place->pd);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, text), STATUS_OK);
    engine_advance(engine, 2);
    assert_int_equal(ask(engine, COMMAND_FORK, 1, FORK_HERE, "optimizer.lr=0.002"), STATUS_OK);
    const Snapshot *snapshot = engine_look(engine);
    assert_non_null(strstr(find(snapshot, 1)->note, "regression"));
    assert_non_null(strstr(find(snapshot, 2)->note, "regression"));
    engine_drop(engine, snapshot);
    while (engine_advance(engine, 50))
        continue;
    assert_int_equal(ask(engine, COMMAND_FORK, 1, FORK_HERE, "run.steps=25"), STATUS_OK);
    while (engine_advance(engine, 50))
        continue;
    snapshot = engine_look(engine);
    assert_int_equal(find(snapshot, 1)->state, RUN_DONE);
    assert_int_equal(find(snapshot, 2)->state, RUN_DONE);
    assert_int_equal(find(snapshot, 3)->parent_step, 23);
    assert_int_equal(find(snapshot, 3)->step, 25);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
}

/* ---- Notes ---- */

static void test_notes_stand_where_they_belong(void **state)
{
    static const char *const TEXTS[] = {"note: early", "note: middle", "note: late",
                                        "note: past the end"};
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    ask(engine, COMMAND_STEP, 1, 12, "");
    while (engine_advance(engine, 1))
        continue;
    assert_int_equal(ask(engine, COMMAND_NOTE, 1, -1, "late"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_NOTE, 1, 0, "early"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_NOTE, 1, 7, "middle"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_NOTE, 1, 99999, "past the end"), STATUS_OK);
    for (int life = 0; life < 3; life++) { /* live, on disk, resumed */
        const Snapshot *snapshot = engine_look(engine);
        const RunView *run = find(snapshot, 1);
        static const long steps[] = {0, 7, 12, 12};
        assert_int_equal(run->marks, 4);
        for (int i = 0; i < 4; i++) {
            assert_int_equal(run->mark[i].step, steps[i]);
            assert_string_equal(run->mark[i].text, TEXTS[i]);
        }
        engine_drop(engine, snapshot);
        engine_close(engine, LEAVE_SAVE, NULL);
        engine = place_open(place, true, false);
        if (life == 1)
            assert_int_equal(ask(engine, COMMAND_STEP, 1, 1, ""), STATUS_OK);
    }
    engine_close(engine, LEAVE_DROP, NULL);
}

/* ---- The mixture ---- */

static void test_the_view_tells_priors_and_shares(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0,
                         "source.beta_data=1\nsource.beta_teacher=0\nsource.beta_student="
                         "3\nsource.warmup=0"),
                     STATUS_OK);
    ask(engine, COMMAND_STEP, 1, 20, "");
    while (engine_advance(engine, 1))
        continue;
    const Snapshot *snapshot = engine_look(engine);
    const RunView *run = find(snapshot, 1);
    static const double wanted[] = {0.25, 0, 0.75};
    double sum = 0;
    for (int o = 0; o < 3; o++) {
        assert_near(run->prior[o], wanted[o], 1e-12);
        assert_near(run->share[o], wanted[o], 0.15); /* ten batches of some rows */
        sum += run->share[o];
    }
    assert_near(sum, 1, 1e-9);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE, NULL);
    engine = place_open(place, true, false);
    snapshot = engine_look(engine);
    assert_true(isnan(find(snapshot, 1)->prior[0]) && isnan(find(snapshot, 1)->share[0]));
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
}

static void test_values_are_checked_by_the_table(void **state)
{
    (void)state;
    Error error = {{0}};
    char text[64] = "kept";
    int lr = row_of("optimizer", "lr");
    assert_int_equal(engine_param_check(lr, " 5.0e-04 ", text, &error), STATUS_OK);
    assert_string_equal(text, "0.0005");
    assert_int_equal(engine_param_check(lr, "2", text, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "optimizer.lr = 2: is out of range 0..1"));
    assert_string_equal(text, "0.0005");
    assert_int_equal(engine_param_check(row_of("threshold", "kind"), "dynamix", text, &error),
                     STATUS_BAD_INPUT);
    ParamInfoView param, *all;
    int n = engine_params(&all);
    assert_false(engine_param(n, &param));
    assert_false(engine_param(-1, &param));
    assert_true(engine_param(row_of("lcm", "skip"), &param));
    assert_string_equal(param.method, "lcm");
    assert_string_equal(all[lr].method, "");
    free(all);
}

int main(void)
{
#define ENGINE(name) cmocka_unit_test_setup_teardown(name, place_enter, place_leave)
#define RUN(name)    cmocka_unit_test_setup_teardown(name, world_enter, world_leave)
    const struct CMUnitTest tests[] = {
        ENGINE(test_several_values_are_one_intervention),
        ENGINE(test_one_bad_line_leaves_everything),
        ENGINE(test_what_no_mark_could_hold_is_refused),
        RUN(test_a_fork_undoes_an_intervention),
        ENGINE(test_a_fork_says_what_it_changed),
        ENGINE(test_a_fork_begins_anywhere),
        ENGINE(test_notes_stand_where_they_belong),
        ENGINE(test_the_view_tells_priors_and_shares),
        cmocka_unit_test(test_values_are_checked_by_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
