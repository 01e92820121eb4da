/* Owns a critic: its weights, its updates, its part in costs, checkpoints and the shift. */
#include "engine/distill/critic.h"
#include "engine/tensor/op.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Times at which a state's disagreement is averaged, and the number of its noise within
 * STREAM_SHIFT. */
enum { GAP_LEVELS = 4, GAP_NOISE = 50 };

static Critic *critic_of(const Lab *lab) { return lab->state; }

Grid critic_grid(const Config *config)
{
    int steps = (int)config_int(config, "student.steps");
    return (Grid){steps, steps};
}

/* Whose shape and weights the critic begins with: the teacher's, the student's where the teacher
 * has no weights. */
static const NetSpec *origin_spec(const Lab *lab)
{
    return lab->teacher.weights ? &lab->teacher.spec : &lab->student.spec;
}

void critic_make(Lab *lab, CriticTerms terms, int head)
{
    Critic *critic = critic_of(lab);
    NetSpec spec = *origin_spec(lab);
    spec.head = head;
    model_init(&critic->model, &spec, lab->seed, lab->keep);
    critic->gradient = arena_floats(lab->keep, critic->model.size);
    critic->terms = terms;
}

Status critic_open(Lab *lab, Error *error)
{
    (void)error;
    critic_make(lab, (CriticTerms){0}, 0);
    return STATUS_OK;
}

static double real(const Lab *lab, const char *key)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", lab->method->name, key);
    return config_real(&lab->config, name);
}

void critic_configure(Lab *lab)
{
    Critic *critic = critic_of(lab);
    char name[64];
    critic->lr = real(lab, "critic_lr");
    critic->t_min = real(lab, "t_min");
    critic->t_max = fmax(real(lab, "t_max"), critic->t_min);
    snprintf(name, sizeof name, "%s.ratio", lab->method->name);
    critic->ratio = (int)config_int(&lab->config, name);
    snprintf(name, sizeof name, "%s.critic_states", lab->method->name);
    critic->states = (CriticStates)config_choice(&lab->config, name);
}

/* All but the head, which keeps its own beginning. */
void critic_start(Lab *lab)
{
    Model *model = &critic_of(lab)->model;
    const float *weights = lab->teacher.weights ? lab->teacher.weights : lab->student.weights;
    net_adopt(&model->spec, model->weights, origin_spec(lab), weights);
    memcpy(model->ema, model->weights, model->size * sizeof(float));
}

/* ---- Two scores at a diffused estimate ---- */

double critic_time(const Critic *critic, double chance)
{
    return critic->t_min + (critic->t_max - critic->t_min) * chance;
}

/* z = alpha x + sigma noise at time t of each row. */
static void diffuse(const Lab *lab, int n, const double *t, const float *x, const float *noise,
                    float *z)
{
    int d = lab->data.dims;
    for (int r = 0; r < n; r++) {
        Noise at = noise_at(lab->schedule, t[r]);
        for (int k = r * d; k < (r + 1) * d; k++)
            z[k] = (float)(at.alpha * (double)x[k] + at.sigma * (double)noise[k]);
    }
}

void critic_scores(const Lab *lab, Arena *arena, const Scores *s, Clipped *clipped)
{
    const Model *model = critic_model(lab);
    float *z = arena_floats(arena, s->n * lab->data.dims);
    diffuse(lab, s->n, s->t, s->x, s->noise, z);
    Policy teacher = lab_teacher(lab, 1, 1), critic = teacher;
    teacher.site = SITE_T;
    critic.site = SITE_C;
    critic.denoiser = (Denoiser){
        .spec = model->spec, .weights = model->weights, .guidance = 1, .schedule = lab->schedule};
    policy_x0(&teacher, arena, s->n, z, s->t, s->label, s->real, clipped ? &clipped[SITE_T] : NULL);
    policy_x0(&critic, arena, s->n, z, s->t, s->label, s->fake, clipped ? &clipped[SITE_C] : NULL);
}

/* ---- The critic's updates ---- */

/* Non-saturating logistic: data above 0, estimates below, both diffused to the same times with the
 * same noise. */
static Tensor *gan_loss(Chunk *chunk, const double *t, Tensor *fake)
{
    const Critic *critic = critic_of(chunk->lab);
    const Batch *batch = &chunk->rows;
    int n = batch->n;
    float *z = arena_floats(chunk->arena, n * chunk->lab->data.dims),
          *weight = arena_floats(chunk->arena, n);
    float *each[2] = {arena_floats(chunk->arena, n), arena_floats(chunk->arena, n)};
    for (int r = 0; r < n; r++)
        weight[r] = chunk->scale * (float)critic->gan_critic;
    diffuse(chunk->lab, n, t, batch->real, batch->noise, z);
    NetMore more = {.judge = true};
    chunk_v_more(chunk, &critic->model, z, t, batch->real_label, &more);
    Tensor *sum = op_add(&chunk->tape, op_logistic(&chunk->tape, fake, 1, weight, each[0]),
                         op_logistic(&chunk->tape, more.logit, -1, weight, each[1]));
    for (int r = 0; r < n; r++) {
        double both = (double)each[0][r] + (double)each[1][r];
        chunk->term[critic->terms.head] += both;
        chunk->each[r] += (float)(critic->gan_critic * both);
    }
    return sum;
}

/* Diffusion training on the student's estimates, in v: the weight SNR + 1 on x. With a head,
 * telling them from data too. */
Tensor *critic_loss(Chunk *chunk)
{
    Lab *lab = chunk->lab;
    const Critic *critic = critic_of(lab);
    Batch *batch = &chunk->rows;
    int n = batch->n, d = lab->data.dims;
    float *x = arena_floats(chunk->arena, n * d), *z = arena_floats(chunk->arena, n * d);
    float *target = arena_floats(chunk->arena, n * d), *weight = arena_floats(chunk->arena, n);
    double *t = arena_new(chunk->arena, double, n);
    Policy student = lab_student(lab, true, 0);
    student.site = SITE_L;
    policy_x0(&student, chunk->arena, n, batch->z, batch->u, batch->label, x, NULL);
    for (int r = 0; r < n; r++) {
        t[r] = critic_time(critic, batch->chance[r]);
        weight[r] = chunk->scale;
        Noise at = noise_at(lab->schedule, t[r]);
        for (int k = r * d; k < (r + 1) * d; k++)
            target[k] = (float)(at.alpha * (double)batch->noise[k] - at.sigma * (double)x[k]);
    }
    diffuse(lab, n, t, x, batch->noise, z);
    NetMore more = {.judge = critic->gan_critic > 0};
    Tensor *v = chunk_v_more(chunk, &critic->model, z, t, batch->label, &more);
    Tensor *sum = op_mse(&chunk->tape, v, target, weight, chunk->each);
    for (int r = 0; r < n; r++)
        chunk->term[critic->terms.loss] += (double)chunk->each[r];
    return more.logit ? op_add(&chunk->tape, sum, gan_loss(chunk, t, more.logit)) : sum;
}

void critic_after(Lab *lab, long index, StepReport *report)
{
    static const double student_only[ORIGINS] = {[ORIGIN_STUDENT] = 1};
    Critic *critic = critic_of(lab);
    double sum[2] = {0, 0}, norm, term[STEP_TERMS];
    Training training = {.term = term,
                         .model = &critic->model,
                         .gradient = critic->gradient,
                         .lr = critic->lr,
                         .loss = critic_loss,
                         .beta = critic->states == CRITIC_STUDENT ? student_only : NULL};
    for (int k = 1; k <= critic->ratio && !report->broken; k++) {
        double one = lab_train(lab, &training, index, k, &norm);
        sum[0] += term[critic->terms.loss] / critic->ratio;
        sum[1] += term[critic->terms.head] / critic->ratio;
        if (!isfinite(one))
            report->broken = "the critic's loss";
        else if (!isfinite(norm))
            report->broken = "the critic's gradient norm";
    }
    report->term[critic->terms.loss] = sum[0];
    if (critic->model.spec.head)
        report->term[critic->terms.head] = critic->gan_critic > 0 ? sum[1] : (double)NAN;
}

Model *critic_model(const Lab *lab) { return &critic_of(lab)->model; }

double critic_cost(const Lab *lab)
{
    const Critic *critic = critic_of(lab);
    return 1 + critic->gan_cost + (critic->gan_critic > 0 ? 6.0 : 3.0) * critic->ratio;
}

void critic_walk(Lab *lab, Walk *walk) { walk_model(walk, "critic", critic_model(lab)); }

/* ---- Shift ---- */

static double squared_gap(int d, const float *a, const float *b)
{
    double sum = 0;
    for (int k = 0; k < d; k++)
        sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    return sum / d;
}

void critic_disagreement(const Lab *lab, Arena *arena, const Policy *student, const States *at,
                         double *squared)
{
    const Critic *critic = critic_of(lab);
    size_t mark = arena_mark(arena);
    int n = at->n, d = lab->data.dims;
    float *x = arena_floats(arena, n * d), *real = arena_floats(arena, n * d),
          *fake = arena_floats(arena, n * d);
    float *noise = arena_floats(arena, n * d);
    double *t = arena_new(arena, double, n);
    Rng *rng = arena_new(arena, Rng, n);
    for (int r = 0; r < n; r++) {
        t[r] = (double)at->i[r] / at->steps;
        rng[r] =
            rng_at(lab->seed, STREAM_SHIFT, (uint64_t)GAP_NOISE << 40 | (at->first + (uint64_t)r));
        squared[r] = 0;
    }
    policy_x0(student, arena, n, at->z, t, at->label, x, NULL);
    for (int k = 0; k < GAP_LEVELS; k++) {
        size_t level_mark = arena_mark(arena);
        for (int r = 0; r < n; r++) {
            t[r] = critic_time(critic, (k + 0.5) / GAP_LEVELS);
            rng_normals(&rng[r], d, noise + r * d);
        }
        critic_scores(lab, arena, &(Scores){n, x, noise, t, at->label, real, fake}, NULL);
        for (int r = 0; r < n; r++)
            squared[r] += squared_gap(d, fake + r * d, real + r * d) / GAP_LEVELS;
        arena_rewind(arena, level_mark);
    }
    arena_rewind(arena, mark);
}

Cost critic_label_cost(const Lab *lab)
{
    return (Cost){
        .student = 1, .teacher = GAP_LEVELS * denoiser_cost(&lab->teacher), .critic = GAP_LEVELS};
}
