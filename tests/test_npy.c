/* The files that commands write, read back: NPY by its published layout, PNG through
 * libpng. */
#include "app/npy.h"
#include "engine/base/file.h"
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
    assert_int_equal(npy_write(path, 1, (const long[]){1}, (const float[]){1}, NULL),
                     STATUS_OK);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(npy_has_numpys_layout),
        cmocka_unit_test(npy_of_one_axis_has_its_comma),
        cmocka_unit_test(npy_into_nowhere_says_where),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
