/* Data sets of one's own: numpy's arrays and CIFAR's files; and their ways of being wrong. */
#include "engine/base/file.h"
#include "engine/data/dataset_open.h"
#include "tests/near.h"
#include "tests/picture_files.h"
#include "tests/place.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where training row r of the set lies among `n` rows of bytes, or -1. */
static int find_row(const Dataset *data, const uint8_t *row, int n, const uint8_t *rows)
{
    for (int k = 0; k < n; k++)
        if (!memcmp(row, rows + (size_t)k * (size_t)data->dims, (size_t)data->dims))
            return k;
    return -1;
}

/* ---- Arrays ---- */

enum { N = 60, H = 16, W = 24, ROW = H * W * 3 };

static void make_rows(uint8_t *rows, int n, int row)
{
    for (int r = 0; r < n; r++)
        for (int k = 0; k < row; k++)
            rows[r * row + k] = (uint8_t)(r * 7 + k * (1 + r % 3));
}

static void test_npy_bytes(void **state)
{
    Place *place = *state;
    static uint8_t rows[N * ROW];
    int64_t label[N];
    make_rows(rows, N, ROW);
    memcpy(rows + 5 * ROW, rows + 4 * ROW, ROW); /* an equal one */
    for (int r = 0; r < N; r++)
        label[r] = 3 + r % 2;
    put_npy(place->path, "a.npy", "|u1", "(60, 16, 24, 3)", rows, sizeof rows);
    put_npy(place->path, "l.npy", "<i8", "(60,)", label, sizeof label);
    assert_int_equal(open_set(place, "npy", "a.npy", (DatasetFiles){.labels = "l.npy"}), STATUS_OK);
    const Dataset *data = &place->data;
    assert_int_equal(data->height, H);
    assert_int_equal(data->width, W);
    assert_int_equal(data->channels, 3);
    assert_int_equal(data->n + data->n_test, N - 1);
    assert_in_range(data->n_test, 1, N / 4);
    assert_int_equal(data->classes, 2);
    assert_int_equal(data->conditional, 1);
    for (int r = 0; r < data->n_test; r++) {
        int from = find_row(data, data->test + (size_t)r * ROW, N, rows);
        assert_true(from >= 0);
        assert_int_equal(data->test_label[r], from % 2);
        assert_int_equal(find_row(data, data->test + (size_t)r * ROW, data->n, data->x), -1);
    }
    float x[ROW];
    int given;
    dataset_held_out(data, 0, x, &given);
    assert_near(x[ROW - 1], data->test[ROW - 1] / 127.5 - 1, 1e-6);
}

/* Whether a picture is held out does not depend on the others. */
static void test_the_split_goes_by_content(void **state)
{
    Place *place = *state;
    static uint8_t rows[N * ROW], held[N * ROW];
    make_rows(rows, N, ROW);
    put_npy(place->path, "a.npy", "|u1", "(60, 16, 24, 3)", rows, sizeof rows);
    assert_int_equal(open_set(place, "npy", "a.npy", (DatasetFiles){0}), STATUS_OK);
    int n_held = place->data.n_test;
    memcpy(held, place->data.test, (size_t)n_held * ROW);
    put_npy(place->path, "a.npy", "|u1", "(40, 16, 24, 3)", rows + 20 * ROW, 40 * ROW);
    assert_int_equal(open_set(place, "npy", "a.npy", (DatasetFiles){0}), STATUS_OK);
    const Dataset *data = &place->data;
    for (int r = 0; r < data->n_test; r++)
        assert_true(find_row(data, data->test + (size_t)r * ROW, n_held, held) >= 0);
    for (int r = 0; r < data->n; r++)
        assert_int_equal(find_row(data, data->x + (size_t)r * ROW, n_held, held), -1);
    assert_int_equal(data->classes, 1);
    assert_int_equal(data->conditional, 0);
}

/* Rows that go from dark to light: of those held out one half is like the other. */
static void test_held_out_rows_lie_by_chance(void **state)
{
    Place *place = *state;
    enum { ALL = 1000, D = 256 };
    static uint8_t rows[ALL * D];
    for (int k = 0; k < ALL * D; k++)
        rows[k] = (uint8_t)(k / D / 5 + (k % D < 5 ? k / D % 5 * (k % D) : 0));
    put_npy(place->path, "a.npy", "|u1", "(1000, 16, 16)", rows, sizeof rows);
    assert_int_equal(open_set(place, "npy", "a.npy", (DatasetFiles){0}), STATUS_OK);
    const Dataset *data = &place->data;
    int half = data->n_test / 2;
    double mean[2] = {0, 0};
    for (int r = 0; r < 2 * half; r++)
        mean[r >= half] += data->test[(size_t)r * D + D - 1] / (double)half;
    assert_in_range(half, 30, 70);
    assert_near(mean[0], 100, 25); /* in their own order: 50 and 150 */
    assert_near(mean[1], 100, 25);
}

/* Floats are taken by the range that they fill. */
static void test_npy_floats(void **state)
{
    Place *place = *state;
    enum { D = 16 * 16 };
    static const struct {
        double low, high;
    } ranges[] = {{-1, 1}, {0, 1}, {0, 255}};
    static float rows[20 * D];
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 20 * D; i++) {
            double share = (i + i / D) % 256 / 255.0;
            rows[i] = (float)(ranges[k].low + (ranges[k].high - ranges[k].low) * share);
        }
        put_npy(place->path, "f.npy", "<f4", "(20, 16, 16)", rows, sizeof rows);
        assert_int_equal(open_set(place, "npy", "f.npy", (DatasetFiles){0}), STATUS_OK);
        const uint8_t *x = place->data.x;
        assert_int_equal(place->data.channels, 1);
        for (int i = 0; i < D; i++)
            assert_int_equal(x[i], (x[0] + i) % 256);
    }
    rows[7] = 300;
    put_npy(place->path, "f.npy", "<f4", "(20, 16, 16)", rows, sizeof rows);
    refuses(place, "npy", "f.npy", (DatasetFiles){0}, "0 to 255");
}

static void test_npy_is_made_smaller(void **state)
{
    Place *place = *state;
    static uint8_t rows[12 * 40 * 64];
    for (int r = 0; r < 12; r++)
        for (int y = 0; y < 40; y++)
            for (int x = 0; x < 64; x++)
                rows[(r * 40 + y) * 64 + x] = x < 32 ? (uint8_t)r : 200;
    put_npy(place->path, "a.npy", "|u1", "(12, 40, 64)", rows, sizeof rows);
    assert_int_equal(open_set(place, "npy", "a.npy", (DatasetFiles){.size = 16}), STATUS_OK);
    const Dataset *data = &place->data;
    assert_int_equal(data->height, 16);
    assert_int_equal(data->dims, 256);
    assert_in_range(data->x[7], 0, 11);
    assert_int_equal(data->x[8], 200);
    assert_int_equal(open_set(place, "npy", "a.npy", (DatasetFiles){.channels = 3}), STATUS_OK);
    assert_int_equal(data->dims, 40 * 64 * 3);
    assert_int_equal(data->x[3 * 32 + 2], 200);
}

static void test_npy_says_what_is_wrong(void **state)
{
    Place *place = *state;
    static uint8_t zero[20 * 64 * 3 * 64];
    static const struct {
        const char *type, *shape;
        size_t size;
        const char *says;
    } files[] = {
        {"|b1", "(20, 16, 16)", 20 * 256, "truth values"},
        {">f4", "(20, 16, 16)", 20 * 1024, "big-endian"},
        {"|O", "(20, 16, 16)", 20 * 256, "objects"},
        {"|u1", "()", 1, "(n, h, w)"},
        {"|u1", "(0, 16, 16)", 0, "from 1 to"},
        {"|u1", "(20, 16)", 20 * 16, "points of 16 numbers"},
        {"|u1", "(20, 3, 64, 64)", 20 * 64 * 3 * 64, "channels last"},
        {"|u1", "(20, 30, 30)", 20 * 900, "multiples of 4"},
        {"|u1", "(20, 16, 16)", 100, "needs 5120"},
        {"|u1", "(20, 16, 16)", 20 * 256, "1 different picture;"},
    };
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        put_npy(place->path, "a.npy", files[k].type, files[k].shape, zero, files[k].size);
        refuses(place, "npy", "a.npy", (DatasetFiles){0}, files[k].says);
        assert_non_null(strstr(place->error.text, "a.npy"));
    }
    put_file(place->path, "a.npy", "\x93NUMPY", 6);
    refuses(place, "npy", "a.npy", (DatasetFiles){0}, "not an NPY file");
    refuses(place, "npy", "none.npy", (DatasetFiles){0}, "No such file");
}

static void test_labels_say_what_is_wrong(void **state)
{
    Place *place = *state;
    static uint8_t rows[12 * 256];
    static const struct {
        const char *text, *says;
    } labels[] = {
        {"1\n2\n", "fewer labels for 12 rows"},
        {"0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n0\n", "more labels for 12 rows"},
        {"0\n1\ncat\n", "l.txt:3: \"cat\" is no label"},
        {"0\n-1\n", "l.txt:2: \"-1\""},
        {"0\n256\n", "0 to 255"},
    };
    make_rows(rows, 12, 256);
    put_npy(place->path, "a.npy", "|u1", "(12, 16, 16)", rows, sizeof rows);
    for (size_t k = 0; k < sizeof labels / sizeof *labels; k++) {
        put_file(place->path, "l.txt", labels[k].text, strlen(labels[k].text));
        refuses(place, "npy", "a.npy", (DatasetFiles){.labels = "l.txt"}, labels[k].says);
    }
    put_npy(place->path, "l.npy", "<i8", "(3,)", rows, 24);
    refuses(place, "npy", "a.npy", (DatasetFiles){.labels = "l.npy"}, "3 labels for 12 rows");
    put_npy(place->path, "l.npy", "<f8", "(12,)", rows, 96);
    refuses(place, "npy", "a.npy", (DatasetFiles){.labels = "l.npy"}, "floating point");
    refuses(place, "npy", "a.npy", (DatasetFiles){.labels = "none.txt"}, "No such file");
}

/* ---- CIFAR ---- */

static void test_cifar(void **state)
{
    Place *place = *state;
    enum { RECORD = 3073 };
    static uint8_t part[3 * RECORD];
    for (int f = 0; f < 6; f++) {
        char name[32];
        for (int r = 0; r < 3; r++) {
            uint8_t *record = part + r * RECORD;
            record[0] = (uint8_t)(f + r);
            for (int c = 0; c < 3; c++)
                memset(record + 1 + c * 1024, 50 * c + 5 * f + r, 1024);
            record[1 + 1024 + 33] = 99; /* green at (1, 1) */
        }
        snprintf(name, sizeof name, f < 5 ? "data_batch_%d.bin" : "test_batch.bin", f + 1);
        put_file(place->path, name, part, sizeof part);
    }
    assert_int_equal(open_set(place, "cifar10", "", (DatasetFiles){0}), STATUS_OK);
    const Dataset *data = &place->data;
    assert_int_equal(data->n, 15);
    assert_int_equal(data->n_test, 3);
    assert_int_equal(data->channels, 3);
    assert_int_equal(data->label[14], 6);
    const uint8_t *last = data->x + 14 * 3072;
    assert_int_equal(last[0], 22);
    assert_int_equal(last[2], 122);
    assert_string_equal(data->class_name[6], "frog");
    assert_int_equal(last[33 * 3 + 1], 99);
    refuses(place, "cifar10", "", (DatasetFiles){.size = 16}, "32 x 32");
    part[RECORD] = 10;
    put_file(place->path, "test_batch.bin", part, sizeof part);
    refuses(place, "cifar10", "", (DatasetFiles){0}, "label 10 in record 1");
    put_file(place->path, "test_batch.bin", part, sizeof part - 1);
    refuses(place, "cifar10", "", (DatasetFiles){0}, "records of 3073");
    refuses(place, "cifar100", "", (DatasetFiles){0}, "train.bin");
}

/* ---- Siblings of MNIST ---- */

static void put_idx(const char *folder, const char *name, int rank, const int *size,
                    const uint8_t *bytes)
{
    uint8_t all[8192] = {0, 0, 8, (uint8_t)rank};
    size_t n = 4, total = 1;
    for (int k = 0; k < rank; k++) {
        all[n + 2] = (uint8_t)(size[k] >> 8);
        all[n + 3] = (uint8_t)size[k];
        n += 4;
        total *= (size_t)size[k];
    }
    memcpy(all + n, bytes, total);
    put_file(folder, name, all, n + total);
}

/* Letters count from 1 and lie on their side. */
static void test_emnist_letters(void **state)
{
    Place *place = *state;
    static uint8_t rows[20 * 8 * 4], label[20];
    for (int r = 0; r < 20; r++) {
        label[r] = (uint8_t)(1 + r % 5);
        for (int k = 0; k < 32; k++)
            rows[32 * r + k] = (uint8_t)(3 * r + k);
    }
    put_idx(place->path, "emnist-letters-train-images-idx3-ubyte", 3, (int[]){20, 8, 4}, rows);
    put_idx(place->path, "emnist-letters-train-labels-idx1-ubyte", 1, (int[]){20}, label);
    for (int k = 0; k < 20 * 32; k++)
        rows[k] = (uint8_t)(rows[k] + 100);
    put_idx(place->path, "emnist-letters-test-images-idx3-ubyte", 3, (int[]){10, 8, 4}, rows);
    put_idx(place->path, "emnist-letters-test-labels-idx1-ubyte", 1, (int[]){10}, label);
    static const char *const paths[] = {"", "emnist-letters", "emnist-letters-"};
    for (int k = 0; k < 3; k++) {
        assert_int_equal(open_set(place, "idx", paths[k], (DatasetFiles){0}), STATUS_OK);
        const Dataset *data = &place->data;
        assert_int_equal(data->n, 20);
        assert_int_equal(data->n_test, 10);
        assert_int_equal(data->height, 4);
        assert_int_equal(data->width, 8);
        assert_int_equal(data->classes, 5);
        assert_string_equal(data->class_name[0], "1");
        assert_int_equal(data->label[7], 2);
        assert_int_equal(data->x[1], 4);     /* was one row down */
        assert_int_equal(data->x[8 + 2], 9); /* was at row 2, column 1 */
    }
    put_idx(place->path, "other-train-images-idx3-ubyte", 3, (int[]){20, 8, 4}, rows);
    refuses(place, "idx", "", (DatasetFiles){0}, "has several sets");
    refuses(place, "idx", "other", (DatasetFiles){0}, "other-train-labels-idx1-ubyte");
    refuses(place, "idx", "nothing/here", (DatasetFiles){0}, "here-train-images");
}

/* ---- Points ---- */

static void put_text(Place *place, const char *name, const char *text)
{
    put_file(place->path, name, text, strlen(text));
}

/* A kernel round each, weighed by how often it is there, scaled to unit RMS. */
static void test_points_become_a_law(void **state)
{
    Place *place = *state;
    put_text(place, "p.csv",
             "x,y,label\n# a square\n1,1,3\n1; -1 ;3\n-1\t1 9\r\n\n-1,-1,9\n-1,-1,9");
    assert_int_equal(open_set(place, "csv", "p.csv", (DatasetFiles){.kernel = 0.1}), STATUS_OK);
    const Dataset *data = &place->data;
    const Mixture *law = data->mixture;
    assert_non_null(law);
    assert_int_equal(law->n, 4);
    assert_int_equal(data->classes, 2);
    assert_int_equal(data->conditional, 1);
    assert_int_equal(data->tally.equal, 1);
    double mean[2] = {0, 0}, square = 0, total = 0, most = 0;
    for (int k = 0; k < 4; k++) {
        total += law->weight[k];
        most = fmax(most, law->weight[k]);
        for (int c = 0; c < 2; c++) {
            mean[c] += law->weight[k] * law->mean[k][c];
            square += law->weight[k] * pow(law->mean[k][c], 2) / 2;
        }
        assert_int_equal(law->label[k], law->mean[k][0] < 0);
    }
    assert_near(total, 1, 1e-12);
    assert_near(most, 0.4, 1e-12);
    assert_near(mean[0], 0, 1e-12);
    assert_near(square + law->deviation * law->deviation, 1, 1e-12);
    /* -1 three times in five: variance .96, which with the kernel's is 1 */
    assert_near(law->deviation, 0.1 / sqrt(0.96 + 0.01), 1e-12);
    float at[1000][2];
    for (int r = 0; r < 1000; r++) {
        int label;
        dataset_held_out(data, r, at[r], &label);
        assert_true(fabs((double)at[r][0]) < data->high);
    }
    assert_int_equal(open_set(place, "csv", "p.csv", (DatasetFiles){0}), STATUS_OK);
    assert_true(data->mixture->deviation > 0.3); /* by the distances */
}

static void test_points_of_numpy(void **state)
{
    Place *place = *state;
    static float rows[3000][2];
    for (int r = 0; r < 3000; r++) {
        rows[r][0] = (float)cos(r * 0.01);
        rows[r][1] = (float)sin(r * 0.01);
    }
    put_npy(place->path, "p.npy", "<f4", "(3000, 2)", rows, sizeof rows);
    assert_int_equal(open_set(place, "npy", "p.npy", (DatasetFiles){0}), STATUS_OK);
    assert_int_equal(place->data.mixture->n, MIXTURE_MAX);
    assert_int_equal(place->data.conditional, 0);
    put_npy(place->path, "p.npy", "<f4", "(2000, 3)", rows, sizeof rows);
    refuses(place, "npy", "p.npy", (DatasetFiles){0}, "points of 3 numbers; expected (n, 2)");
}

static void test_points_say_what_is_wrong(void **state)
{
    Place *place = *state;
    static const struct {
        const char *text, *says;
    } files[] = {
        {"", "has 0 points"},
        {"1,2\n", "has 1 point;"},
        {"1,2\n1,2\n", "all its points in one place"},
        {"1,2\n3\n", "p.csv:2: expected two numbers"},
        {"1,2\n1,2,3,4\n", "p.csv:2: expected two numbers"},
        {"1,2\ncat,2\n", "p.csv:2: expected two numbers"},
        {"1,2\n1,nan\n", "p.csv:2: expected two numbers"},
        {"1,2\n1,1e300\n", "point 2 (from 1) is (1, 1e+300)"},
        {"1,2\n1,2,.5\n", "p.csv:2: 0.5 is no label"},
        {"1,2\n1,2,256\n", "256 is no label; expected a whole number from 0 to 255"},
    };
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        put_text(place, "p.csv", files[k].text);
        refuses(place, "csv", "p.csv", (DatasetFiles){0}, files[k].says);
    }
}

/* A path says by itself what it is. */
static void test_kinds_are_recognised(void **state)
{
    Place *place = *state;
    char path[PATH_SIZE];
    put_text(place, "a.npy", "x");
    put_text(place, "a.csv", "x");
    put_text(place, "c/train.bin", "x");
    put_text(place, "c/test.bin", "x");
    put_text(place, "k/train-images-idx3-ubyte.gz", "x");
    static const struct {
        const char *path;
        const DatasetKind *kind;
    } rows[] = {
        {"a.npy", &dataset_npy}, {"a.csv", &dataset_csv}, {"c", &dataset_cifar100},
        {"k", &dataset_idx},     {"c/train.bin", NULL},   {"none", NULL},
    };
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
        assert_ptr_equal(dataset_recognise(file_join(path, place->path, rows[k].path)),
                         rows[k].kind);
    assert_ptr_equal(dataset_recognise(place->path), &dataset_folder);
}

int main(void)
{
#define CASE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        CASE(test_npy_bytes),
        CASE(test_the_split_goes_by_content),
        CASE(test_held_out_rows_lie_by_chance),
        CASE(test_npy_floats),
        CASE(test_npy_is_made_smaller),
        CASE(test_npy_says_what_is_wrong),
        CASE(test_labels_say_what_is_wrong),
        CASE(test_cifar),
        CASE(test_emnist_letters),
        CASE(test_points_become_a_law),
        CASE(test_points_of_numpy),
        CASE(test_points_say_what_is_wrong),
        CASE(test_kinds_are_recognised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
