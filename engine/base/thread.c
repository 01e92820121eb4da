/* Owns the starting of threads. May call pthreads. */
#include "engine/base/thread.h"
#include <signal.h>
#include <stddef.h>

/* No frame of ours is over 32 KiB (lint); a sanitizer makes larger ones. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const size_t STACK = (size_t)8 << 20;
#else
static const size_t STACK = (size_t)1 << 20;
#endif

int thread_start(pthread_t *thread, void *(*body)(void *), void *argument)
{
    sigset_t all, before;
    pthread_attr_t attributes;
    int reason = pthread_attr_init(&attributes);
    if (reason)
        return reason;
    sigfillset(&all);
    pthread_attr_setstacksize(&attributes, STACK);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    reason = pthread_create(thread, &attributes, body, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return reason;
}
