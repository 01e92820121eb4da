/* Sweeps: the order of a grid, draws that depend on nothing but their number, who stays at a rung,
 * the table. */
#include "engine/base/file.h"
#include "engine/study/sweep.h"
#include "engine/study/sweep_report.h"
#include "tests/near.h"
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD "[sweep]\npreset = ring-pd-ddil\nmetrics = sw2, modes\n"

static Status read_text(const char *text, Study *sweep, Error *error)
{
    char path[] = "/tmp/ddil-sweep-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text));
    close(file);
    Status status = sweep_read(sweep, path, error);
    unlink(path);
    return status;
}

static Study *reading(const char *text)
{
    Error error = {.text = ""};
    Study *sweep = malloc(sizeof *sweep);
    assert_non_null(sweep);
    if (read_text(text, sweep, &error))
        fail_msg("%s", error.text);
    return sweep;
}

static void test_grid(void **state)
{
    (void)state;
    Study *sweep =
        reading(HEAD "seeds = 3,5\nrungs = 100, 300\nsteps = 900\n"
                     "[parameters]\noptimizer.lr = 1e-4, 1e-3\ndata.keep = 0,1 | 0,1,2 | \"\"\n"
                     "[slurm]\ntime = 1:00:00\nexclusive =\n");
    static const char *const set[6][2] = {
        {"optimizer.lr=1e-4", "data.keep=0,1"},   {"optimizer.lr=1e-4", "data.keep=0,1,2"},
        {"optimizer.lr=1e-4", "data.keep="},      {"optimizer.lr=1e-3", "data.keep=0,1"},
        {"optimizer.lr=1e-3", "data.keep=0,1,2"}, {"optimizer.lr=1e-3", "data.keep="}};
    char name[NAME_SIZE];
    Config config;
    Error error;
    assert_int_equal(sweep->arms, 6);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 2; k++)
            assert_string_equal(sweep->arm[i].set[k], set[i][k]);
    study_run_name(sweep, 0, 4, 1, name);
    assert_non_null(strstr(name, "-05-s5"));
    assert_int_equal(study_config(sweep, 0, 4, 1, &(CellNeeds){0, NULL}, &config, &error),
                     STATUS_OK);
    assert_near(config_real(&config, "optimizer.lr"), 1e-3, 0);
    assert_string_equal(config_text(&config, "data.keep"), "0,1,2");
    assert_string_equal(config_text(&config, "run.eval_at"), "100,300");
    assert_int_equal(config_int(&config, "run.steps"), 900);
    assert_int_equal(config_int(&config, "run.seed"), 5);
    assert_string_equal(sweep->slurm[0], "--time=1:00:00");
    assert_string_equal(sweep->slurm[1], "--exclusive");
    free(sweep);
}

#define DRAWS                                                                                      \
    "search = random\n[parameters]\noptimizer.lr = 1e-4 .. 1e-2 log\nrun.batch = 100 .. 103\n"     \
    "source.schedule = constant, linear\nsource.beta_student = 0.2 .. 0.4\n"

/* Trial k is the same whatever the number of trials; values lie within their ranges, all of them
 * come, and a logarithmic range has its middle at the geometric mean. */
static void test_draws(void **state)
{
    (void)state;
    Study *few = reading(HEAD "trials = 3\n" DRAWS), *many = reading(HEAD "trials = 200\n" DRAWS),
          *other = reading(HEAD "trials = 3\ndraw = 2\n" DRAWS);
    int below = 0, linear = 0, batch[4] = {0};
    for (int i = 0; i < many->arms; i++) {
        double lr = atof(strchr(many->arm[i].set[0], '=') + 1);
        int rows = atoi(strchr(many->arm[i].set[1], '=') + 1);
        double beta = atof(strchr(many->arm[i].set[3], '=') + 1);
        assert_true(lr >= 1e-4 && lr <= 1e-2 && beta >= 0.2 && beta <= 0.4);
        assert_true(rows >= 100 && rows <= 103);
        below += lr < 1e-3;
        batch[rows - 100]++;
        linear += strcmp(many->arm[i].set[2], "source.schedule=linear") == 0;
    }
    assert_true(below > 70 && below < 130 && linear > 70 && linear < 130);
    for (int i = 0; i < 4; i++)
        assert_true(batch[i] > 25 && batch[i] < 80);
    for (int i = 0; i < few->arms; i++) {
        assert_string_equal(few->arm[i].set[0], many->arm[i].set[0]);
        assert_string_not_equal(few->arm[i].set[0], other->arm[i].set[0]);
    }
    free(few);
    free(many);
    free(other);
}

static void test_ranks(void **state)
{
    static const double value[] = {3, NAN, 1, 3, 0.5, NAN, INFINITY};
    int order[7];
    (void)state;
    sweep_rank(7, value, false, order);
    static const int least[] = {4, 2, 0, 3, 6, 1, 5}, most[] = {6, 0, 3, 2, 4, 1, 5};
    assert_memory_equal(order, least, sizeof order);
    sweep_rank(7, value, true, order);
    assert_memory_equal(order, most, sizeof order);
    assert_int_equal(sweep_stay(12, 3), 4);
    assert_int_equal(sweep_stay(4, 3), 2);
    assert_int_equal(sweep_stay(1, 3), 1);
    Study *sweep = reading(HEAD "[parameters]\noptimizer.lr = 1e-4\n");
    assert_false(sweep->more);
    free(sweep);
    sweep =
        reading("[sweep]\npreset = ring-pd\nmetrics = modes@2\n[parameters]\noptimizer.lr = 1\n");
    assert_true(sweep->more);
    free(sweep);
}

static void test_report(void **state)
{
    (void)state;
    Study *sweep = reading(HEAD "seeds = 1-2\nrungs = 100\n[parameters]\nrun.batch = 64\n"
                                "optimizer.lr = 1e-4, 1e-3\n");
    static const Standing standing[] = {
        {.arm = 1, .rung = 1, .place = 1, .of = 2, .runs = 2},
        {.arm = 0, .stopped = true, .place = 2, .of = 2, .runs = 2},
    };
    static const double value[] = {0.4, 0.6, 0.1, 0.1, 3, 3, 8, NAN};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    sweep_markdown(sweep, standing, value, out);
    sweep_csv(sweep, standing, value, out);
    fclose(out);
    static const char *const lines[] = {
        "| place | trial | optimizer.lr | sw2 | modes | runs | |\n|---|---|---|---|---|---|---|\n",
        "| 1 | 02 | 1e-3 | 0.1 ± 0 | 8 (n 1) | 2 | |\n",
        "| 2 | 01 | 1e-4 | 0.5 ± 1.27 | 3 ± 0 | 2 | stopped at step 100: place 2 of 2 |\n",
        "place,trial,optimizer.lr,stopped_at,runs,failed,sw2,sw2_low,",
        "\n2,01,1e-4,100,2,0,0.5,",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (!strstr(text, lines[i]))
            fail_msg("no \"%s\" in\n%s", lines[i], text);
    free(text);
    free(sweep);
}

static void test_shipped(void **state)
{
    (void)state;
    glob_t found;
    Study *sweep = malloc(sizeof *sweep);
    assert_int_equal(glob("presets/sweeps/*.ini", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        Error error = {.text = ""};
        if (sweep_read(sweep, found.gl_pathv[i], &error))
            fail_msg("%s", error.text);
    }
    globfree(&found);
    free(sweep);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid),   cmocka_unit_test(test_draws),   cmocka_unit_test(test_ranks),
        cmocka_unit_test(test_report), cmocka_unit_test(test_shipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
