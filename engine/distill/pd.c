/* Progressive distillation (Salimans & Ho 2022; methods.md 2.1): m teacher DDIM sub-steps become one student step. One round; the
 * target is the x0 with which a single step from (z, u_i) lands where the teacher's sub-steps land at u_{i-1}. */
#include "engine/distill/method.h"
#include "engine/tensor/op.h"
#include <string.h>

typedef struct Pd {
    int substeps;
    Weighting weighting;
    double cap;
} Pd;

static const ParamRow rows[] = {
    {"pd", "substeps", PARAM_INT, "8", 1, 1024, "", "", "m: teacher steps folded into one student step.",
     APPLIES_NEXT_STEP},
    {"pd", "weighting", PARAM_CHOICE, "truncated_snr", 0, 0, WEIGHTING_CHOICES, "",
     "Weight of the squared x0 error by noise level.", APPLIES_NEXT_STEP},
    {"pd", "weight_cap", PARAM_REAL, "100", 1, 1e6, "", "", "Largest such weight.", APPLIES_NEXT_STEP},
};

static Grid grid(const Config *config)
{
    int steps = (int)config_int(config, "student.steps");
    return (Grid){steps, steps};
}

static void configure(Lab *lab)
{
    Pd *pd = lab->state;
    pd->substeps = (int)config_int(&lab->config, "pd.substeps");
    pd->weighting = (Weighting)config_choice(&lab->config, "pd.weighting");
    pd->cap = config_real(&lab->config, "pd.weight_cap");
}

/* The teacher's x0 at its place inside the target. */
static Policy target_teacher(const Lab *lab)
{
    Policy teacher = lab_teacher(lab, 1, 1);
    teacher.site = SITE_T;
    return teacher;
}

/* From state z at step i of `steps`: where m sub-steps lead, as the x0 of one big step. */
static void implied_target(const Lab *lab, Arena *arena, int n, const float *z, const int *i, int steps,
                           const int *classes, float *x0, Clipped *count)
{
    const Pd *pd = lab->state;
    int d = lab->data.dims, m = pd->substeps;
    size_t mark = arena_mark(arena);
    Policy teacher = target_teacher(lab);
    float *z_end = arena_floats(arena, n * d), *x = arena_floats(arena, n * d);
    double *u = arena_new(arena, double, n);
    memcpy(z_end, z, sizeof *z * (size_t)(n * d));
    for (int k = 0; k < m; k++) {
        for (int r = 0; r < n; r++)
            u[r] = (i[r] - (double)k / m) / steps;
        policy_x0(&teacher, arena, n, z_end, u, classes, x, count);
        for (int r = 0; r < n; r++) {
            double next = k + 1 < m ? (i[r] - (double)(k + 1) / m) / steps : (double)(i[r] - 1) / steps;
            step_ddim(d, noise_at(lab->schedule, u[r]), noise_at(lab->schedule, next), z_end + r * d, x + r * d,
                      z_end + r * d);
        }
    }
    for (int r = 0; r < n; r++) {
        Noise t = noise_at(lab->schedule, (double)i[r] / steps);
        Noise s = noise_at(lab->schedule, (double)(i[r] - 1) / steps);
        step_implied_x0(d, t, s, z + r * d, z_end + r * d, x + r * d, x0 + r * d);
        threshold_apply(&lab->threshold, SITE_T, d, x0 + r * d, count);
    }
    arena_rewind(arena, mark);
}

static void label(const Lab *lab, Arena *arena, int n, const float *z, const int *i, int steps, const int *classes,
                  float *x0)
{
    implied_target(lab, arena, n, z, i, steps, classes, x0, NULL);
}

static int label_cost(const Lab *lab)
{
    return ((const Pd *)lab->state)->substeps * denoiser_cost(&lab->teacher);
}

static void cost(const Lab *lab, double *teacher, double *student)
{
    *teacher = label_cost(lab);
    *student = 3;
}

static Tensor *loss(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    const Pd *pd = lab->state;
    Batch *batch = &chunk->rows;
    float *target = arena_floats(chunk->arena, batch->n * lab->data.dims);
    implied_target(lab, chunk->arena, batch->n, batch->z, batch->point, lab->grid.steps, batch->label, target,
                   &chunk->clipped[0]);
    float *weight = arena_floats(chunk->arena, batch->n);
    for (int r = 0; r < batch->n; r++)
        weight[r] = chunk->scale * (float)weight_at(pd->weighting, noise_at(lab->schedule, batch->u[r]), pd->cap);
    Tensor *sum = op_mse(&chunk->tape, chunk_student_x0(chunk), target, weight, chunk->each);
    for (int r = 0; r < batch->n; r++)
        chunk->each[r] *= weight[r] / chunk->scale;
    return sum;
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
    .configure = configure,
    .grid = grid,
    .loss = loss,
    .cost = cost,
    .label = label,
    .label_cost = label_cost,
};
