/* What an owner of many runs keeps open, and what it tidies up. */
#include "engine/store/folder.h"
#include "tests/engines.h"
#include "tests/near.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MANY = 24, OPEN_MOST = 8 };

static int descriptors(void)
{
    int n = 0;
    DIR *stream = opendir("/proc/self/fd");
    while (stream && readdir(stream))
        n++;
    if (stream)
        closedir(stream);
    return n;
}

static long step_of(Engine *engine, int run)
{
    const Snapshot *snapshot = engine_look(engine);
    long step = snapshot->run[run - 1]->step;
    assert_int_equal(snapshot->run[run - 1]->id, run);
    engine_drop(engine, snapshot);
    return step;
}

static void test_runs_that_rest_are_put_away(void **state)
{
    Place *place = *state;
    char text[COMMAND_TEXT_SIZE];
    long rested[MANY + 1];
    Engine *engine = place_open(place, true, false);
    int before = descriptors();
    if (before == 0)
        skip();
    snprintf(text, sizeof text, "%.900s\nrun.steps=1000", place->pd);
    for (int run = 1; run <= MANY; run++) {
        assert_int_equal(ask(engine, COMMAND_NEW, 0, 0, text), STATUS_OK);
        engine_advance(engine, 12 + run);
        assert_int_equal(ask(engine, COMMAND_PAUSE, run, 0, ""), STATUS_OK);
        engine_advance(engine, 0);
        rested[run] = step_of(engine, run);
    }
    assert_true(descriptors() <= before + OPEN_MOST + 1);
    for (int run = 1; run <= MANY; run += 7) { /* as if nothing had been */
        assert_int_equal(step_of(engine, run), rested[run]);
        assert_int_equal(ask(engine, COMMAND_NOTE, run, -1, "still here"), STATUS_OK);
        assert_int_equal(ask(engine, COMMAND_START, run, 0, ""), STATUS_OK);
        engine_advance(engine, 10);
        assert_true(step_of(engine, run) > rested[run]);
        assert_int_equal(ask(engine, COMMAND_PAUSE, run, 0, ""), STATUS_OK);
    }
    assert_true(descriptors() <= before + OPEN_MOST + 1);
    assert_int_equal(engine_close(engine, LEAVE_SAVE, NULL), STATUS_OK);
    assert_int_equal(descriptors(), before - 3); /* its pipe and its lock went too */
}

static int whole(Engine *engine)
{
    const Snapshot *snapshot = engine_look(engine);
    int n = 0;
    for (int i = 0; i < snapshot->runs; i++)
        n += !snapshot->run[i]->brief;
    engine_drop(engine, snapshot);
    return n;
}

/* A long list: the figures of every run stay, curves and samples of those looked at last. */
static void test_old_runs_take_no_room(void **state)
{
    enum { RUNS = 120, NEW_ONES = 64, OLD_ONES = 16 };
    Place *place = *state;
    Engine *engine = place_open(place, true, false);
    ask(engine, COMMAND_NEW, 0, 0, place->pd);
    while (engine_advance(engine, 100) > 0)
        continue;
    engine_close(engine, LEAVE_SAVE, NULL);
    char line[3 * PATH_SIZE];
    snprintf(line, sizeof line,
             "cd '%s' && for i in $(seq 2 %d); do cp -r 0001-* $(printf %%04d-copy $i); done",
             place->runs, RUNS);
    assert_int_equal(system(line), 0);
    engine = place_open(place, true, false);
    assert_int_equal(whole(engine), NEW_ONES);
    for (int run = 1; run <= 50; run++) {
        engine_watch(engine, run);
        engine_advance(engine, 1);
        const Snapshot *snapshot = engine_look(engine);
        const RunView *view = snapshot->run[run - 1], *first = snapshot->run[0];
        assert_false(view->brief);
        assert_true(view->loss_terms > 0);
        assert_true(first->loss == view->loss && first->smooth_loss == view->smooth_loss);
        assert_int_equal(first->metrics, view->metrics);
        assert_string_equal(first->param[0], view->param[0]);
        engine_drop(engine, snapshot);
    }
    assert_true(whole(engine) <= NEW_ONES + OLD_ONES + 1);
    engine_close(engine, LEAVE_SAVE, NULL);
}

/* A run that was never begun, and the halves of files, go; whatever else there is stays. */
static void test_what_a_killed_owner_left_is_swept(void **state)
{
    Place *place = *state;
    char hollow[PATH_SIZE], mine[PATH_SIZE], path[PATH_SIZE];
    Error error = {{0}};
    file_make_folder(file_join(path, file_join(hollow, place->runs, "0007-hollow"), "samples"),
                     &error);
    file_write(file_join(path, hollow, "lock"), "", 0, &error);
    file_write(file_join(path, hollow, "samples/a.png.tmp-1-0"), "x", 1, &error);
    file_make_folder(file_join(mine, place->runs, "0008-mine"), &error);
    file_write(file_join(path, mine, "notes.txt"), "x", 1, &error);
    Engine *engine = place_open(place, true, false);
    assert_false(file_exists(hollow));
    assert_true(file_exists(path));
    engine_close(engine, LEAVE_SAVE, NULL);
}

static void test_a_lock_is_a_file_of_ones_own(void **state)
{
    Place *place = *state;
    char lock[PATH_SIZE], other[PATH_SIZE];
    Error error = {{0}};
    struct stat info;
    int held;
    file_make_folder(place->runs, &error);
    file_join(lock, place->runs, "lock");
    file_write(file_join(other, place->runs, "precious"), "precious", 8, &error);
    assert_int_equal(symlink(other, lock), 0);
    assert_int_equal(folder_lock(lock, true, &held, &error), STATUS_BAD_INPUT);
    assert_int_equal(stat(other, &info), 0);
    assert_int_equal(info.st_size, 8);
    unlink(lock);
    assert_int_equal(mkfifo(lock, 0600), 0);
    assert_int_equal(folder_lock(lock, true, &held, &error), STATUS_BAD_INPUT);
    unlink(lock);
    assert_int_equal(folder_lock(lock, true, &held, &error), STATUS_OK);
    assert_int_equal(stat(lock, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_true(folder_locked(lock));
    close(held);
    assert_false(folder_locked(lock));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_enter, place_leave)
    const struct CMUnitTest tests[] = {
        TEST(test_runs_that_rest_are_put_away),
        TEST(test_old_runs_take_no_room),
        TEST(test_what_a_killed_owner_left_is_swept),
        TEST(test_a_lock_is_a_file_of_ones_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
