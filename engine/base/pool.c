/* Owns worker threads. May call libc, pthreads and must(). One mutex guards the work in
 * hand; waiting workers sleep on a condition, and so does a caller that has run out of
 * jobs. */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "engine/base/pool.h"
#include "engine/base/status.h"
#include "engine/base/thread.h"
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct Worker {
    Pool *pool;
    int number;
    pthread_t thread;
} Worker;

struct Pool {
    int threads;    /* constant */
    Worker *worker; /* [threads]; [0] is the caller. Constant after pool_new */

    pthread_mutex_t lock;
    pthread_cond_t work; /* next < jobs, or quit */
    pthread_cond_t done; /* open == 0 */
    /* under lock */
    void (*job)(void *context, int index, int worker);
    void *context;
    int jobs, next; /* next job to hand out */
    int open;       /* jobs not finished */
    bool quit;      /* also: at rest */
};

/* Takes and does jobs until none is left to take. Called and returns with the lock held.
 */
static void do_jobs(Pool *pool, int worker)
{
    while (pool->next < pool->jobs) {
        void (*job)(void *, int, int) = pool->job;
        void *context = pool->context;
        int index = pool->next++;
        pthread_mutex_unlock(&pool->lock);
        job(context, index, worker);
        pthread_mutex_lock(&pool->lock);
        if (--pool->open == 0)
            pthread_cond_signal(&pool->done);
    }
}

static void *worker_main(void *argument)
{
    Worker *worker = argument;
    Pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->quit) {
        do_jobs(pool, worker->number);
        if (!pool->quit)
            pthread_cond_wait(&pool->work, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void start_workers(Pool *pool)
{
    for (int i = 1; i < pool->threads; i++) {
        pool->worker[i] = (Worker){.pool = pool, .number = i};
        int reason = thread_start(&pool->worker[i].thread, worker_main, &pool->worker[i]);
        if (reason)
            give_up("cannot start thread %d of %d: %s; --threads sets how many", i + 1,
                    pool->threads, strerror(reason));
    }
}

Pool *pool_new(int threads)
{
    must(threads >= 1);
    Pool *pool = calloc(1, sizeof *pool);
    need(pool);
    pool->threads = threads;
    pool->worker = calloc((size_t)threads, sizeof *pool->worker);
    need(pool->worker);
    must(pthread_mutex_init(&pool->lock, NULL) == 0);
    must(pthread_cond_init(&pool->work, NULL) == 0);
    must(pthread_cond_init(&pool->done, NULL) == 0);
    start_workers(pool);
    return pool;
}

void pool_rest(Pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    must(pool->open == 0);
    bool resting = pool->quit;
    pool->quit = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i < pool->threads && !resting; i++)
        must(pthread_join(pool->worker[i].thread, NULL) == 0);
}

void pool_wake(Pool *pool)
{
    must(pool->quit);
    pool->quit = false;
    start_workers(pool);
}

void pool_free(Pool *pool)
{
    if (!pool)
        return;
    pool_rest(pool);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->worker);
    free(pool);
}

int pool_threads(const Pool *pool) { return pool->threads; }

void pool_run(Pool *pool, int jobs, void (*job)(void *context, int index, int worker),
              void *context)
{
    must(jobs >= 0);
    if (jobs == 0)
        return;
    pthread_mutex_lock(&pool->lock);
    must(pool->open == 0); /* one caller at a time, and no job that runs the pool itself */
    pool->job = job;
    pool->context = context;
    pool->jobs = pool->open = jobs;
    pool->next = 0;
    if (jobs > 1)
        pthread_cond_broadcast(&pool->work);
    do_jobs(pool, 0);
    while (pool->open > 0)
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
}

/* A container's CPU quota in whole cores, rounded up; 0 when there is none. */
static int quota_cores(void)
{
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (!file)
        return 0;
    long quota, period;
    int found = fscanf(file, "%ld %ld", &quota, &period);
    fclose(file);
    return found == 2 && quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

int pool_cores(void)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        cores = CPU_COUNT(&set);
#endif
    int quota = quota_cores();
    if (quota > 0 && quota < cores)
        cores = quota;
    return cores < 1 ? 1 : (int)cores;
}
