/* The engine in lock-step: commands and their notes, snapshots that never change, several
 * runs at once. */
#include "tests/engines.h"
#include "tests/near.h"
#include <stdlib.h>
#include <string.h>

/* ---- Lock-step ---- */

static void test_an_empty_folder_is_an_empty_snapshot(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->runs, 0);
    assert_int_equal(snapshot->notes, 0);
    assert_int_equal(engine_advance(engine, 10), 0);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE, NULL);
}

/* A folder that is no run's is told of, and is in nobody's way. */
static void test_a_broken_folder_is_noted(void **state)
{
    Place *place = *state;
    Error error = {{0}};
    char folder[PATH_SIZE], path[PATH_SIZE];
    file_make_folder(file_join(folder, place->runs, "0007-odd"), &error);
    file_write(file_join(path, folder, "run.ini"), "[rum]\n", 6, &error);
    Engine *engine = place_open(place, true, false);
    assert_answer(engine, 0, "[rum]");
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->runs, 1);
    assert_int_equal(snapshot->run[0]->id, 8);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
}

static void test_runs_take_turns(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE];
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    snprintf(text, sizeof text, "%.900s\nname=second\nrun.seed=3\n\n optimizer.lr = 0.002 \n",
             place->lcm);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, text), STATUS_OK);
    assert_int_equal(engine_advance(engine, 40), 40);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->runs, 2);
    const RunView *one = snapshot->run[0], *two = snapshot->run[1];
    assert_string_equal(one->name, "one");
    assert_string_equal(two->name, "second");
    assert_int_equal(one->state, RUN_LIVE);
    assert_true(one->step > 5 && two->step > 5 && labs(one->step - two->step) <= 2);
    assert_true(one->loss_terms >= 5 && isfinite(one->loss) && isfinite(one->shift));
    assert_string_equal(two->method, "lcm");
    assert_int_equal(two->samples.n, 512);
    assert_non_null(two->samples.teacher);
    ParamInfoView *param;
    int n = engine_params(&param), seen = 0;
    assert_int_equal(n, two->params);
    for (int i = 0; i < n; i++) {
        if (strcmp(param[i].section, "run") == 0 && strcmp(param[i].key, "seed") == 0)
            seen += strcmp(two->param[i], "3") == 0;
        if (strcmp(param[i].section, "optimizer") == 0 && strcmp(param[i].key, "lr") == 0)
            seen += strcmp(two->param[i], "0.002") == 0;
    }
    free(param);
    assert_int_equal(seen, 2);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
}

/* What a run computes does not depend on who else is running. */
static void test_company_changes_nothing(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE], alone[PATH_SIZE], together[PATH_SIZE];
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    assert_int_equal(engine_advance(engine, 30), 30);
    ask(engine, COMMAND_PAUSE, 1, 0, "");
    snprintf(text, sizeof text, "%.900s\nname=again", place->pd);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, text), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->lcm), STATUS_OK);
    assert_int_equal(engine_advance(engine, 60), 60);
    engine_close(engine, LEAVE_DROP, NULL);
    assert_same_logs(file_join(alone, place->runs, "0001-one"),
                     file_join(together, place->runs, "0002-again"));
}

static void test_pause_step_start(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_STEP, 1, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_STEP, 1, 4, ""), STATUS_OK);
    while (engine_advance(engine, 1))
        continue;
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->run[0]->step, 4);
    assert_int_equal(snapshot->run[0]->state, RUN_PAUSED);
    engine_drop(engine, snapshot);
    assert_int_equal(ask(engine, COMMAND_PAUSE, 1, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_START, 1, 0, ""), STATUS_OK);
    assert_int_equal(engine_advance(engine, 2), 2);
    assert_int_equal(ask(engine, COMMAND_PAUSE, 1, 0, ""), STATUS_OK);
    assert_int_equal(engine_advance(engine, 2), 0);
    assert_int_equal(ask(engine, COMMAND_START, 7, 0, ""), STATUS_BAD_INPUT);
    engine_close(engine, LEAVE_SAVE, NULL);
}

/* Sampler by sampler, kept in the folder, and the student's again after its next evaluation. */
static void test_a_frontier_is_measured(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_PAUSE, 1, 0, ""), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_FRONTIER, 7, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_FRONTIER, 1, 0, ""), STATUS_OK);
    assert_int_equal(engine_advance(engine, 1), 1);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->run[0]->trades, 1);
    assert_true(snapshot->run[0]->trade[0].k == 1 && !snapshot->run[0]->trade[0].teacher);
    engine_drop(engine, snapshot);
    assert_int_equal(engine_advance(engine, 100), 7);
    engine_close(engine, LEAVE_SAVE, NULL);
    engine = place_open(place, true, true); /* and read back, by one who only looks */
    engine_advance(engine, 100);
    snapshot = engine_look(engine);
    const RunView *run = snapshot->run[0];
    assert_int_equal(run->trades, 8);
    assert_true(run->trade[7].teacher && run->trade[7].k == 8 && run->trade[7].n == 4000);
    assert_true(run->trade[7].quality_low <= run->trade[7].quality &&
                run->trade[7].diversity > run->trade[0].diversity && run->trade[7].diversity < 1);
    assert_string_equal(run->trade[0].quality_name, "sw2");
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE, NULL);
}

static void test_set_save_note_fork_delete(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, place->pd), STATUS_OK);
    engine_advance(engine, 12);
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0, "optimizer.lr=0.0005"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0, "optimizer.lr=x"), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_NOTE, 1, -1, "hello"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_SAVE, 1, 0, ""), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_FORK, 1, -1, "name=child\nsource.beta_student=1"),
                     STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_FORK, 1, 3, ""), STATUS_BAD_INPUT);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->runs, 2);
    assert_string_equal(snapshot->run[1]->name, "child");
    assert_int_equal(snapshot->run[1]->parent, 1);
    assert_int_equal(snapshot->run[1]->step, snapshot->run[0]->step);
    assert_int_equal(snapshot->run[0]->marks, 2);
    assert_string_equal(snapshot->run[0]->mark[1].text, "note: hello");
    engine_drop(engine, snapshot);
    assert_int_equal(ask(engine, COMMAND_DELETE, 2, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_PAUSE, 2, 0, ""), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_DELETE, 2, 0, ""), STATUS_OK);
    char child[PATH_SIZE];
    assert_false(file_exists(file_join(child, place->runs, "0002-child")));
    engine_close(engine, LEAVE_SAVE, NULL);
}

static void test_bad_presets_are_answered(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE];
    Engine *engine = place_open(place, true, false);
    int before = folder_entries(place->runs);
    long ticket = tell(engine, COMMAND_NEW, 0, 0, "no-such-preset");
    engine_advance(engine, 0);
    assert_answer(engine, ticket, "no-such-preset");
    snprintf(text, sizeof text, "%.900s\nrun.stepz=4", place->pd);
    ticket = tell(engine, COMMAND_NEW, 0, 0, text);
    engine_advance(engine, 0);
    assert_answer(engine, ticket, "run.steps");
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, (CommandKind)99, 1, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(folder_entries(place->runs), before);
    engine_close(engine, LEAVE_SAVE, NULL);
}

static void test_a_full_queue_gives_no_ticket(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    int sent = 0;
    while (tell(engine, COMMAND_START, 1, 0, "") > 0)
        sent++;
    assert_true(sent >= 16);
    engine_advance(engine, 0);
    assert_true(tell(engine, COMMAND_START, 1, 0, "") > 0);
    engine_advance(engine, 0);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->notes, NOTES_MAX);
    assert_int_equal(snapshot->note[NOTES_MAX - 1].ticket, sent + 1);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE, NULL);
}

static void test_a_snapshot_never_changes(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    ask(engine, COMMAND_NEW, 0, 0, place->pd);
    engine_advance(engine, 20);
    const Snapshot *old = engine_look(engine);
    const RunView *view = old->run[0];
    RunView copy = *view;
    Series loss = view->term[0].series;
    size_t floats = (size_t)(view->samples.steps + 1) * (size_t)view->samples.n * 2;
    float *samples = malloc(floats * sizeof(float));
    memcpy(samples, view->samples.student, floats * sizeof(float));
    engine_advance(engine, 30);
    const Snapshot *new = engine_look(engine);
    assert_true(new->serial > old->serial &&new->run[0]->step > copy.step);
    assert_memory_equal(view, &copy, sizeof copy);
    assert_memory_equal(&view->term[0].series, &loss, sizeof loss);
    assert_memory_equal(view->samples.student, samples, floats * sizeof(float));
    free(samples);
    engine_drop(engine, new);
    engine_close(engine, LEAVE_DROP, NULL); /* a snapshot outlives its engine */
    assert_memory_equal(view, &copy, sizeof copy);
    engine_drop(NULL, old);
}

static void test_unchanged_runs_are_shared(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    ask(engine, COMMAND_NEW, 0, 0, place->pd);
    ask(engine, COMMAND_PAUSE, 1, 0, "");
    ask(engine, COMMAND_NEW, 0, 0, place->lcm);
    const Snapshot *old = engine_look(engine);
    engine_advance(engine, 6);
    const Snapshot *new = engine_look(engine);
    assert_ptr_equal(old->run[0], new->run[0]);
    assert_ptr_not_equal(old->run[1], new->run[1]);
    engine_drop(engine, old);
    engine_drop(engine, new);
    engine_close(engine, LEAVE_DROP, NULL);
}

static void test_leaving_saves_and_coming_back_resumes(void **state)
{
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    ask(engine, COMMAND_NEW, 0, 0, place->pd);
    ask(engine, COMMAND_STEP, 1, 10, "");
    while (engine_advance(engine, 1))
        continue;
    ask(engine, COMMAND_START, 1, 0, "");
    engine_close(engine, LEAVE_SAVE, NULL);
    engine = place_open(place, true, false);
    const Snapshot *snapshot = engine_look(engine);
    assert_int_equal(snapshot->runs, 1);
    assert_int_equal(snapshot->run[0]->state, RUN_PAUSED);
    assert_int_equal(snapshot->run[0]->checkpoint, 10);
    engine_drop(engine, snapshot);
    assert_int_equal(ask(engine, COMMAND_NOTE, 1, -1, "from outside"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_START, 1, 0, ""), STATUS_OK);
    engine_advance(engine, 1);
    snapshot = engine_look(engine);
    assert_true(snapshot->run[0]->step >= 10);
    assert_int_equal(snapshot->run[0]->marks, 1);
    engine_drop(engine, snapshot);
    while (engine_advance(engine, 100))
        continue;
    snapshot = engine_look(engine);
    assert_int_equal(snapshot->run[0]->state, RUN_DONE);
    assert_int_equal(snapshot->run[0]->step, 23);
    assert_true(snapshot->run[0]->metrics > 0);
    engine_drop(engine, snapshot);
    assert_int_equal(ask(engine, COMMAND_START, 1, 0, ""), STATUS_BAD_INPUT);
    assert_int_equal(ask(engine, COMMAND_SET, 1, 0, "run.steps=25"), STATUS_OK);
    assert_int_equal(ask(engine, COMMAND_STEP, 1, 1, ""), STATUS_OK);
    while (engine_advance(engine, 1))
        continue;
    snapshot = engine_look(engine);
    assert_int_equal(snapshot->run[0]->step, 24);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_SAVE, NULL);
}

/* What is published between two checkpoints has samples of between them. */
static void test_published_samples_follow(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE];
    Engine *engine = place_open(place, true, false);
    snprintf(text, sizeof text,
             "%.900s\nrun.batch=512\nrun.steps=1000\nrun.checkpoint_every=1000\n", place->pd);
    assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, text), STATUS_OK);
    engine_advance(engine, 100);
    const Snapshot *snapshot = engine_look(engine);
    assert_in_range(snapshot->run[0]->samples.step, 1, snapshot->run[0]->step);
    engine_drop(engine, snapshot);
    engine_close(engine, LEAVE_DROP, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_enter, place_leave)
    const struct CMUnitTest tests[] = {
        TEST(test_an_empty_folder_is_an_empty_snapshot),
        TEST(test_a_broken_folder_is_noted),
        TEST(test_runs_take_turns),
        TEST(test_company_changes_nothing),
        TEST(test_pause_step_start),
        TEST(test_a_frontier_is_measured),
        TEST(test_set_save_note_fork_delete),
        TEST(test_bad_presets_are_answered),
        TEST(test_a_full_queue_gives_no_ticket),
        TEST(test_a_snapshot_never_changes),
        TEST(test_unchanged_runs_are_shared),
        TEST(test_leaving_saves_and_coming_back_resumes),
        TEST(test_published_samples_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
