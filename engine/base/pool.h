/* A fixed pool of threads. Waiting workers sleep; the caller works too. */
#ifndef DDIL_POOL_H
#define DDIL_POOL_H

typedef struct Pool Pool;

/* threads >= 1 counts the caller, so pool_new(1) starts none. */
Pool *pool_new(int threads);
void pool_free(Pool *pool);
/* Ends the threads, so that the process may fork; pool_wake starts them again, in whichever process
 * goes on. */
void pool_rest(Pool *pool);
void pool_wake(Pool *pool);
int pool_threads(const Pool *pool);

/* Calls job(context, i, worker) once for each i in 0..jobs-1, worker in 0..threads-1, and returns
 * when all are done. Which worker gets which job is not determined: a result must not depend on it.
 */
void pool_run(Pool *pool, int jobs, void (*job)(void *context, int index, int worker),
              void *context);

/* Cores this process may use. */
int pool_cores(void);

#endif
