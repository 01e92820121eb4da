/* Opening a lab: teachers from files, and what is refused with which words. */
#include "engine/data/dataset_open.h"
#include "engine/nets/weights.h"
#include "tests/labs.h"
#include "tests/near.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NET                                                                                        \
    "[net]\nwidth = 16\ndepth = 2\nfeatures = 8\n"                                                 \
    "time_scale = 30\ntime_range = 30\n"
#define RANDOM        "[student]\nsteps = 4\ninit = random\n"

#define MOONS_TEACHER "[run]\nmethod = diffusion\nseed = 9\n[data]\nname = moons\n" NET RANDOM

/* ---- Teachers from files ---- */

static void weights_path(char path[256])
{
    const char *folder = getenv("TMPDIR");
    snprintf(path, 256, "%s/teacher-%ld.safetensors", folder ? folder : "/tmp", (long)getpid());
}

/* The untrained network of a lab, as a weights file. */
static void save_teacher(const char *path, const char *text)
{
    Bench *bench = bench_open(text, 1);
    Error error;
    const Model *model = &bench->lab.student;
    assert_int_equal(weights_save(path, &model->spec, model->weights, NULL, &error), STATUS_OK);
    bench_close(bench);
}

static void test_student_starts_from_the_teachers_weights(void **state)
{
    (void)state;
    char path[256], text[1024];
    weights_path(path);
    save_teacher(path, MOONS_TEACHER);
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

/* The lab does not open; the message says `where` and `what`. */
static void assert_refused(const char *text, const char *where, const char *what)
{
    Config config;
    Error error = {0};
    Lab lab;
    Arena keep, step;
    lab_config_init(&config);
    assert_int_equal(config_read_text(&config, "x.ini", text, &error), STATUS_OK);
    Crew *crew = crew_new(1);
    arena_init(&keep, (size_t)1 << 30);
    arena_init(&step, (size_t)1 << 30);
    assert_int_equal(lab_open(&lab, &config, crew, &keep, &step, &error), STATUS_BAD_INPUT);
    if (!strstr(error.text, where) || !strstr(error.text, what))
        fail_msg("'%s' should say '%s' and '%s'", error.text, where, what);
    arena_done(&keep);
    arena_done(&step);
    crew_free(crew);
}

/* A network of other classes, or for other samples, is no teacher here. */
static void test_foreign_teachers_are_refused(void **state)
{
    (void)state;
    char path[256], text[1024];
    weights_path(path);
    save_teacher(path, MOONS_TEACHER);
    snprintf(text, sizeof text,
             "[run]\nmethod = pd\n[data]\nname = ring\n[teacher]\nkind = file\nfile = %s\n", path);
    assert_refused(text, "x.ini:7", "conditional");
    snprintf(text, sizeof text,
             "[run]\nmethod = pd\n[data]\nname = ring\nconditional = "
             "yes\n[teacher]\nkind = file\nfile = %s\n",
             path);
    assert_refused(text, "x.ini:8", "classes");
    unlink(path);
}

/* ---- Pictures ---- */

#define PICTURE_NET                                                                                \
    "[net]\nkind = patch_unet\nwidth = 8\ncoarse_width = 16\ndepth = 1\ncoarse_depth = "           \
    "1\nembed = 16\n"                                                                              \
    "features = 8\n"
#define PICTURE_RUN                                                                                \
    "[run]\nmethod = %s\nbatch = 40\nsteps = 20\n[data]\nname = fashion\nkeep = "                  \
    "0,1,2\n[student]\nsteps = 2\n"                                                                \
    "[teacher]\nkind = file\nguidance = 1.5\nfile = %s\n[threshold]\nkind = "                      \
    "dynamic\n[source]\n"                                                                          \
    "warmup = 0\nbeta_data = 0.5\nbeta_teacher = 0.25\nbeta_student = 0.25\ncapacity = "           \
    "32\n"                                                                                         \
    "teacher_capacity = 32\nteacher_substeps = 2\nrefresh = 2\n[pd]\nsubsteps = "                  \
    "2\n[lcm]\npoints = 4\n"

static bool have_pictures(void)
{
    Dataset data;
    Arena arena;
    Error error;
    arena_init(&arena, (size_t)1 << 30);
    bool have = !dataset_open(&data, &(DatasetOptions){.name = "fashion", .conditional = -1},
                              &arena, &error);
    arena_done(&arena);
    return have;
}

/* Data rows have the classes kept, roll-outs any class. */
static void assert_classes(const Lab *lab)
{
    const Replay *rings[] = {&lab->source.student, &lab->source.teacher};
    for (int k = 0; k < 2; k++) {
        int withheld = 0;
        for (int r = 0; r < rings[k]->filled; r++)
            withheld += rings[k]->label[r] > 2;
        assert_true(rings[k]->filled >= 12 && withheld > rings[k]->filled / 3);
    }
    float x[28 * 28];
    for (int r = 0; r < 200; r++) {
        int label;
        Rng rng = rng_at(1, STREAM_BATCH, (uint64_t)r);
        dataset_draw(&lab->data, &rng, x, &label);
        assert_in_range(label, 0, 2);
    }
}

/* A picture teacher from a file, guided and thresholded, into a student that starts as
 * its copy. */
static void test_pictures_are_distilled(void **state)
{
    (void)state;
    static const char *const names[] = {"pd", "lcm"};
    char path[256], text[2048];
    if (!have_pictures())
        skip();
    weights_path(path);
    save_teacher(path, "[run]\nmethod = diffusion\nseed = 3\n[data]\nname = fashion\n" PICTURE_NET
                       "[student]\nsteps = 2\n");
    for (int m = 0; m < 2; m++) {
        snprintf(text, sizeof text, PICTURE_RUN, names[m], path);
        Bench *one = bench_open(text, 1), *two = bench_open(text, 2);
        Lab *lab = &one->lab;
        bench_start(one, 0);
        bench_start(two, 0);
        bench_advance(one, 0, 4);
        bench_advance(two, 0, 4);
        assert_true(state_of_same(lab, &two->lab));
        assert_classes(lab);
        assert_true(lab->cost.teacher >= 4 * 40 * 2 * (m ? 1 : 2)); /* guided: two evaluations */
        bench_close(one);
        bench_close(two);
    }
    unlink(path);
}

/* The network that judges pictures names classes: it cannot teach. */
static void test_a_classifier_is_no_teacher(void **state)
{
    (void)state;
    if (!have_pictures())
        skip();
    assert_refused("[run]\nmethod = pd\n[data]\nname = fashion\n[teacher]\nkind = file\nfile = "
                   "fashion-features.safetensors\n",
                   "x.ini:7", "names classes");
}

/* ---- Refusals: what was wrong, where, what would be right ---- */

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
    assert_refused("[run]\nmethod = pd\n[data]\nname = ring\n", "student.init", "pretrain");
    assert_refused("[run]\nmethod = pd\n[data]\nname = ring\nkeep = 9\n", "x.ini:", "9");
    assert_refused(
        "[run]\nmethod = lcm\n[data]\nname = ring\n[student]\nsteps = 3\ninit = random\n",
        "x.ini:6", "multiple");
    assert_refused("[run]\nmethod = pd\n[data]\nname = checkerboard\n[student]\ninit = random\n",
                   "teacher.kind", "file");
#undef START
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_student_starts_from_the_teachers_weights),
        cmocka_unit_test(test_foreign_teachers_are_refused),
        cmocka_unit_test(test_pictures_are_distilled),
        cmocka_unit_test(test_a_classifier_is_no_teacher),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("opening a lab", tests, NULL, NULL);
}
