/* Whatever leaves the finite numbers stops a run as failed, by name, before it is saved; what was
 * saved before can be forked. */
#include "engine/store/checkpoint.h"
#include "tests/draws.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <stdlib.h>
#include <string.h>

/* Advances until the run fails, which must be for `why`; folder gets where it stands. Closes it. */
static void assert_fails(Run *run, const char *why, char folder[PATH_SIZE])
{
    Error error = {{0}};
    RunPulse pulse = PULSE_MORE;
    while (pulse == PULSE_MORE)
        pulse = run_advance(run, &error);
    assert_int_equal(pulse, PULSE_FAILED);
    if (!strstr(error.text, why))
        fail_msg("\"%s\" does not say \"%s\"", error.text, why);
    assert_int_equal(run_state(run), RUN_FAILED);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    run_close(run);
}

static Run *begun(const World *world, const char *method, const char *setting, long step)
{
    Config config;
    tiny_config(&config, method);
    if (*setting)
        tiny_set(&config, setting);
    Run *run = world_create(world, &config);
    run_until(run, step);
    return run;
}

/* Forks the failed run at its newest checkpoint, which must be `step`, and goes on. */
static void assert_forks(const World *world, const char *folder, long step)
{
    Run *fork;
    Error error = {{0}};
    assert_int_equal(checkpoint_newest(folder), step);
    if (run_fork(&fork, world->runs, folder, -1, "again", "optimizer.lr=1e-4\n", world->crew,
                 &error))
        fail_msg("%s", error.text);
    assert_int_equal(run_step(fork), step);
    assert_int_equal(run_until(fork, step + 3), PULSE_MORE);
    run_close(fork);
}

static void test_the_critic(void **state)
{
    World *world = *state;
    char folder[PATH_SIZE];
    Run *run = begun(world, "dmd2", "dmd2.critic_lr=1e-3", 9);
    Lab *lab = run_lab(run);
    lab->method->critic(lab)->weights[0] = NAN;
    assert_fails(run, "the loss on",
                 folder); /* the student's, which asks the critic, comes first */
    assert_forks(world, folder, 7);
    run = begun(world, "dmd2", "", 9);
    lab = run_lab(run);
    lab->method->critic(lab)->moment1[0] = NAN; /* shows after the student's update */
    assert_fails(run, "the critic's loss", folder);
    assert_forks(world, folder, 7);
}

static void test_the_students_roll_outs(void **state)
{
    World *world = *state;
    char folder[PATH_SIZE];
    Run *run = begun(world, "pd", "source.beta_data=0", 9);
    run_lab(run)->student.weights[0] = INFINITY;
    assert_fails(run, "a state of the student's roll-outs", folder);
    assert_forks(world, folder, 7);
}

/* They never enter the ring. */
static void test_rings_stay_finite(void **state)
{
    (void)state;
    Bench *bench = bench_open(PD SOURCE MIXED, 1);
    Lab *lab = &bench->lab;
    refill(lab, FILL);
    int64_t made = lab->source.student.made;
    lab->student.weights[0] = NAN;
    assert_string_equal(lab_refresh(lab, FILL), "a state of the student's roll-outs");
    assert_true(lab->source.student.made > made);
    const Replay *ring = &lab->source.student;
    for (int k = 0; k < ring->filled * ring->stages * ring->dims; k++)
        assert_true(isfinite(ring->row[k]));
    bench_close(bench);
}

static void test_the_regression(void **state)
{
    World *world = *state;
    char folder[PATH_SIZE];
    Error error;
    Config config;
    tiny_config(&config, "pd");
    Run *run = world_create(world, &config);
    run_lab(run)->student.weights[0] = NAN;
    assert_fails(run, "student.pretrain_lr", folder);
    assert_int_equal(checkpoint_newest(folder), -1);
    const RunView *view = run_view_read(folder, &error);
    assert_int_equal(view->state, RUN_FAILED);
    run_view_drop(view);
}

/* The averaged weights are what is measured, judged and saved. */
static void test_measuring(void **state)
{
    World *world = *state;
    char folder[PATH_SIZE];
    Run *run = begun(world, "pd", "optimizer.ema=0.9", 9);
    run_lab(run)->student.ema[0] = NAN;
    assert_fails(run, "where its shift is measured", folder);
    assert_forks(world, folder, 7);
}

static void test_judging(void **state)
{
    World *world = *state;
    char folder[PATH_SIZE];
    Run *run = begun(world, "diffusion", "run.eval_every=10", 9);
    run_lab(run)->student.ema[0] = NAN;
    assert_fails(run, "a sample that was to be judged", folder);
    assert_forks(world, folder, 7);
}

/* A moment that overflowed does not show in any loss: the checkpoint is refused, the one before
 * stands. */
static void test_saving(void **state)
{
    World *world = *state;
    char folder[PATH_SIZE];
    Error error = {{0}};
    Run *run = begun(world, "pd", "", 13);
    run_lab(run)->student.moment2[3] = INFINITY;
    assert_int_equal(run_save(run, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "adam_moment2."));
    assert_fails(run, "a number of adam_moment2.", folder);
    assert_forks(world, folder, 7);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_enter, world_leave)
    const struct CMUnitTest tests[] = {
        TEST(test_the_critic),
        TEST(test_the_students_roll_outs),
        TEST(test_rings_stay_finite),
        TEST(test_the_regression),
        TEST(test_measuring),
        TEST(test_judging),
        TEST(test_saving),
    };
    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
