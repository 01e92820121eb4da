/* A method is a training rule: one file, one const struct, one row in methods[]. */
#ifndef DDIL_METHOD_H
#define DDIL_METHOD_H

#include "engine/distill/lab.h"

/* What a chunk's loss function works on. `z`, `u`, ... point into the batch at the chunk's first
 * row. */
typedef struct Chunk {
    Lab *lab;
    Arena *arena; /* the worker's own */
    Tape tape;
    Batch rows;        /* n rows */
    float *gradient;   /* of the network in training, this chunk's own */
    float scale;       /* 1 / batch: the weight of a sample in the mean */
    float *each;       /* [n] out: each sample's weighted loss */
    const float *told; /* [n]: what the student hears of each row where it is told a number; NULL:
                          as at inference */
    Clipped clipped[5];
    double term[STEP_TERMS]; /* sums over the rows; their means become StepReport.term */
} Chunk;

typedef Tensor *ChunkLoss(Chunk *chunk);

/* The v prediction of the network in training at states z and times u. */
Tensor *chunk_v(Chunk *chunk, const Model *model, const float *z, const double *u);
/* The same of rows with other labels, with what a call may give and take besides. */
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

struct Method {
    const char *name, *title, *help;
    const ParamRow *params;
    int n_params;
    const char *const *terms; /* names of StepReport.term, NULL-terminated; may be NULL */
    bool needs_teacher;
    bool takes_teacher;  /* it can do without, and begins with one that is given */
    bool uses_source;    /* false: data only, continuous times (trains teachers) */
    bool diffuses;       /* batches bring fresh noise too: Batch.noise */
    Rule rule;           /* the student's inference sampler */
    bool tells_guidance; /* what the student is told is the guidance scale */
    /* A further number that the student is told (both or neither): features of it, 0: not told; and
     * what it hears when it samples in `steps` steps at a guidance scale. */
    int (*told)(const Config *config);
    double (*tell)(const Lab *lab, double guidance, int steps);
    size_t state_size; /* zeroed memory, lives as long as the lab */

    Status (*open)(Lab *lab, Error *error); /* may be NULL; the student's shape is known */
    void (*configure)(Lab *lab); /* may be NULL; re-reads what applies at the next step */
    void (*start)(Lab *lab);     /* may be NULL; starting weights are now in place */
    Grid (*grid)(const Config *config);
    Grid (*widest)(
        const Config *config); /* may be NULL; the finest times it trains at, where they change */
    void (*before)(Lab *lab, long index,
                   StepReport *report); /* may be NULL; a step begins: rounds */
    /* The student's loss on a chunk, built on chunk->tape; also fills chunk->each. One element. */
    ChunkLoss *loss;
    /* After the student's update; may be NULL. */
    void (*after)(Lab *lab, long index, StepReport *report);
    /* Network evaluations of one sample's training: the teacher's, and the student's with backward
     * as 2. */
    void (*cost)(const Lab *lab, double *teacher, double *student);
    /* A method with a critic (all three or none): the network, its loss, and what it costs as
     * above. */
    Model *(*critic)(const Lab *lab);
    ChunkLoss *critic_loss;
    double (*critic_cost)(const Lab *lab);
    /* The method's own label at states z standing at sampling step i[row] of `steps` (u = i /
     * steps): the x0 the student ought to answer (cli.md, "What shift means"). Within a worker.
     * label_cost: evaluations a row. */
    void (*label)(const Lab *lab, Arena *arena, int n, const float *z, const int *i, int steps,
                  const int *label, float *x0);
    Cost (*label_cost)(const Lab *lab);
    /* For methods without a label for each state: a squared error of the student at states z, on
     * noise that the row numbers first.. fix; then label_cost counts it. Neither this nor label:
     * shift is not defined. */
    void (*disagreement)(const Lab *lab, Arena *arena, const Policy *student, int n, const float *z,
                         const int *i, int steps, const int *label, uint64_t first,
                         double *squared);
    void (*walk)(Lab *lab, Walk *walk); /* may be NULL */
};

extern const Method method_diffusion, method_pd, method_lcm, method_dmd2, method_shortcut,
    method_ct;
extern const Method *const methods[];
extern const int method_count;
const Method *method_find(const char *name); /* NULL when unknown */

#endif
