/* Owns the probe. See probe.h. */
#include "engine/study/probe.h"

#include "engine/base/clock.h"
#include "engine/distill/lab.h"
#include "engine/distill/lab_open.h"
#include "engine/distill/train.h"

enum { WARM = 10, LEAST = 10 }; /* steps: the first of them fill the rings of roll-outs */

/* How many steps a second of them may take. */
static double timed(Lab *lab, double seconds)
{
    StepReport report;
    long at = lab->steps / 2;
    for (int i = 0; i < WARM; i++)
        lab_step(lab, at++, &report);
    double spent = lab_spent(lab), began = clock_cpu_s(), passed = 0;
    for (int i = 0; i < LEAST || passed < seconds; i++) {
        lab_step(lab, at++, &report);
        passed = clock_cpu_s() - began;
    }
    return (lab_spent(lab) - spent) / passed;
}

Status probe_rate(const Config *config, double seconds, Crew *crew, double *rate, Error *error)
{
    const size_t room = (size_t)1 << 34; /* address space; pages come with use */
    Arena keep, step;
    Lab *lab;
    arena_init(&keep, room);
    arena_init(&step, room);
    lab = arena_new(&keep, Lab, 1);
    Status status = lab_open(lab, config, crew, &keep, &step, error);
    if (!status) {
        lab_pretrain_done(lab);
        *rate = timed(lab, seconds);
    }
    arena_done(&step);
    arena_done(&keep);
    return status;
}
