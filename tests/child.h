/* Acts that end their process, and waiting. */
#ifndef DDIL_TESTS_CHILD_H
#define DDIL_TESTS_CHILD_H

#include <stddef.h>

/* Runs `act` in a child; what it wrote to standard error goes to `text`. Returns the wait
 * status. */
int child_run(void (*act)(void), char *text, size_t size);

/* Fails the test unless `act` aborts and says `word`. */
void assert_dies(void (*act)(void), const char *word);

/* Fails the test unless `act` ends its process with status 1 and says `word`. */
void assert_gives_up(void (*act)(void), const char *word);

/* Sleeps for less than a second. */
void wait_a_while(double seconds);

#endif
