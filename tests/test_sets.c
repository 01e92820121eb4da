/* The metrics on two sets as `ddil metrics` gives them: against numpy and scipy in many shapes, the
 * same on any number of threads, in any unit and far from nought; too few rows; rows that
 * coincide. */
#include "engine/base/file.h"
#include "engine/base/npy.h"
#include "engine/measure/sets.h"
#include "tests/near.h"
#include "tests/vectors.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FRECHET, KID, PRECISION, RECALL, DENSITY, COVERAGE, ENERGY, MMD2, SW2, AUC, ALL };

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ddil-sets-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static SetsReport report_of(const Frame *frame, int threads)
{
    SetsReport report;
    Crew *crew = crew_new(threads);
    SetsWish wish = {NULL, 32, 0};
    assert_int_equal(sets_metrics(frame, &wish, crew, &report, NULL), STATUS_OK);
    crew_free(crew);
    assert_int_equal(report.metrics, ALL);
    return report;
}

/* Rows as they are: no centre, no scale. */
static SetsReport plain_report(int n, const float *x, int m, const float *y, int d, int threads)
{
    double *centre = calloc((size_t)d, sizeof *centre);
    Frame frame = {.pair = pair_of(n, x, m, y, d), .centre = centre, .scale = 1};
    SetsReport report = report_of(&frame, threads);
    free(centre);
    return report;
}

static float *wave(int count, uint32_t seed, bool signs)
{
    float *x = malloc((size_t)count * sizeof *x);
    for (int i = 0; i < count; i++) {
        x[i] = vectors_wave((uint32_t)i, seed);
        if (signs)
            x[i] = x[i] > 0 ? 1 : -1;
    }
    return x;
}

/* ---- numpy and scipy ---- */

static void check_shape(const char *name, int n, int m, int d)
{
    static const char *const in_order[] = {"frechet",  "kid",    "precision", "recall", "density",
                                           "coverage", "energy", "mmd2",      "sw2",    "auc"};
    Vectors *v = vectors_read("metrics.txt");
    const double *expected = vectors_get(v, name, MMD2 + 1);
    bool signs = strcmp(name, "ties") == 0;
    float *x = wave(n * d, 3, signs), *y = wave(m * d, 4, signs);
    SetsReport one = plain_report(n, x, m, y, d, 1), three = plain_report(n, x, m, y, d, 3);
    for (int i = 0; i < ALL; i++) {
        assert_string_equal(one.metric[i].name, in_order[i]);
        assert_near(one.metric[i].value, three.metric[i].value, 0);
        if (i <= MMD2)
            assert_near(one.metric[i].value, expected[i], 1e-11 * fmax(1, fabs(expected[i])));
    }
    assert_int_equal(one.notes, 0);
    free(x);
    free(y);
    vectors_free(v);
}

static void test_shapes(void **state)
{
    (void)state;
    check_shape("wide", 300, 280, 48);
    check_shape("few", 20, 30, 64);
    check_shape("ties", 90, 80, 20);
}

/* ---- Units and places ---- */

static char *path_of(char path[PATH_SIZE], const char *name)
{
    return file_join(path, folder, name);
}

/* Writes float64 as numpy.save does. */
static void write_doubles(const char *path, int n, int d, const double *x)
{
    char bytes[128] = "\x93NUMPY\x01";
    NewFile file;
    int length = snprintf(bytes + 10, 118,
                          "{'descr': '<f8', 'fortran_order': False, 'shape': "
                          "(%d, %d), }\n",
                          n, d);
    bytes[8] = (char)length;
    assert_int_equal(newfile_open(&file, path, NULL), STATUS_OK);
    fwrite(bytes, 1, 10 + (size_t)length, file.stream);
    fwrite(x, sizeof *x, (size_t)n * (size_t)d, file.stream);
    assert_int_equal(newfile_commit(&file, NULL), STATUS_OK);
}

enum { N = 60, D = 20 };

/* Both sets times `scale` plus `move`, through files. */
static SetsReport moved_report(double scale, double move)
{
    char path[2][PATH_SIZE];
    double *x = malloc(sizeof *x * N * D);
    Frame frame;
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < N * D; i++)
            x[i] = move + scale * ((double)vectors_wave((uint32_t)i, 5 + (uint32_t)k) + 0.125 * k);
        write_doubles(path_of(path[k], k ? "y.npy" : "x.npy"), N, D, x);
    }
    assert_int_equal(frame_read(&frame, path[0], path[1], NULL), STATUS_OK);
    SetsReport report = report_of(&frame, 2);
    frame_free(&frame);
    free(x);
    unlink(path[0]);
    unlink(path[1]);
    return report;
}

/* Distances scale, shares stay; a spread of a hundredth round a million too. */
static void test_units_and_places(void **state)
{
    (void)state;
    static const double scale[] = {1, 1e25, 1e-25, 1e120, 0.01, 1}, move[] = {0, 0, 0, 0, 1e6, 1e3};
    SetsReport first = moved_report(1, 0);
    for (int k = 0; k < 6; k++) {
        double s = scale[k];
        const double unit[ALL] = {s * s, 0, 1, 1, 1, 1, s, 1, s * s, 1};
        SetsReport report = moved_report(s, move[k]);
        for (int i = 0; i < ALL; i++)
            if (i != KID)
                assert_near(report.metric[i].value / unit[i], first.metric[i].value, 2e-6);
    }
    assert_true(first.metric[FRECHET].value > 0 && first.metric[COVERAGE].value > 0.5);
    assert_int_equal(moved_report(0.01, 1e6).notes, 1); /* kid's cubes have no digits left there */
}

static void test_squares_that_no_double_holds(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    const double large[] = {1e150, 2e150}, small[] = {1e-150, 2e-150};
    Frame frame;
    Error error;
    write_doubles(path_of(path, "x.npy"), 2, 1, large);
    assert_int_equal(frame_read(&frame, path, path, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "multiply both sets"));
    write_doubles(path, 2, 1, small);
    assert_int_equal(frame_read(&frame, path, path, &error), STATUS_BAD_INPUT);
    unlink(path);
}

/* ---- Of a set against itself ---- */

static void check_itself(int n, int d, int copies, int notes)
{
    float *x = wave(n * d, 7, false);
    for (int r = 0; r < n; r++)
        memcpy(x + (size_t)r * (size_t)d, x + (size_t)(r / copies * copies) * (size_t)d,
               sizeof *x * (size_t)d);
    SetsReport report = plain_report(n, x, n, x, d, 2);
    assert_true(report.metric[FRECHET].value >= 0 && report.metric[FRECHET].value < 1e-10);
    assert_near(report.metric[SW2].value, 0, 0);
    assert_near(report.metric[PRECISION].value, 1, 0);
    assert_near(report.metric[RECALL].value, 1, 0);
    assert_near(report.metric[DENSITY].value, copies == 1, 0);
    assert_near(report.metric[COVERAGE].value, copies == 1, 0);
    assert_int_equal(report.notes, notes);
    if (notes)
        assert_non_null(strstr(report.note[0], "their radius is 0"));
    free(x);
}

static void test_a_set_against_itself(void **state)
{
    (void)state;
    check_itself(10, 64, 1, 0); /* rank 9 */
    check_itself(300, 16, 1, 0);
    check_itself(300, 3, 1, 0);
    check_itself(240, 4, 6, 1); /* each row six times */
    check_itself(240, 32, 6, 1);
}

/* The median distance is nought: said, and the bandwidth follows the unit. */
static void test_bandwidth_of_coinciding_rows(void **state)
{
    (void)state;
    float *x = wave(40 * 3, 1, false), *y = wave(40 * 3, 2, false);
    for (int i = 3; i < 35 * 3; i++)
        x[i] = x[i % 3];
    SetsReport report = plain_report(40, x, 40, y, 3, 1);
    assert_int_equal(report.notes, 2);
    assert_non_null(strstr(report.note[1], "the median distance within the first set is 0"));
    free(x);
    free(y);
}

/* ---- Few rows, few names ---- */

/* Where a set has too few rows there is no number, and the others stand. */
static void test_tiny_sets(void **state)
{
    (void)state;
    static const float x[] = {0, 0, 1, 0, 0, 2}, y[] = {0, 1, 1, 1, 3, 0};
    SetsReport report = plain_report(3, x, 3, y, 2, 1);
    assert_near(report.metric[KID].value, -1.2222222222, 1e-9); /* methods.md 12 */
    assert_near(report.metric[ENERGY].value, -0.3563174356, 1e-9);
    for (int i = 0; i < ALL; i++)
        assert_int_equal(isfinite(report.metric[i].value), report.metric[i].least <= 3);
    assert_int_equal(report.metric[PRECISION].least, 6);
    assert_int_equal(report.metric[AUC].least, 4);
}

static void test_only_some(void **state)
{
    (void)state;
    static const float x[] = {0, 0, 1, 0, 0, 2};
    static const double centre[2] = {0};
    Frame frame = {.pair = pair_of(3, x, 3, x, 2), .centre = (double *)centre, .scale = 1};
    SetsReport report;
    Error error;
    Crew *crew = crew_new(1);
    SetsWish wish = {"sw2,frechet", 8, 0};
    assert_int_equal(sets_metrics(&frame, &wish, crew, &report, &error), STATUS_OK);
    for (int i = 0; i < ALL; i++)
        assert_int_equal(report.metric[i].asked, i == FRECHET || i == SW2);
    assert_true(isnan(report.metric[ENERGY].value) && isfinite(report.metric[SW2].value));
    wish.only = "sw2,fid";
    assert_int_equal(sets_metrics(&frame, &wish, crew, &report, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "sw2,fid"));
    crew_free(crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_units_and_places),
        cmocka_unit_test(test_squares_that_no_double_holds),
        cmocka_unit_test(test_a_set_against_itself),
        cmocka_unit_test(test_bandwidth_of_coinciding_rows),
        cmocka_unit_test(test_tiny_sets),
        cmocka_unit_test(test_only_some),
    };
    return cmocka_run_group_tests_name("sets", tests, make_folder, remove_folder);
}
