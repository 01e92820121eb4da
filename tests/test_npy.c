/* The files that commands write, read back: NPY by its published layout, PNG through
 * libpng. */
#include "engine/base/file.h"
#include "engine/base/npy.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/ddil-files-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder); /* fails when anything was left behind */
}

static void npy_has_numpys_layout(void **state)
{
    (void)state;
    char path[PATH_SIZE], *bytes;
    size_t size;
    float data[24];
    for (int i = 0; i < 24; i++)
        data[i] = 0.1f * (float)i;
    file_join(path, folder, "a.npy");
    assert_int_equal(npy_write(path, 3, (const long[]){2, 3, 4}, data, NULL), STATUS_OK);
    assert_int_equal(file_read(path, 1 << 20, &bytes, &size, NULL), STATUS_OK);
    assert_memory_equal(bytes, "\x93NUMPY\x01\x00", 8);
    size_t length = (unsigned char)bytes[8] + 256u * (unsigned char)bytes[9];
    assert_int_equal((10 + length) % 64, 0);
    assert_int_equal(size, 10 + length + sizeof data);
    assert_int_equal(bytes[10 + length - 1], '\n');
    const char *header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3, 4), }";
    assert_memory_equal(bytes + 10, header, strlen(header));
    assert_memory_equal(bytes + 10 + length, data, sizeof data);
    free(bytes);
    unlink(path);
}

static void npy_of_one_axis_has_its_comma(void **state)
{
    (void)state;
    char path[PATH_SIZE], *bytes;
    size_t size;
    file_join(path, folder, "b.npy");
    assert_int_equal(npy_write(path, 1, (const long[]){1}, (const float[]){1}, NULL), STATUS_OK);
    assert_int_equal(file_read(path, 1 << 20, &bytes, &size, NULL), STATUS_OK);
    bytes[80] = 0;
    assert_non_null(strstr(bytes + 10, "(1,), }"));
    free(bytes);
    unlink(path);
}

static void npy_into_nowhere_says_where(void **state)
{
    (void)state;
    Error error;
    char path[PATH_SIZE];
    file_join(path, folder, "no/such/folder.npy");
    assert_int_equal(npy_write(path, 1, (const long[]){1}, (const float[]){1}, &error),
                     STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, path));
}

/* ---- Reading ---- */

/* An NPY file from a header's text (padded here) and bytes of numbers. */
static void write_npy(const char *path, int version, const char *header, const void *data,
                      size_t size)
{
    char bytes[4096] = "\x93NUMPY";
    size_t length = strlen(header) + 1, start = version == 1 ? 10 : 12;
    bytes[6] = (char)version;
    bytes[8] = (char)(length & 255);
    bytes[9] = (char)(length >> 8);
    memcpy(bytes + start, header, length - 1);
    bytes[start + length - 1] = '\n';
    memcpy(bytes + start + length, data, size);
    assert_int_equal(file_write(path, bytes, start + length + size, NULL), STATUS_OK);
}

static void npy_reads_what_numpy_writes(void **state)
{
    (void)state;
    char path[PATH_SIZE];
    const float four[] = {1, 2.5f, -3, 4, 5, 6};
    const double eight[] = {0.5, -1, 2, 0.1, 7, 8};
    double value[6];
    NpyFile file;
    file_join(path, folder, "r.npy");
    assert_int_equal(npy_write(path, 2, (const long[]){3, 2}, four, NULL), STATUS_OK);
    assert_int_equal(npy_open(&file, path, NULL), STATUS_OK);
    assert_int_equal(file.n, 3);
    assert_int_equal(file.d, 2);
    for (int twice = 0; twice < 2; twice++) {
        assert_int_equal(npy_take(&file, 4, value, NULL), STATUS_OK);
        assert_int_equal(npy_take(&file, 2, value + 4, NULL), STATUS_OK);
        for (int k = 0; k < 6; k++)
            assert_true(value[k] == (double)four[k]);
        assert_int_equal(npy_rewind(&file, NULL), STATUS_OK);
    }
    npy_close(&file);
    for (int version = 1; version <= 3; version++) {
        write_npy(path, version, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }",
                  eight, sizeof eight);
        assert_int_equal(npy_open(&file, path, NULL), STATUS_OK);
        assert_int_equal(file.n, 2);
        assert_int_equal(npy_take(&file, 6, value, NULL), STATUS_OK);
        assert_memory_equal(value, eight, sizeof value);
        npy_close(&file);
    }
    unlink(path);
}

/* ---- The dictionary ---- */

static void npy_dictionaries(void **state)
{
    (void)state;
    static const struct Case {
        const char *text;
        bool good;
        /* clang-format off */
    } cases[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", true},
        {"{\"shape\":(2L,3L),'fortran_order':True,'descr':[('a','<f4'),('b','<f4',(2,))]}", true},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (), }", true},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-50, 99999999999999999999), }", true},
        {"{'fortran_order': False, 'shape': (1, 2), 'descr':", false},
        {"{'fortran_order': False, 'shape': (1, 2), 'descr': '<f4", false},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}", false},
        {"{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (2, 3)}", false},
        {"{'descr': '<f4', 'fortran_order': 0, 'shape': (2, 3)}", false},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': [2, 3]}", false},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3}", false},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}", false},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)} 1", false},
        {"{'descr': [('a', '<f4'], 'fortran_order': False, 'shape': (2, 3)}", false},
        {"{'descr': , 'fortran_order': False, 'shape': (2, 3)}", false},
        {"{'shape': (2, 3)}", false},
        {"{'descr'", false},
        {"{", false},
        {"", false},
    };
    /* clang-format on */
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        size_t length = strlen(cases[k].text);
        char *text =
            malloc(length + !length); /* without an end mark: a tool sees who looks there */
        NpyHeader header;
        memcpy(text, cases[k].text, length);
        if (npy_header(text, length, &header) != cases[k].good)
            fail_msg("\"%s\"", cases[k].text);
        for (size_t cut = 0; cut < length && k < 4; cut++) {
            char *part = malloc(cut + !cut);
            memcpy(part, text, cut);
            assert_true(!npy_header(part, cut, &header) || part[cut - 1] == '}' ||
                        part[cut - 1] == ' ');
            free(part);
        }
        free(text);
    }
}

/* Header and all numbers. */
static Status read_all(const char *path, Error *error)
{
    double value[64];
    NpyFile file;
    Status status = npy_open(&file, path, error);
    if (!status)
        status = npy_take(&file, (size_t)file.n * (size_t)file.d, value, error);
    npy_close(&file);
    return status;
}

static void npy_refuses_the_rest(void **state)
{
    (void)state;
    static const double data[6] = {0};
    const double poles[6] = {0, 0, 0, 0, INFINITY, 0};
    const struct Bad {
        const char *header, *says;
        const void *data;
        size_t size;
        /* clang-format off */
    } bad[] = {
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }", "type '<i8'", data, sizeof data},
        {"{'descr': '>f8', 'fortran_order': False, 'shape': (2, 3), }", "big-endian numbers of type '>f8'", data, sizeof data},
        {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (6,), }", "type", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", "Fortran order", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (6,), }", "expected (n, d)", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "expected (n, d)", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 3), }", "expected (n, d)", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }", "expected (n, d)", data, 0},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (-2, 3), }", "of shape (-2, 3)", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 99999999999999999999), }", "expected (n, d)", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2147483647, 2147483647), }", "needs", data, sizeof data},
        {"{'descr': '|b1', 'fortran_order': False, 'shape': (6, 8), }", "truth values of type '|b1'", data, sizeof data},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }", "Python objects", data, sizeof data},
        {"{'descr': '<c16', 'fortran_order': False, 'shape': (1, 3), }", "complex numbers", data, sizeof data},
        {"{'descr': '<f2', 'fortran_order': False, 'shape': (8, 3), }", "type '<f2'", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 4), }", "needs 64", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", "row 1, column 1", poles, sizeof poles},
        {"{'descr': '<f8', 'shape': (2, 3), }", "not an NPY file", data, sizeof data},
        {"nothing", "not an NPY file", data, sizeof data},
    };
    /* clang-format on */
    char path[PATH_SIZE];
    Error error;
    file_join(path, folder, "bad.npy");
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        write_npy(path, 1, bad[k].header, bad[k].data, bad[k].size);
        assert_int_equal(read_all(path, &error), STATUS_BAD_INPUT);
        assert_non_null(strstr(error.text, path));
        if (!strstr(error.text, bad[k].says))
            fail_msg("\"%s\" does not say \"%s\"", error.text, bad[k].says);
    }
    assert_int_equal(file_write(path, "\x93NUMPY\x01\x00\xff\xff{}", 12, NULL), STATUS_OK);
    assert_int_equal(read_all(path, &error), STATUS_BAD_INPUT);
    unlink(path);
    assert_int_equal(read_all(path, &error), STATUS_BAD_INPUT);
}

/* A header that lies about a large file; what is no file at all. Refused by looking, not reading.
 */
static void npy_looks_before_it_reads(void **state)
{
    (void)state;
    static const double data[14] = {0};
    char path[PATH_SIZE];
    Error error;
    file_join(path, folder, "odd.npy");
    write_npy(path, 1, "{'descr': '<f8', 'fortran_order': False, 'shape': (7, 2), }", data,
              sizeof data);
    assert_int_equal(read_all(path, &error), STATUS_OK);
    assert_int_equal(truncate(path, (off_t)3 << 30), 0); /* a hole */
    assert_int_equal(read_all(path, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "its shape (7, 2) needs 112"));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(read_all(path, &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "not a regular file"));
    unlink(path);
    assert_int_equal(read_all(folder, &error), STATUS_BAD_INPUT);
    assert_int_equal(read_all("/dev/zero", &error), STATUS_BAD_INPUT);
    assert_non_null(strstr(error.text, "/dev/zero: not a regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(npy_has_numpys_layout),
        cmocka_unit_test(npy_of_one_axis_has_its_comma),
        cmocka_unit_test(npy_into_nowhere_says_where),
        cmocka_unit_test(npy_reads_what_numpy_writes),
        cmocka_unit_test(npy_dictionaries),
        cmocka_unit_test(npy_refuses_the_rest),
        cmocka_unit_test(npy_looks_before_it_reads),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
