/* Whence networks come: what weights carry, what is refused, what is marked. */
#include "engine/distill/provenance.h"
#include "engine/nets/weights.h"
#include "engine/run/run_parts.h"
#include "tests/labs.h"
#include "tests/near.h"
#include "tests/runs.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NET                                                                                        \
    "[net]\nwidth = 16\ndepth = 2\nfeatures = 8\ntime_scale = 30\ntime_range = 30\n[student]\n"    \
    "init = random\n"
#define TEACHER "[run]\nmethod = diffusion\n[data]\nname = ring\n" NET

typedef struct Files {
    World world;
    char weights[PATH_SIZE];
} Files;

static int enter(void **state)
{
    void *world;
    Files *files = calloc(1, sizeof *files);
    must(files);
    world_enter(&world);
    files->world = *(World *)world;
    free(world);
    file_join(files->weights, files->world.runs, "w.safetensors");
    *state = files;
    return 0;
}

static int leave(void **state)
{
    Files *files = *state;
    World *world = malloc(sizeof *world);
    must(world);
    *world = files->world;
    free(files);
    *state = world;
    return world_leave(state);
}

/* The untrained student of a configuration; `pair`, or what it says itself when NULL. */
static void save(const Files *files, const char *text, const char *const *pair)
{
    Error error;
    Provenance of;
    Bench *bench = bench_open(text, 1);
    const Model *student = &bench->lab.student;
    provenance_of(&bench->lab, &of);
    if (weights_save(files->weights, &student->spec, student->weights, pair ? pair : of.pair,
                     &error))
        fail_msg("%s", error.text);
    bench_close(bench);
}

static void assert_meta(const Files *files, const char *key, const char *wanted)
{
    char text[80];
    Error error;
    assert_int_equal(weights_meta(files->weights, key, text, sizeof text, &error), STATUS_OK);
    assert_string_equal(text, wanted);
}

static void test_weights_say_whence_they_come(void **state)
{
    const Files *files = *state;
    char checksum[16];
    save(files,
         "[run]\nmethod = pd\nnoise = linear\n[data]\nname = ring\nkeep = 0,1\n" NET
         "steps = 2\n[threshold]\nkind = static\nlow = -1\nhigh = 1\nsites = TS\n",
         NULL);
    assert_meta(files, "method", "pd");
    assert_meta(files, "data", "ring");
    assert_meta(files, "keep", "0,1");
    assert_meta(files, "noise", "linear");
    assert_meta(files, "sampling_steps", "2");
    assert_meta(files, "guidance", "1");
    assert_meta(files, "threshold", "static");
    assert_meta(files, "threshold_sites", "TS");
    assert_meta(files, "threshold_box", "-1 1");
    Bench *bench = bench_open(TEACHER, 1);
    snprintf(checksum, sizeof checksum, "%08lx", dataset_checksum(&bench->lab.data));
    bench_close(bench);
    assert_meta(files, "data_checksum", checksum); /* of the whole law, whatever is kept */
}

/* ---- Taken as a teacher ---- */

static void with_teacher(const Files *files, const char *more, Config *config)
{
    char text[2 * PATH_SIZE];
    Error error;
    snprintf(text, sizeof text,
             "[run]\nmethod = pd\nsteps = 4\n[data]\nname = ring\n[teacher]\nkind = file\nfile = "
             "%s\n%s",
             files->weights, more);
    lab_config_init(config);
    if (config_read_text(config, "x.ini", text, &error))
        fail_msg("%s", error.text);
}

static void assert_refused(const Files *files, const char *more, const char *const *words)
{
    Config config;
    Error error;
    Run *run;
    with_teacher(files, more, &config);
    assert_int_equal(run_create(&run, files->world.runs, "x", &config, files->world.crew, &error),
                     STATUS_BAD_INPUT);
    for (; *words; words++)
        if (!strstr(error.text, *words))
            fail_msg("'%s' should say '%s'", error.text, *words);
    assert_int_equal(folder_entries(files->world.runs), 1); /* the weights */
}

static void test_another_schedule_is_refused(void **state)
{
    const Files *files = *state;
    save(files, "[run]\nmethod = diffusion\nnoise = linear\n[data]\nname = ring\n" NET, NULL);
    assert_refused(files, "",
                   (const char *[]){"teacher.file", "schedule linear", "run.noise = cosine",
                                    "set run.noise = linear", NULL});
}

static void test_other_samples_and_classes_are_refused(void **state)
{
    const Files *files = *state;
    save(files, "[run]\nmethod = diffusion\n[data]\nname = ring\nconditional = yes\n" NET, NULL);
    assert_refused(files, "", (const char *[]){"another number of classes, 8", "tells, 0", NULL});
}

/* The marks that ask for attention, one line each; to be freed. */
static char *warnings_of(const Files *files, const char *more)
{
    Config config;
    char *all = calloc(1, 4096);
    must(all);
    with_teacher(files, more, &config);
    Run *run = world_create(&files->world, &config);
    for (const char *text; (text = run_warning(run));)
        snprintf(all + strlen(all), 4096 - strlen(all), "%s\n", text);
    char *events = log_text(run_folder(run), "events.csv");
    assert_true(!*all || strstr(events, "warning: "));
    free(events);
    run_close(run);
    return all;
}

static void assert_warned(const Files *files, const char *more, const char *what)
{
    char *all = warnings_of(files, more);
    if (*what ? !strstr(all, what) : *all)
        fail_msg("'%s' should say '%s'", all, what);
    free(all);
}

static void test_what_is_unusual_is_marked(void **state)
{
    const Files *files = *state;
    save(files, TEACHER, NULL);
    assert_warned(files, "", "");
    save(files, "[run]\nmethod = lcm\n[data]\nname = ring\n" NET "steps = 2\n", NULL);
    assert_warned(files, "", "teacher.file is a student that lcm made for 2 steps");
    save(files, "[run]\nmethod = diffusion\n[data]\nname = moons\nconditional = no\n" NET, NULL);
    assert_warned(files, "", "trained on data.name = moons, this run has ring");
    save(files, "[run]\nmethod = diffusion\n[data]\nname = ring\nkeep = 0,3\n" NET, NULL);
    assert_warned(files, "", "saw the classes data.keep = 0,3 only");
    const char *other[] = {"noise", "cosine", "data", "ring", "data_checksum", "01234567", NULL};
    save(files, TEACHER, other);
    assert_warned(files, "", "of other content (checksum 01234567");
}

/* Files of 0.1 name no schedule: then the samples are asked. A network that denoises under the
 * run's own schedule passes in silence. */
static void test_no_schedule_named(void **state)
{
    const Files *files = *state;
    const char *old[] = {"method", "diffusion", "data", "ring", NULL};
    save(files, TEACHER, old);
    assert_warned(files, "", "names no noise schedule; it errs by ");
    assert_warned(files, "", "under run.noise = cosine");
    assert_warned(files, "", "under linear");
}

/* A named schedule is believed, weights that do worse than none are not. */
static void test_wrecks_are_marked(void **state)
{
    const Files *files = *state;
    Error error;
    Provenance of;
    Bench *bench = bench_open(TEACHER, 1);
    const Model *student = &bench->lab.student;
    for (size_t k = 0; k < student->size; k++)
        student->weights[k] *= 4;
    provenance_of(&bench->lab, &of);
    assert_int_equal(
        weights_save(files->weights, &student->spec, student->weights, of.pair, &error), STATUS_OK);
    bench_close(bench);
    assert_warned(files, "", "where answering 0 errs by 1");
}

static void test_misfit(void **state)
{
    (void)state;
    Bench *bench = bench_open("[run]\nmethod = pd\n[data]\nname = ring\n" NET, 1);
    assert_near(provenance_misfit(&bench->lab, SCHEDULE_COSINE, 256), 0, 1e-9);
    bench_close(bench);
}

/* ---- Files that are damaged, or newer ---- */

/* Writes the weights with the k-th number of the first array replaced. */
static void spoil(const Files *files, float with)
{
    Error error;
    Bench *bench = bench_open(TEACHER, 1);
    Model *student = &bench->lab.student;
    student->weights[9 * 16 + 3] = with;
    assert_int_equal(weights_save(files->weights, &student->spec, student->weights, NULL, &error),
                     STATUS_OK);
    bench_close(bench);
}

static void test_broken_numbers_are_named(void **state)
{
    const Files *files = *state;
    spoil(files, NAN);
    assert_refused(files, "", (const char *[]){"layers.0.weight[3, 9] is not a number", NULL});
    spoil(files, -INFINITY);
    assert_refused(files, "", (const char *[]){"layers.0.weight[3, 9] is infinite", NULL});
}

static void test_newer_weights_are_refused(void **state)
{
    const Files *files = *state;
    char *data;
    size_t size;
    Error error;
    save(files, TEACHER, NULL);
    assert_int_equal(file_read(files->weights, 1 << 20, &data, &size, &error), STATUS_OK);
    char *at = strstr(data + 8, "ddil weights 2");
    must(at);
    at[13] = '7';
    assert_int_equal(file_write(files->weights, data, size, &error), STATUS_OK);
    free(data);
    assert_refused(files, "", (const char *[]){"ddil weights 7", "up to version 2", NULL});
}

/* ---- Files that change, or move, while a run rests ---- */

/* A run of a teacher from a file, as far as step 2; `folder` gets where it stands. */
static void rest_a_run(const Files *files, char folder[PATH_SIZE])
{
    Config config;
    Error error;
    save(files, TEACHER, NULL);
    with_teacher(files, "[shift]\nsamples = 8\n", &config);
    Run *run = world_create(&files->world, &config);
    run_until(run, 2);
    assert_int_equal(run_save(run, &error), STATUS_OK);
    snprintf(folder, PATH_SIZE, "%s", run_folder(run));
    run_close(run);
}

static void assert_looks(const Files *files, const char *folder, const Run *like)
{
    Run *look;
    Error error;
    if (run_look(&look, folder, -1, files->world.crew, &error))
        fail_msg("%s", error.text);
    if (like) {
        const Lab *a = run_lab(look), *b = run_lab((Run *)like);
        assert_memory_equal(a->teacher.weights, b->teacher.weights,
                            net_size(&a->teacher.spec) * sizeof(float));
    }
    run_close(look);
}

static void test_a_changed_teacher_is_refused(void **state)
{
    const Files *files = *state;
    char folder[PATH_SIZE];
    Error error;
    Run *run, *fork;
    rest_a_run(files, folder);
    Run *before = world_resume(&files->world, folder);
    save(files, "[run]\nmethod = diffusion\nseed = 77\n[data]\nname = ring\n" NET, NULL);
    assert_looks(files, folder, before); /* with the teacher that it had */
    run_close(before);
    assert_int_equal(run_resume(&run, folder, files->world.crew, &error), STATUS_BAD_INPUT);
    if (!strstr(error.text, "w.safetensors: changed since the run began (checksum "))
        fail_msg("%s", error.text);
    assert_int_equal(
        run_fork(&fork, files->world.runs, folder, -1, "f", "", files->world.crew, &error),
        STATUS_OK);
    assert_non_null(strstr(config_text(&run_lab(fork)->config, "teacher.file"), folder));
    run_close(fork);
}

static void test_a_moved_teacher_stops_nothing(void **state)
{
    const Files *files = *state;
    char folder[PATH_SIZE], whole[PATH_SIZE];
    Config config;
    rest_a_run(files, folder);
    with_teacher(files, "[shift]\nsamples = 8\n", &config);
    world_whole(&files->world, &config, whole);
    unlink(files->weights);
    assert_looks(files, folder, NULL);
    Run *run = world_resume(&files->world, folder);
    const char *text = run_warning(run);
    assert_true(text && strstr(text, "the copy in the run's folder takes its place"));
    assert_int_equal(run_until(run, -1), PULSE_DONE);
    run_close(run);
    assert_same_logs(folder, whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_weights_say_whence_they_come, enter, leave),
        cmocka_unit_test_setup_teardown(test_another_schedule_is_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_other_samples_and_classes_are_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_what_is_unusual_is_marked, enter, leave),
        cmocka_unit_test_setup_teardown(test_no_schedule_named, enter, leave),
        cmocka_unit_test(test_misfit),
        cmocka_unit_test_setup_teardown(test_wrecks_are_marked, enter, leave),
        cmocka_unit_test_setup_teardown(test_broken_numbers_are_named, enter, leave),
        cmocka_unit_test_setup_teardown(test_newer_weights_are_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_a_changed_teacher_is_refused, enter, leave),
        cmocka_unit_test_setup_teardown(test_a_moved_teacher_stops_nothing, enter, leave),
    };
    return cmocka_run_group_tests_name("provenance", tests, NULL, NULL);
}
