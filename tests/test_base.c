/* The base: errors, arena, random numbers, clock. Beside it test_pool.c, test_file.c and
 * test_param.c. */
#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/base/plain.h"
#include "engine/base/rng.h"
#include "engine/base/status.h"
#include "tests/child.h"
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#undef fail /* cmocka's, in favour of status.h's */

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

/* ---- status ---- */

static void test_fail_fills_the_error(void **state)
{
    (void)state;
    Error error;
    assert_int_equal(fail(&error, STATUS_BAD_INPUT, "%s:%d", "x.ini", 12), STATUS_BAD_INPUT);
    assert_string_equal(error.text, "x.ini:12");
    assert_int_equal(fail(NULL, STATUS_FAILED, "nobody listens"), STATUS_FAILED);
    fail(&error, STATUS_FAILED, "%2000d", 1);
    assert_int_equal(strlen(error.text), sizeof error.text - 1);
}

/* What may stand in a folder's name or in a note, and what is printed of it. */
static void test_untrusted_text_is_made_plain(void **state)
{
    (void)state;
    /* clang-format off */
    static const char *const rows[][2] = {
        {"plain, caf\xc3\xa9 \xe2\x96\xb2 \xf0\x9f\x99\x82", "plain, caf\xc3\xa9 \xe2\x96\xb2 \xf0\x9f\x99\x82"},
        {"\033[31mred\033]0;title\007",  "?[31mred?]0;title?"},
        {"line\r\nline\ttab\177",        "line??line tab?"},
        {"\xc2\x9b" "2J\xc2\x85",         "??2J??"}, /* C1 as UTF-8 */
        {"\x9b" "2J\xff\xc3",             "?2J??"},  /* C1 as a byte, half a rune */
        {"\xc0\x9b\xe0\x80\x9b",         "?????"},  /* too long a form of ESC */
        {"\xe2\x80\xaegnp.exe\xe2\x81\xa6", "???gnp.exe???"}, /* turned about */
    };
    /* clang-format on */
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64];
        Error error;
        snprintf(text, sizeof text, "%s", rows[i][0]);
        assert_string_equal(plain_text(text), rows[i][1]);
        fail(&error, STATUS_FAILED, "%s", rows[i][0]);
        assert_string_equal(error.text, rows[i][1]);
    }
}

static void say_restored(void) { assert_true(write(STDERR_FILENO, "[restored]", 10) == 10); }

static void die_with_terminal(void)
{
    must_restore(say_restored);
    must(1 + 1 == 3);
}

static void test_must_restores_then_names_the_condition(void **state)
{
    (void)state;
    char text[4096];
    int status = child_run(die_with_terminal, text, sizeof text);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_int_equal(strncmp(text, "[restored]", 10), 0);
    assert_non_null(strstr(text, "test_base.c:"));
    assert_non_null(strstr(text, "1 + 1 == 3"));
    assert_null(strstr(text + 10, "[restored]"));
}

/* ---- arena ---- */

static void test_arena_aligns_and_zeroes(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, 1 << 20);
    for (size_t bytes = 0; bytes < 300; bytes += 7) {
        char *block = arena_alloc(&arena, bytes);
        assert_int_equal((uintptr_t)block % 64, 0);
        memset(block, 0xAB, bytes);
    }
    arena_rewind(&arena, 0);
    char *zero = arena_zero(&arena, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(zero[i], 0);
    int *numbers = arena_new(&arena, int, 10);
    float *floats = arena_floats(&arena, 10);
    assert_true((char *)numbers >= zero + 1000 && (char *)floats >= (char *)(numbers + 10));
    assert_string_equal(arena_text(&arena, "a word"), "a word");
    arena_done(&arena);
    arena_done(&arena);
}

static void test_arena_rewinds_to_a_mark(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, 1 << 20);
    int *kept = arena_new(&arena, int, 100);
    kept[99] = 7;
    size_t mark = arena_mark(&arena);
    char *first = arena_alloc(&arena, 5000);
    size_t peak = arena.peak;
    arena_rewind(&arena, mark);
    assert_int_equal(arena.used, mark);
    assert_int_equal(arena.peak, peak);
    assert_ptr_equal(arena_alloc(&arena, 10), first);
    assert_int_equal(kept[99], 7);
    arena_done(&arena);
}

static void test_arena_reserves_without_using(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, (size_t)1 << 36);
    char *block = arena_alloc(&arena, (size_t)1 << 28);
    block[0] = 1;
    block[((size_t)1 << 28) - 1] = 1;
    arena_done(&arena);
}

static void overfill(void)
{
    Arena arena;
    arena_init(&arena, 4096);
    arena_alloc(&arena, 1024);
    arena_alloc(&arena, 4000);
}

static void ask_for_too_much(void)
{
    Arena arena;
    arena_init(&arena, 4096);
    arena_alloc(&arena, SIZE_MAX - 10);
}

static void rewind_forward(void)
{
    Arena arena;
    arena_init(&arena, 4096);
    arena_rewind(&arena, 64);
}

static void test_arena_dies_naming_sizes(void **state)
{
    (void)state;
    assert_gives_up(overfill, "arena is full: 4000 bytes wanted");
    assert_gives_up(overfill, "of 4096 in use");
    assert_gives_up(ask_for_too_much, "arena is full");
    assert_dies(rewind_forward, "mark <= arena->used");
}

#ifdef __SANITIZE_ADDRESS__
static void test_arena_poisons_what_is_free(void **state)
{
    (void)state;
    Arena arena;
    arena_init(&arena, 1 << 16);
    char *block = arena_alloc(&arena, 128);
    assert_false(__asan_address_is_poisoned(block + 127));
    assert_true(__asan_address_is_poisoned(block + 128));
    arena_rewind(&arena, 0);
    assert_true(__asan_address_is_poisoned(block));
    arena_done(&arena);
    assert_false(__asan_address_is_poisoned(block));
}
#endif

/* ---- random numbers ---- */

/* Random123's kat_vectors, philox4x32 with 10 rounds. */
static void test_philox_published_vectors(void **state)
{
    (void)state;
    /* clang-format off */
    static const uint32_t vector[3][10] = {
        {0,          0,          0,          0,          0,          0,          0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff,
         0x408f276d,                                                                         0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0,
         0xd16cfe09,                                                                         0x94fdcceb, 0x5001e420, 0x24126ea1},
    };
    /* clang-format on */
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        philox4x32_10(vector[i], vector[i] + 4, out);
        assert_memory_equal(out, vector[i] + 6, sizeof out);
    }
}

/* Where a generator's numbers lie among the blocks is part of what a run's seed means. */
static void test_rng_places(void **state)
{
    (void)state;
    uint64_t seed = 0x1122334455667788u, index = 0x99AABBCCDDEEFF00u;
    uint32_t key[2] = {0x55667788, 0x11223344}, out[4];
    Rng rng = rng_at(seed, STREAM_BATCH, index);
    for (uint32_t block = 0; block < 3; block++) {
        uint32_t counter[4] = {block, STREAM_BATCH, 0xDDEEFF00, 0x99AABBCC};
        philox4x32_10(counter, key, out);
        for (int i = 0; i < 4; i++)
            assert_int_equal(rng_u32(&rng), out[i]);
    }
}

static void test_rng_order_does_not_matter(void **state)
{
    (void)state;
    float forward[16][3], backward[16][3];
    for (int i = 0; i < 16; i++) {
        Rng rng = rng_at(5, STREAM_EVAL, (uint64_t)i);
        rng_normals(&rng, 3, forward[i]);
    }
    for (int i = 15; i >= 0; i--) {
        Rng rng = rng_at(5, STREAM_EVAL, (uint64_t)i);
        for (int j = 0; j < 3; j++)
            backward[i][j] = rng_normal(&rng);
    }
    assert_memory_equal(forward, backward, sizeof forward);
    Rng a = rng_at(5, STREAM_EVAL, 0), b = rng_at(5, STREAM_BATCH, 0),
        c = rng_at(6, STREAM_EVAL, 0);
    uint32_t first = rng_u32(&a);
    assert_int_not_equal(first, rng_u32(&b));
    assert_int_not_equal(first, rng_u32(&c));
}

static void test_rng_uniform_in_open_interval(void **state)
{
    (void)state;
    enum { N = 200000 };
    Rng rng = rng_at(1, STREAM_INIT, 0);
    double sum = 0, least = 1, most = 0;
    for (int i = 0; i < N; i++) {
        double u = rng_uniform(&rng);
        sum += u;
        least = fmin(least, u);
        most = fmax(most, u);
    }
    assert_true(least > 0 && most < 1);
    assert_true(fabs(sum / N - 0.5) < 5 * sqrt(1.0 / 12 / N)); /* 5 standard errors */
}

/* Chi-square against equal shares; 5 standard deviations of a chi-square are mean + 5
 * sqrt(2 mean). */
static void test_rng_below_is_even(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 3, 7, 10, 64};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        uint32_t n = sizes[s], count[64] = {0};
        Rng rng = rng_at(2, STREAM_INIT, n);
        for (uint32_t i = 0; i < 2000 * n; i++) {
            uint32_t x = rng_below(&rng, n);
            assert_true(x < n);
            count[x]++;
        }
        double chi = 0;
        for (uint32_t i = 0; i < n; i++)
            chi += (count[i] - 2000.0) * (count[i] - 2000.0) / 2000.0;
        assert_true(chi <= n - 1 + 5 * sqrt(2.0 * (n - 1)));
    }
    /* A size for which cutting the product short without rejection would favour a third
     * of the values. */
    uint32_t n = 3u << 30, low = 0;
    Rng rng = rng_at(3, STREAM_INIT, 0);
    for (int i = 0; i < 100000; i++)
        low += rng_below(&rng, n) % 3 == 0;
    assert_true(fabs(low / 100000.0 - 1.0 / 3) < 0.008);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov against the normal law: sqrt(n) D < 1.95 has probability 0.999. */
static void test_rng_normal_is_normal(void **state)
{
    (void)state;
    enum { N = 100000 };
    float *x = malloc(N * sizeof *x);
    assert_non_null(x);
    Rng rng = rng_at(4, STREAM_INIT, 9);
    rng_normals(&rng, N, x);
    double mean = 0, square = 0, largest = 0, next = 0;
    for (int i = 0; i < N; i++) {
        mean += x[i] / N;
        square += (double)x[i] * x[i] / N;
        next += i ? (double)x[i] * x[i - 1] / N : 0;
    }
    qsort(x, N, sizeof *x, by_value);
    for (int i = 0; i < N; i++) {
        double law = 0.5 * erfc(-x[i] / sqrt(2.0));
        largest = fmax(largest, fmax(fabs(law - (double)i / N), fabs(law - (i + 1.0) / N)));
    }
    free(x);
    assert_true(fabs(mean) < 5 / sqrt(N));
    assert_true(fabs(square - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(next) < 5 / sqrt(N));
    assert_true(largest * sqrt(N) < 1.95);
}

/* ---- clock ---- */

static void test_clock(void **state)
{
    (void)state;
    int year, month, day, hour, minute, second;
    char stamp[32], tiny[4];
    double before = clock_s(), cpu = clock_cpu_s();
    wait_a_while(0.01);
    assert_true(clock_s() - before >= 0.01);
    assert_true(clock_cpu_s() >= cpu);
    clock_stamp(stamp, sizeof stamp);
    assert_int_equal(strlen(stamp), 19);
    assert_int_equal(
        sscanf(stamp, "%4d-%2d-%2d %2d:%2d:%2d", &year, &month, &day, &hour, &minute, &second), 6);
    clock_stamp(tiny, sizeof tiny);
    assert_string_equal(tiny, "");
}

static void reserve_under_a_limit(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    struct rlimit limit = {2000000000, 2000000000};
    setrlimit(RLIMIT_AS, &limit);
#endif
    Arena arena[8];
    for (int i = 0; i < 8; i++) {
        arena_init(&arena[i], (size_t)2 << 30);
        arena_alloc(&arena[i], 1 << 20);
    }
}

/* As under ulimit -v 2000000. */
static void test_arenas_under_a_limit(void **state)
{
    (void)state;
    char text[512];
    assert_int_equal(child_run(reserve_under_a_limit, text, sizeof text), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arenas_under_a_limit),
        cmocka_unit_test(test_fail_fills_the_error),
        cmocka_unit_test(test_untrusted_text_is_made_plain),
        cmocka_unit_test(test_must_restores_then_names_the_condition),
        cmocka_unit_test(test_arena_aligns_and_zeroes),
        cmocka_unit_test(test_arena_rewinds_to_a_mark),
        cmocka_unit_test(test_arena_reserves_without_using),
        cmocka_unit_test(test_arena_dies_naming_sizes),
#ifdef __SANITIZE_ADDRESS__
        cmocka_unit_test(test_arena_poisons_what_is_free),
#endif
        cmocka_unit_test(test_philox_published_vectors),
        cmocka_unit_test(test_rng_places),
        cmocka_unit_test(test_rng_order_does_not_matter),
        cmocka_unit_test(test_rng_uniform_in_open_interval),
        cmocka_unit_test(test_rng_below_is_even),
        cmocka_unit_test(test_rng_normal_is_normal),
        cmocka_unit_test(test_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
