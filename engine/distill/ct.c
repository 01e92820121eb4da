/* Consistency training: the student's estimates of one sample under two amounts of the same noise
 * must agree, and no teacher is needed (Song et al. 2023). Two pairings: iCT's grid that grows
 * finer (Song & Dhariwal 2023) and ECT's pairs that close up (Geng et al. 2024); both without a
 * target network, weighted by 1 / (t - r). A given teacher is where the student begins. Sampling
 * re-noises with fresh noise. */
#include "engine/base/quantile.h"
#include "engine/distill/pairing.h"
#include "engine/distill/train.h"
#include "engine/tensor/op.h"
#include <math.h>

typedef enum Pairing { PAIRING_ICT, PAIRING_ECT } Pairing;

enum { POINTS_MAX = 1281 };

typedef struct Ct {
    Pairing pairing;
    double t_min, t_max, mean, deviation, huber_c, q;
    int first, last, stages;
    /* of the present step */
    int points, stage;
    double level[POINTS_MAX], chance[POINTS_MAX];
} Ct;

/* clang-format off */
static const ParamRow rows[] = {
    {"ct", "pairing", PARAM_CHOICE, "ict", 0, 0, "ict|ect", "",
     "Which two noise levels are compared: neighbours of a grid that grows finer, or pairs that close up.",
     APPLIES_NEXT_STEP},
    {"ct", "points_first", PARAM_INT, "10", 1, 1280, "", "", "iCT: steps of the grid at first (s0).", APPLIES_NEXT_STEP},
    {"ct", "points_last", PARAM_INT, "1280", 1, 1280, "", "", "iCT: steps of the grid in the end (s1).",
     APPLIES_NEXT_STEP},
    {"ct", "q", PARAM_REAL, "2", 1.01, 1e6, "", "", "ECT: how much closer each stage brings the pairs.",
     APPLIES_NEXT_STEP},
    {"ct", "stages", PARAM_INT, "8", 1, 32, "", "", "ECT: stages of the run; q = 256 with one is the short recipe.",
     APPLIES_NEXT_STEP},
    {"ct", "p_mean", PARAM_REAL, "-1.1", -10, 10, "", "", "Mean of ln t; t = sigma / alpha.", APPLIES_NEXT_STEP},
    {"ct", "p_std", PARAM_REAL, "2", 0.01, 10, "", "", "Deviation of ln t.", APPLIES_NEXT_STEP},
    {"ct", "t_min", PARAM_REAL, "0.002", 1e-4, 1, "", "", "Least noise level; below it stands the clean sample.",
     APPLIES_NEXT_STEP},
    {"ct", "t_max", PARAM_REAL, "80", 2, 1e4, "", "", "Largest noise level; it stands for u = 1, where sampling begins.",
     APPLIES_NEXT_STEP},
    {"ct", "huber_c", PARAM_REAL, "0", 0, 100, "", "", "Where the pseudo-Huber loss turns linear; 0: 0.00054 sqrt(dims).",
     APPLIES_NEXT_STEP},
};
/* clang-format on */

static Grid grid(const Config *config)
{
    return (Grid){(int)config_int(config, "student.steps"), 0};
}

static void configure(Lab *lab)
{
    const Config *config = &lab->config;
    Ct *ct = lab->state;
    ct->pairing = (Pairing)config_choice(config, "ct.pairing");
    ct->first = (int)config_int(config, "ct.points_first");
    ct->last = (int)config_int(config, "ct.points_last");
    ct->q = config_real(config, "ct.q");
    ct->stages = (int)config_int(config, "ct.stages");
    ct->mean = config_real(config, "ct.p_mean");
    ct->deviation = config_real(config, "ct.p_std");
    ct->t_min = config_real(config, "ct.t_min");
    ct->t_max = config_real(config, "ct.t_max");
    ct->huber_c = config_real(config, "ct.huber_c");
    if (ct->huber_c <= 0)
        ct->huber_c = ict_huber_c(lab->data.dims);
}

/* The step's own grid, or stage; how it stands follows from the clock alone. */
static void before(Lab *lab, long index, StepReport *report)
{
    (void)index;
    Ct *ct = lab->state;
    long at = (long)lab->clock;
    int points = ict_points(at, lab->span, ct->first, ct->last);
    ct->stage = (int)(at * ct->stages / lab->span);
    if (ct->pairing == PAIRING_ICT && ct->points && points != ct->points)
        snprintf(report->mark, sizeof report->mark, "%d noise levels", points);
    ct->points = points;
    double decreasing[POINTS_MAX];
    schedule_karras(points, ct->t_min, ct->t_max, 7, decreasing);
    for (int i = 0; i < points; i++)
        ct->level[i] = decreasing[points - 1 - i];
    ict_chances(points, ct->level, ct->mean, ct->deviation, ct->chance);
}

static double level(const Lab *lab)
{
    const Ct *ct = lab->state;
    long at = (long)lab->clock;
    if (ct->pairing == PAIRING_ICT)
        return ict_points(at, lab->span, ct->first, ct->last);
    return (double)(at * ct->stages / lab->span);
}

/* Two levels by one uniform number. */
static void draw_pair(const Ct *ct, double chance, double *high, double *low)
{
    if (ct->pairing == PAIRING_ECT) {
        *high = fmin(exp(ct->mean + ct->deviation * normal_quantile(chance)), ct->t_max);
        *high = fmax(*high, ct->t_min);
        *low = ect_partner(*high, ct->q, ct->stage);
        *low = *low < ct->t_min ? 0 : *low;
        return;
    }
    int i = 0;
    while (i + 2 < ct->points && chance >= ct->chance[i])
        chance -= ct->chance[i++];
    *low = ct->level[i];
    *high = ct->level[i + 1];
}

static double time_of(const Lab *lab, double t)
{
    return t >= ((const Ct *)lab->state)->t_max ? 1 : noise_time(lab->schedule, t);
}

static void stand(const Chunk *chunk, int r, double t, double *u, float *z)
{
    const Lab *lab = chunk->lab;
    const Batch *batch = &chunk->rows;
    int d = lab->data.dims;
    u[r] = time_of(lab, t);
    Noise at = noise_at(lab->schedule, u[r]);
    for (int k = r * d; k < (r + 1) * d; k++)
        z[k] = (float)(at.alpha * (double)batch->x[k] + at.sigma * (double)batch->noise[k]);
}

/* What the less noisy side says, the student as it is; at t = 0 the sample itself. */
static float *target_x0(const Chunk *chunk, const float *z, const double *u, const double *low)
{
    const Lab *lab = chunk->lab;
    const Batch *batch = &chunk->rows;
    int d = lab->data.dims;
    float *x0 = arena_floats(chunk->arena, batch->n * d);
    Policy student = lab_student(lab, true, 0);
    student.site = SITE_T;
    policy_x0(&student, chunk->arena, batch->n, z, u, batch->label, x0, NULL);
    for (int k = 0; k < batch->n * d; k++)
        x0[k] = low[k / d] > 0 ? x0[k] : batch->x[k];
    return x0;
}

/* The published distance is over the sum of squares, op_pseudo_huber's over their mean: both scale
 * by sqrt(dims). */
static Tensor *loss(Chunk *chunk)
{
    const Lab *lab = chunk->lab;
    const Ct *ct = lab->state;
    Batch *batch = &chunk->rows;
    int n = batch->n, d = lab->data.dims;
    double root = sqrt((double)d), *u = arena_new(chunk->arena, double, n),
           *low = arena_new(chunk->arena, double, n);
    float *z = arena_floats(chunk->arena, n * d), *weight = arena_floats(chunk->arena, n);
    for (int r = 0; r < n; r++) {
        double high;
        draw_pair(ct, batch->chance[r], &high, &low[r]);
        stand(chunk, r, high, batch->u, batch->z);
        stand(chunk, r, low[r], u, z);
        weight[r] = chunk->scale * (float)(root / (high - low[r]));
    }
    const float *target = target_x0(chunk, z, u, low);
    Tensor *sum = op_pseudo_huber(&chunk->tape, chunk_student_x0(chunk), target, weight,
                                  (float)(ct->huber_c / root), chunk->each);
    for (int r = 0; r < n; r++)
        chunk->each[r] *= weight[r] / chunk->scale;
    return sum;
}

static void cost(const Lab *lab, double *teacher, double *student)
{
    (void)lab;
    *teacher = 0;
    *student = 1 + 3;
}

const Method method_ct = {
    .name = "ct",
    .title = "Consistency training (iCT, ECT)",
    .help = "Estimates of one sample under two amounts of noise must agree; no teacher.",
    .params = rows,
    .n_params = sizeof rows / sizeof *rows,
    .takes_teacher = true,
    .uses_source = false,
    .diffuses = true,
    .rule = RULE_RENOISE,
    .state_size = sizeof(Ct),
    .configure = configure,
    .grid = grid,
    .before = before,
    .level_name = "discretisation",
    .level = level,
    .loss = loss,
    .cost = cost,
};
