/* A run's life: what repeats byte for byte, kills, forks, steering, and what bad input
 * leaves behind. */
#include "engine/base/safetensors.h"
#include "engine/distill/params.h"
#include "engine/run/checkpoint.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct World {
    char runs[PATH_SIZE];
    Crew *crew;
} World;

static int enter(void **state)
{
    World *world = calloc(1, sizeof *world);
    folder_new(world->runs);
    world->crew = crew_new(1);
    *state = world;
    return 0;
}

static int leave(void **state)
{
    World *world = *state;
    folder_gone(world->runs);
    crew_free(world->crew);
    free(world);
    return 0;
}

static Run *create(const World *world, const Config *config)
{
    Run *run;
    Error error = {{0}};
    if (run_create(&run, world->runs, "tiny", config, world->crew, &error))
        fail_msg("%s", error.text);
    return run;
}

static Run *resume(const World *world, const char *folder)
{
    Run *run;
    Error error = {{0}};
    if (run_resume(&run, folder, world->crew, &error))
        fail_msg("%s", error.text);
    return run;
}

/* A whole run in one go; `folder` gets where it stands. */
static void run_whole(const World *world, const Config *config, char folder[PATH_SIZE])
{
    Run *run = create(world, config);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    assert_int_equal(run_until(run, -1), PULSE_DONE);
    run_close(run);
}

/* The same as far as step 22: without the end's evaluation, which takes longer than all
 * the rest. */
static void run_most(const World *world, const Config *config, char folder[PATH_SIZE])
{
    Run *run = create(world, config);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    assert_int_equal(run_until(run, 22), PULSE_MORE);
    run_close(run);
}

/* ---- What repeats
 * -----------------------------------------------------------------------------------------------
 */

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
        run_most(world, &config, a);
        world->crew = two;
        run_most(world, &config, b);
        world->crew = one;
        assert_same_logs(a, b);
        same_files(a, b, "ckpt-00000021.safetensors");
        same_files(a, b, "samples/step-00000021.png");
    }
    crew_free(two);
}

/* Killed: closed without saving, as the kernel does it, and resumed from disk; at every
 * odd step. */
static void kill_and_resume(const World *world, const Config *config, const char *whole,
                            long end)
{
    char parts[PATH_SIZE];
    Run *run = create(world, config);
    snprintf(parts, sizeof parts, "%s", run_folder(run));
    for (long kill = 3; kill < 23; kill += 4) {
        assert_int_equal(run_until(run, kill), PULSE_MORE);
        run_close(run);
        run = resume(world, parts);
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
        run_most(world, &config, whole);
        kill_and_resume(world, &config, whole, 22);
    }
    tiny_config(&config, "pd");
    tiny_set(&config, "run.eval_every=11");
    run_whole(world, &config, whole);
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
    run_whole(world, &config, whole);
    Run *run = create(world, &config);
    snprintf(parts, sizeof parts, "%s", run_folder(run));
    for (RunPulse pulse = PULSE_MORE; pulse == PULSE_MORE;) {
        pulse = run_advance(run, &error);
        assert_int_not_equal(pulse, PULSE_FAILED);
        assert_int_equal(run_save(run, &error), STATUS_OK);
        run_close(run);
        run = resume(world, parts);
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
    run_most(world, &config, whole);
    Run *run = create(world, &config);
    snprintf(parts, sizeof parts, "%s", run_folder(run));
    run_until(run, 16);
    run_close(run);
    static const char *const LOGS[] = {"metrics.csv", "shift.csv", "eval.csv",
                                       "events.csv", "times.csv"};
    for (int i = 0; i < 5; i++) {
        FILE *file = fopen(file_join(path, parts, LOGS[i]), "a");
        fputs("15,0.25,", file);
        fclose(file);
    }
    run = resume(world, parts);
    assert_int_equal(run_step(run), 14);
    run_until(run, 22);
    run_close(run);
    assert_same_logs(whole, parts);
}

/* ---- Folders
 * ----------------------------------------------------------------------------------------------------
 */

static void test_a_folder_holds_what_it_should(void **state)
{
    World *world = *state;
    Config config;
    char folder[PATH_SIZE], path[PATH_SIZE];
    tiny_config(&config, "pd");
    run_whole(world, &config, folder);
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
    assert_non_null(strstr(metrics, "loss_data,loss_teacher,loss_student\n3,"));
    assert_int_equal(
        strncmp(shift,
                "step,i,time,own,forward,ratio,low,high,mmd2,mmd2_null95,mmd2_teacher,"
                "paired\n0,4,1,",
                80),
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
    run_most(world, &config, a);
    lab_config_init(&again);
    assert_int_equal(config_read_file(&again, file_join(path, a, "run.ini"), &error),
                     STATUS_OK);
    run_most(world, &again, b);
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
    assert_int_equal(run_create(&run, runs, "a/b", &config, world->crew, &error),
                     STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "--name"));
    tiny_set(&config, "data.name=nowhere");
    assert_int_equal(run_create(&run, runs, "x", &config, world->crew, &error),
                     STATUS_BAD_INPUT);
    tiny_config(&config, "pd");
    tiny_set(&config, "teacher.kind=file");
    tiny_set(&config, "teacher.file=missing.safetensors");
    assert_int_equal(run_create(&run, runs, "x", &config, world->crew, &error),
                     STATUS_BAD_INPUT);
    assert_null(run);
    assert_int_equal(folder_entries(runs), -1);
    tiny_config(&config, "pd");
    FILE *file = fopen(runs, "w"); /* a file where the folder should be */
    fclose(file);
    assert_int_equal(run_create(&run, runs, "x", &config, world->crew, &error),
                     STATUS_BAD_INPUT);
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
    Run *run = create(world, &config);
    run_until(run, 1);
    assert_int_equal(run_resume(&second, run_folder(run), world->crew, &error),
                     STATUS_BLOCKED);
    assert_null(second);
    assert_non_null(strstr(error.text, "another ddil"));
    assert_int_equal(run_look(&second, run_folder(run), -1, world->crew, &error),
                     STATUS_OK);
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
        assert_int_equal(
            run_create(&run, world->runs, NAMES[i], &config, world->crew, &error),
            STATUS_OK);
        run_close(run);
    }
    static const char *const GOOD[][2] = {
        {"2",         "0002-apricot"},
        {"apr",       "0002-apricot"},
        {"0004",      "0004-pear"   },
        {"apple",     "0001-apple"  },
        {"0003-pear", "0003-pear"   }
    };
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

/* ---- Steering
 * ---------------------------------------------------------------------------------------------------
 */

static void test_a_fork_without_changes_goes_the_same_way(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    Run *run;
    char parent[PATH_SIZE];
    tiny_config(&config, "pd");
    run_most(world, &config, parent);
    assert_int_equal(
        run_fork(&run, world->runs, parent, 14, NULL, "", world->crew, &error),
        STATUS_OK);
    char child[PATH_SIZE];
    snprintf(child, sizeof child, "%s", run_folder(run));
    assert_non_null(strstr(child, "0002-tiny"));
    run_until(run, 22);
    run_close(run);
    char *whole = log_text(parent, "metrics.csv"), *rest = log_text(child, "metrics.csv");
    assert_string_equal(strstr(whole, "\n15,"), strstr(rest, "\n15,"));
    assert_null(strstr(rest, "\n12,"));
    const RunView *view = run_view_read(child, &error);
    assert_non_null(view);
    assert_int_equal(view->parent, 1);
    assert_int_equal(view->parent_step, 14);
    assert_string_equal(view->mark[0].text, "forked from 0001@14");
    run_view_drop(view);
    free(whole);
    free(rest);
}

static void test_a_fork_that_does_not_fit_is_refused_by_name(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    Run *run;
    char parent[PATH_SIZE];
    tiny_config(&config, "pd");
    run_most(world, &config, parent);
    assert_int_equal(run_fork(&run, world->runs, parent, -1, "wide", "net.width=32\n",
                              world->crew, &error),
                     STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "net.width"));
    assert_int_equal(run_fork(&run, world->runs, parent, 5, "x", "", world->crew, &error),
                     STATUS_BAD_INPUT);
    assert_int_equal(
        run_fork(&run, world->runs, parent, 7, "x", "run.steps=6", world->crew, &error),
        STATUS_BAD_INPUT);
    assert_int_equal(
        run_fork(&run, world->runs, parent, 7, "x", "run.stepz=6", world->crew, &error),
        STATUS_BAD_INPUT);
    assert_int_equal(folder_entries(world->runs), 1);
}

static void test_a_tweak_is_saved_before_and_marked(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    tiny_config(&config, "pd");
    Run *run = create(world, &config);
    run_until(run, 10);
    assert_int_equal(run_set(run, "net.width=32", &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "fork"));
    assert_int_equal(run_set(run, "optimizer.lr=5", &error), STATUS_BAD_INPUT);
    assert_int_equal(run_set(run, "run.steps=4", &error), STATUS_BAD_INPUT);
    assert_int_equal(checkpoint_newest(run_folder(run)), 7);
    assert_int_equal(run_set(run, "optimizer.lr=0.0005", &error), STATUS_OK);
    assert_int_equal(checkpoint_newest(run_folder(run)), 10);
    run_note(run, "a \"quoted\", note");
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", run_folder(run));
    run_close(run); /* killed at once: the tweak holds */
    run = resume(world, folder);
    assert_int_equal(run_step(run), 10);
    assert_near(run_lab(run)->adam.lr, 0.0005, 1e-12);
    const RunView *view = run_view(run);
    assert_int_equal(view->marks, 2);
    assert_string_equal(view->mark[0].text, "optimizer.lr 0.001 -> 0.0005");
    assert_string_equal(view->mark[1].text, "note: a \"quoted\", note");
    assert_int_equal(view->mark[1].step, 10);
    run_view_drop(view);
    run_close(run);
}

static void test_a_budget_ends_a_run(void **state)
{
    World *world = *state;
    Config config;
    tiny_config(&config, "pd");
    Run *run = create(world, &config);
    run_until(run, 9);
    const Cost *cost = &run_lab(run)->cost;
    char budget[64];
    snprintf(budget, sizeof budget, "run.budget_nfe=%.17g",
             cost->teacher + cost->student);
    run_close(run);
    tiny_set(&config, budget);
    run = create(world, &config);
    assert_int_equal(run_until(run, -1), PULSE_DONE);
    assert_int_equal(run_step(run), 9);
    assert_int_equal(checkpoint_newest(run_folder(run)), 9);
    assert_non_null(run_last_eval(run));
    run_close(run);
}

/* ---- Failure
 * ----------------------------------------------------------------------------------------------------
 */

static void test_a_broken_loss_fails_the_run_and_keeps_the_checkpoint(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    tiny_config(&config, "pd");
    Run *run = create(world, &config);
    run_until(run, 9);
    run_lab(run)->student.weights[0] = NAN;
    RunPulse pulse = PULSE_MORE;
    while (pulse == PULSE_MORE)
        pulse = run_advance(run, &error);
    assert_int_equal(pulse, PULSE_FAILED);
    assert_non_null(strstr(error.text, "finite"));
    assert_int_equal(run_state(run), RUN_FAILED);
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", run_folder(run));
    run_close(run);
    const RunView *view = run_view_read(folder, &error);
    assert_int_equal(view->state, RUN_FAILED);
    assert_non_null(strstr(view->note, "finite"));
    assert_int_equal(view->checkpoint, 7);
    run_view_drop(view);
    run = resume(world, folder);
    assert_int_equal(run_step(run), 7);
    run_close(run);
}

static void test_a_failed_save_says_so_and_leaves_the_old_one(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    char path[PATH_SIZE];
    tiny_config(&config, "pd");
    Run *run = create(world, &config);
    run_until(run, 9);
    /* a folder stands where the file should go: the last act, the rename, fails */
    assert_int_equal(mkdir(checkpoint_path(path, run_folder(run), 9), 0777), 0);
    assert_int_equal(run_save(run, &error), STATUS_FAILED);
    assert_non_null(strstr(error.text, "ckpt-00000009"));
    rmdir(path);
    assert_int_equal(checkpoint_newest(run_folder(run)), 7);
    char *latest = log_text(run_folder(run), "latest");
    assert_string_equal(latest, "ckpt-00000007.safetensors\n");
    free(latest);
    assert_int_equal(run_until(run, 15), PULSE_MORE);
    run_close(run);
}

static void test_a_damaged_checkpoint_is_passed_over(void **state)
{
    World *world = *state;
    Config config;
    char whole[PATH_SIZE], path[PATH_SIZE];
    tiny_config(&config, "pd");
    run_most(world, &config, whole);
    char *before = log_text(whole, "metrics.csv");
    assert_int_equal(truncate(checkpoint_path(path, whole, 21), 1000), 0);
    FILE *file = fopen(checkpoint_path(path, whole, 14), "r+"); /* one bit of its data */
    fseek(file, -10, SEEK_END);
    int byte = fgetc(file);
    fseek(file, -10, SEEK_END);
    fputc(byte ^ 1, file);
    fclose(file);
    Run *run = resume(world, whole);
    assert_int_equal(run_step(run), 7);
    run_until(run, 22);
    run_close(run);
    char *after = log_text(whole, "metrics.csv");
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void test_only_damaged_checkpoints_are_an_error(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    Run *run = NULL;
    char folder[PATH_SIZE], path[PATH_SIZE];
    tiny_config(&config, "pd");
    tiny_set(&config, "run.checkpoint_every=20");
    run_most(world, &config, folder);
    assert_int_equal(truncate(checkpoint_path(path, folder, 0), 100), 0);
    assert_int_equal(truncate(checkpoint_path(path, folder, 20), 100), 0);
    char *before = log_text(folder, "metrics.csv");
    assert_int_equal(run_resume(&run, folder, world->crew, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "ckpt-00000020"));
    char *after = log_text(folder, "metrics.csv");
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* A run read from disk looks like the live one did. */
static void test_a_view_from_disk_equals_the_live_one(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    tiny_config(&config, "lcm");
    Run *run = create(world, &config);
    run_until(run, -1);
    const RunView *live = run_view(run), *disk = run_view_read(run_folder(run), &error);
    assert_int_equal(live->state, disk->state);
    assert_int_equal(live->step, 23);
    assert_int_equal(live->loss_terms, disk->loss_terms);
    for (int i = 0; i < live->loss_terms; i++)
        assert_memory_equal(&live->term[i].series, &disk->term[i].series, sizeof(Series));
    assert_int_equal(live->shift_view.columns, disk->shift_view.columns);
    assert_int_equal(live->shift_view.columns, 6); /* 0, 5, 10, 15, 20, 23 */
    assert_memory_equal(live->shift_view.ratio, disk->shift_view.ratio,
                        sizeof(float) *
                            (size_t)(live->shift_view.columns * live->shift_view.rows));
    assert_near(live->shift, disk->shift, 0);
    assert_int_equal(live->samples.n, disk->samples.n);
    assert_int_equal(disk->samples.step, 23);
    assert_memory_equal(live->samples.student, disk->samples.student,
                        sizeof(float) *
                            (size_t)((live->samples.steps + 1) * live->samples.n * 2));
    assert_int_equal(live->metrics, disk->metrics);
    assert_near(live->metric[0].value, disk->metric[0].value, 0);
    assert_near(live->best, disk->best, 0);
    run_view_drop(live);
    run_view_drop(disk);
    run_close(run);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)
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
        TEST(test_a_fork_without_changes_goes_the_same_way),
        TEST(test_a_fork_that_does_not_fit_is_refused_by_name),
        TEST(test_a_tweak_is_saved_before_and_marked),
        TEST(test_a_budget_ends_a_run),
        TEST(test_a_broken_loss_fails_the_run_and_keeps_the_checkpoint),
        TEST(test_a_failed_save_says_so_and_leaves_the_old_one),
        TEST(test_a_damaged_checkpoint_is_passed_over),
        TEST(test_only_damaged_checkpoints_are_an_error),
        TEST(test_a_view_from_disk_equals_the_live_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
