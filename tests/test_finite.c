/* Nothing leaves the finite numbers: every preset takes its first steps with its own settings, then
 * some at four times its rate, where weak spots show first. Pictures only where their data are
 * installed. tests/soak_numbers.sh goes further: five seeds at a fifth of the length. */
#include "tests/labs.h"
#include "tests/near.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PRESETS_MAX = 128 };

/* A sanitizer looks at the code, which fewer steps go through as well. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { POINT_STEPS = 6, PICTURE_STEPS = 1 };
#else
enum { POINT_STEPS = 40, PICTURE_STEPS = 2 };
#endif

typedef struct Presets {
    int n;
    char name[PRESETS_MAX][64];
} Presets;

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

static Presets list_presets(void)
{
    Presets list = {0};
    DIR *folder = opendir("presets");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || length > 63 || strcmp(entry->d_name + length - 4, ".ini"))
            continue;
        assert_true(list.n < PRESETS_MAX);
        memcpy(list.name[list.n++], entry->d_name, length + 1);
    }
    closedir(folder);
    qsort(list.name, (size_t)list.n, sizeof *list.name, by_name);
    return list;
}

static void assert_finite(const Model *model, const char *what)
{
    for (size_t i = 0; i < model->size; i++)
        if (!isfinite(model->weights[i]) || !isfinite(model->ema[i]))
            fail_msg("%s: weight %zu is not finite", what, i);
}

static void take_steps(Bench *bench, const char *what, long from, long to)
{
    StepReport report;
    for (long i = from; i < to; i++) {
        lab_step(&bench->lab, i, &report);
        if (report.broken)
            fail_msg("%s: step %ld: %s", what, i, report.broken);
    }
    assert_finite(&bench->lab.student, what);
    if (bench->lab.method->critic)
        assert_finite(bench->lab.method->critic(&bench->lab), what);
}

static void assert_preset(const char *name, bool pictures, long steps)
{
    char path[128];
    snprintf(path, sizeof path, "presets/%s", name);
    const char *const shorter[] = {"run.batch=64",
                                   "source.warmup=0",
                                   "source.capacity=64",
                                   "source.teacher_capacity=64",
                                   "student.pretrain_steps=30",
                                   NULL};
    Bench *bench = bench_open_file(path, pictures ? shorter + 1 : shorter, 2);
    bench_start(bench, 30);
    take_steps(bench, name, 0, steps);
    bench->lab.adam.lr *= 4;
    take_steps(bench, name, steps, 2 * steps);
    bench_close(bench);
}

static bool is_of_pictures(const char *name)
{
    return !strncmp(name, "fashion", 7) || !strncmp(name, "emoji", 5) ||
           !strncmp(name, "folder", 6);
}

static void test_points(void **state)
{
    (void)state;
    Presets list = list_presets();
    int done = 0;
    for (int i = 0; i < list.n; i++)
        if (!is_of_pictures(list.name[i])) {
            assert_preset(list.name[i], false, POINT_STEPS);
            done++;
        }
    print_message("# %d presets of points\n", done);
    assert_true(done >= 28);
}

static void test_pictures(void **state)
{
    (void)state;
    Config config;
    Error error;
    Lab lab;
    Arena keep, step;
    Crew *crew = crew_new(1);
    arena_init(&keep, (size_t)1 << 30);
    arena_init(&step, (size_t)1 << 30);
    lab_config_init(&config);
    assert_int_equal(config_read_file(&config, "presets/fashion-teacher.ini", &error), STATUS_OK);
    bool installed = lab_open(&lab, &config, crew, &keep, &step, &error) == STATUS_OK;
    arena_done(&keep);
    arena_done(&step);
    crew_free(crew);
    if (!installed)
        skip();
    static const char *const some[] = {"fashion-pd-reflected-ddil.ini",
                                       "fashion-lcm-reflected-ddil.ini",
                                       "fashion-dmd2-reflected-ddil.ini"};
    for (int i = 0; i < 3; i++)
        assert_preset(some[i], true, PICTURE_STEPS);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_pictures),
    };
    return cmocka_run_group_tests_name("finite", tests, NULL, NULL);
}
