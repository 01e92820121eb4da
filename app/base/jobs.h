/* Jobs in processes of their own, several at a time: what a study or a sweep makes of all cores. A
 * job's numbers cannot depend on its neighbours, and one that crashes takes no other along. */
#ifndef DDIL_JOBS_H
#define DDIL_JOBS_H

#include "engine/base/status.h"
#include <stdbool.h>

typedef enum JobState {
    JOB_READY,
    JOB_WAITS, /* for another to end */
    JOB_OVER,  /* done, failed, or not wanted */
} JobState;

/* What a running job shows of itself to its parent, in memory they share. */
typedef struct JobProgress {
    volatile double share; /* of its work that is done, 0..1 */
    char text[400];        /* why it ended, when not STATUS_OK */
} JobProgress;

typedef struct Jobs {
    int n, at_once; /* jobs are numbers 0..n-1; at_once >= 1 */
    void *context;
    /* In the parent, whenever there is a place: is this job to be started? */
    JobState (*state)(void *context, int job);
    /* In a child of one thread, with SIGINT, SIGTERM, SIGHUP, SIGUSR2, SIGXCPU setting what
     * jobs_interrupted() says: then it saves and returns STATUS_INTERRUPTED. */
    Status (*run)(void *context, int job, JobProgress *progress, Error *error);
    /* In the parent: it ended. STATUS_FAILED with "killed by signal N" for one that was killed. */
    void (*ended)(void *context, int job, Status status, const char *text);
    /* In the parent, twice a second; progress[job] of those with running[job]. */
    void (*tick)(void *context, const bool *running, const JobProgress *progress);
} Jobs;

/* Runs what is ready until nothing is. Call it before there are threads. On one of these
 * signals the children are told to save, waited for, and STATUS_INTERRUPTED comes back; they also
 * save when this process dies (Linux). FAILED when no process could be started. */
Status jobs_run(const Jobs *jobs, Error *error);
/* Has this process been asked to stop? */
bool jobs_interrupted(void);

#endif
