/* Where the states to train on come from: DDIL's mixture. Per sample the origin is drawn from the
 * priors (beta_data, beta_teacher, beta_student) under a schedule; teacher and student states come
 * from replay rings of backward trajectories. (1,0,0) is plain distillation, (0,0,1) backward
 * simulation. arXiv 2410.11971; methods.md 6.4. */
#ifndef DDIL_SOURCE_H
#define DDIL_SOURCE_H

#include "engine/data/dataset.h"
#include "engine/distill/cost.h"
#include "engine/distill/replay.h"

typedef enum Origin { ORIGIN_DATA, ORIGIN_TEACHER, ORIGIN_STUDENT, ORIGINS } Origin;

/* A method's times: the student samples in `steps` N; it trains at u = j / points, j = 1..points (a
 * multiple of N), or at continuous u when points == 0. Point j is owned by sampling step i = ceil(j
 * N / points). */
typedef struct Grid {
    int steps, points;
} Grid;

/* A batch or a chunk of one: n rows. */
typedef struct Batch {
    int n;
    float *z; /* n x dims */
    float *x; /* n x dims: the clean row (data origin only) */
    double *u;
    int *point; /* j; 0 when continuous */
    int *label;
    unsigned char *origin; /* Origin */
    double *chance;        /* uniform in (0, 1), for whatever the method decides at random */
    float *noise; /* n x dims, N(0, I), for methods that diffuse what the student says; else NULL */
    float *real;  /* n x dims: fresh data, for methods that tell it from what the student says; else
                     NULL */
    int *real_label;
    float *end;           /* n x dims: where the teacher's path leads from z, one training time on,
                             in rows for which */
    unsigned char *known; /* it is known: their label costs no evaluation. NULL: in none */
} Batch;

/* What a batch is drawn under. */
typedef struct Draw {
    double beta[ORIGINS];
    Stream stream;
    long step;
    int repeat; /* 0: the step's own batch; 1, 2, ... < 128: further ones at the same step */
    int batch;  /* rows of the whole batch, at most 8192: continuous times are stratified over them
                 */
    bool continuous; /* times over (0, 1) instead of the grid */
    bool by_step;    /* each sampling step has priors of its own (PRIOR_STEPS) instead of beta */
} Draw;

typedef enum PriorSchedule {
    PRIOR_CONSTANT,  /* the priors as they are */
    PRIOR_LINEAR,    /* from data only to the priors, linearly over the warm-up */
    PRIOR_GEOMETRIC, /* DAgger: on-policy share times 1 - p^(k+1), k = renewals of the whole ring so
                        far, p = 1/2 */
    PRIOR_INDICATOR, /* data only in the first round (the warm-up), then beta_data falls to its
                        floor */
    PRIOR_ADAPTIVE,  /* beta_student follows the measured shift, within [0.1, 0.7] before the floor
                        on data */
    PRIOR_STEPS,     /* the same for each sampling step by its own shift */
} PriorSchedule;
#define PRIOR_CHOICES "constant|linear|geometric|indicator|adaptive|adaptive_steps"

typedef struct SourceSettings {
    double beta[ORIGINS]; /* normalised */
    PriorSchedule schedule;
    double warmup;        /* share of the run that is data only */
    double beta_floor;    /* least beta_data once the schedule acts */
    int capacity;         /* student roll-outs kept */
    int teacher_capacity; /* teacher roll-outs kept; they never go stale */
    long max_age;         /* optimiser steps after which a student roll-out is not drawn */
    double refresh;       /* student roll-outs renewed a step, on average */
    int refresh_every;    /* in blocks, every so many steps */
    int teacher_substeps; /* m: teacher steps a student step, in roll-outs */
    double safedagger; /* student roll-outs below this quantile of disagreement are not kept; 0: all
                          are */
    double importance; /* share of rows whose sampling step is drawn in proportion to its shift */
    double mix; /* mixed roll-in: chance that a step of a student roll-out is the teacher's */
    bool
        expert; /* a few-step model rolls in for the teacher: its ring is kept like the student's */
    bool path_labels; /* the teacher's ring also keeps where its roll-outs end */
} SourceSettings;

enum { SOURCE_STEPS_MAX = 64 };

typedef struct Source {
    SourceSettings set;
    Grid grid;
    int dims;
    Schedule schedule;
    const Dataset *data;
    uint64_t seed;
    double measured_shift; /* largest own/forward ratio at i < N, for the adaptive schedule; 1
                              before */
    double shift[SOURCE_STEPS_MAX]; /* the ratio at sampling step i of shift_steps, at i - 1; 1
                                       before */
    int shift_steps;
    double safedagger_level; /* the running quantile; 0 before the first roll-out */
    Replay teacher, student;
    int64_t path; /* how the teacher's ring was made, see RollIn; used with set.path_labels alone */
} Source;

/* What a source rolls in: who, on what, and where it is counted. The policies are of this step;
 * everything else is borrowed. */
typedef struct RollIn {
    Policy student; /* at the source's sampling steps */
    Policy teacher; /* at source_teacher_steps: itself or the expert */
    Policy partner; /* whose turn it is now and then in mixed roll-ins, at the source's sampling
                       steps */
    Crew *crew;
    Arena *arena;      /* left as it was */
    int batch;         /* rows a step: how much is drawn, and so renewed */
    double clock;      /* as in source_priors */
    long span;         /* likewise */
    Cost *cost;        /* added to */
    Clipped *clipped;  /* [SITES], added to */
    int clipped_steps; /* sampling steps by which it counts */
    /* A number for all that the label of a teacher's state depends on, where that label is its
     * roll-out's own next state; 0: it is not. A ring made under another one is made anew. */
    int64_t path;
    /* SafeDAgger: error[k] of each of the student's roll-outs, its mean squared disagreement with
     * the label. Only asked where set.safedagger is above 0. */
    void (*ask)(void *context, const Rollout *rollout, double *error);
    void *context;
} RollIn;

/* Allocates the rings from `arena` (empty). */
void source_open(Source *source, const Grid *grid, const SourceSettings *settings,
                 const Dataset *data, Schedule schedule, uint64_t seed, Arena *arena);
/* Other training times from now on, at most as many as source_open was given; what the rings hold
 * is of no use then. */
void source_regrid(Source *source, const Grid *grid, bool forget);
/* The priors in force at `clock` of `span` (lab_clock), their mean over the sampling
 * steps where these differ. Sum to 1. */
void source_priors(const Source *source, double clock, long span, double beta[ORIGINS]);
/* Steps, and sub-steps of each, of the roll-outs that the teacher's ring holds. */
int source_teacher_steps(const Source *source);
int source_teacher_substeps(const Source *source);
/* Fills and renews the rings as the priors need, a bounded amount of work a call. Roll-outs that
 * leave the finite numbers never enter a ring: then the answer says whose they were, else it is
 * NULL. */
const char *source_refresh(Source *source, const RollIn *in, long step);
/* Draws row r of the batch into row r of `batch`. Any thread; depends only on (seed, draw, r) and
 * the rings. */
void source_draw(const Source *source, const Draw *draw, int r, Batch *batch);
/* The number of that row's random stream. */
uint64_t source_row_index(const Draw *draw, int r);

/* The rings and what the schedules remember. */
void source_walk(Source *source, Walk *walk);

#endif
