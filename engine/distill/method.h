/* A method is a training rule: one file, one const struct, one row in methods[]. */
#ifndef DDIL_METHOD_H
#define DDIL_METHOD_H

#include "engine/base/param.h"
#include "engine/distill/cost.h"
#include "engine/distill/source.h"
#include "engine/nets/optim.h"

typedef struct Lab Lab;
typedef struct Chunk Chunk;
typedef struct Method Method;

/* The loss of a chunk of a batch, one element; see train.h. */
typedef Tensor *ChunkLoss(Chunk *chunk);

enum { STEP_TERMS = 8 };
/* What one optimiser step did. Each number is a mean over the samples it concerns; NaN: none. */
typedef struct StepReport {
    double loss, grad_norm, lr;
    double origin_loss[ORIGINS];
    int origin_count[ORIGINS];
    double term[STEP_TERMS]; /* in the order of Method.terms */
    char mark[64];           /* what began with this step ("round 2: 4 -> 2 steps"), or "" */
    const char *broken;      /* names the term that left the finite numbers, or NULL */
} StepReport;

struct Method {
    const char *name, *title, *help;
    const ParamRow *params;
    int n_params;
    const char *const *terms; /* names of StepReport.term, NULL-terminated; may be NULL */
    bool needs_teacher;
    bool takes_teacher;          /* it can do without, and begins with one that is given */
    bool uses_source;            /* false: data only, continuous times (trains teachers) */
    bool diffuses;               /* batches bring fresh noise too: Batch.noise */
    Rule rule;                   /* the student's inference sampler */
    bool conditions_on_guidance; /* the student's condition is the guidance scale */
    /* A further number that the student is conditioned on (both or neither): features of it, 0:
     * none; and its value when it samples in `steps` steps at a guidance scale. */
    int (*conditioning)(const Config *config);
    double (*condition)(const Lab *lab, double guidance, int steps);
    size_t state_size; /* zeroed memory, lives as long as the lab */

    Status (*open)(Lab *lab, Error *error); /* may be NULL; the student's shape is known */
    void (*configure)(Lab *lab); /* may be NULL; re-reads what applies at the next step */
    void (*start)(Lab *lab);     /* may be NULL; starting weights are now in place */
    Grid (*grid)(const Config *config);
    Grid (*widest)(
        const Config *config); /* may be NULL; the finest times it trains at, where they change */
    void (*before)(Lab *lab, long index,
                   StepReport *report); /* may be NULL; a step begins: rounds */
    /* May be NULL: what of the method grows by lab->clock, and its name.
     */
    double (*level)(const Lab *lab);
    const char *level_name;
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
    /* May be NULL: how many steps of the teacher from one training time to the next make the label
     * of a state, 0: it is made otherwise. Where its roll-outs take as many, their states are
     * labels (source.path_labels). */
    int (*path_steps)(const Lab *lab);
    /* The method's own label at states: the x0 the student ought to answer (cli.md, "What shift
     * means"). Within a worker. label_cost: evaluations a row. */
    void (*label)(const Lab *lab, Arena *arena, const States *states, float *x0);
    Cost (*label_cost)(const Lab *lab);
    /* For methods without a label for each state: a squared error of the student, on noise
     * that the numbers of the rows fix; then label_cost counts it. Neither this nor label:
     * shift is not defined. */
    void (*disagreement)(const Lab *lab, Arena *arena, const Policy *student, const States *states,
                         double *squared);
    void (*walk)(Lab *lab, Walk *walk); /* may be NULL */
};

extern const Method method_diffusion, method_pd, method_lcm, method_dmd2, method_shortcut,
    method_ct;

#endif
