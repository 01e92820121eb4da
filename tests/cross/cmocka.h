/* As much of cmocka as the kernels' tests use, for architectures where it is not
 * installed: the first failure ends the program. */
#ifndef DDIL_TESTS_CROSS_CMOCKA_H
#define DDIL_TESTS_CROSS_CMOCKA_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
};

/* clang-format off */
#define cmocka_unit_test(f)          {#f, f}
/* clang-format on */
#define fail_msg(...)                (printf(__VA_ARGS__), printf("\n"), exit(1))
#define assert_true(c)               ((c) ? (void)0 : fail_msg("%s:%d: %s", __FILE__, __LINE__, #c))
#define assert_false(c)              assert_true(!(c))
#define assert_non_null(p)           assert_true(p)
#define assert_int_equal(a, b)       assert_true((a) == (b))
#define assert_memory_equal(a, b, n) assert_true(memcmp(a, b, n) == 0)
#define skip()                       return

static inline int run_tests(const char *name, const struct CMUnitTest *tests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        tests[i].test(NULL);
        printf("ok - %s\n", tests[i].name);
    }
    printf("# ok - %s\n", name);
    return n == 0;
}
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                  \
    run_tests(name, tests, sizeof(tests) / sizeof *(tests))

#endif
