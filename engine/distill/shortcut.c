/* Shortcut distillation (after Frans et al. 2024, "One step diffusion via shortcut models"): the
 * student is conditioned on how long a step it takes, and learns all lengths at once. The shortest
 * is the teacher's own DDIM step; each longer one is two of the student's steps half as long,
 * folded into one. What progressive distillation does in rounds, in one run; afterwards it samples
 * in any power of two of steps. */
#include "engine/distill/expert.h"
#include "engine/distill/train.h"
#include "engine/tensor/op.h"
#include <math.h>

enum { CONDITION_FEATURES = 16 };

typedef struct Shortcut {
    double base, cap;
    Weighting weighting;
} Shortcut;

/* clang-format off */
static const ParamRow rows[] = {
    {"shortcut", "points", PARAM_INT, "64", 2, 1024, "", "", "The shortest step is 1 / points; points = student.steps * 2^k.",
     APPLIES_FORK},
    {"shortcut", "base", PARAM_REAL, "0.5", 0.01, 1, "", "", "Share of samples that learn the shortest step, from the teacher.",
     APPLIES_NEXT_STEP},
    {"shortcut", "weighting", PARAM_CHOICE, "truncated_snr", 0, 0, WEIGHTING_CHOICES, "",
     "Weight of the squared x0 error by noise level.", APPLIES_NEXT_STEP},
    {"shortcut", "weight_cap", PARAM_REAL, "100", 1, 1e6, "", "", "Largest such weight.", APPLIES_NEXT_STEP},
};
/* clang-format on */

static Grid grid(const Config *config)
{
    return (Grid){(int)config_int(config, "student.steps"),
                  (int)config_int(config, "shortcut.points")};
}

/* Doublings from the shortest step to one of `span` points. */
static double doublings(double span) { return log2(span); }

static Status open_state(Lab *lab, Error *error)
{
    double whole = doublings((double)lab->grid.points),
           from = doublings((double)lab->grid.points / lab->grid.steps);
    if (whole == floor(whole) && from == floor(from))
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "shortcut.points = %d: points and student.steps (%d) must be powers of two",
                lab->grid.points, lab->grid.steps);
}

static void configure(Lab *lab)
{
    Shortcut *shortcut = lab->state;
    shortcut->base = config_real(&lab->config, "shortcut.base");
    shortcut->weighting = (Weighting)config_choice(&lab->config, "shortcut.weighting");
    shortcut->cap = config_real(&lab->config, "shortcut.weight_cap");
}

static int conditioning(const Config *config)
{
    (void)config;
    return CONDITION_FEATURES;
}

/* The condition for a step of `span` points: 0 for the shortest, 1 for all the way. */
static double step_condition(const Lab *lab, double span)
{
    return doublings(span) / doublings((double)lab->grid.points);
}

static double condition(const Lab *lab, double guidance, int steps)
{
    (void)guidance;
    return step_condition(lab, (double)lab->grid.points / steps);
}

/* A row's step: the shortest by `base`, else one of the longer ones that fit below point j, all
 * alike. */
static int draw_span(const Lab *lab, int j, double chance)
{
    const Shortcut *shortcut = lab->state;
    int longest = (int)doublings(j);
    if (chance < shortcut->base || longest < 1)
        return 1;
    double rest = (chance - shortcut->base) / (1 - shortcut->base);
    int l = 1 + (int)(rest * longest);
    return 1 << (l < longest ? l : longest);
}

/* Two steps half as long by the student's averaged weights, conditioned on it. */
static Expert halves(const Lab *lab, const float *half)
{
    Expert expert = {lab_student(lab, false, 0), 2};
    expert.policy.site = SITE_T;
    expert.policy.denoiser.conditions = half;
    return expert;
}

static Tensor *loss(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    const Shortcut *shortcut = lab->state;
    const Batch *batch = &chunk->rows;
    int n = batch->n, d = lab->data.dims, *span = arena_new(chunk->arena, int, n);
    float *whole = arena_floats(chunk->arena, n), *half = arena_floats(chunk->arena, n);
    float *target = arena_floats(chunk->arena, n * d), *base = arena_floats(chunk->arena, n * d);
    float *weight = arena_floats(chunk->arena, n);
    Noises noises = {.schedule = lab->schedule};
    for (int r = 0; r < n; r++) {
        span[r] = draw_span(lab, batch->point[r], batch->chance[r]);
        whole[r] = (float)step_condition(lab, span[r]);
        half[r] = span[r] > 1 ? (float)step_condition(lab, span[r] / 2) : 0;
        weight[r] = chunk->scale * (float)weight_at(shortcut->weighting,
                                                    noises_at(&noises, batch->u[r]), shortcut->cap);
    }
    Expert teacher = expert_teacher(lab, 1), student = halves(lab, half);
    Fold fold = {.n = n,
                 .z = batch->z,
                 .i = batch->point,
                 .span = span,
                 .label = batch->label,
                 .points = lab->grid.points,
                 .x0 = target,
                 .count = &chunk->clipped[SITE_T]};
    expert_fold(lab, &student, chunk->arena, &fold);
    fold.x0 = base;
    expert_fold(lab, &teacher, chunk->arena, &fold);
    for (int k = 0; k < n * d; k++)
        target[k] = span[k / d] > 1 ? target[k] : base[k];
    chunk->condition = whole;
    Tensor *sum = op_mse(&chunk->tape, chunk_student_x0(chunk), target, weight, chunk->each);
    for (int r = 0; r < n; r++)
        chunk->each[r] *= weight[r] / chunk->scale;
    return sum;
}

static void cost(const Lab *lab, double *teacher, double *student)
{
    *teacher = denoiser_cost(&lab->teacher);
    *student = 2 + 3;
}

/* Where the teacher's shortest steps lead. */
static int label_substeps(const Lab *lab, int steps)
{
    int m = lab->grid.points / steps;
    return m > 1 ? m : 1;
}

static void label(const Lab *lab, Arena *arena, const States *at, float *x0)
{
    Expert expert = expert_teacher(lab, label_substeps(lab, at->steps));
    expert_fold(
        lab, &expert, arena,
        &(Fold){
            .n = at->n, .z = at->z, .i = at->i, .label = at->label, .points = at->steps, .x0 = x0});
}

static Cost label_cost(const Lab *lab)
{
    return (Cost){.teacher = label_substeps(lab, lab->grid.steps) * denoiser_cost(&lab->teacher)};
}

const Method method_shortcut = {
    .name = "shortcut",
    .title = "Shortcut models",
    .help = "The student is told the length of its step and learns all lengths at once.",
    .params = rows,
    .n_params = sizeof rows / sizeof *rows,
    .needs_teacher = true,
    .uses_source = true,
    .rule = RULE_DDIM,
    .conditioning = conditioning,
    .condition = condition,
    .state_size = sizeof(Shortcut),
    .open = open_state,
    .configure = configure,
    .grid = grid,
    .loss = loss,
    .cost = cost,
    .label = label,
    .label_cost = label_cost,
};
