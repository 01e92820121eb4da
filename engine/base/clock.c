/* The only place that reads a clock. */
#include "engine/base/clock.h"
#include "engine/base/status.h"
#include <time.h>

static double read_s(clockid_t clock)
{
    struct timespec now;
    must(clock_gettime(clock, &now) == 0);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double clock_s(void) { return read_s(CLOCK_MONOTONIC); }

double clock_cpu_s(void) { return read_s(CLOCK_PROCESS_CPUTIME_ID); }

double clock_wall_s(void) { return read_s(CLOCK_REALTIME); }

void clock_stamp(char *text, size_t size)
{
    time_t now = time(NULL);
    struct tm local;
    must(size > 0);
    if (!localtime_r(&now, &local) || !strftime(text, size, "%Y-%m-%d %H:%M:%S", &local))
        text[0] = 0;
}
