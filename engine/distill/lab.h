/* The lab: what every distiller works with: data, teacher, student, source of states, thresholding,
 * accounting. One thread drives a lab; parallel work happens inside crew maps. */
#ifndef DDIL_LAB_H
#define DDIL_LAB_H

#include "engine/distill/method.h"

typedef enum Decay { DECAY_NONE, DECAY_LINEAR, DECAY_SECOND_HALF } Decay;
#define DECAY_CHOICES "none|linear|second_half"

struct Lab {
    Config config;
    const Method *method;
    void *state; /* the method's own */
    uint64_t seed;
    long steps;          /* planned length */
    long span;           /* what schedules go through: run.schedule_steps, or the whole run */
    bool pinned;         /* past it they stay at their end */
    double budget;       /* network evaluations the run may cost; 0: any number */
    double spent_before; /* of them before the first step: the regression */
    double clock; /* where schedules stand at the present step, out of `span`: see lab_clock */
    double rate;  /* what every base rate is multiplied by at the present step: warm-up and decay */
    int batch;
    Dataset data;
    Schedule schedule;
    bool has_teacher;
    Denoiser teacher;  /* guided as configured */
    Rule teacher_rule; /* by which it rolls out */
    Policy expert;     /* who rolls in instead (source.expert); without weights: nobody */
    Model student;
    float *gradient; /* student.size floats */
    Grid grid;
    Threshold threshold;
    AdamSettings adam; /* lr: the base rate */
    Decay decay;
    long lr_warmup;
    long round_first,
        round_steps; /* on the clock: what the rate decays over, the run or a method's round */
    bool contrasts;  /* batches bring fresh data too: Batch.real; a method's configure says so */
    Source source;
    Cost cost;
    Clipped clipped[SITES]; /* since the run began */
    Crew *crew;
    Arena *keep; /* lives as long as the lab */
    Arena *step; /* rewound by lab_step */
};

/* Re-reads every parameter that applies at the next step from lab->config. */
void lab_configure(Lab *lab);
/* What [source] says now. */
void lab_read_source(const Lab *lab, SourceSettings *set);
/* What training has cost so far: everything but measuring. */
double lab_spent(const Lab *lab);
/* Where step `index` stands on the way from 0 to lab->span: its number, or the share of the budget
 * that is spent where that is further; at its last step for ever where that is pinned. Schedules
 * (priors, decay, rounds) go by it, so that a run that its budget ends early goes through all of
 * them. */
double lab_clock(const Lab *lab, long index);
/* What base rates are multiplied by at lab->clock: warm-up counts the round's updates, decay goes
 * by the clock. */
double lab_rate(const Lab *lab);
/* Re-reads how long the run is and what its schedules go by; lab_configure does too. */
void lab_read_length(Lab *lab);

/* A copy to sample with, as the lab was under this configuration (of the same run) and with these
 * averaged weights. It shares everything else and must not be trained. */
Lab lab_past(const Lab *lab, const Config *config, float *ema);

/* The student at its own inference sampler: EMA weights (or live), N = `steps` (0: the lab's own).
 */
Policy lab_student(const Lab *lab, bool live, int steps);
/* The teacher on the student's grid: `substeps` steps of its solver between two grid points, at
 * site R. */
Policy lab_teacher(const Lab *lab, int steps, int substeps);
/* Whose roll-outs are the teacher's origin, on a grid of the student's: the teacher itself,
 * or the expert with its own steps. */
Policy lab_roll_in(const Lab *lab, int steps, int substeps);
/* BAD_INPUT with where a parameter stands, its value and what is wrong with it. */
Status lab_bad(const Lab *lab, const char *name, const char *what, Error *error);
/* A network's sizes that the data decide. */
void lab_fit_spec(const Lab *lab, NetSpec *spec);
/* Adds to lab->clipped. */
void lab_count_clipped(Lab *lab, Site site, const Clipped *clipped);

/* Everything a checkpoint holds of the lab. */
void lab_walk(Lab *lab, Walk *walk);
/* A network block tensor by tensor, named PREFIX.NAME. */
void walk_net(Walk *walk, const char *prefix, const NetSpec *spec, float *block);
/* What the sites did at each of `steps`: PREFIX.count, PREFIX.overshoot. */
void walk_clipped(Walk *walk, const char *prefix, int steps, Clipped clipped[SITES]);
/* A network of a method's own with all that its optimiser keeps: PREFIX, PREFIX_ema,
 * PREFIX_moment1, ... */
void walk_model(Walk *walk, const char *prefix, Model *model);

#endif
