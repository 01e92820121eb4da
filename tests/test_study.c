/* Studies: Student's distribution against published values and scipy's, intervals that cover,
 * Holm's rule over studies without an effect, files of studies. */
#include "engine/base/file.h"
#include "engine/base/rng.h"
#include "engine/study/report.h"
#include "engine/study/study_read.h"
#include "tests/near.h"
#include <glob.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Two-sided critical values (NIST/SEMATECH e-Handbook of Statistical Methods, 1.3.6.7.2). */
static void test_quantiles(void **state)
{
    (void)state;
    static const double df[] = {1, 2, 4, 9, 29, 100};
    static const double t95[] = {12.706, 4.303, 2.776, 2.262, 2.045, 1.984};
    static const double t999[] = {636.619, 31.599, 8.610, 4.781, 3.659, 3.390};
    for (int i = 0; i < 6; i++) {
        assert_near(student_quantile(0.05, df[i]), t95[i], 5.1e-4);
        assert_near(student_quantile(0.001, df[i]), t999[i], i == 0 ? 6e-4 : 5.1e-4);
    }
}

/* Closed forms: df 1 is Cauchy's, df 2 has 1 - t / sqrt(2 + t^2). */
static void test_closed_forms(void **state)
{
    (void)state;
    static const double at[] = {0, 1e-9, 0.1, 1, 3.7, 60, 1e6};
    for (int i = 0; i < 7; i++) {
        double t = at[i], two = 2 / (sqrt(2 + t * t) * (sqrt(2 + t * t) + t));
        assert_near(student_two_sided(t, 1), 2 * atan2(1, t) / acos(-1), 1e-13);
        assert_near(student_two_sided(t, 2) / two, 1, 1e-11);
    }
    assert_true(isnan(student_two_sided(NAN, 4)));
    assert_near(student_two_sided(INFINITY, 4), 0, 0);
}

/* scipy.stats.ttest_1samp([2.1, -0.4, 1.7, 0.3, 1.1], 0) and its confidence_interval(). */
static void test_sample(void **state)
{
    (void)state;
    static const double x[] = {2.1, NAN, -0.4, 1.7, 0.3, INFINITY, 1.1}, one[] = {3};
    Sample sample = student_sample(7, x);
    assert_int_equal(sample.n, 5);
    assert_near(sample.mean, 0.96, 1e-15);
    assert_near(sample.p, 0.1028417144938147, 1e-12);
    assert_near(sample.reach, 1.2650356535860587, 1e-12);
    assert_near(sample.effect, 0.96 / sample.deviation, 1e-15);
    sample = student_sample(1, one);
    assert_true(sample.n == 1 && sample.mean == 3 && isnan(sample.reach) && isnan(sample.p));
    sample = student_sample(0, one);
    assert_true(isnan(sample.mean));
    static const double same[] = {2, 2, 2}, less[] = {1, 1, 1};
    sample = student_paired(3, same, less);
    assert_true(sample.mean == 1 && sample.reach == 0 && sample.p == 0);
    sample = student_paired(3, same, same);
    assert_true(sample.mean == 0 && sample.reach == 0 && sample.p == 1);
}

/* Holm's own rule by hand; ties, order, NaN. */
static void test_holm(void **state)
{
    (void)state;
    double p[] = {0.01, NAN, 0.04, 0.03, 0.005};
    static const double want[] = {0.03, 0, 0.06, 0.06, 0.02};
    int order[5];
    holm_adjust(5, p, order);
    for (int i = 0; i < 5; i++)
        assert_true(i == 1 ? isnan(p[i]) : fabs(p[i] - want[i]) < 1e-15);
    double many[] = {0.9, 0.5};
    holm_adjust(2, many, order);
    assert_true(many[0] == 1 && many[1] == 1);
}

/* Student's interval over a few seeds covers the mean in 93 to 97 of 100: six binomial standard
 * errors about 95. */
static void test_coverage(void **state)
{
    (void)state;
    enum { TRIALS = 4000 };
    static const int seeds[] = {2, 3, 5, 10};
    for (int k = 0; k < 4; k++) {
        int covered = 0;
        for (uint64_t trial = 0; trial < TRIALS; trial++) {
            double x[10];
            Rng rng = rng_at((uint64_t)(7 + k), STREAM_NULL, trial);
            for (int i = 0; i < seeds[k]; i++)
                x[i] = 3 + 2 * (double)rng_normal(&rng);
            Sample sample = student_sample(seeds[k], x);
            covered += fabs(sample.mean - 3) <= sample.reach;
        }
        assert_in_range(covered, 93 * TRIALS / 100, 97 * TRIALS / 100);
    }
}

/* ---- Studies without an effect ---- */

enum { ARMS = 4, METRICS = 3, METHODS = 3, SEEDS = 5, CELLS = METRICS * METHODS };

/* Of one preset and metric: the baseline first, one value a seed. */
static void draw_cell(Rng *rng, double value[ARMS + 1][SEEDS])
{
    for (int i = 0; i < (ARMS + 1) * SEEDS; i++)
        value[i / SEEDS][i % SEEDS] = (double)rng_normal(rng);
}

/* Student's t of paired differences, squared; `effect` on top of each. */
static double t_square(const double *x, const double *y, double effect)
{
    double mean = 0, squares = 0;
    for (int i = 0; i < SEEDS; i++)
        mean += (x[i] - y[i]) / SEEDS;
    for (int i = 0; i < SEEDS; i++)
        squares += (x[i] - y[i] - mean) * (x[i] - y[i] - mean);
    return (mean + effect) * (mean + effect) * (SEEDS - 1) * SEEDS / squares;
}

/* Does Holm's rule flag a difference where there is none? The first `real` arms do differ. Where
 * every t of the others is below `least` squared it cannot, and p need not be worked out. */
static bool flags_falsely(uint64_t trial, int real, double least)
{
    double t2[CELLS * ARMS], p[CELLS * ARMS], most = 0;
    int order[CELLS * ARMS];
    Rng rng = rng_at(11, STREAM_NULL, trial);
    for (int i = 0; i < CELLS * ARMS; i += ARMS) {
        double value[ARMS + 1][SEEDS];
        draw_cell(&rng, value);
        for (int arm = 0; arm < ARMS; arm++) {
            t2[i + arm] = t_square(value[arm + 1], value[0], arm < real ? 1e3 : 0);
            most = arm < real ? most : fmax(most, t2[i + arm]);
        }
    }
    if (most < least)
        return false;
    for (int i = 0; i < CELLS * ARMS; i++)
        p[i] = student_two_sided(sqrt(t2[i]), SEEDS - 1);
    holm_adjust(CELLS * ARMS, p, order);
    for (int i = 0; i < CELLS * ARMS; i++)
        if (i % ARMS >= real && p[i] <= 0.05)
            return true;
    return false;
}

/* At most 5 of 100 studies. Cells are independent, and within one the union bound holds: the rate
 * is at most 1 - (1 - .05 / 9)^9 = 4.89 %, two binomial standard errors of so many studies below
 * 5 %; with four arms that share a baseline it is about 4.8 %. Where half of the differences are
 * real the rule makes up for them, and for no more. */
static void test_no_effect(void **state)
{
    (void)state;
    enum { STUDIES = 200000 };
    for (int real = 0; real <= ARMS / 2; real += ARMS / 2) {
        int flagged = 0, tests = CELLS * (ARMS - real);
        double least = 0.99 * pow(student_quantile(0.05 / tests, SEEDS - 1), 2);
        for (uint64_t trial = 0; trial < STUDIES; trial++)
            flagged += flags_falsely(trial, real, least);
        print_message("%d of %d arms differ: %d of %d\n", real, ARMS, flagged, STUDIES);
        assert_in_range(flagged, STUDIES * 9 / 200, STUDIES / 20);
    }
}

/* Two hundred of them as `ddil table` works them out: it flags what the rule flags. (Of two hundred
 * 9.6 are to be expected, with a standard deviation of 3: that is no measure of 5 %.) */
static void test_no_effect_in_a_table(void **state)
{
    (void)state;
    int flagged = 0;
    Study *study = calloc(1, sizeof *study);
    *study = (Study){.presets = METHODS, .arms = ARMS + 1, .metrics = METRICS, .seeds = SEEDS};
    for (uint64_t trial = 0; trial < 200; trial++) {
        double value[CELLS][ARMS + 1][SEEDS];
        Findings findings;
        bool any = false;
        Rng rng = rng_at(11, STREAM_NULL, trial);
        for (int cell = 0; cell < CELLS; cell++)
            draw_cell(&rng, value[cell]);
        findings_init(&findings, study, &value[0][0][0], NULL);
        assert_int_equal(findings.tests, CELLS * ARMS);
        for (int i = 0; i < CELLS * (ARMS + 1); i++)
            any = any || findings.finding[i].holm <= 0.05;
        assert_int_equal(any, flags_falsely(trial, 0, 0));
        findings_done(&findings);
        flagged += any;
    }
    free(study);
    assert_in_range(flagged, 1, 19);
}

/* ---- Files ---- */

#define HEAD        "[study]\npresets = ring-pd\nmetrics = sw2\n"
#define ARMS_OF_TWO "[arm data]\n[arm ddil]\npreset = *-ddil\n"

/* The study in a file of TMPDIR; returns what reading it came to. */
static Status read_text(const char *text, Study *study, Error *error)
{
    char path[PATH_SIZE];
    file_join(path, getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", "trial.ini");
    assert_int_equal(file_write(path, text, strlen(text), NULL), STATUS_OK);
    Status status = study_read(study, path, error);
    remove(path);
    return status;
}

static void test_reads(void **state)
{
    (void)state;
    Error error = {.text = ""};
    Config config;
    char name[NAME_SIZE];
    const CellNeeds none = {0, NULL}, spent = {12345, NULL};
    Study *study = malloc(sizeof *study);
    Status status =
        read_text(HEAD "seeds = 1-3, 9\nsteps = 70\nbudget_nfe = ddil\n"
                       "baseline = data\n" ARMS_OF_TWO "# a remark\noptimizer.lr = 2e-3\n",
                  study, &error);
    if (status)
        fail_msg("%s", error.text);
    assert_true(study->seeds == 4 && study->seed[3] == 9 && study->arms == 2);
    assert_true(study->budget_arm == 1 && study->baseline == 0 && study->steps == 70);
    assert_true(study_waits(study, 0, 1) && !study_waits(study, 1, 0));
    study_run_name(study, 0, 1, 3, name);
    assert_string_equal(name, "trial-ring-pd-ddil-s9");
    assert_int_equal(study_config(study, 0, 1, 3, &none, &config, &error), STATUS_OK);
    assert_true(config_int(&config, "run.seed") == 9 && config_int(&config, "run.steps") == 70);
    assert_near(config_real(&config, "optimizer.lr"), 2e-3, 0);
    assert_near(config_real(&config, "source.beta_data"), 0.5, 0); /* of ring-pd-ddil */
    assert_int_equal(study_config(study, 0, 0, 0, &spent, &config, &error), STATUS_OK);
    assert_near(config_real(&config, "run.budget_nfe"), 12345, 0);
    assert_near(config_real(&config, "source.beta_data"), 1, 0);
    free(study);
}

/* Every study that ships could be run, and asks for figures that there are. */
static void test_shipped(void **state)
{
    (void)state;
    glob_t found;
    Study *study = malloc(sizeof *study);
    assert_int_equal(glob("presets/studies/*.ini", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        Error error = {.text = ""};
        if (study_read(study, found.gl_pathv[i], &error))
            fail_msg("%s", error.text);
    }
    assert_true(found.gl_pathc >= 7);
    globfree(&found);
    char folder[] = "priors"; /* a folder of that name does not stand in the way */
    bool made = mkdir(folder, 0700) == 0;
    Status status = study_read(study, folder, &(Error){.text = ""});
    assert_true(made && rmdir(folder) == 0);
    assert_int_equal(status, STATUS_OK);
    free(study);
}

/* Each is refused with the line, or the cell, that is wrong, and with what would be right. */
static void test_refuses(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"[study]\npresets = rign-pd\nmetrics = sw2\n[arm a]\n", "rign-pd"},
        {"[study]\npresets = ring-pd\nmetrics = sw2, fretchet\n[arm a]\n", "fretchet"},
        {HEAD "baseline = c\n[arm a]\n", ":4: none of the arms is called c"},
        {HEAD "budget_nfe = c\n[arm a]\n", ":4: neither"},
        {HEAD, "no [arm NAME]"},
        {HEAD "[arm a]\n[arm a]\n", ":5: this arm stands above already: a"},
        {HEAD "[arm a b]\n", ":4: an arm's name"},
        {HEAD "[arm a]\noptimizer.rl = 3\n", ":5: [arm a]"},
        {HEAD "[arm a]\noptimizer.lr = -3\n", ":5: [arm a]"},
        {HEAD "[arm a]\nhello\n", ":5: expected section.key = value"},
        {HEAD "[arm a]\npreset = *-nowhere\n", "ring-pd-nowhere"},
        {HEAD "[arm a]\n[arm b\npreset = *-ddil\n", ":5: a section's name ends in a ]: [arm b"},
        {"[study]\npresets = ring-pd\nmetrics = sw2, ratio.9\n[arm a]\n",
         "ring-pd: its students take 4 sampling steps, there is no ratio.9"},
        {HEAD "seeds = 3-1\n[arm a]\n", "seeds \"3-1\""},
        {HEAD "seeds = 1,1\n[arm a]\n", "each once"},
        {HEAD "seeds = 1-900\n[arm a]\n", "at most 64"},
        {"[study]\npresets = ring-pd\nmetrics = sw2@99\n[arm a]\n", "sw2@99"},
        {"[study]\npresets = ring-pd\nmetrics = sw2@mix1.5\n[arm a]\n", "sw2@mix1.5"},
        {HEAD "[arm a]\nexpert = a\n", "name another arm"},
        {HEAD "[arm a]\nexpert = b\n", "name another arm"},
        {HEAD "colour = red\n[arm a]\n", ":4: "},
        {"[study]\npresets = moons-lcm-reflected-ddil\nmetrics = sw2\n"
         "[arm a-name-of-thirty-one-letters--]\n",
         "too long"},
    };
    Study *study = malloc(sizeof *study);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Error error = {.text = ""};
        assert_int_equal(read_text(bad[i][0], study, &error), STATUS_BAD_INPUT);
        if (!strstr(error.text, bad[i][1]))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, error.text, bad[i][1]);
    }
    free(study);
}

/* ---- Tables ---- */

static char *text_of(const Findings *findings, const int *failed)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    report_markdown(findings, failed, "ddil table trial", out);
    fclose(out);
    return text;
}

/* Two arms far apart over five seeds: the difference is bold; a failed run and a missing value are
 * said; one seed has no interval. */
static void test_report(void **state)
{
    (void)state;
    static const double value[] = {1, 2, 3, 4, 5, 11, 12.5, 13, 14, NAN};
    static const bool there[] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
    static const int failed[] = {0, 1};
    Error error;
    Findings findings;
    Study *study = malloc(sizeof *study);
    assert_int_equal(read_text(HEAD ARMS_OF_TWO, study, &error), STATUS_OK);
    findings_init(&findings, study, value, there);
    const Finding *ddil = finding_of(&findings, 0, 0, 1);
    assert_true(findings.tests == 1 && ddil->difference.n == 4 && ddil->holm < 1e-4);
    assert_near(ddil->difference.mean, 10.125, 1e-12);
    char *text = text_of(&findings, failed);
    assert_non_null(strstr(text, "| data | 5 | 3 ± 1.96 |"));
    assert_non_null(strstr(text, "| ddil | 4 (1 failed) | 12.6 ±"));
    assert_non_null(strstr(text, "| **10.1 ± 0.398** (p < 1e-4, d 40.5) |"));
    free(text);
    findings_done(&findings);
    study->seeds = 1;
    findings_init(&findings, study, value, there);
    text = text_of(&findings, failed);
    assert_non_null(strstr(text, "One seed: there is no interval"));
    assert_non_null(strstr(text, "| data | 1 | 1 |"));
    free(text);
    findings_done(&findings);
    free(study);
}

/* A run that is done and has no figure is named beneath its table, and n stands where it differs;
 * figures that no run of an arm has are no loss of one run's. */
static void test_lacks(void **state)
{
    (void)state;
    static const double value[] = {1,   2,   3,   11,  NAN, 13,   /* sw2 */
                                   .1,  .2,  .3,  NAN, NAN, NAN,  /* ratio.3 */
                                   NAN, NAN, NAN, NAN, NAN, NAN}; /* ratio.4 */
    static const bool there[] = {1, 1, 1, 1, 1, 1};
    static const int failed[] = {0, 0};
    Error error;
    Findings findings;
    Study *study = malloc(sizeof *study);
    assert_int_equal(read_text("[study]\npresets = ring-pd\nseeds = 1-3\n"
                               "metrics = sw2, ratio.3, ratio.4\n" ARMS_OF_TWO,
                               study, &error),
                     STATUS_OK);
    findings_init(&findings, study, value, there);
    char *text = text_of(&findings, failed);
    assert_non_null(strstr(text, "| ddil | 3 | 12 ± 12.7 (n 2) | - | - |"));
    assert_non_null(strstr(text, "- no run of data has a figure of ratio.4\n"
                                 "- no run of ddil has a figure of ratio.3, ratio.4\n"
                                 "- `trial-ring-pd-ddil-s2` is done, but has no figure of sw2\n"));
    assert_non_null(strstr(text, "Delete or rename its folder"));
    free(text);
    findings_done(&findings);
    free(study);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles), cmocka_unit_test(test_closed_forms),
        cmocka_unit_test(test_sample),    cmocka_unit_test(test_holm),
        cmocka_unit_test(test_coverage),  cmocka_unit_test(test_no_effect),
        cmocka_unit_test(test_reads),     cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_refuses),   cmocka_unit_test(test_report),
        cmocka_unit_test(test_lacks),     cmocka_unit_test(test_no_effect_in_a_table),
    };
    return cmocka_run_group_tests_name("study", tests, NULL, NULL);
}
