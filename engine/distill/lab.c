/* Owns what applies at the next step, the policies everybody rolls out with, the counters, and what
 * a checkpoint holds of a lab. */
#include "engine/distill/lab.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

Status lab_bad(const Lab *lab, const char *name, const char *what, Error *error)
{
    const Config *config = &lab->config;
    char where[300];
    return fail(error, STATUS_BAD_INPUT, "%s: %s = %s: %s",
                config_where(config, name, where, sizeof where), name,
                config_value(config, config_find(config, name)), what);
}

void lab_fit_spec(const Lab *lab, NetSpec *spec)
{
    spec->height = lab->data.height;
    spec->width = lab->data.width;
    spec->channels = lab->data.channels;
    spec->classes = lab->data.conditional ? lab->data.classes : 0;
}

void lab_read_source(const Lab *lab, SourceSettings *set)
{
    const Config *config = &lab->config;
    double data = config_real(config, "source.beta_data"),
           teacher = config_real(config, "source.beta_teacher");
    double student = config_real(config, "source.beta_student"), sum = data + teacher + student;
    *set = (SourceSettings){.beta = {data / sum, teacher / sum, student / sum},
                            .schedule = (PriorSchedule)config_choice(config, "source.schedule"),
                            .warmup = config_real(config, "source.warmup"),
                            .beta_floor = config_real(config, "source.beta_floor"),
                            .capacity = (int)config_int(config, "source.capacity"),
                            .teacher_capacity = (int)config_int(config, "source.teacher_capacity"),
                            .max_age = config_int(config, "source.max_age"),
                            .refresh = config_real(config, "source.refresh"),
                            .refresh_every = (int)config_int(config, "source.refresh_every"),
                            .teacher_substeps = (int)config_int(config, "source.teacher_substeps"),
                            .safedagger = config_real(config, "source.gate"),
                            .importance = config_real(config, "source.importance"),
                            .mix = config_real(config, "source.mix"),
                            .expert = *config_text(config, "source.expert"),
                            .path_labels = config_bool(config, "source.path_labels")};
}

static void read_threshold(Lab *lab)
{
    const Config *config = &lab->config;
    Threshold *t = &lab->threshold;
    *t = (Threshold){.kind = (ThresholdKind)config_choice(config, "threshold.kind"),
                     .low = config_real(config, "threshold.low"),
                     .high = config_real(config, "threshold.high"),
                     .quantile = config_real(config, "threshold.quantile")};
    if (t->low >= t->high) {
        t->low = lab->data.low;
        t->high = lab->data.high;
    }
    for (int i = 0; i < SITES; i++)
        if (config_letter(config, "threshold.sites", SITE_LETTERS[i]))
            t->sites |= 1u << i;
}

void lab_read_length(Lab *lab)
{
    const Config *config = &lab->config;
    long span = config_int(config, "run.schedule_steps");
    lab->steps = config_int(config, "run.steps");
    lab->pinned = span > 0;
    lab->span = lab->pinned ? span : lab->steps;
    lab->budget = config_real(config, "run.budget_nfe");
}

static void read_optimizer(Lab *lab)
{
    const Config *config = &lab->config;
    lab->adam = (AdamSettings){.lr = config_real(config, "optimizer.lr"),
                               .beta1 = config_real(config, "optimizer.beta1"),
                               .beta2 = config_real(config, "optimizer.beta2"),
                               .epsilon = 1e-8,
                               .weight_decay = config_real(config, "optimizer.weight_decay"),
                               .clip = config_real(config, "optimizer.clip"),
                               .ema = config_real(config, "optimizer.ema")};
    lab->decay = (Decay)config_choice(config, "optimizer.decay");
    lab->lr_warmup = config_int(config, "optimizer.warmup");
    lab_read_length(lab);
    lab->round_steps = lab->span;
    lab->round_first = 0;
}

void lab_configure(Lab *lab)
{
    read_optimizer(lab);
    read_threshold(lab);
    lab_read_source(lab, &lab->source.set);
    if (lab->method->configure)
        lab->method->configure(lab);
}

Lab lab_past(const Lab *lab, const Config *config, float *ema)
{
    Lab past = *lab;
    past.config = *config;
    past.student.ema = ema;
    read_threshold(&past);
    lab_read_source(&past, &past.source.set);
    return past;
}

Policy lab_student(const Lab *lab, bool live, int steps)
{
    Denoiser student = {.spec = lab->student.spec,
                        .weights = live ? lab->student.weights : lab->student.ema,
                        .guidance = lab->has_teacher ? 1 : lab->teacher.guidance,
                        .schedule = lab->schedule};
    if (lab->method->condition)
        student.condition =
            lab->method->condition(lab, lab->teacher.guidance, steps ? steps : lab->grid.steps);
    return (Policy){.denoiser = student,
                    .threshold = lab->threshold,
                    .site = SITE_S,
                    .steps = steps ? steps : lab->grid.steps,
                    .substeps = 1,
                    .rule = lab->method->rule};
}

Policy lab_teacher(const Lab *lab, int steps, int substeps)
{
    return (Policy){.denoiser = lab->teacher,
                    .threshold = lab->threshold,
                    .site = SITE_R,
                    .steps = steps,
                    .substeps = substeps,
                    .rule = lab->teacher_rule};
}

Policy lab_roll_in(const Lab *lab, int steps, int substeps)
{
    if (!lab->expert.denoiser.weights)
        return lab_teacher(lab, steps, substeps);
    Policy expert = lab->expert;
    expert.threshold = lab->threshold;
    expert.substeps = expert.steps / steps;
    expert.steps = steps;
    return expert;
}

void lab_count_clipped(Lab *lab, Site site, const Clipped *clipped)
{
    clipped_add(&lab->clipped[site], clipped);
}

double lab_spent(const Lab *lab)
{
    return lab->cost.teacher + lab->cost.student + lab->cost.critic;
}

double lab_clock(const Lab *lab, long index)
{
    double room = lab->budget - lab->spent_before, clock = (double)index;
    if (lab->budget > 0 && room > 0) {
        double share = (lab_spent(lab) - lab->spent_before) / room;
        clock = fmax(clock, fmin(share, 1) * (double)lab->span);
    }
    return lab->pinned ? fmin(clock, (double)(lab->span - 1)) : clock;
}

double lab_rate(const Lab *lab)
{
    double left = fmax(1 - (lab->clock - (double)lab->round_first) / (double)lab->round_steps, 0);
    double warm = 1;
    if (lab->student.updates < lab->lr_warmup)
        warm = (double)(lab->student.updates + 1) / (double)lab->lr_warmup;
    switch (lab->decay) {
    case DECAY_NONE: break;
    case DECAY_LINEAR: return warm * left;
    case DECAY_SECOND_HALF: return warm * fmin(2 * left, 1);
    }
    return warm;
}

/* ---- Persistence ---- */

typedef struct NetWalk {
    Walk *walk;
    const char *prefix;
    float *block;
} NetWalk;

static void walk_param(void *context, const ParamInfo *info)
{
    NetWalk *net = context;
    char name[128];
    long shape[4];
    for (int i = 0; i < info->rank; i++)
        shape[i] = info->shape[i];
    snprintf(name, sizeof name, "%s.%s", net->prefix, info->name);
    net->walk->visit(net->walk, name, WALK_F32, info->rank, shape, net->block + info->offset);
}

void walk_net(Walk *walk, const char *prefix, const NetSpec *spec, float *block)
{
    NetWalk net = {walk, prefix, block};
    net_list(spec, walk_param, &net);
}

static void walk_updates(Walk *walk, const char *name, Model *model)
{
    int64_t updates = model->updates;
    walk_i64(walk, name, 1, &updates);
    model->updates = (long)updates;
}

void walk_model(Walk *walk, const char *prefix, Model *model)
{
    const char *const part[] = {"", "_ema", "_moment1", "_moment2"};
    float *const block[] = {model->weights, model->ema, model->moment1, model->moment2};
    char name[64];
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "%s%s", prefix, part[i]);
        walk_net(walk, name, &model->spec, block[i]);
    }
    snprintf(name, sizeof name, "%s.updates", prefix);
    walk_updates(walk, name, model);
}

void walk_clipped(Walk *walk, const char *prefix, int steps, Clipped clipped[SITES])
{
    int64_t count[SITES * CLIPPED_STEPS * 2];
    double overshoot[SITES * CLIPPED_STEPS];
    char name[64];
    for (int k = 0; k < SITES * steps; k++) {
        const ClippedCount *at = &clipped[k / steps].step[k % steps];
        count[2 * k] = at->coordinates;
        count[2 * k + 1] = at->clipped;
        overshoot[k] = at->overshoot;
    }
    snprintf(name, sizeof name, "%s.count", prefix);
    walk_i64(walk, name, 2L * SITES * steps, count);
    snprintf(name, sizeof name, "%s.overshoot", prefix);
    walk_f64(walk, name, (long)SITES * steps, overshoot);
    for (int k = 0; k < SITES * steps; k++)
        clipped[k / steps].step[k % steps] =
            (ClippedCount){(long)count[2 * k], (long)count[2 * k + 1], overshoot[k]};
}

void lab_walk(Lab *lab, Walk *walk)
{
    Model *student = &lab->student;
    walk_net(walk, "student", &student->spec, student->weights);
    walk_net(walk, "student_ema", &student->spec, student->ema);
    walk_net(walk, "adam_moment1", &student->spec, student->moment1);
    walk_net(walk, "adam_moment2", &student->spec, student->moment2);
    walk_updates(walk, "adam.updates", student);
    walk_f64(walk, "cost.teacher", 1, &lab->cost.teacher);
    walk_f64(walk, "cost.student", 1, &lab->cost.student);
    walk_f64(walk, "cost.critic", 1, &lab->cost.critic);
    walk_f64(walk, "cost.shift", 1, &lab->cost.shift);
    walk_f64(walk, "cost.before", 1, &lab->spent_before);
    walk_clipped(walk, "clipped", lab->grid.steps, lab->clipped);
    source_walk(&lab->source, walk);
    if (lab->method->walk)
        lab->method->walk(lab, walk);
}
