/* No malloc between the second and the last step of a run: this program counts every call. */
#include "tests/labs.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>
#undef fail

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || !defined(__GLIBC__)
#define COUNTS 0 /* a sanitizer brings a malloc of its own */
#else
#define COUNTS 1
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);

static atomic_long calls;

void *malloc(size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_calloc(n, size);
}

void *realloc(void *old, size_t size)
{
    atomic_fetch_add(&calls, 1);
    return __libc_realloc(old, size);
}
#endif

#if COUNTS
static const char *const short_run[] = {"run.steps=60",
                                        "run.batch=300",
                                        "student.pretrain_steps=10",
                                        "source.capacity=64",
                                        "source.teacher_capacity=64",
                                        "source.warmup=0.02",
                                        NULL};

/* Mallocs of steps 1..59, of any thread. */
static long count_calls(const char *preset, int threads)
{
    Bench *bench = bench_open_file(preset, short_run, threads);
    bench_start(bench, 10);
    bench_advance(bench, 0, 1);
    long before = atomic_load(&calls);
    bench_advance(bench, 1, 60);
    long after = atomic_load(&calls);
    bench_close(bench);
    return after - before;
}
#endif

static void test_steps_allocate_nothing(void **state)
{
    (void)state;
#if COUNTS
    free(malloc(1));
    assert_true(atomic_load(&calls) > 0); /* the counter is in place */
    for (int threads = 1; threads <= 2; threads++) {
        assert_int_equal(count_calls("presets/ring-pd-ddil.ini", threads), 0);
        assert_int_equal(count_calls("presets/ring-lcm-ddil.ini", threads), 0);
        assert_int_equal(count_calls("presets/moons-pd.ini", threads), 0);
    }
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_steps_allocate_nothing)};
    return cmocka_run_group_tests_name("allocations", tests, NULL, NULL);
}
