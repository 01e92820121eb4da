/* Building a lab from a configuration: data, teacher, student, source; the policies everybody rolls
 * out with. */
#include "engine/distill/lab.h"
#include "engine/distill/method.h"
#include "engine/distill/params.h"
#include <string.h>

Status lab_bad(const Lab *lab, const char *name, const char *what, Error *error)
{
    const Config *config = &lab->config;
    char where[300];
    return fail(error, STATUS_BAD_INPUT, "%s: %s = %s: %s",
                config_where(config, name, where, sizeof where), name,
                config->value[config_find(config, name)].text, what);
}

static Status open_data(Lab *lab, Error *error)
{
    const Config *config = &lab->config;
    int keep[DATASET_CLASSES_MAX];
    int n_keep = config_list(config, "data.keep", keep, DATASET_CLASSES_MAX);
    DatasetOptions options = {.name = config_text(config, "data.name"),
                              .path = config_text(config, "data.path"),
                              .conditional = config_choice(config, "data.conditional") - 1,
                              .keep = keep,
                              .n_keep = n_keep,
                              .limit = (int)config_int(config, "data.limit"),
                              .seed = lab->seed};
    Error inner;
    Status status = dataset_open(&lab->data, &options, lab->keep, &inner);
    if (!status)
        return status;
    char where[300], name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(inner.text, ": "),
             inner.text); /* "data.keep: ..." */
    const char *at = config_find(config, name) >= 0 ? name : "data.name";
    return fail(error, status, "%s: %s", config_where(config, at, where, sizeof where), inner.text);
}

void lab_fit_spec(const Lab *lab, NetSpec *spec)
{
    spec->height = lab->data.height;
    spec->width = lab->data.width;
    spec->channels = lab->data.channels;
    spec->classes = lab->data.conditional ? lab->data.classes : 0;
}

static Status open_teacher(Lab *lab, Error *error)
{
    bool file = !strcmp(config_text(&lab->config, "teacher.kind"), "file");
    bool wanted = file ? *config_text(&lab->config, "teacher.file") != 0
                       : !strcmp(config_text(&lab->config, "student.init"), "pretrain");
    lab->has_teacher = lab->method->needs_teacher || (lab->method->takes_teacher && wanted);
    lab->teacher_rule =
        config_choice(&lab->config, "source.teacher_solver") ? RULE_DPMPP : RULE_DDIM;
    lab->teacher = (Denoiser){.schedule = lab->schedule,
                              .guidance = config_real(&lab->config, "teacher.guidance")};
    lab_fit_spec(lab, &lab->teacher.spec);
    if (!lab->has_teacher)
        return STATUS_OK;
    if (lab->teacher.guidance != 1 && !lab->data.conditional)
        return lab_bad(lab, "teacher.guidance",
                       "guidance needs classes; set data.conditional = yes", error);
    if (file)
        return lab_load_network(lab, "teacher.file", &lab->teacher, error);
    if (!lab->data.mixture)
        return lab_bad(
            lab, "teacher.kind",
            "this data set has no exact teacher; set teacher.kind = file and teacher.file", error);
    lab->teacher.mixture = lab->data.mixture;
    lab->teacher.spec.chunk = 128;
    return STATUS_OK;
}

static void configured_spec(const Lab *lab, NetSpec *spec)
{
    const Config *config = &lab->config;
    const char *kind = config_text(config, "net.kind");
    bool points = lab->data.dims <= 3;
    *spec = (NetSpec){.kind = !strcmp(kind, "mlp") || (points && !strcmp(kind, "auto"))
                                  ? &net_mlp
                                  : &net_patch_unet};
    lab_fit_spec(lab, spec);
    spec->hidden = (int)config_int(config, "net.width");
    spec->depth = (int)config_int(config, "net.depth");
    spec->coarse = (int)config_int(config, "net.coarse_width");
    spec->coarse_depth = (int)config_int(config, "net.coarse_depth");
    spec->embed = (int)config_int(config, "net.embed");
    spec->features = (int)config_int(config, "net.features");
    spec->time_scale = (float)config_real(config, "net.time_scale");
    spec->time_range = (float)config_real(config, "net.time_range");
}

/* Weights, averages, moments, and a gradient for each chunk of a batch must fit in memory. */
static Status check_size(const Lab *lab, const NetSpec *spec, Error *error)
{
    static const double most = 4.0 * 1024 * 1024 * 1024;
    double weights = (double)net_size(spec), blocks = 12.0 + crew_chunks(lab->batch, spec->chunk);
    if (weights * blocks * sizeof(float) <= most)
        return STATUS_OK;
    char text[160];
    snprintf(text, sizeof text,
             "the network would have %.0f weights and take %.1f GiB to train; at most %.0f GiB",
             weights, weights * blocks * sizeof(float) / most * 4, 4.0);
    return lab_bad(lab, "net.width", text, error);
}

static Status open_student(Lab *lab, Error *error)
{
    const Config *config = &lab->config;
    NetSpec spec;
    bool copies = lab->has_teacher && !strcmp(config_text(&lab->config, "student.init"), "teacher");
    if (copies && lab->teacher.mixture)
        return lab_bad(lab, "student.init",
                       "the exact teacher has no weights to copy; use pretrain or random", error);
    configured_spec(lab, &spec);
    if (copies || (lab->teacher.weights && !strcmp(config_text(&lab->config, "net.kind"), "auto")))
        spec = lab->teacher.spec;
    spec.told = lab->method->told ? lab->method->told(config) : 0;
    Error inner;
    Status status = net_spec_complete(&spec, &inner);
    if (status)
        return lab_bad(lab, "net.kind", inner.text, error);
    status = check_size(lab, &spec, error);
    if (status)
        return status;
    model_init(&lab->student, &spec, lab->seed, lab->keep);
    lab->gradient = arena_floats(lab->keep, lab->student.size);
    if (copies) {
        net_adopt(&spec, lab->student.weights, &lab->teacher.spec, lab->teacher.weights);
        memcpy(lab->student.ema, lab->student.weights, lab->student.size * sizeof(float));
    }
    return STATUS_OK;
}

static void read_source(const Lab *lab, SourceSettings *set)
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
                            .gate = config_real(config, "source.gate"),
                            .importance = config_real(config, "source.importance"),
                            .mix = config_real(config, "source.mix"),
                            .expert = *config_text(config, "source.expert")};
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
    for (int i = 0; i < 5; i++)
        if (config_letter(config, "threshold.sites", SITE_LETTERS[i]))
            t->sites |= 1u << i;
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
    lab->steps = lab->round_steps = config_int(config, "run.steps");
    lab->round_first = 0;
    lab->budget = config_real(config, "run.budget_nfe");
}

void lab_configure(Lab *lab)
{
    read_optimizer(lab);
    read_threshold(lab);
    read_source(lab, &lab->source.set);
    if (lab->method->configure)
        lab->method->configure(lab);
}

Status lab_open(Lab *lab, const Config *config, Crew *crew, Arena *keep, Arena *step, Error *error)
{
    *lab = (Lab){.config = *config, .crew = crew, .keep = keep, .step = step};
    Status status = lab_config_check(config, error);
    if (status)
        return status;
    lab->method = method_find(config_text(config, "run.method"));
    lab->seed = (uint64_t)config_int(config, "run.seed");
    lab->batch = (int)config_int(config, "run.batch");
    lab->schedule = (Schedule)config_choice(config, "run.noise");
    status = open_data(lab, error);
    if (!status)
        status = open_teacher(lab, error);
    if (!status)
        status = open_student(lab, error);
    if (status)
        return status;
    lab->grid = lab->method->grid(config);
    if (lab->grid.points && lab->grid.points % lab->grid.steps)
        return lab_bad(lab, "student.steps",
                       "the method's training times must be a multiple of the student's steps",
                       error);
    SourceSettings set;
    read_source(lab, &set);
    Grid widest = lab->method->widest ? lab->method->widest(config) : lab->grid;
    status = lab_open_expert(lab, &widest, error);
    if (status)
        return status;
    source_open(&lab->source, &widest, &set, &lab->data, lab->schedule, lab->seed, keep);
    lab->source.shift_steps = lab->grid.steps;
    lab->state = arena_zero(keep, lab->method->state_size);
    status = lab->method->open ? lab->method->open(lab, error) : STATUS_OK;
    if (!status)
        lab_configure(lab);
    return status;
}

Lab lab_past(const Lab *lab, const Config *config, float *ema)
{
    Lab past = *lab;
    past.config = *config;
    past.student.ema = ema;
    read_threshold(&past);
    read_source(&past, &past.source.set);
    return past;
}

Policy lab_student(const Lab *lab, bool live, int steps)
{
    Denoiser student = {.spec = lab->student.spec,
                        .weights = live ? lab->student.weights : lab->student.ema,
                        .guidance = lab->has_teacher ? 1 : lab->teacher.guidance,
                        .schedule = lab->schedule};
    if (lab->method->tell)
        student.told =
            lab->method->tell(lab, lab->teacher.guidance, steps ? steps : lab->grid.steps);
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

int lab_label(const Lab *lab, Rng *rng)
{
    return lab->data.conditional ? (int)rng_below(rng, (uint32_t)lab->data.classes) : 0;
}

void lab_count_clipped(Lab *lab, Site site, const Clipped *clipped)
{
    int index = 0;
    while (1u << index != (unsigned)site)
        index++;
    clipped_add(&lab->clipped[index], clipped);
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

void walk_clipped(Walk *walk, const char *prefix, int steps, Clipped clipped[5])
{
    int64_t count[5 * CLIPPED_STEPS * 2];
    double overshoot[5 * CLIPPED_STEPS];
    char name[64];
    for (int k = 0; k < 5 * steps; k++) {
        const ClippedCount *at = &clipped[k / steps].step[k % steps];
        count[2 * k] = at->coordinates;
        count[2 * k + 1] = at->clipped;
        overshoot[k] = at->overshoot;
    }
    snprintf(name, sizeof name, "%s.count", prefix);
    walk_i64(walk, name, 10L * steps, count);
    snprintf(name, sizeof name, "%s.overshoot", prefix);
    walk_f64(walk, name, 5L * steps, overshoot);
    for (int k = 0; k < 5 * steps; k++)
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
