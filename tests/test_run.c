/* A run's life: what repeats byte for byte, kills, folders, and what bad input leaves
 * behind. */
#include "engine/distill/params.h"
#include "engine/store/checkpoint.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- What repeats ---- */

static void same_files(const char *a, const char *b, const char *name)
{
    char path[PATH_SIZE], *x, *y;
    size_t n, m;
    assert_int_equal(file_read(file_join(path, a, name), 1 << 26, &x, &n, NULL), 0);
    assert_int_equal(file_read(file_join(path, b, name), 1 << 26, &y, &m, NULL), 0);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    free(x);
    free(y);
}

static void test_a_run_repeats_whatever_the_threads(void **state)
{
    static const char *const METHODS[] = {"pd", "lcm", "diffusion"};
    World *world = *state;
    Crew *two = crew_new(2), *one = world->crew;
    for (int m = 0; m < 3; m++) {
        Config config;
        char a[PATH_SIZE], b[PATH_SIZE];
        tiny_config(&config, METHODS[m]);
        world_most(world, &config, a);
        world->crew = two;
        world_most(world, &config, b);
        world->crew = one;
        assert_same_logs(a, b);
        same_files(a, b, "ckpt-00000021.safetensors");
        same_files(a, b, "samples/step-00000021.png");
    }
    crew_free(two);
}

/* Killed: closed without saving, as the kernel does it, and resumed from disk; at every
 * odd step. */
static void kill_and_resume(const World *world, const Config *config, const char *whole, long end)
{
    char parts[PATH_SIZE];
    Run *run = world_create(world, config);
    snprintf(parts, sizeof parts, "%s", run_folder(run));
    for (long kill = 3; kill < 23; kill += 4) {
        assert_int_equal(run_until(run, kill), PULSE_MORE);
        run_close(run);
        run = world_resume(world, parts);
        assert_true(run_step(run) <= kill);
    }
    run_until(run, end);
    run_close(run);
    assert_same_logs(whole, parts);
    same_files(whole, parts, "ckpt-00000021.safetensors");
}

static void test_resuming_equals_never_stopping(void **state)
{
    static const char *const METHODS[] = {"lcm", "diffusion"};
    World *world = *state;
    Config config;
    char whole[PATH_SIZE];
    for (int m = 0; m < 2; m++) {
        tiny_config(&config, METHODS[m]);
        world_most(world, &config, whole);
        kill_and_resume(world, &config, whole, 22);
    }
    tiny_config(&config, "pd");
    tiny_set(&config, "run.eval_every=11");
    world_whole(world, &config, whole);
    kill_and_resume(world, &config, whole, -1);
}

/* Saved after every single quantum, also between a step and its measurements, and in the
 * regression. */
static void test_saving_anywhere_changes_nothing(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    char whole[PATH_SIZE], parts[PATH_SIZE];
    tiny_config(&config, "pd");
    world_whole(world, &config, whole);
    Run *run = world_create(world, &config);
    snprintf(parts, sizeof parts, "%s", run_folder(run));
    for (RunPulse pulse = PULSE_MORE; pulse == PULSE_MORE;) {
        pulse = run_advance(run, &error);
        assert_int_not_equal(pulse, PULSE_FAILED);
        assert_int_equal(run_save(run, &error), STATUS_OK);
        run_close(run);
        run = world_resume(world, parts);
    }
    assert_int_equal(run_state(run), RUN_DONE);
    run_close(run);
    assert_same_logs(whole, parts);
}

/* Half a row at the end of each log: what a kill within a write leaves. */
static void test_half_a_row_is_cut(void **state)
{
    World *world = *state;
    Config config;
    char whole[PATH_SIZE], parts[PATH_SIZE], path[PATH_SIZE];
    tiny_config(&config, "pd");
    world_most(world, &config, whole);
    Run *run = world_create(world, &config);
    snprintf(parts, sizeof parts, "%s", run_folder(run));
    run_until(run, 16);
    run_close(run);
    FILE *left = fopen(file_join(path, parts, "ckpt-00000021.safetensors.tmp-1-0"), "w");
    fclose(left);
    static const char *const LOGS[] = {"metrics.csv", "shift.csv", "eval.csv", "events.csv",
                                       "times.csv"};
    for (int i = 0; i < 5; i++) {
        FILE *file = fopen(file_join(path, parts, LOGS[i]), "a");
        fputs("15,0.25,", file);
        fclose(file);
    }
    run = world_resume(world, parts);
    assert_int_equal(run_step(run), 14);
    assert_false(file_exists(file_join(path, parts, "ckpt-00000021.safetensors.tmp-1-0")));
    run_until(run, 22);
    run_close(run);
    assert_same_logs(whole, parts);
}

/* ---- Folders ---- */

static void test_a_folder_holds_what_it_should(void **state)
{
    World *world = *state;
    Config config;
    char folder[PATH_SIZE], path[PATH_SIZE];
    tiny_config(&config, "pd");
    world_whole(world, &config, folder);
    assert_non_null(strstr(folder, "/0001-tiny"));
    static const char *const FILES[] = {"run.ini",
                                        "metrics.csv",
                                        "shift.csv",
                                        "eval.csv",
                                        "times.csv",
                                        "events.csv",
                                        "latest",
                                        "ckpt-00000000.safetensors",
                                        "lock",
                                        "samples",
                                        "ckpt-00000007.safetensors"};
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++)
        assert_true(file_exists(file_join(path, folder, FILES[i])));
    char *latest = log_text(folder, "latest"), *metrics = log_text(folder, "metrics.csv");
    char *shift = log_text(folder, "shift.csv"), *eval = log_text(folder, "eval.csv");
    assert_string_equal(latest, "ckpt-00000023.safetensors\n");
    assert_int_equal(strncmp(metrics, "step,loss,grad_norm,lr,", 23), 0);
    assert_non_null(strstr(metrics, "loss_data,loss_teacher,loss_student,loss_var,"));
    assert_int_equal(strncmp(shift,
                             "step,i,time,own,forward,ratio,low,high,mmd2,mmd2_null95,mmd2_teacher,"
                             "paired,mmd2_teacher_null95\n0,4,1,",
                             102),
                     0);
    assert_int_equal(strncmp(eval, "step,k,nfe,n,sw2,sw2_low,sw2_high,", 34), 0);
    assert_non_null(strstr(eval, "\n23,4,4,64,"));
    free(latest);
    free(metrics);
    free(shift);
    free(eval);
}

static void test_run_ini_gives_the_same_run(void **state)
{
    World *world = *state;
    Config config, again;
    Error error = {{0}};
    char a[PATH_SIZE], b[PATH_SIZE], path[PATH_SIZE];
    tiny_config(&config, "lcm");
    world_most(world, &config, a);
    lab_config_init(&again);
    assert_int_equal(config_read_file(&again, file_join(path, a, "run.ini"), &error), STATUS_OK);
    world_most(world, &again, b);
    assert_same_logs(a, b);
}

static void test_bad_input_creates_nothing(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    Run *run;
    char runs[PATH_SIZE];
    file_join(runs, world->runs, "new");
    tiny_config(&config, "pd");
    assert_int_equal(run_create(&run, runs, "a/b", &config, world->crew, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "--name"));
    tiny_set(&config, "data.name=nowhere");
    assert_int_equal(run_create(&run, runs, "x", &config, world->crew, &error), STATUS_BAD_INPUT);
    tiny_config(&config, "pd");
    tiny_set(&config, "teacher.kind=file");
    tiny_set(&config, "teacher.file=missing.safetensors");
    assert_int_equal(run_create(&run, runs, "x", &config, world->crew, &error), STATUS_BAD_INPUT);
    assert_null(run);
    assert_int_equal(folder_entries(runs), -1);
    tiny_config(&config, "pd");
    FILE *file = fopen(runs, "w"); /* a file where the folder should be */
    fclose(file);
    assert_int_equal(run_create(&run, runs, "x", &config, world->crew, &error), STATUS_BAD_INPUT);
    assert_null(run);
}

static void test_an_unwritable_runs_folder_is_refused(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    Run *run;
    if (geteuid() == 0)
        skip();
    tiny_config(&config, "pd");
    chmod(world->runs, 0555);
    Status status = run_create(&run, world->runs, "x", &config, world->crew, &error);
    chmod(world->runs, 0777);
    assert_int_equal(status, STATUS_BAD_INPUT);
    assert_int_equal(folder_entries(world->runs), 0);
}

static void test_a_run_has_one_owner(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    Run *second;
    tiny_config(&config, "pd");
    Run *run = world_create(world, &config);
    run_until(run, 1);
    assert_int_equal(run_resume(&second, run_folder(run), world->crew, &error), STATUS_BLOCKED);
    assert_null(second);
    assert_non_null(strstr(error.text, "another ddil"));
    assert_int_equal(run_look(&second, run_folder(run), -1, world->crew, &error), STATUS_OK);
    assert_int_equal(run_step(second), 0);
    run_close(second);
    run_close(run);
}

static void test_runs_are_found(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    char folder[PATH_SIZE];
    static const char *const NAMES[] = {"apple", "apricot", "pear", "pear"};
    tiny_config(&config, "pd");
    for (int i = 0; i < 4; i++) {
        Run *run;
        assert_int_equal(run_create(&run, world->runs, NAMES[i], &config, world->crew, &error),
                         STATUS_OK);
        run_close(run);
    }
    static const char *const GOOD[][2] = {{"2", "0002-apricot"},
                                          {"apr", "0002-apricot"},
                                          {"0004", "0004-pear"},
                                          {"apple", "0001-apple"},
                                          {"0003-pear", "0003-pear"}};
    for (int i = 0; i < 5; i++) {
        assert_int_equal(run_find(world->runs, GOOD[i][0], folder, &error), STATUS_OK);
        assert_string_equal(strrchr(folder, '/') + 1, GOOD[i][1]);
    }
    static const char *const BAD[] = {"ap", "pear", "5", "plum", ""};
    for (int i = 0; i < 5; i++)
        assert_int_equal(run_find(world->runs, BAD[i], folder, &error), STATUS_BAD_INPUT);
    assert_int_equal(run_find("elsewhere", GOOD[0][0], folder, &error), STATUS_BAD_INPUT);
    char copy[PATH_SIZE];
    file_join(copy, world->runs, "0001-apple");
    assert_int_equal(run_find("elsewhere", copy, folder, &error), STATUS_OK);
    assert_string_equal(folder, copy);
}

/* A watched run shows what its student makes of the noise now, not only at checkpoints. */
static void test_watched_samples_follow(void **state)
{
    Config config;
    tiny_config(&config, "pd");
    tiny_set(&config, "run.steps=1000");
    tiny_set(&config, "run.batch=512");
    tiny_set(&config, "run.checkpoint_every=1000");
    Run *run = world_create(*state, &config);
    run_watch(run);
    long shown = 0;
    int renewals = 0;
    for (long step = 1; step <= 100; step++) {
        run_until(run, step);
        run_show(run);
        const RunView *view = run_view(run);
        assert_true(view->samples.n > 0 && view->samples.step <= step);
        renewals += view->samples.step != shown;
        shown = view->samples.step;
        run_view_drop(view);
    }
    assert_in_range(renewals, 2, 10);
    run_close(run);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_enter, world_leave)
    const struct CMUnitTest tests[] = {
        TEST(test_a_run_repeats_whatever_the_threads),
        TEST(test_resuming_equals_never_stopping),
        TEST(test_saving_anywhere_changes_nothing),
        TEST(test_half_a_row_is_cut),
        TEST(test_a_folder_holds_what_it_should),
        TEST(test_run_ini_gives_the_same_run),
        TEST(test_bad_input_creates_nothing),
        TEST(test_an_unwritable_runs_folder_is_refused),
        TEST(test_a_run_has_one_owner),
        TEST(test_runs_are_found),
        TEST(test_watched_samples_follow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
