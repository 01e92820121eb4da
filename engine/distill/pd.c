/* Progressive distillation (Salimans & Ho 2022; methods.md 2.1): m teacher DDIM sub-steps become
 * one student step. The target is the x0 with which a single step from (z, u_i) lands where the
 * teacher's sub-steps land at u_{i-1}.
 *
 * Several rounds: the first one trains at N 2^(rounds - 1) steps, each further one at half as many,
 * two steps of its teacher to one; its teacher is the student as the round before left it, its
 * moments and its learning rate begin anew. Sampling and measuring go on at the last round's N,
 * against the teacher of the first. */
#include "engine/distill/expert.h"
#include "engine/distill/train.h"
#include "engine/tensor/op.h"
#include <string.h>

typedef struct Pd {
    int rounds, substeps; /* m of the first round */
    int64_t round, first; /* the present round from 0, and where on the lab's clock it began */
    float *teacher;       /* the weights that later rounds learn from, NULL: one round */
    Weighting weighting;
    double cap;
} Pd;

enum { STEPS_MAX = 256 };

/* clang-format off */
static const ParamRow rows[] = {
    {"pd", "rounds", PARAM_INT, "1", 1, 8, "", "rounds",
     "The student's steps halve from round to round, down to student.steps.", APPLIES_FORK},
    {"pd", "substeps", PARAM_INT, "8", 1, 1024, "", "", "m: teacher steps folded into one student step.",
     APPLIES_NEXT_STEP},
    {"pd", "weighting", PARAM_CHOICE, "truncated_snr", 0, 0, WEIGHTING_CHOICES, "",
     "Weight of the squared x0 error by noise level.", APPLIES_NEXT_STEP},
    {"pd", "weight_cap", PARAM_REAL, "100", 1, 1e6, "", "", "Largest such weight.", APPLIES_NEXT_STEP},
};
/* clang-format on */

static Grid grid(const Config *config)
{
    int steps = (int)config_int(config, "student.steps");
    return (Grid){steps, steps};
}

static Grid widest(const Config *config)
{
    int steps = grid(config).steps << (config_int(config, "pd.rounds") - 1);
    return steps <= STEPS_MAX ? (Grid){steps, steps} : grid(config);
}

static Status open_state(Lab *lab, Error *error)
{
    Pd *pd = lab->state;
    pd->rounds = (int)config_int(&lab->config, "pd.rounds");
    if (lab->grid.steps << (pd->rounds - 1) > STEPS_MAX)
        return fail(error, STATUS_BAD_INPUT,
                    "pd.rounds = %d: the first round would train at more than %d steps", pd->rounds,
                    STEPS_MAX);
    if (pd->rounds > 1)
        pd->teacher = arena_new(lab->keep, float, lab->student.size);
    return STATUS_OK;
}

static void apply_round(Lab *lab, bool forget)
{
    const Pd *pd = lab->state;
    int steps = lab->grid.steps << (pd->rounds - 1 - (int)pd->round);
    if (pd->rounds > 1)
        source_regrid(&lab->source, &(Grid){steps, steps}, forget);
    lab->round_first = (long)pd->first;
    lab->round_steps = lab->span * (long)(pd->round + 1) / pd->rounds - lab->round_first;
    if (lab->round_steps < 1)
        lab->round_steps = 1;
}

/* The student becomes the teacher. */
static void before(Lab *lab, long index, StepReport *report)
{
    (void)index;
    Pd *pd = lab->state;
    Model *student = &lab->student;
    if (pd->round + 1 >= pd->rounds ||
        lab->clock < (double)(lab->span * (pd->round + 1) / pd->rounds))
        return;
    memcpy(pd->teacher, student->ema, student->size * sizeof(float));
    memcpy(student->weights, student->ema, student->size * sizeof(float));
    model_reset(student);
    int from = lab->source.grid.steps;
    pd->round++;
    pd->first = (int64_t)lab->clock;
    apply_round(lab, true);
    snprintf(report->mark, sizeof report->mark, "round %d: %d -> %d steps", (int)pd->round + 1,
             from, lab->source.grid.steps);
}

static void configure(Lab *lab)
{
    Pd *pd = lab->state;
    pd->substeps = (int)config_int(&lab->config, "pd.substeps");
    pd->weighting = (Weighting)config_choice(&lab->config, "pd.weighting");
    pd->cap = config_real(&lab->config, "pd.weight_cap");
    apply_round(lab, false);
}

static Expert round_expert(const Lab *lab)
{
    const Pd *pd = lab->state;
    if (pd->round == 0)
        return expert_teacher(lab, pd->substeps);
    Expert expert = {lab_student(lab, true, 0), 2};
    expert.policy.denoiser.weights = pd->teacher;
    expert.policy.site = SITE_T;
    return expert;
}

/* The shift's label spans the last round's step by the first round's sub-steps: the same all along.
 */
static int label_substeps(const Lab *lab)
{
    const Pd *pd = lab->state;
    return pd->substeps << (pd->rounds - 1);
}

static void label(const Lab *lab, Arena *arena, const States *at, float *x0)
{
    Expert expert = expert_teacher(lab, label_substeps(lab));
    expert_fold(
        lab, &expert, arena,
        &(Fold){
            .n = at->n, .z = at->z, .i = at->i, .label = at->label, .points = at->steps, .x0 = x0});
}

static Cost label_cost(const Lab *lab)
{
    return (Cost){.teacher = label_substeps(lab) * denoiser_cost(&lab->teacher)};
}

static void cost(const Lab *lab, double *teacher, double *student)
{
    Expert expert = round_expert(lab);
    *teacher = expert.substeps * denoiser_cost(&expert.policy.denoiser);
    *student = 3;
}

static int path_steps(const Lab *lab)
{
    const Pd *pd = lab->state;
    return pd->rounds == 1 ? pd->substeps : 0;
}

static Tensor *loss(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    const Pd *pd = lab->state;
    Batch *batch = &chunk->rows;
    float *target = arena_floats(chunk->arena, batch->n * lab->data.dims);
    Expert expert = round_expert(lab);
    expert_fold(lab, &expert, chunk->arena,
                &(Fold){.n = batch->n,
                        .z = batch->z,
                        .i = batch->point,
                        .label = batch->label,
                        .points = lab->source.grid.steps,
                        .x0 = target,
                        .count = &chunk->clipped[SITE_T],
                        .end = batch->end,
                        .known = batch->known});
    float *weight = arena_floats(chunk->arena, batch->n);
    Noises noises = {.schedule = lab->schedule};
    for (int r = 0; r < batch->n; r++)
        weight[r] = chunk->scale *
                    (float)weight_at(pd->weighting, noises_at(&noises, batch->u[r]), pd->cap);
    Tensor *sum = op_mse(&chunk->tape, chunk_student_x0(chunk), target, weight, chunk->each);
    for (int r = 0; r < batch->n; r++)
        chunk->each[r] *= weight[r] / chunk->scale;
    return sum;
}

static void walk(Lab *lab, Walk *w)
{
    Pd *pd = lab->state;
    if (pd->rounds == 1)
        return;
    walk_i64(w, "pd.round", 1, &pd->round);
    walk_i64(w, "pd.first", 1, &pd->first);
    walk_net(w, "round_teacher", &lab->student.spec, pd->teacher);
    pd->round = pd->round < 0            ? 0
                : pd->round < pd->rounds ? pd->round
                                         : pd->rounds - 1; /* a file is not trusted */
    pd->first = pd->first < 0 ? 0 : pd->first;
    apply_round(lab, false);
}

const Method method_pd = {
    .name = "pd",
    .title = "Progressive distillation",
    .help = "Several teacher steps become one student step.",
    .params = rows,
    .n_params = sizeof rows / sizeof *rows,
    .needs_teacher = true,
    .uses_source = true,
    .rule = RULE_DDIM,
    .state_size = sizeof(Pd),
    .open = open_state,
    .configure = configure,
    .grid = grid,
    .widest = widest,
    .before = before,
    .loss = loss,
    .cost = cost,
    .path_steps = path_steps,
    .label = label,
    .label_cost = label_cost,
    .walk = walk,
};
