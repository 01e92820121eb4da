/* Forks, tweaks, budgets; failures, damaged checkpoints; the view from disk. */
#include "engine/base/safetensors.h"
#include "engine/distill/params.h"
#include "engine/store/checkpoint.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- Steering ---- */

static void test_a_fork_without_changes_goes_the_same_way(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    Run *run;
    char parent[PATH_SIZE];
    tiny_config(&config, "pd");
    world_most(world, &config, parent);
    assert_int_equal(run_fork(&run, world->runs, parent, 14, NULL, "", world->crew, &error),
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
    world_most(world, &config, parent);
    assert_int_equal(
        run_fork(&run, world->runs, parent, -1, "wide", "net.width=32\n", world->crew, &error),
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
    Run *run = world_create(world, &config);
    run_until(run, 10);
    assert_int_equal(run_set(run, "net.width=32", &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "fork"));
    assert_int_equal(run_set(run, "optimizer.lr=5", &error), STATUS_BAD_INPUT);
    assert_int_equal(run_set(run, "run.steps=4", &error), STATUS_BAD_INPUT);
    assert_int_equal(checkpoint_newest(run_folder(run)), 7);
    assert_int_equal(run_set(run, "optimizer.lr=0.0005", &error), STATUS_OK);
    assert_int_equal(checkpoint_newest(run_folder(run)), 10);
    run_note(run, -1, "a \"quoted\", note");
    char folder[PATH_SIZE];
    snprintf(folder, sizeof folder, "%s", run_folder(run));
    run_close(run); /* killed at once: the tweak holds */
    run = world_resume(world, folder);
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

/* The shift's own teacher and labels follow the thresholding: a run that goes on after a
 * tweak and one that is resumed there measure the same. */
static void test_a_tweak_means_the_same_live_and_resumed(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    char folder[2][PATH_SIZE];
    tiny_config(&config, "pd");
    for (int killed = 0; killed < 2; killed++) {
        Run *run = world_create(world, &config);
        snprintf(folder[killed], PATH_SIZE, "%s", run_folder(run));
        run_until(run, 10);
        assert_int_equal(run_set(run, "threshold.high=0.2", &error), STATUS_OK);
        assert_int_equal(run_set(run, "threshold.low=-0.2", &error), STATUS_OK);
        assert_int_equal(run_set(run, "threshold.kind=static", &error), STATUS_OK);
        if (killed) {
            run_close(run);
            run = world_resume(world, folder[killed]);
        }
        run_until(run, 22);
        run_close(run);
    }
    assert_same_logs(folder[0], folder[1]);
}

static void test_a_budget_ends_a_run(void **state)
{
    World *world = *state;
    Config config;
    tiny_config(&config, "pd");
    Run *run = world_create(world, &config);
    run_until(run, 9);
    const Cost *cost = &run_lab(run)->cost;
    char budget[64];
    snprintf(budget, sizeof budget, "run.budget_nfe=%.17g", cost->teacher + cost->student);
    run_close(run);
    tiny_set(&config, budget);
    run = world_create(world, &config);
    assert_int_equal(run_until(run, -1), PULSE_DONE);
    assert_int_equal(run_step(run), 9);
    assert_int_equal(checkpoint_newest(run_folder(run)), 9);
    assert_non_null(run_last_eval(run));
    run_close(run);
}

/* ---- Failure ---- */

static void test_a_broken_loss_fails_the_run_and_keeps_the_checkpoint(void **state)
{
    World *world = *state;
    Config config;
    Error error = {{0}};
    tiny_config(&config, "pd");
    Run *run = world_create(world, &config);
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
    run = world_resume(world, folder);
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
    Run *run = world_create(world, &config);
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
    world_most(world, &config, whole);
    char *before = log_text(whole, "metrics.csv");
    assert_int_equal(truncate(checkpoint_path(path, whole, 21), 1000), 0);
    FILE *file = fopen(checkpoint_path(path, whole, 14), "r+"); /* one bit of its data */
    fseek(file, -10, SEEK_END);
    int byte = fgetc(file);
    fseek(file, -10, SEEK_END);
    fputc(byte ^ 1, file);
    fclose(file);
    Run *run = world_resume(world, whole);
    assert_int_equal(run_step(run), 7);
    run_until(run, 22);
    run_close(run);
    char *after = log_text(whole, "metrics.csv");
    assert_string_equal(before, after);
    free(before);
    free(after);
}

/* Writes a checkpoint anew, right in every way but for one counter. */
static void forge(const char *path, const char *name, long value)
{
    static const char *const META[] = {"format", "step", "config"};
    TensorFile *file;
    Error error = {{0}};
    assert_int_equal(tensorfile_open(&file, path, &error), STATUS_OK);
    assert_int_equal(tensorfile_load(file, &error), STATUS_OK);
    TensorWriter *writer = tensorwriter_new();
    for (int i = 0; i < 3; i++)
        tensorwriter_meta(writer, META[i], tensorfile_meta(file, META[i]));
    for (int give = 0; give < 2; give++) {
        if (give)
            assert_int_equal(tensorwriter_begin(writer, path, &error), STATUS_OK);
        for (int i = 0; i < tensorfile_count(file); i++) {
            const TensorInfo *info = tensorfile_info(file, i);
            int64_t number = value;
            int small = (int)value;
            const void *data = tensorfile_data(file, info);
            if (strcmp(info->name, name) == 0)
                data = info->type == WALK_I64 ? (const void *)&number : &small;
            if (give)
                tensorwriter_give(writer, info->name, data);
            else
                tensorwriter_declare(writer, info->name, info->type, info->rank, info->shape, data);
        }
    }
    assert_int_equal(tensorwriter_commit(writer, &error), STATUS_OK);
    tensorfile_close(file);
}

/* Numbers that would index past the end of memory. */
static void test_forged_counters_are_refused(void **state)
{
    static const struct {
        const char *name;
        long value;
        /* clang-format off */
    } LIES[] = {
        {"source.student.filled", 17},
        {"source.student.next",   -1},
        {"source.teacher.next",   16},
        {"run.stage",             9 },
        {"run.step",              8 },
        {"run.pretrained",        -1}
    };
    /* clang-format on */
    World *world = *state;
    Config config;
    Error error = {{0}};
    char folder[PATH_SIZE], path[PATH_SIZE];
    tiny_config(&config, "pd");
    Run *run = world_create(world, &config), *looked;
    snprintf(folder, sizeof folder, "%s", run_folder(run));
    run_until(run, 8);
    run_close(run);
    checkpoint_path(path, folder, 7);
    char *good;
    size_t size;
    assert_int_equal(file_read(path, 1 << 26, &good, &size, &error), STATUS_OK);
    for (size_t i = 0; i < sizeof LIES / sizeof *LIES; i++) {
        assert_int_equal(file_write(path, good, size, &error), STATUS_OK);
        forge(path, "none", 0);
        assert_int_equal(run_look(&looked, folder, 7, world->crew, &error), STATUS_OK);
        run_close(looked);
        forge(path, LIES[i].name, LIES[i].value);
        assert_int_equal(run_look(&looked, folder, 7, world->crew, &error), STATUS_BAD_INPUT);
        assert_non_null(strstr(error.text, "counters"));
    }
    free(good);
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
    world_most(world, &config, folder);
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
    Run *run = world_create(world, &config);
    run_until(run, -1);
    const RunView *live = run_view(run), *disk = run_view_read(run_folder(run), &error);
    assert_int_equal(live->state, disk->state);
    assert_int_equal(live->step, 23);
    assert_int_equal(live->loss_terms, disk->loss_terms);
    for (int i = 0; i < live->loss_terms; i++)
        assert_same_series(live->term[i].series, disk->term[i].series);
    assert_int_equal(live->shift_view.columns, disk->shift_view.columns);
    assert_int_equal(live->shift_view.columns, 6); /* 0, 5, 10, 15, 20, 23 */
    assert_memory_equal(live->shift_view.ratio, disk->shift_view.ratio,
                        sizeof(float) * (size_t)(live->shift_view.columns * live->shift_view.rows));
    assert_near(live->shift, disk->shift, 0);
    assert_int_equal(live->samples.n, disk->samples.n);
    assert_int_equal(disk->samples.step, 23);
    assert_memory_equal(live->samples.student, disk->samples.student,
                        sizeof(float) * (size_t)((live->samples.steps + 1) * live->samples.n * 2));
    assert_int_equal(live->metrics, disk->metrics);
    assert_near(live->metric[0].value, disk->metric[0].value, 0);
    assert_near(live->best, disk->best, 0);
    run_view_drop(live);
    run_view_drop(disk);
    run_close(run);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_enter, world_leave)
    const struct CMUnitTest tests[] = {
        TEST(test_a_fork_without_changes_goes_the_same_way),
        TEST(test_a_fork_that_does_not_fit_is_refused_by_name),
        TEST(test_a_tweak_is_saved_before_and_marked),
        TEST(test_a_tweak_means_the_same_live_and_resumed),
        TEST(test_a_budget_ends_a_run),
        TEST(test_a_broken_loss_fails_the_run_and_keeps_the_checkpoint),
        TEST(test_a_failed_save_says_so_and_leaves_the_old_one),
        TEST(test_a_damaged_checkpoint_is_passed_over),
        TEST(test_forged_counters_are_refused),
        TEST(test_only_damaged_checkpoints_are_an_error),
        TEST(test_a_view_from_disk_equals_the_live_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
