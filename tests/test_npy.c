/* The files that commands write, read back: NPY by its published layout, PNG through
 * libpng. */
#include "engine/base/file.h"
#include "engine/base/npy.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
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
    NpyMatrix matrix;
    file_join(path, folder, "r.npy");
    assert_int_equal(npy_write(path, 2, (const long[]){3, 2}, four, NULL), STATUS_OK);
    assert_int_equal(npy_read(path, &matrix, NULL), STATUS_OK);
    assert_int_equal(matrix.n, 3);
    assert_int_equal(matrix.d, 2);
    assert_memory_equal(matrix.x, four, sizeof four);
    free(matrix.x);
    for (int version = 1; version <= 3; version++) {
        write_npy(path, version, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }",
                  eight, sizeof eight);
        assert_int_equal(npy_read(path, &matrix, NULL), STATUS_OK);
        assert_int_equal(matrix.n, 2);
        for (int k = 0; k < 6; k++)
            assert_true(matrix.x[k] == (float)eight[k]);
        free(matrix.x);
    }
    unlink(path);
}

static void npy_refuses_the_rest(void **state)
{
    (void)state;
    static const double data[6] = {0};
    const double poles[6] = {0, 0, 0, 0, 1e300, 0};
    const struct Bad {
        const char *header, *says;
        const void *data;
        size_t size;
        /* clang-format off */
    } bad[] = {
        {"{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }", "type '<i8'", data, sizeof data},
        {"{'descr': '>f8', 'fortran_order': False, 'shape': (2, 3), }", "type '>f8'", data, sizeof data},
        {"{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (6,), }", "type", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", "Fortran order", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (6,), }", "expected (n, d)", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (), }", "expected (n, d)", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2, 3), }", "expected (n, d)", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }", "expected (n, d)", data, 0},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 4), }", "needs 64", data, sizeof data},
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }", "row 1, column 1", poles, sizeof poles},
        {"{'descr': '<f8', 'shape': (2, 3), }", "not an NPY file", data, sizeof data},
        {"nothing", "not an NPY file", data, sizeof data},
    };
    /* clang-format on */
    char path[PATH_SIZE];
    NpyMatrix matrix;
    Error error;
    file_join(path, folder, "bad.npy");
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        write_npy(path, 1, bad[k].header, bad[k].data, bad[k].size);
        assert_int_equal(npy_read(path, &matrix, &error), STATUS_BAD_INPUT);
        assert_non_null(strstr(error.text, path));
        if (!strstr(error.text, bad[k].says))
            fail_msg("\"%s\" does not say \"%s\"", error.text, bad[k].says);
    }
    assert_int_equal(file_write(path, "\x93NUMPY\x01\x00\xff\xff{}", 12, NULL), STATUS_OK);
    assert_int_equal(npy_read(path, &matrix, &error), STATUS_BAD_INPUT);
    unlink(path);
    assert_int_equal(npy_read(path, &matrix, &error), STATUS_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(npy_has_numpys_layout),
        cmocka_unit_test(npy_of_one_axis_has_its_comma),
        cmocka_unit_test(npy_into_nowhere_says_where),
        cmocka_unit_test(npy_reads_what_numpy_writes),
        cmocka_unit_test(npy_refuses_the_rest),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
