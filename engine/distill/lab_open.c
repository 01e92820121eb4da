/* Building a lab from a configuration: data, teacher, student, source. What does not fit is refused
 * by the parameter that named it. */
#include "engine/distill/lab_open.h"
#include "engine/base/file.h"
#include "engine/data/dataset_open.h"
#include "engine/distill/load.h"
#include "engine/distill/methods.h"
#include "engine/distill/params.h"
#include "engine/nets/net_kinds.h"
#include <stdio.h>
#include <string.h>

Status lab_open_data(const Config *config, uint64_t seed, Dataset *data, Arena *keep, Error *error)
{
    static const int sides[] = {0, 16, 28, 32, 48, 64}, channels[] = {0, 1, 3};
    int kept[DATASET_CLASSES_MAX];
    int n_keep = config_list(config, "data.keep", kept, DATASET_CLASSES_MAX);
    char labels[PATH_SIZE] = "";
    if (*config_text(config, "data.labels"))
        lab_find_asset(config_text(config, "data.labels"), labels);
    DatasetOptions options = {
        .name = config_text(config, "data.name"),
        .files = {.path = config_text(config, "data.path"),
                  .labels = labels,
                  .drawn = config_text(config, "data.drawn"),
                  .kernel = config_real(config, "data.kernel"),
                  .size = sides[config_choice(config, "data.size")],
                  .channels = channels[config_choice(config, "data.channels")],
                  .sparing = ranks_launch().size > 1}, /* the system's cache holds one for all */
        .conditional = config_choice(config, "data.conditional") - 1,
        .keep = kept,
        .n_keep = n_keep,
        .limit = (int)config_int(config, "data.limit"),
        .seed = seed};
    Error inner;
    Status status = dataset_open(data, &options, keep, &inner);
    if (!status)
        return status;
    char where[300], name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(inner.text, ": "),
             inner.text); /* "data.keep: ..." */
    const char *at = config_find(config, name) >= 0 ? name : "data.name", *what = inner.text;
    config_where(config, at, where, sizeof where);
    if (at == name && what[strlen(name)] == ':' && strstr(where, name))
        what += strlen(name) + 2; /* said already */
    return fail(error, status, "%s: %s", where, what);
}

/* Where there are no classes there is nothing to guide by, whatever a preset for any data says. */
static void drop_guidance(Config *config)
{
    if (config_real(config, "teacher.guidance") != 1)
        must(!config_set(config, "teacher.guidance=1", NULL));
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
    int kind = config_choice(config, "net.kind"); /* 0: auto */
    const NetKind *usual = dataset_is_points(&lab->data) ? &net_mlp : &net_patch_unet;
    *spec = (NetSpec){.kind = kind ? net_kinds[kind - 1] : usual};
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
    double weights = (double)net_size(spec),
           blocks = 12.0 + crew_dealt(lab->crew, crew_chunks(lab->batch, spec->chunk));
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
    spec.conditioning = lab->method->conditioning ? lab->method->conditioning(config) : 0;
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

Status lab_open(Lab *lab, const Config *config, Crew *crew, Arena *keep, Arena *step, Error *error)
{
    memset(lab, 0, sizeof *lab);
    lab->config = *config;
    lab->crew = crew;
    lab->keep = keep;
    lab->step = step;
    Status status = lab_config_check(config, error);
    if (status)
        return status;
    lab->method = method_find(config_text(config, "run.method"));
    lab->seed = (uint64_t)config_int(config, "run.seed");
    lab->batch = (int)config_int(config, "run.batch");
    lab->schedule = (Schedule)config_choice(config, "run.noise");
    status = lab_open_data(config, lab->seed, &lab->data, keep, error);
    if (!status && lab->data.classes < 2)
        drop_guidance(&lab->config);
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
    lab_read_source(lab, &set);
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
