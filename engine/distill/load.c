/* Networks from files: the teacher, and a few-step distilled model as the expert who rolls in.
 * Whatever does not fit the run is refused by the parameter that named it. */
#include "engine/distill/load.h"
#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/distill/methods.h"
#include "engine/distill/params.h"
#include "engine/distill/provenance.h"
#include "engine/nets/weights.h"
#include <stdlib.h>
#include <string.h>

/* Is it a denoiser of such samples? */
static Status check_spec(const Lab *lab, const char *param, const NetSpec *spec, Error *error)
{
    NetSpec wanted = {0};
    char text[240];
    lab_fit_spec(lab, &wanted);
    if (spec->conditioning)
        return lab_bad(lab, param,
                       "that network is a student conditioned on a guidance scale or a step length",
                       error);
    if (spec->kind->classifies)
        return lab_bad(lab, param, "that network names classes; a denoiser is needed", error);
    if (wanted.height != spec->height || wanted.width != spec->width ||
        wanted.channels != spec->channels) {
        snprintf(text, sizeof text,
                 "that network is for samples of %d x %d x %d, those of data.name = %s are %d x %d "
                 "x %d; name a file, or a data set, that fits",
                 spec->height, spec->width, spec->channels, config_text(&lab->config, "data.name"),
                 wanted.height, wanted.width, wanted.channels);
        return lab_bad(lab, param, text, error);
    }
    if (wanted.classes == spec->classes)
        return STATUS_OK;
    snprintf(
        text, sizeof text,
        "that network knows another number of classes, %d, than this run tells, %d (0: none); see "
        "data.conditional",
        spec->classes, wanted.classes);
    return lab_bad(lab, param, text, error);
}

Status lab_load_network(Lab *lab, const char *param, Denoiser *denoiser, Error *error)
{
    char path[PATH_SIZE];
    Error inner;
    lab_find_asset(config_text(&lab->config, param), path);
    NetSpec *spec = &denoiser->spec;
    if (!file_exists(path))
        return lab_bad(lab, param,
                       "there is no such file; a run with run.export (as folder-teacher) or `ddil "
                       "export RUN --weights FILE` writes one",
                       error);
    Status status = weights_spec(path, spec, &inner);
    if (status)
        return lab_bad(lab, param, inner.text, error);
    status = check_spec(lab, param, spec, error);
    if (!status)
        status = provenance_check(lab, param, path, error);
    if (status)
        return status;
    float *weights = arena_floats(lab->keep, net_size(spec));
    status = weights_load(path, spec, weights, &inner);
    denoiser->weights = weights;
    denoiser->schedule = lab->schedule;
    return status ? lab_bad(lab, param, inner.text, error) : STATUS_OK;
}

/* How the file's model samples: by the rule of the method that made it, in as many steps as it was
 * made for. */
static Status read_sampler(Lab *lab, Error *error)
{
    static const char param[] = "source.expert";
    char path[PATH_SIZE], method[40], steps[24];
    Error inner;
    lab_find_asset(config_text(&lab->config, param), path);
    Status status = weights_meta(path, "method", method, sizeof method, &inner);
    if (!status)
        status = weights_meta(path, "sampling_steps", steps, sizeof steps, &inner);
    if (status)
        return lab_bad(lab, param, inner.text, error);
    const Method *maker = method_find(method);
    if (!maker || !maker->needs_teacher)
        return lab_bad(lab, param,
                       "the file does not say which distiller made it; an expert is a student that "
                       "`ddil export RUN "
                       "--weights FILE.safetensors` wrote",
                       error);
    lab->expert.rule = maker->rule;
    lab->expert.steps = (int)config_int(&lab->config, "source.expert_steps");
    if (!lab->expert.steps && !number_int(steps, 1, 4096, &lab->expert.steps))
        return lab_bad(
            lab, param,
            "the file does not say in how many steps it samples; set source.expert_steps", error);
    return STATUS_OK;
}

Status lab_open_expert(Lab *lab, const Grid *widest, Error *error)
{
    char text[160];
    if (!*config_text(&lab->config, "source.expert") || !lab->method->uses_source)
        return STATUS_OK;
    Denoiser denoiser = {.guidance = 1};
    Status status = lab_load_network(lab, "source.expert", &denoiser, error);
    lab->expert = (Policy){.denoiser = denoiser, .site = SITE_R};
    if (!status)
        status = read_sampler(lab, error);
    if (status || lab->expert.steps % widest->steps == 0)
        return status;
    snprintf(text, sizeof text,
             "an expert of %d sampling steps does not stop at each of the student's %d; it needs "
             "as many, or a multiple",
             lab->expert.steps, widest->steps);
    return lab_bad(lab, "source.expert", text, error);
}
