/* Numbers out of texts: what is one, what is not, and bounds on every way to an int. */
#include "engine/base/number.h"
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_whole_numbers(void **state)
{
    static const char *const BAD[] = {"",   " 1",  "1 ",   "1.5", "1e3",
                                      "0x", "--1", "+-1x", "-",   "99999999999999999999",
                                      "11", "-11", "nan",  "1\n", "-99999999999999999999"};
    (void)state;
    long value = 77;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(number_whole(BAD[i], -10, 10, &value));
    assert_int_equal(value, 77);
    assert_true(number_whole("-10", -10, 10, &value));
    assert_int_equal(value, -10);
    assert_true(number_whole("+010", -10, 10, &value));
    assert_int_equal(value, 10);
    assert_true(number_whole("9223372036854775807", 0, LONG_MAX, &value));
    assert_true(value == LONG_MAX);
}

static void test_an_int_never_wraps(void **state)
{
    int value = 5;
    (void)state;
    assert_false(number_int("4294967297", INT_MIN, INT_MAX, &value));
    assert_false(number_int("2147483648", INT_MIN, INT_MAX, &value));
    assert_int_equal(value, 5);
    assert_true(number_int("2147483647", INT_MIN, INT_MAX, &value));
    assert_int_equal(value, INT_MAX);
}

static void test_leading_numbers_move_on(void **state)
{
    const char *text = "12,0x7,-3";
    long value;
    double real = 1;
    (void)state;
    assert_true(number_lead(&text, 0, 100, &value));
    assert_string_equal(text, ",0x7,-3");
    assert_int_equal(value, 12);
    assert_false(number_lead(&text, 0, 100, &value));
    assert_string_equal(text, ",0x7,-3");
    assert_false(number_lead_real(&text, &real));
    text = "2.5e-1;";
    assert_true(number_lead_real(&text, &real));
    assert_string_equal(text, ";");
    assert_true(real == .25);
}

static void test_real_numbers(void **state)
{
    double value = 3;
    (void)state;
    assert_false(number_real("", &value));
    assert_false(number_real("1,5", &value));
    assert_false(number_real("one", &value));
    assert_true(value == 3);
    assert_true(number_real("-1e-3", &value) && value == -1e-3);
    assert_true(number_real("inf", &value) && isinf(value));
    assert_true(number_value("x", 9) == 9 && number_value("8", 9) == 8);
}

static void test_pairs(void **state)
{
    static const char *const BAD[] = {"80",   "80x",     "x24",  "80x24x", "80x0",
                                      "0x24", "80x1001", "-1x5", "80 x24", "80x24 "};
    int width = 1, height = 2;
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(number_pair(BAD[i], 1000, &width, &height));
    assert_true(width == 1 && height == 2);
    assert_true(number_pair("80x24", 1000, &width, &height));
    assert_true(width == 80 && height == 24);
}

static void test_doubles_become_ints_within_bounds(void **state)
{
    static const double BAD[] = {-0.5, 11, 1e300, -1e300, INFINITY, -INFINITY, NAN, 0x1p31};
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_int_equal(number_floor(BAD[i], 0, 10, -7), -7);
    assert_int_equal(number_floor(10.9, 0, 10, -7), 10);
    assert_int_equal(number_floor(0, 0, 10, -7), 0);
    assert_int_equal(number_floor(2147483647.0, INT_MIN, INT_MAX, 0), INT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_numbers),
        cmocka_unit_test(test_an_int_never_wraps),
        cmocka_unit_test(test_leading_numbers_move_on),
        cmocka_unit_test(test_real_numbers),
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_doubles_become_ints_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
