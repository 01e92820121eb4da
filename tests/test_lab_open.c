/* Opening a lab: teachers from files, and what is refused with which words. */
#include "engine/nets/weights.h"
#include "tests/labs.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NET                                                                              \
    "[net]\nwidth = 16\ndepth = 2\nfeatures = 8\ntime_scale = 30\ntime_range = 30\n"
#define RANDOM "[student]\nsteps = 4\ninit = random\n"

/* ---- Teachers from files ---- */

static void weights_path(char path[256])
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, 256, "%s/teacher-%ld.safetensors", folder ? folder : "/tmp",
             (long)getpid());
}

static void save_teacher(const char *path)
{
    Bench *bench = bench_open(
        "[run]\nmethod = diffusion\nseed = 9\n[data]\nname = moons\n" NET RANDOM, 1);
    Error error;
    const Model *model = &bench->lab.student;
    assert_int_equal(weights_save(path, &model->spec, model->weights, NULL, &error),
                     STATUS_OK);
    bench_close(bench);
}

static void test_student_starts_from_the_teachers_weights(void **state)
{
    (void)state;
    char path[256], text[1024];
    weights_path(path);
    save_teacher(path);
    snprintf(text, sizeof text,
             "[run]\nmethod = pd\n[data]\nname = moons\n[student]\ninit = "
             "teacher\n[teacher]\nkind = file\nfile = %s\n",
             path);
    Bench *bench = bench_open(text, 1);
    unlink(path);
    Lab *lab = &bench->lab;
    size_t bytes = lab->student.size * sizeof(float);
    assert_int_equal(lab->student.spec.hidden, 16);
    assert_memory_equal(lab->student.weights, lab->teacher.weights, bytes);
    assert_memory_equal(lab->student.ema, lab->teacher.weights, bytes);
    bench_start(bench, 0);
    bench_advance(bench, 0, 2);
    assert_memory_not_equal(lab->student.weights, lab->teacher.weights,
                            bytes); /* the teacher stays */
    bench_close(bench);
}

/* ---- Refusals: what was wrong, where, what would be right ---- */

static void assert_refused(const char *text, const char *where, const char *what)
{
    Config config;
    Error error = {0};
    Lab lab;
    Arena keep, step;
    lab_config_init(&config);
    assert_int_equal(config_read_text(&config, "x.ini", text, &error), STATUS_OK);
    Crew *crew = crew_new(1);
    arena_init(&keep, 1 << 26);
    arena_init(&step, 1 << 26);
    assert_int_equal(lab_open(&lab, &config, crew, &keep, &step, &error),
                     STATUS_BAD_INPUT);
    if (!strstr(error.text, where) || !strstr(error.text, what))
        fail_msg("'%s' should say '%s' and '%s'", error.text, where, what);
    arena_done(&keep);
    arena_done(&step);
    crew_free(crew);
}

static void test_refusals(void **state)
{
    (void)state;
#define START "[run]\nmethod = pd\n[data]\nname = ring\n[student]\ninit = random\n"
    assert_refused("[run]\nmethod = nothing\n[data]\nname = ring\n", "x.ini:2", "pd");
    assert_refused("[run]\nmethod = pd\n[data]\nname = rink\n", "x.ini:4", "ring");
    assert_refused("[run]\nmethod = pd\n", "data.name", "");
    assert_refused(START "[source]\nbeta_data = 0\n", "x.ini:8", "zero");
    assert_refused(START "[threshold]\nlow = 2\nhigh = 1\n", "x.ini:8", "threshold.high");
    assert_refused(START "[teacher]\nguidance = 2\n", "x.ini:8", "classes");
    assert_refused(START "[teacher]\nkind = file\n", "", "teacher.file");
    assert_refused(START "[teacher]\nkind = file\nfile = none.safetensors\n", "x.ini:9",
                   "none.safetensors");
    assert_refused(START "[net]\nkind = patch_unet\n", "x.ini:8", "");
    assert_refused("[run]\nmethod = pd\n[data]\nname = ring\n", "student.init",
                   "pretrain");
    assert_refused("[run]\nmethod = pd\n[data]\nname = ring\nkeep = 9\n", "x.ini:", "9");
    assert_refused(
        "[run]\nmethod = lcm\n[data]\nname = ring\n[student]\nsteps = 3\ninit = random\n",
        "x.ini:6", "multiple");
    assert_refused(
        "[run]\nmethod = pd\n[data]\nname = checkerboard\n[student]\ninit = random\n",
        "teacher.kind", "file");
#undef START
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_student_starts_from_the_teachers_weights),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("opening a lab", tests, NULL, NULL);
}
