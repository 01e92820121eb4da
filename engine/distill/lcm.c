/* Latent-consistency distillation (Luo et al. 2023; Song et al. 2023; methods.md 3.4): the
 * student's x0 at solver point j must equal the target network's x0 at point j - k, reached by one
 * guided DDIM jump of the teacher from the same state. A v-network satisfies f(z, 0) = z by itself,
 * so no boundary mixing is needed. Sampling re-noises with fresh noise. */
#include "engine/distill/expert.h"
#include "engine/distill/train.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <string.h>

/* Teacher steps to u = 0 for the label by which the shift is measured (methods.md 11.5). */
enum { LABEL_STEPS = 24 };

/* How a state gets to its landing point. */
typedef enum Solver {
    SOLVER_DDIM,  /* one guided jump of the teacher */
    SOLVER_HEUN,  /* second order in the log SNR: a second look at where the jump lands */
    SOLVER_DATA,  /* the same sample under less of the same noise: consistency training. Other
                     origins: DDIM */
    SOLVER_EULER, /* an explicit Euler step of the probability-flow ODE in u */
} Solver;
#define SOLVER_CHOICES "ddim|heun|data|euler"

/* The condition that stands for a guidance scale is near 0 .. 1. */
enum { SCALE_UNIT = 20, CONDITION_FEATURES = 16 };

typedef enum LcmLoss { LCM_PSEUDO_HUBER, LCM_HUBER, LCM_SQUARED } LcmLoss;

typedef struct Lcm {
    int skip;
    Solver solver;
    LcmLoss loss;
    double huber_c, target_ema;
    double scale_min,
        scale_max; /* of guidance; the student is conditioned on it where they differ */
    float *target; /* the target network's weights */
} Lcm;

/* clang-format off */
static const ParamRow rows[] = {
    {"lcm", "points", PARAM_INT, "16", 1, 1024, "", "", "Solver points; a multiple of student.steps.", APPLIES_FORK},
    {"lcm", "skip", PARAM_INT, "1", 1, 1024, "", "points", "k: how far one teacher jump goes.", APPLIES_NEXT_STEP},
    {"lcm", "solver", PARAM_CHOICE, "ddim", 0, 0, SOLVER_CHOICES, "",
     "ddim, heun, euler: the teacher's jump; data: same sample, less of the same noise, where the sample is known.",
     APPLIES_NEXT_STEP},
    {"lcm", "target_ema", PARAM_REAL, "0.95", 0, 0.99999, "", "", "Decay of the target network.", APPLIES_NEXT_STEP},
    {"lcm", "loss", PARAM_CHOICE, "pseudo_huber", 0, 0, "pseudo_huber|huber|squared", "",
     "Distance between the two estimates.", APPLIES_NEXT_STEP},
    {"lcm", "huber_c", PARAM_REAL, "1e-3", 0, 10, "", "", "Where the Huber losses turn linear.", APPLIES_NEXT_STEP},
    {"lcm", "guidance_min", PARAM_REAL, "1", 0, 20, "", "", "Least guidance scale, where the student is told it.",
     APPLIES_FORK},
    {"lcm", "guidance_max", PARAM_REAL, "1", 0, 20, "", "",
     "Largest: each sample draws its scale, the student is told it; not above the least: teacher.guidance is baked in.",
     APPLIES_FORK},
};
/* clang-format on */

static bool conditions(const Config *config)
{
    return config_real(config, "lcm.guidance_max") > config_real(config, "lcm.guidance_min");
}

static int conditioning(const Config *config)
{
    return conditions(config) ? CONDITION_FEATURES : 0;
}

static double condition(const Lab *lab, double guidance, int steps)
{
    (void)lab;
    (void)steps;
    return guidance / SCALE_UNIT;
}

static Grid grid(const Config *config)
{
    return (Grid){(int)config_int(config, "student.steps"), (int)config_int(config, "lcm.points")};
}

static Status open_state(Lab *lab, Error *error)
{
    if (conditions(&lab->config) && !lab->data.conditional)
        return fail(error, STATUS_BAD_INPUT,
                    "lcm.guidance_max = %g: guidance needs classes; set data.conditional = yes",
                    config_real(&lab->config, "lcm.guidance_max"));
    ((Lcm *)lab->state)->target = arena_new(lab->keep, float, lab->student.size);
    return STATUS_OK;
}

static void configure(Lab *lab)
{
    Lcm *lcm = lab->state;
    lcm->skip = (int)config_int(&lab->config, "lcm.skip");
    lcm->solver = (Solver)config_choice(&lab->config, "lcm.solver");
    lcm->loss = (LcmLoss)config_choice(&lab->config, "lcm.loss");
    lcm->huber_c = config_real(&lab->config, "lcm.huber_c");
    lcm->target_ema = config_real(&lab->config, "lcm.target_ema");
    lcm->scale_min = config_real(&lab->config, "lcm.guidance_min");
    lcm->scale_max = config_real(&lab->config, "lcm.guidance_max");
}

static void start(Lab *lab)
{
    memcpy(((Lcm *)lab->state)->target, lab->student.weights, lab->student.size * sizeof(float));
}

static double point_u(const Lab *lab, int point) { return (double)point / lab->grid.points; }

static int landing(const Lab *lab, int point)
{
    int skip = ((const Lcm *)lab->state)->skip;
    return point > skip ? point - skip : 0;
}

/* How far from the estimate at t to the one at s the mean lies that takes a whole step, were x0
 * linear in the log SNR between: 1/2 for short steps, 1 for long ones (the exponential form of
 * Heun's rule). */
static double lean(Noise t, Noise s)
{
    double h = (s.logsnr - t.logsnr) / 2, gone = -expm1(-h);
    return (1 - gone / h) / gone;
}

/* A second look, at where the jump lands: z_low and x become Heun's. */
static void correct(Chunk *chunk, const Policy *teacher, float *x, float *z_low,
                    const double *u_low)
{
    const Lab *lab = chunk->lab;
    const Batch *batch = &chunk->rows;
    int d = lab->data.dims;
    float *x_low = arena_floats(chunk->arena, batch->n * d);
    policy_x0(teacher, chunk->arena, batch->n, z_low, u_low, batch->label, x_low,
              &chunk->clipped[SITE_T]);
    Noises noises = {.schedule = lab->schedule};
    for (int r = 0; r < batch->n; r++) {
        Noise t = noises_at(&noises, batch->u[r]), s = noises_at(&noises, u_low[r]);
        if (u_low[r] <= 0)
            continue;
        for (int k = r * d; k < (r + 1) * d; k++)
            x[k] += (float)(lean(t, s) * ((double)x_low[k] - (double)x[k]));
        step_ddim(d, t, s, batch->z + r * d, x + r * d, z_low + r * d);
    }
}

/* Where the sample is known its own estimate replaces the teacher's. */
static void know_data(const Chunk *chunk, float *x)
{
    int d = chunk->lab->data.dims;
    for (int r = 0; r < chunk->rows.n; r++)
        if (chunk->rows.origin[r] == ORIGIN_DATA)
            memcpy(x + r * d, chunk->rows.x + r * d, sizeof *x * (size_t)d);
}

/* A scale for each row, and the condition that stands for it; NULL where the teacher's is baked in.
 */
static float *draw_scales(Chunk *chunk)
{
    const Lab *lab = chunk->lab;
    const Lcm *lcm = lab->state;
    if (!lab->student.spec.conditioning)
        return NULL;
    int n = chunk->rows.n;
    float *scale = arena_floats(chunk->arena, n), *value = arena_floats(chunk->arena, n);
    for (int r = 0; r < n; r++) {
        double s = lcm->scale_min + (lcm->scale_max - lcm->scale_min) * chunk->rows.chance[r];
        scale[r] = (float)s;
        value[r] = (float)condition(lab, s, 0);
    }
    chunk->condition = value;
    return scale;
}

/* One step of the guided teacher from the chunk's states to the landing points; its estimates are
 * of no further use. */
static void jump_ddim(Chunk *chunk, const Expert *teacher, float *z_low)
{
    const Lab *lab = chunk->lab;
    const Batch *batch = &chunk->rows;
    int *span = arena_new(chunk->arena, int, batch->n);
    for (int r = 0; r < batch->n; r++)
        span[r] = batch->point[r] - landing(lab, batch->point[r]);
    expert_walk(lab, teacher, chunk->arena,
                &(Fold){.n = batch->n,
                        .z = batch->z,
                        .i = batch->point,
                        .span = span,
                        .label = batch->label,
                        .points = lab->grid.points,
                        .count = &chunk->clipped[SITE_T],
                        .end = batch->end,
                        .known = batch->known},
                z_low);
}

/* By the other solvers. */
static void jump_else(Chunk *chunk, const Policy *teacher, float *z_low, const double *u_low)
{
    Lab *lab = chunk->lab;
    Batch *batch = &chunk->rows;
    int d = lab->data.dims;
    Solver solver = ((const Lcm *)lab->state)->solver;
    float *x = arena_floats(chunk->arena, batch->n * d);
    policy_x0(teacher, chunk->arena, batch->n, batch->z, batch->u, batch->label, x,
              &chunk->clipped[SITE_T]);
    if (solver == SOLVER_DATA)
        know_data(chunk, x);
    Noises noises = {.schedule = lab->schedule};
    for (int r = 0; r < batch->n; r++) {
        Noise t = noises_at(&noises, batch->u[r]), s = noises_at(&noises, u_low[r]);
        if (solver == SOLVER_EULER)
            step_euler(d, lab->schedule, t, s, batch->z + r * d, x + r * d, z_low + r * d);
        else
            step_ddim(d, t, s, batch->z + r * d, x + r * d, z_low + r * d);
    }
    if (solver == SOLVER_HEUN)
        correct(chunk, teacher, x, z_low, u_low);
}

/* The guided teacher's jump from the chunk's states to the landing points. */
static void jump(Chunk *chunk, float *z_low, double *u_low)
{
    const Lab *lab = chunk->lab;
    Expert teacher = expert_teacher(lab, 1);
    teacher.policy.denoiser.guidances = draw_scales(chunk);
    for (int r = 0; r < chunk->rows.n; r++)
        u_low[r] = point_u(lab, landing(lab, chunk->rows.point[r]));
    if (((const Lcm *)lab->state)->solver == SOLVER_DDIM)
        jump_ddim(chunk, &teacher, z_low);
    else
        jump_else(chunk, &teacher.policy, z_low, u_low);
}

static int path_steps(const Lab *lab)
{
    const Lcm *lcm = lab->state;
    return lcm->solver == SOLVER_DDIM && lcm->skip == 1 && !lab->student.spec.conditioning;
}

/* The target network's x0 at the landing points; at u = 0 the point itself. */
static float *target_x0(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    int d = lab->data.dims, n = chunk->rows.n;
    float *z_low = arena_floats(chunk->arena, n * d), *x0 = arena_floats(chunk->arena, n * d);
    double *u_low = arena_new(chunk->arena, double, n);
    jump(chunk, z_low, u_low);
    Policy target = lab_student(lab, true, 0);
    target.denoiser.weights = ((Lcm *)lab->state)->target;
    target.denoiser.conditions = chunk->condition;
    target.site = SITE_T;
    policy_x0(&target, chunk->arena, n, z_low, u_low, chunk->rows.label, x0, NULL);
    for (int r = 0; r < n; r++)
        if (u_low[r] <= 0)
            memcpy(x0 + r * d, z_low + r * d, sizeof *x0 * (size_t)d);
    return x0;
}

static Tensor *loss(Chunk *chunk)
{
    const Lcm *lcm = chunk->lab->state;
    float *target = target_x0(chunk), *weight = arena_floats(chunk->arena, chunk->rows.n);
    for (int r = 0; r < chunk->rows.n; r++)
        weight[r] = chunk->scale;
    Tensor *x0 = chunk_student_x0(chunk);
    float c = (float)lcm->huber_c;
    switch (lcm->loss) {
    case LCM_PSEUDO_HUBER: return op_pseudo_huber(&chunk->tape, x0, target, weight, c, chunk->each);
    case LCM_HUBER: return op_huber(&chunk->tape, x0, target, weight, c, chunk->each);
    case LCM_SQUARED: break;
    }
    return op_mse(&chunk->tape, x0, target, weight, chunk->each);
}

static void after(Lab *lab, long index, StepReport *report)
{
    (void)index;
    (void)report;
    Lcm *lcm = lab->state;
    vector_ema(lab->student.size, lcm->target, lab->student.weights, lcm->target_ema);
}

static void cost(const Lab *lab, double *teacher, double *student)
{
    bool twice = ((const Lcm *)lab->state)->solver == SOLVER_HEUN;
    *teacher =
        (lab->student.spec.conditioning ? 2 : denoiser_cost(&lab->teacher)) * (twice ? 2 : 1);
    *student = 1 + 3;
}

/* Where the guided teacher's own path from z ends at u = 0. */
static void label(const Lab *lab, Arena *arena, const States *at, float *x0)
{
    int n = at->n, d = lab->data.dims;
    size_t mark = arena_mark(arena);
    Policy teacher = lab_teacher(lab, 1, 1);
    teacher.site = SITE_T;
    float *x = arena_floats(arena, n * d);
    double *u = arena_new(arena, double, n);
    Noises noises = {.schedule = lab->schedule};
    memcpy(x0, at->z, sizeof *x0 * (size_t)(n * d));
    for (int k = 0; k < LABEL_STEPS; k++) {
        for (int r = 0; r < n; r++)
            u[r] = (double)at->i[r] / at->steps * (LABEL_STEPS - k) / LABEL_STEPS;
        policy_x0(&teacher, arena, n, x0, u, at->label, x, NULL);
        for (int r = 0; r < n; r++) {
            double next = (double)at->i[r] / at->steps * (LABEL_STEPS - k - 1) / LABEL_STEPS;
            step_ddim(d, noises_at(&noises, u[r]), noises_at(&noises, next), x0 + r * d, x + r * d,
                      x0 + r * d);
        }
    }
    arena_rewind(arena, mark);
}

static Cost label_cost(const Lab *lab)
{
    return (Cost){.teacher = LABEL_STEPS * denoiser_cost(&lab->teacher)};
}

static void walk(Lab *lab, Walk *w)
{
    walk_net(w, "target", &lab->student.spec, ((Lcm *)lab->state)->target);
}

const Method method_lcm = {
    .name = "lcm",
    .title = "Consistency distillation (LCM)",
    .help = "Estimates along one teacher path must agree.",
    .params = rows,
    .n_params = sizeof rows / sizeof *rows,
    .needs_teacher = true,
    .uses_source = true,
    .rule = RULE_RENOISE,
    .conditions_on_guidance = true,
    .conditioning = conditioning,
    .condition = condition,
    .state_size = sizeof(Lcm),
    .open = open_state,
    .configure = configure,
    .start = start,
    .grid = grid,
    .loss = loss,
    .after = after,
    .cost = cost,
    .path_steps = path_steps,
    .label = label,
    .label_cost = label_cost,
    .walk = walk,
};
