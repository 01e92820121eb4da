/* Distribution matching distillation (Yin et al. 2024, DMD2; methods.md 4): the student's estimate is diffused again and
 * moved along the difference of two scores there, the guided teacher's and that of a critic which learns the law of the
 * student's estimates while they move. (0, 0, 1) in [source] is backward simulation, (1, 0, 0) the forward variant. */
#include "engine/distill/method.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <string.h>

/* Levels at which a state's disagreement is averaged, and the number of its noise within STREAM_SHIFT. */
enum { GAP_LEVELS = 4, GAP_NOISE = 50 };

enum { TERM_CRITIC, TERM_NORMALISER, TERM_GAP };
static const char *const terms[] = {"critic_loss", "normaliser", "gap", NULL};

typedef enum CriticStates { CRITIC_MIXTURE, CRITIC_STUDENT } CriticStates;

typedef struct Dmd2 {
    int ratio;
    double critic_lr, t_min, t_max, floor;
    CriticStates states;
    Model critic;
    float *gradient; /* of the critic */
} Dmd2;

static const ParamRow rows[] = {
    {"dmd2", "critic_lr", PARAM_REAL, "1e-3", 0, 1, "", "", "Learning rate of the critic; it decays as the student's.",
     APPLIES_NEXT_STEP},
    {"dmd2", "ratio", PARAM_INT, "5", 1, 100, "", "updates", "Critic updates for each of the student's (TTUR).",
     APPLIES_NEXT_STEP},
    {"dmd2", "critic_states", PARAM_CHOICE, "mixture", 0, 0, "mixture|student", "",
     "Where the student stands when the critic learns from it; mixture: as the student itself.", APPLIES_NEXT_STEP},
    {"dmd2", "t_min", PARAM_REAL, "0.02", 0.001, 0.999, "", "", "Least time at which the two scores are compared.",
     APPLIES_NEXT_STEP},
    {"dmd2", "t_max", PARAM_REAL, "0.98", 0.001, 0.999, "", "", "Largest such time.", APPLIES_NEXT_STEP},
    {"dmd2", "floor", PARAM_REAL, "1e-2", 1e-6, 10, "", "",
     "Least normaliser of the gradient: where student and teacher agree it would explode.", APPLIES_NEXT_STEP},
};

static Grid grid(const Config *config)
{
    int steps = (int)config_int(config, "student.steps");
    return (Grid){steps, steps};
}

static Status open_state(Lab *lab, Error *error)
{
    (void)error;
    Dmd2 *dmd = lab->state;
    model_init(&dmd->critic, lab->teacher.weights ? &lab->teacher.spec : &lab->student.spec, lab->seed, lab->keep);
    dmd->gradient = arena_floats(lab->keep, dmd->critic.size);
    return STATUS_OK;
}

static void configure(Lab *lab)
{
    Dmd2 *dmd = lab->state;
    const Config *config = &lab->config;
    dmd->critic_lr = config_real(config, "dmd2.critic_lr");
    dmd->ratio = (int)config_int(config, "dmd2.ratio");
    dmd->states = (CriticStates)config_choice(config, "dmd2.critic_states");
    dmd->t_min = config_real(config, "dmd2.t_min");
    dmd->t_max = fmax(config_real(config, "dmd2.t_max"), dmd->t_min);
    dmd->floor = config_real(config, "dmd2.floor");
}

/* The critic begins as the teacher; as the student where the teacher has no weights. */
static void start(Lab *lab)
{
    Dmd2 *dmd = lab->state;
    const float *weights = lab->teacher.weights ? lab->teacher.weights : lab->student.weights;
    memcpy(dmd->critic.weights, weights, dmd->critic.size * sizeof(float));
    memcpy(dmd->critic.ema, weights, dmd->critic.size * sizeof(float));
}

/* ---- Two scores at a diffused estimate ---------------------------------------------------------------------- */

static double level(const Dmd2 *dmd, double chance)
{
    return dmd->t_min + (dmd->t_max - dmd->t_min) * chance;
}

/* z = alpha x + sigma noise at time t of each row. */
static void diffuse(const Lab *lab, int n, const double *t, const float *x, const float *noise, float *z)
{
    int d = lab->data.dims;
    for (int r = 0; r < n; r++) {
        Noise at = noise_at(lab->schedule, t[r]);
        for (int k = r * d; k < (r + 1) * d; k++)
            z[k] = (float)(at.alpha * (double)x[k] + at.sigma * (double)noise[k]);
    }
}

/* n rows of the student's estimates x, diffused to times t, and what the teacher and the critic make of them. */
typedef struct Scores {
    int n;
    const float *x, *noise;
    const double *t;
    const int *label;
    float *real, *fake;
} Scores;

/* clipped: by site, may be NULL. */
static void ask_scores(const Lab *lab, Arena *arena, const Scores *s, Clipped *clipped)
{
    const Dmd2 *dmd = lab->state;
    float *z = arena_floats(arena, s->n * lab->data.dims);
    diffuse(lab, s->n, s->t, s->x, s->noise, z);
    Policy teacher = lab_teacher(lab, 1, 1), critic = teacher;
    teacher.site = SITE_T;
    critic.site = SITE_C;
    critic.denoiser =
        (Denoiser){.spec = dmd->critic.spec, .weights = dmd->critic.weights, .guidance = 1, .schedule = lab->schedule};
    policy_x0(&teacher, arena, s->n, z, s->t, s->label, s->real, clipped ? &clipped[0] : NULL);
    policy_x0(&critic, arena, s->n, z, s->t, s->label, s->fake, clipped ? &clipped[4] : NULL);
}

/* ---- The student --------------------------------------------------------------------------------------------- */

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
        t[r] = level(dmd, batch->chance[r]);
    Scores scores = {n, x->x, batch->noise, t, batch->label, real, fake};
    ask_scores(lab, chunk->arena, &scores, chunk->clipped);
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

/* ---- The critic ------------------------------------------------------------------------------------------------ */

/* Diffusion training on the student's estimates, in v: the weight SNR + 1 on x. */
static Tensor *critic_loss(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    const Dmd2 *dmd = lab->state;
    Batch *batch = &chunk->rows;
    int n = batch->n, d = lab->data.dims;
    float *x = arena_floats(chunk->arena, n * d), *z = arena_floats(chunk->arena, n * d);
    float *target = arena_floats(chunk->arena, n * d), *weight = arena_floats(chunk->arena, n);
    double *t = arena_new(chunk->arena, double, n);
    Policy student = lab_student(lab, true, 0);
    student.site = SITE_L;
    policy_x0(&student, chunk->arena, n, batch->z, batch->u, batch->label, x, NULL);
    for (int r = 0; r < n; r++) {
        t[r] = level(dmd, batch->chance[r]);
        weight[r] = chunk->scale;
        Noise at = noise_at(lab->schedule, t[r]);
        for (int k = r * d; k < (r + 1) * d; k++)
            target[k] = (float)(at.alpha * (double)batch->noise[k] - at.sigma * (double)x[k]);
    }
    diffuse(lab, n, t, x, batch->noise, z);
    return op_mse(&chunk->tape, chunk_v(chunk, &dmd->critic, z, t), target, weight, chunk->each);
}

static void after(Lab *lab, long index, StepReport *report)
{
    static const double student_only[ORIGINS] = {[ORIGIN_STUDENT] = 1};
    Dmd2 *dmd = lab->state;
    double sum = 0, norm;
    Training training = {.model = &dmd->critic, .gradient = dmd->gradient, .lr = dmd->critic_lr, .loss = critic_loss,
                         .beta = dmd->states == CRITIC_STUDENT ? student_only : NULL};
    for (int k = 1; k <= dmd->ratio && !report->broken; k++) {
        double one = lab_train(lab, &training, index, k, &norm);
        sum += one;
        if (!isfinite(one))
            report->broken = "the critic's loss";
        else if (!isfinite(norm))
            report->broken = "the critic's gradient norm";
    }
    report->term[TERM_CRITIC] = sum / dmd->ratio;
}

static void cost(const Lab *lab, double *teacher, double *student)
{
    *teacher = denoiser_cost(&lab->teacher);
    *student = 3 + ((const Dmd2 *)lab->state)->ratio;
}

static Model *critic(const Lab *lab)
{
    return &((Dmd2 *)lab->state)->critic;
}

static double critic_cost(const Lab *lab)
{
    return 1 + 3.0 * ((const Dmd2 *)lab->state)->ratio;
}

/* ---- Shift: the squared gap of the two scores at the student's estimate ---------------------------------------- */

static void disagreement(const Lab *lab, Arena *arena, const Policy *student, int n, const float *z, const int *i,
                         int steps, const int *label, uint64_t first, double *squared)
{
    const Dmd2 *dmd = lab->state;
    size_t mark = arena_mark(arena);
    int d = lab->data.dims;
    float *x = arena_floats(arena, n * d), *real = arena_floats(arena, n * d), *fake = arena_floats(arena, n * d);
    float *noise = arena_floats(arena, n * d), *target = arena_floats(arena, d);
    double *t = arena_new(arena, double, n), normaliser;
    Rng *rng = arena_new(arena, Rng, n);
    for (int r = 0; r < n; r++) {
        t[r] = (double)i[r] / steps;
        rng[r] = rng_at(lab->seed, STREAM_SHIFT, (uint64_t)GAP_NOISE << 40 | (first + (uint64_t)r));
        squared[r] = 0;
    }
    policy_x0(student, arena, n, z, t, label, x, NULL);
    for (int k = 0; k < GAP_LEVELS; k++) {
        size_t level_mark = arena_mark(arena);
        for (int r = 0; r < n; r++) {
            t[r] = level(dmd, (k + 0.5) / GAP_LEVELS);
            rng_normals(&rng[r], d, noise + r * d);
        }
        ask_scores(lab, arena, &(Scores){n, x, noise, t, label, real, fake}, NULL);
        for (int r = 0; r < n; r++)
            squared[r] +=
                move(d, dmd->floor, x + r * d, real + r * d, fake + r * d, target, &normaliser) / GAP_LEVELS;
        arena_rewind(arena, level_mark);
    }
    arena_rewind(arena, mark);
}

static int label_cost(const Lab *lab)
{
    return 1 + GAP_LEVELS * (denoiser_cost(&lab->teacher) + 1);
}

static void walk(Lab *lab, Walk *w)
{
    walk_model(w, "critic", critic(lab));
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
    .start = start,
    .grid = grid,
    .loss = loss,
    .after = after,
    .cost = cost,
    .critic = critic,
    .critic_loss = critic_loss,
    .critic_cost = critic_cost,
    .label_cost = label_cost,
    .disagreement = disagreement,
    .walk = walk,
};
