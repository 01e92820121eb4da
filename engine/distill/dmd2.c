/* Distribution matching distillation (Yin et al. 2024, DMD2; methods.md 4): the student's estimate is diffused again and
 * moved along the difference of two scores there, the guided teacher's and that of a critic which learns the law of the
 * student's estimates while they move. (0, 0, 1) in [source] is backward simulation, (1, 0, 0) the forward variant. */
#include "engine/distill/critic.h"
#include "engine/tensor/op.h"
#include <math.h>

enum { TERM_CRITIC, TERM_NORMALISER, TERM_GAP }; /* in the order of `terms` */
static const char *const terms[] = {"critic_loss", "normaliser", "gap", NULL};

typedef struct Dmd2 {
    Critic critic; /* first */
    double floor;
} Dmd2;

static const ParamRow rows[] = {
    CRITIC_ROWS("dmd2"),
    {"dmd2", "floor", PARAM_REAL, "1e-2", 1e-6, 10, "", "",
     "Least normaliser of the gradient: where student and teacher agree it would explode.", APPLIES_NEXT_STEP},
};

static void configure(Lab *lab)
{
    critic_configure(lab);
    ((Dmd2 *)lab->state)->floor = config_real(&lab->config, "dmd2.floor");
}

/* One row's target x - grad with grad = (fake - real) / mean |x - real|. Returns mean (fake - real)^2. */
static double move(int d, double floor, const float *x, const float *real, const float *fake, float *target,
                   double *normaliser)
{
    double distance = 0, gap = 0;
    for (int k = 0; k < d; k++) {
        double apart = (double)fake[k] - (double)real[k];
        distance += fabs((double)x[k] - (double)real[k]) / d;
        gap += apart * apart / d;
    }
    *normaliser = distance;
    distance = fmax(distance, floor);
    for (int k = 0; k < d; k++)
        target[k] = (float)((double)x[k] - ((double)fake[k] - (double)real[k]) / distance);
    return gap;
}

static Tensor *loss(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    const Dmd2 *dmd = lab->state;
    Batch *batch = &chunk->rows;
    int n = batch->n, d = lab->data.dims;
    Tensor *x = chunk_student_x0(chunk);
    float *real = arena_floats(chunk->arena, n * d), *fake = arena_floats(chunk->arena, n * d);
    float *target = arena_floats(chunk->arena, n * d), *weight = arena_floats(chunk->arena, n);
    double *t = arena_new(chunk->arena, double, n);
    for (int r = 0; r < n; r++)
        t[r] = critic_time(&dmd->critic, batch->chance[r]);
    Scores scores = {n, x->x, batch->noise, t, batch->label, real, fake};
    critic_scores(lab, chunk->arena, &scores, chunk->clipped);
    for (int r = 0; r < n; r++) {
        double normaliser;
        size_t at = (size_t)r * d;
        chunk->term[TERM_GAP] += move(d, dmd->floor, x->x + at, real + at, fake + at, target + at, &normaliser);
        chunk->term[TERM_NORMALISER] += normaliser;
        weight[r] = 0.5f * chunk->scale;
    }
    Tensor *sum = op_mse(&chunk->tape, x, target, weight, chunk->each);
    for (int r = 0; r < n; r++)
        chunk->each[r] *= 0.5f;
    return sum;
}

static void cost(const Lab *lab, double *teacher, double *student)
{
    *teacher = denoiser_cost(&lab->teacher);
    *student = 3 + ((const Dmd2 *)lab->state)->critic.ratio;
}

const Method method_dmd2 = {
    .name = "dmd2",
    .title = "Distribution matching (DMD2)",
    .help = "A critic learns the student's law; the student moves from it to the teacher's.",
    .params = rows,
    .n_params = sizeof rows / sizeof *rows,
    .terms = terms,
    .needs_teacher = true,
    .uses_source = true,
    .diffuses = true,
    .rule = RULE_RENOISE,
    .state_size = sizeof(Dmd2),
    .open = critic_open,
    .configure = configure,
    .start = critic_start,
    .grid = critic_grid,
    .loss = loss,
    .after = critic_after,
    .cost = cost,
    .critic = critic_model,
    .critic_loss = critic_loss,
    .critic_cost = critic_cost,
    .label_cost = critic_label_cost,
    .disagreement = critic_disagreement,
    .walk = critic_walk,
};
