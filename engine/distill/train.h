/* One optimiser step, and what every loss is made of. */
#ifndef DDIL_TRAIN_H
#define DDIL_TRAIN_H

#include "engine/distill/lab.h"

/* What a chunk's loss function works on. `z`, `u`, ... point into the batch at the chunk's first
 * row. */
struct Chunk {
    Lab *lab;
    Arena *arena; /* the worker's own */
    Tape tape;
    Batch rows;             /* n rows */
    float *gradient;        /* of the network in training, this chunk's own */
    float scale;            /* 1 / batch: the weight of a sample in the mean */
    float *each;            /* [n] out: each sample's weighted loss */
    const float *condition; /* [n]: of each row where the student has conditioning; NULL: as at
                               inference */
    Clipped clipped[SITES];
    double term[STEP_TERMS]; /* sums over the rows; their means become StepReport.term */
};

/* The v prediction of the network in training at states z and times u. */
Tensor *chunk_v(Chunk *chunk, const Model *model, const float *z, const double *u);
/* chunk_v with other labels, and with what a call may give and take besides. */
Tensor *chunk_v_more(Chunk *chunk, const Model *model, const float *z, const double *u,
                     const int *label, NetMore *more);
/* Times as networks take them. */
float *chunk_times(const Chunk *chunk, const double *u);
/* The student's on the chunk's own states. */
Tensor *chunk_student(Chunk *chunk);
/* Its x0 estimate, thresholded at site L (straight-through). */
Tensor *chunk_student_x0(Chunk *chunk);

/* One update of a network that is the method's own (a critic) on a batch of its own, for
 * Method.after. */
typedef struct Training {
    Model *model;
    float *gradient;    /* model->size floats to work in */
    double lr;          /* base rate; everything else of the optimiser is as the student's */
    const double *beta; /* priors of its states; NULL: the step's own */
    ChunkLoss *loss;
    double *term; /* [STEP_TERMS] out: the means of the chunks' terms; may be NULL */
} Training;
/* repeat: 1, 2, ... within optimiser step `index`. Returns the mean loss; grad_norm may be NULL. */
double lab_train(Lab *lab, const Training *training, long index, int repeat, double *grad_norm);

/* Steps of regression before distillation (student.init = pretrain), and one of them. */
long lab_pretrain_steps(const Lab *lab);
/* Returns its loss; NaN when that or the gradient left the finite numbers. */
double lab_pretrain(Lab *lab, long index);
/* Ends the regression: weights = its EMA, moments forgotten. Call also when there were no steps. */
void lab_pretrain_done(Lab *lab);

/* One whole optimiser step numbered `index` (0-based): refresh of the source, batch, update. */
void lab_step(Lab *lab, long index, StepReport *report);

/* What such a step begins with: fills and renews the rings of the lab's source (source_refresh). */
const char *lab_refresh(Lab *lab, long index);

#endif
