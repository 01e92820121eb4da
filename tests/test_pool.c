/* The thread pool: every job once, at the same time, the same bits for any number of
 * threads, asleep when idle. */
#include "engine/base/clock.h"
#include "engine/base/pool.h"
#include "engine/base/rng.h"
#include "engine/tensor/kernels.h"
#include "tests/child.h"
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { THREADS_MAX = 8, JOBS_MAX = 257 };

typedef struct Count {
    int done[JOBS_MAX];         /* by index: a race here is an index given out twice */
    int by_worker[THREADS_MAX]; /* by worker: a race here is a worker's number used twice
                                   at a time */
} Count;

static void count_job(void *context, int index, int worker)
{
    Count *count = context;
    count->done[index]++;
    count->by_worker[worker]++;
}

static void test_pool_does_each_job_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= THREADS_MAX; threads++) {
        Pool *pool = pool_new(threads);
        assert_int_equal(pool_threads(pool), threads);
        Count count = {0};
        int total = 0;
        for (int round = 0; round < 300; round++) {
            int jobs = round % JOBS_MAX;
            memset(count.done, 0, sizeof count.done);
            pool_run(pool, jobs, count_job, &count);
            for (int i = 0; i < JOBS_MAX; i++)
                assert_int_equal(count.done[i], i < jobs);
            total += jobs;
        }
        for (int i = 0; i < threads; i++)
            total -= count.by_worker[i];
        assert_int_equal(total, 0);
        pool_free(pool);
    }
    pool_free(NULL);
}

enum { CHUNKS = 37, CHUNK = 501 };

static void sum_chunk(void *context, int index, int worker)
{
    float *sum = context;
    (void)worker;
    Rng rng = rng_at(11, STREAM_BATCH, (uint64_t)index);
    sum[index] = 0;
    for (int i = 0; i < CHUNK; i++)
        sum[index] += rng_normal(&rng);
}

static void test_pool_same_bits_for_any_threads(void **state)
{
    (void)state;
    float expected[CHUNKS];
    for (int i = 0; i < CHUNKS; i++)
        sum_chunk(expected, i, 0);
    for (int threads = 1; threads <= THREADS_MAX; threads++) {
        float sum[CHUNKS];
        Pool *pool = pool_new(threads);
        pool_run(pool, CHUNKS, sum_chunk, sum);
        pool_free(pool);
        assert_memory_equal(sum, expected, sizeof sum);
    }
}

typedef struct Meeting {
    pthread_mutex_t lock;
    pthread_cond_t all_here;
    int here;
    pthread_t who[2];
} Meeting;

/* Ends only when two threads are inside at once. */
static void meet(void *context, int index, int worker)
{
    Meeting *meeting = context;
    (void)index;
    pthread_mutex_lock(&meeting->lock);
    meeting->who[worker] = pthread_self();
    meeting->here++;
    pthread_cond_broadcast(&meeting->all_here);
    while (meeting->here < 2)
        pthread_cond_wait(&meeting->all_here, &meeting->lock);
    pthread_mutex_unlock(&meeting->lock);
}

static void test_pool_works_at_the_same_time_as_its_caller(void **state)
{
    (void)state;
    Meeting meeting = {.lock = PTHREAD_MUTEX_INITIALIZER, .all_here = PTHREAD_COND_INITIALIZER};
    Pool *pool = pool_new(2);
    pool_run(pool, 2, meet, &meeting);
    pool_free(pool);
    assert_true(pthread_equal(meeting.who[0], pthread_self()));
    assert_false(pthread_equal(meeting.who[1], pthread_self()));
}

static void long_job(void *context, int index, int worker)
{
    (void)context;
    (void)worker;
    if (index == 0)
        wait_a_while(0.15);
}

/* Neither idle workers nor a waiting caller burn time: spinning would take 0.15 s a
 * thread. */
static void test_pool_sleeps_while_waiting(void **state)
{
    (void)state;
    Pool *pool = pool_new(THREADS_MAX);
    pool_run(pool, 100, long_job, NULL);
    double before = clock_cpu_s();
    wait_a_while(0.15);
    pool_run(pool, 100, long_job, NULL);
    assert_true(clock_cpu_s() - before < 0.1);
    pool_free(pool);
}

static void run_inside(void *context, int index, int worker)
{
    (void)index;
    (void)worker;
    pool_run(context, 2, long_job, NULL);
}

static void nest(void)
{
    Pool *pool = pool_new(1);
    pool_run(pool, 1, run_inside, pool);
}

static void test_pool_refuses_nesting(void **state)
{
    (void)state;
    assert_dies(nest, "open == 0");
    assert_true(pool_cores() >= 1);
}

/* Threads of this process, or 0 where they cannot be counted. */
static int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int n = 0;
    for (const struct dirent *task; tasks && (task = readdir(tasks));)
        n += task->d_name[0] != '.';
    if (tasks)
        closedir(tasks);
    return n;
}

/* BLAS would start threads of its own in a forked process, which spin before they sleep: what is
 * timed there (`ddil bench`) would be theirs too. */
static void test_a_fork_starts_no_blas_threads(void **state)
{
    (void)state;
    kernel_init();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int before = count_threads();
        kernel_init();
        _exit(count_threads() - before);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_does_each_job_once),
        cmocka_unit_test(test_pool_same_bits_for_any_threads),
        cmocka_unit_test(test_pool_works_at_the_same_time_as_its_caller),
        cmocka_unit_test(test_pool_sleeps_while_waiting),
        cmocka_unit_test(test_pool_refuses_nesting),
        cmocka_unit_test(test_a_fork_starts_no_blas_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
