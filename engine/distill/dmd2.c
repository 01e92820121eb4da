/* Distribution matching distillation (Yin et al. 2024, DMD2; methods.md 4): the student's estimate
 * is diffused again and moved along the difference of two scores there, the guided teacher's and
 * that of a critic which learns the law of the student's estimates while they move. (0, 0, 1) in
 * [source] is backward simulation, (1, 0, 0) the forward variant. */
#include "engine/distill/critic.h"
#include "engine/tensor/op.h"
#include <math.h>

enum { TERM_CRITIC, TERM_NORMALISER, TERM_GAP, TERM_GAN, TERM_GAN_CRITIC, TERMS };
static const char *const terms[TERMS + 1] = {
    [TERM_CRITIC] = "critic_loss",
    [TERM_NORMALISER] = "normaliser",
    [TERM_GAP] = "gap",
    [TERM_GAN] = "gan",
    [TERM_GAN_CRITIC] = "gan_critic",
};

typedef struct Dmd2 {
    Critic critic; /* first */
    double floor, gan;
} Dmd2;

/* clang-format off */
static const ParamRow rows[] = {
    CRITIC_ROWS("dmd2"),
    {"dmd2", "floor", PARAM_REAL, "1e-2", 1e-6, 10, "", "",
     "Least normaliser of the gradient: where student and teacher agree it would explode.", APPLIES_NEXT_STEP},
    {"dmd2", "gan_head", PARAM_INT, "64", 1, 1024, "", "",
     "Width of the head on the critic's inner features that tells data from the student's estimates.", APPLIES_FORK},
    {"dmd2", "gan_weight", PARAM_REAL, "0", 0, 1e3, "", "",
     "Weight of fooling that head in the student's loss (3e-3 is usual); 0: off, the head is not trained either.",
     APPLIES_NEXT_STEP},
    {"dmd2", "gan_critic_weight", PARAM_REAL, "1e-2", 0, 1e3, "", "",
     "Weight of telling real from fake in the critic's loss, where gan_weight is above 0.", APPLIES_NEXT_STEP},
};
/* clang-format on */

static Status open_state(Lab *lab, Error *error)
{
    (void)error;
    critic_make(lab, (CriticTerms){TERM_CRITIC, TERM_GAN_CRITIC},
                (int)config_int(&lab->config, "dmd2.gan_head"));
    return STATUS_OK;
}

static void configure(Lab *lab)
{
    Dmd2 *dmd = lab->state;
    critic_configure(lab);
    dmd->floor = config_real(&lab->config, "dmd2.floor");
    dmd->gan = config_real(&lab->config, "dmd2.gan_weight");
    dmd->critic.gan_critic = dmd->gan > 0 ? config_real(&lab->config, "dmd2.gan_critic_weight") : 0;
    dmd->critic.gan_cost = dmd->gan > 0 ? 2 : 0; /* frozen, differentiated in its input */
    lab->contrasts = dmd->gan > 0;
}

/* One row's target x - grad with grad = (fake - real) / mean |x - real|. Returns mean (fake -
 * real)^2. */
static double move(int d, double floor, const float *x, const float *real, const float *fake,
                   float *target, double *normaliser)
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

/* What the frozen head makes of the diffused estimates; differentiated through the critic's
 * features to x alone. */
static Tensor *gan_loss(Chunk *chunk, Tensor *x, const double *t)
{
    const Dmd2 *dmd = chunk->lab->state;
    const Model *critic = &dmd->critic.model;
    const Batch *batch = &chunk->rows;
    int n = batch->n, d = chunk->lab->data.dims;
    float *alpha = arena_floats(chunk->arena, n), *shift = arena_floats(chunk->arena, n * d);
    float *weight = arena_floats(chunk->arena, n), *each = arena_floats(chunk->arena, n);
    for (int r = 0; r < n; r++) {
        Noise at = noise_at(chunk->lab->schedule, t[r]);
        alpha[r] = (float)at.alpha;
        for (int k = r * d; k < (r + 1) * d; k++)
            shift[k] = (float)(at.sigma * (double)batch->noise[k]);
        weight[r] = chunk->scale * (float)dmd->gan;
    }
    NetMore more = {.judge = true};
    net_forward_more(&critic->spec, &chunk->tape, critic->weights, NULL,
                     op_affine(&chunk->tape, x, alpha, shift), chunk_times(chunk, t), batch->label,
                     &more);
    Tensor *sum = op_logistic(&chunk->tape, more.logit, -1, weight, each);
    for (int r = 0; r < n; r++) {
        chunk->term[TERM_GAN] += (double)each[r];
        chunk->each[r] += (float)(dmd->gan * (double)each[r]);
    }
    return sum;
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
        chunk->term[TERM_GAP] +=
            move(d, dmd->floor, x->x + at, real + at, fake + at, target + at, &normaliser);
        chunk->term[TERM_NORMALISER] += normaliser;
        weight[r] = 0.5f * chunk->scale;
    }
    Tensor *sum = op_mse(&chunk->tape, x, target, weight, chunk->each);
    for (int r = 0; r < n; r++)
        chunk->each[r] *= 0.5f;
    if (dmd->gan > 0)
        return op_add(&chunk->tape, sum, gan_loss(chunk, x, t));
    return sum;
}

static void after(Lab *lab, long index, StepReport *report)
{
    if (((const Dmd2 *)lab->state)->gan <= 0)
        report->term[TERM_GAN] = NAN;
    critic_after(lab, index, report);
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
    .open = open_state,
    .configure = configure,
    .start = critic_start,
    .grid = critic_grid,
    .loss = loss,
    .after = after,
    .cost = cost,
    .critic = critic_model,
    .critic_loss = critic_loss,
    .critic_cost = critic_cost,
    .label_cost = critic_label_cost,
    .disagreement = critic_disagreement,
    .walk = critic_walk,
};
