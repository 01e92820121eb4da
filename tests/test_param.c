/* Parameters: values, ranges, messages with file and line, hostile INI, and what is
 * written reads back. */
#include "engine/base/file.h"
#include "engine/base/param.h"
#include "engine/base/param_value.h"
#include "engine/base/rng.h"
#include "tests/child.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* clang-format off */
static const ParamRow rows[] = {
    {"run", "method", PARAM_CHOICE, NULL, 0, 0, "diffusion|pd|lcm", "", "The training rule.", APPLIES_FORK},
    {"run", "steps", PARAM_INT, "1000", 1, 1e9, NULL, "steps", "Training steps.", APPLIES_NEXT_STEP},
    {"run", "live", PARAM_BOOL, "yes", 0, 0, NULL, "", "Live or not.", APPLIES_NEXT_STEP},
    {"data", "name", PARAM_TEXT, NULL, 0, 0, NULL, "", "Data set.", APPLIES_FORK},
    {"data", "keep", PARAM_LIST, "", 0, 99, NULL, "", "Classes or modes to keep.", APPLIES_FORK},
    {"optimizer", "lr", PARAM_REAL, "1e-3", 0, 1, NULL, "", "Learning rate.", APPLIES_NEXT_STEP},
    {"optimizer", "offset", PARAM_REAL, "0", -INFINITY, INFINITY, NULL, "", "Any number.",
     APPLIES_NEXT_STEP},
    {"source", "beta_data", PARAM_REAL, "1", 0, 1, NULL, "", "Prior of the data.", APPLIES_NEXT_ROUND},
    {"run", "seed", PARAM_INT, "1", 0, 0x1p53, NULL, "", "Late in the table.", APPLIES_FORK},
    {"threshold", "sites", PARAM_LETTERS, "TS", 0, 0, "TRSLC", "", "Where.", APPLIES_NEXT_ROUND},
};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof rows[0] };

static Config fresh(void)
{
    Config config;
    config_init(&config);
    config_add(&config, rows, ROWS);
    return config;
}

static void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("expected '%s' in: %s", part, text);
}

/* ---- good input ---- */

static void test_defaults(void **state)
{
    (void)state;
    Config config = fresh();
    char where[100];
    int keep[4];
    assert_int_equal(config_int(&config, "run.steps"), 1000);
    assert_true(config_bool(&config, "run.live"));
    assert_true(config_real(&config, "optimizer.lr") == 1e-3);
    assert_string_equal(config_value(&config, config_find(&config, "optimizer.lr")), "0.001");
    assert_true(config_letter(&config, "threshold.sites", 'T'));
    assert_false(config_letter(&config, "threshold.sites", 'C'));
    assert_int_equal(config_list(&config, "data.keep", keep, 4), 0);
    assert_int_equal(config_find(&config, "run.stepsx"), -1);
    assert_int_equal(config_find(&config, "run"), -1);
    assert_string_equal(config_where(&config, "run.steps", where, sizeof where),
                        "default of run.steps");
}

static void test_reads_ini(void **state)
{
    (void)state;
    Config config = fresh();
    Error error = {""};
    char where[100];
    int keep[4];
    const char *text = "; a preset\n"
                       "[run]\n"
                       "method = pd   ; inline\n"
                       "\tsteps=2e4\n"
                       "live : off\n"
                       "\n"
                       "[data]\n"
                       "name = my data # 1\n"
                       "keep = 3, 1,  2\n"
                       "[threshold]\n"
                       "sites = ST";
    assert_int_equal(config_read_text(&config, "a.ini", text, &error), STATUS_OK);
    assert_int_equal(config_choice(&config, "run.method"), 1);
    assert_string_equal(config_text(&config, "run.method"), "pd");
    assert_int_equal(config_int(&config, "run.steps"), 20000);
    assert_string_equal(config_value(&config, config_find(&config, "run.steps")), "20000");
    assert_false(config_bool(&config, "run.live"));
    assert_string_equal(config_text(&config, "data.name"), "my data # 1");
    assert_string_equal(config_text(&config, "data.keep"), "3,1,2");
    assert_int_equal(config_list(&config, "data.keep", keep, 4), 3);
    assert_int_equal(keep[0] * 100 + keep[1] * 10 + keep[2], 312);
    assert_string_equal(config_text(&config, "threshold.sites"), "TS");
    assert_string_equal(config_where(&config, "data.keep", where, sizeof where), "a.ini:9");
    assert_string_equal(config.file, "a.ini");
}

static void test_line_ends_and_marks(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\xEF\xBB\xBF[run]\r\nmethod = lcm\r\n\r\nsteps = 5\r\n",
        "\xEF\xBB\xBF[run]\nmethod = lcm\nsteps = 5",
        "   [run]\n   method = lcm\n   steps = 5   \n",
        "[run] ; comment\nmethod = lcm\nsteps = 5\n[run]\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        Config config = fresh();
        Error error = {""};
        assert_int_equal(config_read_text(&config, "x", texts[i], &error), STATUS_OK);
        assert_int_equal(config_int(&config, "run.steps"), 5);
        assert_int_equal(config_choice(&config, "run.method"), 2);
    }
}

static void test_comments_of_any_length(void **state)
{
    (void)state;
    char text[3000] = "# ";
    Config config = fresh();
    Error error = {""};
    memset(text + 2, 'x', 2500);
    strcpy(text + 2502, "\n[run]\nsteps = 7\n");
    assert_int_equal(config_read_text(&config, "x", text, &error), STATUS_OK);
    assert_int_equal(config_int(&config, "run.steps"), 7);
    assert_int_equal(config.value[config_find(&config, "run.steps")].line, 3);
}

static void test_assignments(void **state)
{
    (void)state;
    Config config = fresh();
    Error error = {""};
    char where[100];
    assert_int_equal(config_set(&config, "optimizer.lr=0.1", &error), STATUS_OK);
    assert_true(config_real(&config, "optimizer.lr") == 0.1);
    assert_int_equal(config_set(&config, "data.name = a=b", &error), STATUS_OK);
    assert_string_equal(config_text(&config, "data.name"), "a=b");
    assert_int_equal(config_set(&config, "data.keep=", &error), STATUS_OK);
    assert_string_equal(config_where(&config, "data.name", where, sizeof where), "-s data.name");
}

static void test_required(void **state)
{
    (void)state;
    Config config = fresh();
    Error error = {""};
    assert_int_equal(config_check(&config, &error), STATUS_BAD_INPUT);
    assert_has(error.text, "run.method is not set");
    assert_has(error.text, "diffusion|pd|lcm");
    assert_int_equal(config_read_text(&config, "a.ini", "[run]\nmethod=pd", &error), STATUS_OK);
    assert_int_equal(config_check(&config, &error), STATUS_BAD_INPUT);
    assert_has(error.text, "a.ini: data.name is not set");
    assert_int_equal(config_set(&config, "data.name=ring", &error), STATUS_OK);
    assert_int_equal(config_check(&config, &error), STATUS_OK);
}

/* ---- bad input ---- */

typedef struct Bad {
    const char *text, *message;
} Bad;

/* clang-format off */
static const Bad bad_files[] = {
    {"[optimizer]\n\nlrr = 1", "f.ini:3: unknown key 'optimizer.lrr'; did you mean 'optimizer.lr'?"},
    {"[run]\nlr = 1", "f.ini:2: unknown key 'run.lr'; did you mean 'optimizer.lr'?"},
    {"[run]\nzzzzzzzz = 1", "f.ini:2: unknown key 'run.zzzzzzzz'; the section has method, steps, live, seed"},
    {"[optimiser]\nlr = 1", "f.ini:1: unknown section [optimiser]; did you mean [optimizer]?"},
    {"[zebra]", "f.ini:1: unknown section [zebra]; there are run, data, optimizer, source, threshold"},
    {"lr = 1", "f.ini:1: 'lr' stands before any [section]"},
    {"[run]\n[source]\n\n\n\n\n\n\n\n\n\nbeta_data = 1.5",
     "f.ini:12: source.beta_data = 1.5 is out of range 0..1"},
    {"[run]\n\nsteps = abc", "f.ini:3: run.steps = abc is not a whole number"},
    {"[run]\nsteps = 1.5", "f.ini:2: run.steps = 1.5 is not a whole number"},
    {"[run]\nsteps = 0", "f.ini:2: run.steps = 0 is out of range 1..1000000000"},
    {"[run]\nsteps = 0x10", "run.steps = 0x10 is not a whole number"},
    {"[run]\nsteps =", "run.steps =  is not a whole number"},
    {"[run]\nsteps = 1e30", "run.steps = 1e30 is not a whole number"},
    {"[optimizer]\nlr = nan", "f.ini:2: optimizer.lr = nan is not a number"},
    {"[optimizer]\nlr = inf", "optimizer.lr = inf is not a number"},
    {"[optimizer]\noffset = 1e999", "optimizer.offset = 1e999 is not a number"},
    {"[optimizer]\nlr = 1e", "is not a number"},
    {"[optimizer]\nlr = 0,5", "is not a number"},
    {"[run]\nlive = maybe", "f.ini:2: run.live = maybe is not yes or no"},
    {"[run]\nmethod = pdd", "f.ini:2: run.method = pdd is none of diffusion|pd|lcm"},
    {"[run]\nmethod = pd|lcm", "is none of diffusion|pd|lcm"},
    {"[run]\nmethod =", "is none of diffusion|pd|lcm"},
    {"[threshold]\nsites = TX", "threshold.sites = TX may hold only letters of TRSLC, each once"},
    {"[threshold]\nsites = TT", "each once"},
    {"[data]\nkeep = 1,,2", "data.keep = 1,,2 is not a list of whole numbers separated by commas"},
    {"[data]\nkeep = 1,2,", "is not a list"},
    {"[data]\nkeep = 1 2", "is not a list"},
    {"[data]\nkeep = 1,100", "data.keep = 1,100 holds a number out of range 0..99"},
    {"[run]\nsteps = 5\nsteps = 6", "f.ini:3: run.steps is set again; first in line 2"},
    {"[run]\nsteps = 5\n\n[run]\nsteps = 5", "f.ini:5: run.steps is set again; first in line 2"},
    {"[run]\nsteps\n", "f.ini:2: expected 'key = value' or '[section]'"},
    {"[run\nsteps = 5\n", "f.ini:1: expected 'key = value' or '[section]'"},
    {"[run]\nsteps\nsteps = x\n", "f.ini:2: expected"},
    {"[run]\nsteps = x\nsteps\n", "f.ini:2: run.steps = x"},
    {"[run]\rsteps = 5\r", "f.ini:1: control character 0x0d"},
    {"[run]\nste\x01ps = 5", "f.ini:2: control character 0x01"},
    {"[]\nsteps = 5", "f.ini:1: unknown section []"},
};
/* clang-format on */

static void test_bad_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        Config config = fresh();
        Error error = {""};
        assert_int_equal(config_read_text(&config, "before", "[run]\nsteps=33", &error), STATUS_OK);
        Config before = config;
        assert_int_equal(config_read_text(&config, "f.ini", bad_files[i].text, &error),
                         STATUS_BAD_INPUT);
        assert_has(error.text, bad_files[i].message);
        assert_memory_equal(&config, &before, sizeof config);
        assert_int_equal(config_read_text(&config, "f.ini", bad_files[i].text, NULL),
                         STATUS_BAD_INPUT);
    }
}

/* clang-format off */
static const Bad bad_assignments[] = {
    {"optimiser.lr=1", "-s optimiser.lr=1: unknown key 'optimiser.lr'; did you mean 'optimizer.lr'?"},
    {"lr=1", "-s lr=1: unknown key 'lr'; did you mean 'optimizer.lr'?"},
    {"optimizer.lr=2", "-s optimizer.lr=2: optimizer.lr = 2 is out of range 0..1"},
    {"optimizer.lr", "-s optimizer.lr: expected section.key=value"},
    {"", "-s : expected section.key=value"},
    {"=", "-s =: unknown key ''"},
    {".=3", "unknown key ''"},
    {"qqqqqqqqqq.wwwwwww=1", "unknown key 'qqqqqqqqqq.wwwwwww'; see ddil params"},
    {"data.name=a ; b", "begins a comment"},
    {"data.name=;", "begins a comment"},
    {"data.name=a\nb", "control character"},
    {"data.name=a\xff", "no printable UTF-8"},
    {"run.steps.x=1", "unknown key 'run.steps.x'; did you mean 'run.steps'?"},
};
/* clang-format on */

static void test_bad_assignments(void **state)
{
    (void)state;
    char longer[5000];
    Config config = fresh(), before = config;
    Error error = {""};
    for (size_t i = 0; i < sizeof bad_assignments / sizeof bad_assignments[0]; i++) {
        assert_int_equal(config_set(&config, bad_assignments[i].text, &error), STATUS_BAD_INPUT);
        assert_has(error.text, bad_assignments[i].message);
        assert_memory_equal(&config, &before, sizeof config);
    }
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = 0;
    assert_int_equal(config_set(&config, longer, &error), STATUS_BAD_INPUT);
    longer[4000] = '=';
    assert_int_equal(config_set(&config, longer, &error), STATUS_BAD_INPUT);
    memcpy(longer, "data.name=", 10);
    assert_int_equal(config_set(&config, longer, &error), STATUS_BAD_INPUT);
    assert_has(error.text, "is longer than 190 characters");
    assert_memory_equal(&config, &before, sizeof config);
}

static void test_over_long_lines(void **state)
{
    (void)state;
    enum { LONG = 100000 };
    char *text = malloc(LONG + 100);
    assert_non_null(text);
    strcpy(text, "[data]\nname = ");
    size_t used = strlen(text);
    memset(text + used, 'x', LONG);
    strcpy(text + used + LONG, "\n");
    Config config = fresh(), before = config;
    Error error = {""};
    assert_int_equal(config_read_text(&config, "f.ini", text, &error), STATUS_BAD_INPUT);
    assert_has(error.text, "f.ini:2: the line has more than 197 characters");
    text[used + 190] = 0;
    assert_int_equal(config_read_text(&config, "f.ini", text, &error), STATUS_OK);
    assert_int_equal(strlen(config_text(&config, "data.name")), 190);
    config = before;
    memset(text, '[', LONG);
    text[LONG] = 0;
    assert_int_equal(config_read_text(&config, "f.ini", text, &error), STATUS_BAD_INPUT);
    assert_memory_equal(&config, &before, sizeof config);
    free(text);
}

static void write_file(const char *path, const char *data, size_t size)
{
    assert_int_equal(file_write(path, data, size, NULL), STATUS_OK);
}

static void test_bad_files_on_disk(void **state)
{
    (void)state;
    char folder[PATH_SIZE];
    Config config = fresh(), before = config;
    Error error = {""};
    const char *parent = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/ddil-param-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    write_file("zero.ini", "[run]\nsteps\0 = 5\n", 17);
    assert_int_equal(config_read_file(&config, "zero.ini", &error), STATUS_BAD_INPUT);
    assert_has(error.text, "zero.ini:2: holds a zero byte");
    assert_int_equal(config_read_file(&config, "none.ini", &error), STATUS_BAD_INPUT);
    assert_has(error.text, "none.ini: No such file");
    assert_int_equal(config_read_file(&config, ".", &error), STATUS_BAD_INPUT);
    assert_int_equal(config_read_file(&config, "/dev/zero", &error), STATUS_BAD_INPUT);
    assert_has(error.text, "larger than");
    write_file("bad.ini", "[run]\nsteps = x", 15);
    assert_int_equal(config_read_file(&config, "bad.ini", &error), STATUS_BAD_INPUT);
    assert_has(error.text, "bad.ini:2: run.steps = x");
    assert_memory_equal(&config, &before, sizeof config);
    write_file("empty.ini", "", 0);
    assert_int_equal(config_read_file(&config, "empty.ini", &error), STATUS_OK);
    write_file("good.ini", "[run]\nsteps = 4", 15);
    assert_int_equal(config_read_file(&config, "good.ini", &error), STATUS_OK);
    assert_int_equal(config_int(&config, "run.steps"), 4);
}

/* ---- what is written reads back ---- */

static char *written(const Config *config)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    config_write(config, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void assert_round_trip(const Config *config)
{
    char *text = written(config);
    Config back = fresh();
    Error error = {""};
    if (config_read_text(&back, "run.ini", text, &error))
        fail_msg("%s in:\n%s", error.text, text);
    for (int i = 0; i < config->n; i++) {
        assert_string_equal(config_value(&back, i), config_value(config, i));
        assert_true(back.value[i].number == config->value[i].number);
    }
    char *again = written(&back);
    assert_string_equal(again, text);
    free(again);
    free(text);
}

static void test_writes_ini(void **state)
{
    (void)state;
    Config config = fresh();
    Error error = {""};
    char *text = written(&config);
    assert_has(text, "[run]\n# The training rule. [diffusion|pd|lcm]\n# method must be set\n"
                     "# Training steps. [1..1000000000] (steps)\nsteps = 1000\n");
    assert_true(strstr(text, "seed = 1") < strstr(text, "[data]"));
    assert_has(text, "keep =\n");
    free(text);
    assert_round_trip(&config);
    assert_int_equal(config_set(&config, "data.name=x [y] = z # w", &error), STATUS_OK);
    assert_int_equal(config_set(&config, "run.method=pd", &error), STATUS_OK);
    assert_int_equal(config_set(&config, "data.keep=9,8,7", &error), STATUS_OK);
    assert_int_equal(config_set(&config, "threshold.sites=", &error), STATUS_OK);
    assert_int_equal(config_set(&config, "run.seed=9007199254740992", &error), STATUS_OK);
    assert_round_trip(&config);
}

static void test_numbers_read_back(void **state)
{
    (void)state;
    static const double special[] = {0,       0.1,
                                     1.0 / 3, 1e-300,
                                     5e-324,  1.7976931348623157e308,
                                     -2.5,    123456789,
                                     1e22,    0.30000000000000004};
    char text[64], assignment[128];
    Config config = fresh();
    Error error = {""};
    Rng rng = rng_at(1, STREAM_SAMPLE, 0);
    for (int i = 0; i < 3000; i++) {
        double number = i < 10 ? special[i] : ldexp(rng_uniform(&rng) - 0.5, i % 200 - 100);
        param_number_text(number, text, sizeof text);
        assert_true(strtod(text, NULL) == number);
        snprintf(assignment, sizeof assignment, "optimizer.offset=%.17g", number);
        assert_int_equal(config_set(&config, assignment, &error), STATUS_OK);
        assert_true(config_real(&config, "optimizer.offset") == number);
        assert_string_equal(config_value(&config, config_find(&config, "optimizer.offset")), text);
    }
    param_number_text(0.1, text, sizeof text);
    assert_string_equal(text, "0.1");
    assert_int_equal(config_set(&config, "optimizer.offset=-0", &error), STATUS_OK);
    assert_string_equal(config_value(&config, config_find(&config, "optimizer.offset")), "0");
}

/* Bytes changed, cut, doubled: the answer is a value that can be written, or a message
 * that begins with the file's name and no change at all. */
static void test_mutated_ini(void **state)
{
    (void)state;
    static const char seed[] =
        "[run]\nmethod = pd\nsteps = 2e4\nlive = no\n[data]\nname = ring\n"
        "keep = 1,2,3\n[optimizer]\nlr = 0.5 ; half\n[threshold]\nsites = TRS\n";
    static const char alphabet[] = "[]=;#:.,\n\r\t \"\\e-+0159TRSLCabcdlrstn\x01\x7f\x80\xff";
    int good = 0;
    for (uint64_t round = 0; round < 5000; round++) {
        char text[sizeof seed];
        Rng rng = rng_at(1, STREAM_SAMPLE, round);
        memcpy(text, seed, sizeof seed);
        for (uint32_t i = 0, n = 1 + rng_below(&rng, 6); i < n; i++)
            text[rng_below(&rng, sizeof seed - 1)] = alphabet[rng_below(&rng, sizeof alphabet)];
        Config config = fresh(), before = config;
        Error error = {""};
        Status status = config_read_text(&config, "m.ini", text, &error);
        if (status) {
            assert_int_equal(strncmp(error.text, "m.ini:", 6), 0);
            assert_memory_equal(&config, &before, sizeof config);
        } else if (good++ % 20 == 0) {
            assert_round_trip(&config);
        }
    }
    assert_in_range(good, 100, 4900);
}

/* ---- programmer's errors ---- */

static void add_twice(void)
{
    Config config = fresh();
    config_add(&config, rows, 1);
}

static void add_bad_default(void)
{
    static const ParamRow bad = {"a", "b", PARAM_INT, "7", 0, 5, NULL, "", "Bad.", APPLIES_FORK};
    Config config = fresh();
    config_add(&config, &bad, 1);
}

static void read_wrong_type(void)
{
    Config config = fresh();
    config_int(&config, "optimizer.lr");
}

static void read_unknown(void)
{
    Config config = fresh();
    config_real(&config, "optimizer.lrr");
}

static void test_misuse_dies(void **state)
{
    (void)state;
    assert_dies(add_twice, "config_find(config, name) < 0");
    assert_dies(add_bad_default, "the default of a.b: 7 is out of range 0..5");
    assert_dies(read_wrong_type, "parameter optimizer.lr exists with the type");
    assert_dies(read_unknown, "parameter optimizer.lrr exists");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_reads_ini),
        cmocka_unit_test(test_line_ends_and_marks),
        cmocka_unit_test(test_comments_of_any_length),
        cmocka_unit_test(test_assignments),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_bad_assignments),
        cmocka_unit_test(test_over_long_lines),
        cmocka_unit_test(test_bad_files_on_disk),
        cmocka_unit_test(test_writes_ini),
        cmocka_unit_test(test_numbers_read_back),
        cmocka_unit_test(test_mutated_ini),
        cmocka_unit_test(test_misuse_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
