/* Covariate shift, measured at each sampling step on fixed noise (cli.md, "What shift means";
 * methods.md 8). */
#ifndef DDIL_SHIFT_H
#define DDIL_SHIFT_H

#include "engine/data/dataset.h"
#include "engine/diffusion/denoiser.h"

typedef struct ShiftRow {
    int i;       /* sampling step, N (noise) .. 1 */
    double time; /* u_i */
    double own, forward, ratio, low,
        high;            /* disagreement, ratio of means and its 95 % interval (interval_ratio) */
    double mmd2, null95; /* own states against the run's forward batch; what other forward batches
                            come to against that same one in 95 of 100 cases */
    double mmd2_teacher, null95_teacher; /* own states against the teacher's backward law */
    double paired;                       /* state error from the same noise, relative */
} ShiftRow;

/* The method's label, as in Method.label. */
typedef void ShiftLabel(const void *context, Arena *arena, const States *states, float *x0);

/* For methods without a label for each state: the squared disagreement, as Method.disagreement. */
typedef void ShiftGap(const void *context, Arena *arena, const Policy *student,
                      const States *states, double *gap);

typedef struct ShiftSetup {
    int n; /* roll-outs */
    uint64_t seed;
    const Dataset *data;
    Schedule schedule;
    Policy teacher;    /* on the student's grid */
    ShiftLabel *label; /* or: */
    ShiftGap *gap;
    const void *context;
    int label_cost; /* network evaluations of one label, or of one gap */
} ShiftSetup;

typedef struct Shift Shift; /* fixed noise, forward states with their labels, teacher states,
                               bandwidths, null bands */

/* Everything from `arena`. The first call of shift_measure does the one-time work. */
Shift *shift_open(const ShiftSetup *setup, Arena *arena);
/* rows[N] in the order of sampling. Returns shift_cost: the one-time work is not in it, see
 * shift_setup_cost. */
double shift_measure(Shift *shift, Crew *crew, Arena *scratch, const Policy *student,
                     ShiftRow *rows);
/* The one-time network evaluations of shift_measure, which calls it by itself. Whoever takes part
 * in them calls it before shift_errors. */
void shift_prepare(Shift *shift, Crew *crew);
/* Squared errors of each roll-out at its own and at forward states, at all steps: steps x n each.
 * No laws are compared, so the teacher is not rolled out. */
void shift_errors(Shift *shift, Crew *crew, Arena *scratch, const Policy *student, double *own,
                  double *forward);
/* What the errors of one sampling step come to: own, forward, ratio, low and high of the row. */
void shift_ratio(int n, const double *own, const double *forward, ShiftRow *row);
/* Network evaluations of one measurement, and of the one-time work (count it once in a run's life,
 * at its creation: a resumed run repeats the work but must not count it again). */
double shift_cost(const Shift *shift, const Policy *student);
double shift_setup_cost(const Shift *shift);
/* Largest ratio over i < N (i = N is the estimator's noise floor); *row gets its index. N = 1: that
 * of i = 1. */
double shift_worst(const ShiftRow *rows, int n, int *row);
/* A 95 % interval of the largest true ratio over those steps: it knows that the largest of several
 * was picked, and holds for all at once that might be it. */
void shift_worst_interval(const ShiftRow *rows, int n, double *low, double *high);

#endif
