/* Owns what schedulers tell by variables, and spans of time in words. */
#include "app/base/job.h"
#include "engine/base/clock.h"
#include "engine/base/number.h"
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The larger first, as they may follow each other. */
static const struct {
    char letter;
    double seconds;
} unit[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
enum { UNITS = sizeof unit / sizeof *unit };

Status job_seconds(const char *text, double *seconds, Error *error)
{
    const char *at = text;
    double sum = 0;
    int next = 0;
    do {
        long number;
        bool good = number_lead(&at, 0, 1000000, &number);
        while (good && next < UNITS && unit[next].letter != *at)
            next++;
        if (!good || next == UNITS)
            return fail(error, STATUS_BAD_INPUT,
                        "'%.40s' is no span of time; write it as 3h55m, 90m or 45s", text);
        sum += (double)number * unit[next++].seconds;
        at++;
    } while (*at);
    *seconds = sum;
    return STATUS_OK;
}

Status job_end(const char *limit, double started, double *end, Error *error)
{
    static const double margin = 60;
    const char *told = getenv("SLURM_JOB_END_TIME");
    double seconds = 0;
    long at;
    *end = INFINITY;
    if (limit && !strcmp(limit, "0"))
        return STATUS_OK;
    Status status = limit ? job_seconds(limit, &seconds, error) : STATUS_OK;
    if (!status && limit)
        *end = started + seconds;
    else if (told && number_whole(told, 1, LONG_MAX, &at))
        *end = clock_s() + (double)at - clock_wall_s() - margin;
    return status;
}

bool job_within(void) { return getenv("SLURM_JOB_ID"); }

bool job_deaf(void)
{
    char path[64], name[32] = "";
    if (!job_within())
        return false;
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)getppid());
    FILE *file = fopen(path, "re");
    bool read = file && fgets(name, sizeof name, file);
    if (file)
        fclose(file);
    return read && !strncmp(name, "slurm_script", strlen("slurm_script"));
}
