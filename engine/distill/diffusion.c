/* Ordinary diffusion training: the method that makes teachers. v prediction at continuous,
 * stratified times; the label is dropped now and then so that the network can be guided (Ho &
 * Salimans 2022). */
#include "engine/distill/train.h"
#include "engine/tensor/op.h"

typedef struct Diffusion {
    double label_drop;
} Diffusion;

static const ParamRow rows[] = {
    {"diffusion", "label_drop", PARAM_REAL, "0.1", 0, 1, "", "",
     "Share of samples trained without their class.", APPLIES_NEXT_STEP},
};

static Grid grid(const Config *config)
{
    return (Grid){(int)config_int(config, "student.steps"), 0};
}

static void configure(Lab *lab)
{
    ((Diffusion *)lab->state)->label_drop = config_real(&lab->config, "diffusion.label_drop");
}

/* v = alpha eps - sigma x, with eps read back from z = alpha x + sigma eps. */
static Tensor *loss(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    Batch *batch = &chunk->rows;
    int d = lab->data.dims;
    float *target = arena_floats(chunk->arena, batch->n * d),
          *weight = arena_floats(chunk->arena, batch->n);
    for (int r = 0; r < batch->n; r++) {
        Noise t = noise_at(lab->schedule, batch->u[r]);
        for (int k = r * d; k < (r + 1) * d; k++) {
            double eps = eps_from_x(t, (double)batch->z[k], (double)batch->x[k]);
            target[k] = (float)(t.alpha * eps - t.sigma * (double)batch->x[k]);
        }
        weight[r] = chunk->scale;
        if (batch->chance[r] < ((const Diffusion *)lab->state)->label_drop)
            batch->label[r] = -1;
    }
    return op_mse(&chunk->tape, chunk_student(chunk), target, weight, chunk->each);
}

static void cost(const Lab *lab, double *teacher, double *student)
{
    (void)lab;
    *teacher = 0;
    *student = 3;
}

const Method method_diffusion = {
    .name = "diffusion",
    .title = "Diffusion",
    .help = "Trains a teacher on the data.",
    .params = rows,
    .n_params = sizeof rows / sizeof *rows,
    .needs_teacher = false,
    .uses_source = false,
    .rule = RULE_DDIM,
    .state_size = sizeof(Diffusion),
    .configure = configure,
    .grid = grid,
    .loss = loss,
    .cost = cost,
};
