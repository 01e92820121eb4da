/* The only place that reads a clock. */
#ifndef DDIL_CLOCK_H
#define DDIL_CLOCK_H

#include <stddef.h>

double clock_s(void);                      /* monotonic seconds */
double clock_cpu_s(void);                  /* CPU seconds of the process */
double clock_wall_s(void);                 /* seconds since 1970 */
void clock_stamp(char *text, size_t size); /* local wall time, "2026-11-22 23:01:07" */

#endif
