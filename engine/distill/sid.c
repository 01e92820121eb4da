/* Score identity distillation (Zhou et al. 2024): as DMD2 with a critic that follows the student, but the loss is differentiated
 * through teacher and critic at the diffused estimate too. With f the teacher's and g the critic's x0 there, a sample's loss is
 *   ((1 - alpha) |f - g|^2 + (f - g).(g - x)) / mean |x - f|. */
#include "engine/distill/critic.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <string.h>

enum { TERM_NORMALISER = 1, TERM_GAP }; /* in the order of `terms` */
static const char *const terms[] = {"critic_loss", "normaliser", "gap", NULL};

typedef struct Sid {
    Critic critic; /* first */
    double alpha, floor;
} Sid;

static const ParamRow rows[] = {
    CRITIC_ROWS("sid"),
    {"sid", "alpha", PARAM_REAL, "1", 0, 2, "", "", "How much of the squared gap is taken away from the loss.",
     APPLIES_NEXT_STEP},
    {"sid", "floor", PARAM_REAL, "1e-2", 1e-6, 10, "", "", "Least normaliser of the loss.", APPLIES_NEXT_STEP},
};

static void configure(Lab *lab)
{
    Sid *sid = lab->state;
    critic_configure(lab);
    sid->alpha = config_real(&lab->config, "sid.alpha");
    sid->floor = config_real(&lab->config, "sid.floor");
}

/* ---- x0 estimates as functions of z, on the tape; networks frozen ---------------------------------------------- */

/* a x + b y with one factor a row each. */
static Tensor *combine(Chunk *chunk, const float *a, Tensor *x, const float *b, Tensor *y)
{
    return op_add(&chunk->tape, op_affine(&chunk->tape, x, a, NULL), op_affine(&chunk->tape, y, b, NULL));
}

static float *constant(Chunk *chunk, double value)
{
    float *out = arena_floats(chunk->arena, chunk->rows.n);
    for (int r = 0; r < chunk->rows.n; r++)
        out[r] = (float)value;
    return out;
}

static Tensor *network_v(Chunk *chunk, const NetSpec *spec, const float *weights, Tensor *z, const double *t,
                         const int *label)
{
    float *time = arena_floats(chunk->arena, chunk->rows.n);
    for (int r = 0; r < chunk->rows.n; r++)
        time[r] = (float)t[r];
    return net_forward(spec, &chunk->tape, weights, NULL, z, time, label);
}

static Tensor *x0_of(Chunk *chunk, Tensor *z, Tensor *v, const double *t)
{
    float *alpha = constant(chunk, 0), *minus = constant(chunk, 0);
    for (int r = 0; r < chunk->rows.n; r++) {
        Noise at = noise_at(chunk->lab->schedule, t[r]);
        alpha[r] = (float)at.alpha;
        minus[r] = (float)-at.sigma;
    }
    return combine(chunk, alpha, z, minus, v);
}

/* The exact teacher, whose Jacobian comes from central differences: it is a function of two coordinates. */
typedef struct Exact {
    const Denoiser *denoiser;
    const double *t;
    const int *label;
} Exact;

static void exact_backward(TapeNode *node, Arena *scratch)
{
    const Exact *exact = node->saved;
    const Tensor *z = node->in[0], *x0 = node->out;
    const float step = 1e-3f;
    int n = z->n, d = z->c;
    float *moved = arena_floats(scratch, n * d), *up = arena_floats(scratch, n * d);
    float *down = arena_floats(scratch, n * d);
    for (int k = 0; k < d; k++) {
        for (int side = 0; side < 2; side++) {
            memcpy(moved, z->x, sizeof *moved * (size_t)(n * d));
            for (int r = 0; r < n; r++)
                moved[r * d + k] += side ? -step : step;
            denoise(exact->denoiser, scratch, n, moved, exact->t, exact->label, side ? down : up);
        }
        for (int r = 0; r < n; r++)
            for (int c = 0; c < d; c++)
                z->g[r * d + k] += x0->g[r * d + c] * (up[r * d + c] - down[r * d + c]) / (2 * step);
    }
}

static Tensor *exact_x0(Chunk *chunk, Tensor *z, const double *t)
{
    Exact *exact = arena_new(chunk->arena, Exact, 1);
    *exact = (Exact){&chunk->lab->teacher, t, chunk->rows.label};
    Tensor *x0 = tape_tensor(&chunk->tape, z->n, z->h, z->w, z->c, z->g != NULL);
    denoise(exact->denoiser, chunk->arena, z->n, z->x, t, exact->label, x0->x);
    tape_node(&chunk->tape, exact_backward, x0, exact, z, NULL, NULL, NULL);
    return x0;
}

static Tensor *teacher_x0(Chunk *chunk, Tensor *z, const double *t)
{
    const Denoiser *teacher = &chunk->lab->teacher;
    if (teacher->mixture)
        return exact_x0(chunk, z, t);
    Tensor *v = network_v(chunk, &teacher->spec, teacher->weights, z, t, chunk->rows.label);
    if (denoiser_cost(teacher) > 1) {
        Tensor *without = network_v(chunk, &teacher->spec, teacher->weights, z, t, NULL);
        v = combine(chunk, constant(chunk, teacher->guidance), v, constant(chunk, 1 - teacher->guidance), without);
    }
    return x0_of(chunk, z, v, t);
}

static Tensor *critic_x0(Chunk *chunk, Tensor *z, const double *t)
{
    const Model *critic = critic_model(chunk->lab);
    return x0_of(chunk, z, network_v(chunk, &critic->spec, critic->weights, z, t, chunk->rows.label), t);
}

/* Thresholded where the site says so; straight through. */
static Tensor *inside(Chunk *chunk, Tensor *x, Site site, Clipped *count)
{
    const Threshold *threshold = &chunk->lab->threshold;
    int d = chunk->lab->data.dims;
    if (!(threshold->sites & site) || threshold->kind == THRESHOLD_NONE)
        return x;
    float *values = arena_floats(chunk->arena, x->n * d);
    memcpy(values, x->x, sizeof *values * (size_t)(x->n * d));
    for (int r = 0; r < x->n; r++)
        threshold_apply(threshold, site, d, values + r * d, count);
    return op_replace_straight(&chunk->tape, x, values);
}

/* ---- The loss ---------------------------------------------------------------------------------------------------- */

/* A sample's loss is a sum of squares: a.b = (|a + b|^2 - |a - b|^2) / 4. */
static Tensor *square(Chunk *chunk, Tensor *x, const float *weight, double factor)
{
    int n = x->n, d = chunk->lab->data.dims;
    float *zero = arena_new(chunk->arena, float, n * d), *scaled = arena_floats(chunk->arena, n);
    float *each = arena_floats(chunk->arena, n);
    for (int r = 0; r < n; r++)
        scaled[r] = (float)((double)weight[r] * factor);
    Tensor *sum = op_mse(&chunk->tape, x, zero, scaled, each);
    for (int r = 0; r < n; r++)
        chunk->each[r] += each[r] * scaled[r] / chunk->scale;
    return sum;
}

/* The weight of each row, 1 / normaliser; counts the terms. */
static float *weigh(Chunk *chunk, const Tensor *x, const Tensor *real, const Tensor *fake)
{
    const Sid *sid = chunk->lab->state;
    int d = chunk->lab->data.dims;
    float *weight = constant(chunk, 0);
    for (int r = 0; r < x->n; r++) {
        double distance = 0, gap = 0;
        for (int k = r * d; k < (r + 1) * d; k++) {
            double apart = (double)fake->x[k] - (double)real->x[k];
            distance += fabs((double)x->x[k] - (double)real->x[k]) / d;
            gap += apart * apart / d;
        }
        chunk->term[TERM_NORMALISER] += distance;
        chunk->term[TERM_GAP] += gap;
        weight[r] = (float)((double)chunk->scale / fmax(distance, sid->floor));
    }
    return weight;
}

static Tensor *loss(Chunk *chunk)
{
    const Sid *sid = chunk->lab->state;
    const Batch *batch = &chunk->rows;
    Tape *tape = &chunk->tape;
    int n = batch->n, d = chunk->lab->data.dims;
    float *alpha = constant(chunk, 0), *shift = arena_floats(chunk->arena, n * d);
    double *t = arena_new(chunk->arena, double, n);
    for (int r = 0; r < n; r++) {
        t[r] = critic_time(&sid->critic, batch->chance[r]);
        Noise at = noise_at(chunk->lab->schedule, t[r]);
        alpha[r] = (float)at.alpha;
        for (int k = r * d; k < (r + 1) * d; k++)
            shift[k] = (float)(at.sigma * (double)batch->noise[k]);
        chunk->each[r] = 0;
    }
    Tensor *x = chunk_student_x0(chunk), *z = op_affine(tape, x, alpha, shift);
    Tensor *real = inside(chunk, teacher_x0(chunk, z, t), SITE_T, &chunk->clipped[0]);
    Tensor *fake = inside(chunk, critic_x0(chunk, z, t), SITE_C, &chunk->clipped[4]);
    const float *weight = weigh(chunk, x, real, fake), *one = constant(chunk, 1), *minus = constant(chunk, -1);
    Tensor *gap = combine(chunk, one, real, minus, fake), *rest = combine(chunk, one, fake, minus, x);
    Tensor *dot = op_add(tape, square(chunk, op_add(tape, gap, rest), weight, 0.25),
                         square(chunk, combine(chunk, one, gap, minus, rest), weight, -0.25));
    return op_add(tape, square(chunk, gap, weight, 1 - sid->alpha), dot);
}

/* A frozen network that is differentiated in its input counts 2. */
static void cost(const Lab *lab, double *teacher, double *student)
{
    *teacher = 2 * denoiser_cost(&lab->teacher);
    *student = 3 + ((const Sid *)lab->state)->critic.ratio;
}

static double sid_critic_cost(const Lab *lab)
{
    return 1 + critic_cost(lab);
}

const Method method_sid = {
    .name = "sid",
    .title = "Score identity (SiD)",
    .help = "As DMD2, with the loss differentiated through teacher and critic too.",
    .params = rows,
    .n_params = sizeof rows / sizeof *rows,
    .terms = terms,
    .needs_teacher = true,
    .uses_source = true,
    .diffuses = true,
    .rule = RULE_RENOISE,
    .state_size = sizeof(Sid),
    .open = critic_open,
    .configure = configure,
    .start = critic_start,
    .grid = critic_grid,
    .loss = loss,
    .after = critic_after,
    .cost = cost,
    .critic = critic_model,
    .critic_loss = critic_loss,
    .critic_cost = sid_critic_cost,
    .label_cost = critic_label_cost,
    .disagreement = critic_disagreement,
    .walk = critic_walk,
};
