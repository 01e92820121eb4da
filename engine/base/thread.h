/* Threads with a stack of their own size: what a C library gives by itself is 8 MiB with one and
 * 128 KiB with another. */
#ifndef DDIL_THREAD_H
#define DDIL_THREAD_H

#include <pthread.h>

/* Starts `body`, which hears no signal: those are for the thread that listens to the terminal.
 * Returns 0 or an errno. */
int thread_start(pthread_t *thread, void *(*body)(void *), void *argument);

#endif
