/* The work behind the names of bench.h; for bench.c only. */
#ifndef DDIL_BENCH_WORK_H
#define DDIL_BENCH_WORK_H

#include "engine/diffusion/denoiser.h"
#include "engine/distill/lab.h"
#include "engine/nets/crew.h"
#include "engine/nets/optim.h"

/* Something to do again and again. */
typedef struct Work {
    Crew *crew;
    Arena keep, step;
    int batch;
    int turn;   /* steps to be timed together, because their costs differ in turn */
    int warmup; /* turns before the cost is the usual one */
    void (*run)(struct Work *work); /* one step */
    long steps;                     /* done so far */
    double flops;                   /* spent so far */
    Model model;                    /* trained, or sampled from */
    float *gradient;
    Policy policy;
    Lab *lab;
} Work;

/* Fill a Work whose crew and arenas are ready. */
void work_train(Work *work, const NetSpec *spec, int batch);
void work_sample(Work *work, const NetSpec *spec, int batch, int steps);
Status work_lab(Work *work, const char *method, Error *error);

#endif
