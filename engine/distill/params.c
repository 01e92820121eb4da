/* The parameter rows every run shares, the presets' whereabouts, and checks that go over several
 * rows. */
#include "engine/distill/params.h"
#include "engine/base/file.h"
#include "engine/data/dataset_open.h"
#include "engine/diffusion/schedule.h"
#include "engine/diffusion/step.h"
#include "engine/diffusion/threshold.h"
#include "engine/distill/lab.h"
#include "engine/distill/methods.h"
#include "engine/distill/source.h"
#include <string.h>
#include <unistd.h>

#define STEP             APPLIES_NEXT_STEP
#define FORK             APPLIES_FORK
#define NET_CHOICE(name) "|" #name

/* clang-format off */
static const ParamRow shared_rows[] = {
    {"run", "method", PARAM_TEXT, NULL, 0, 0, "", "", "The training rule.", FORK},
    {"run", "steps", PARAM_INT, "1500", 1, 1e8, "", "steps", "Optimiser steps in all. A longer run goes back in its schedules: see schedule_steps.", STEP},
    {"run", "schedule_steps", PARAM_INT, "0", 0, 1e8, "", "steps",
     "What decay, rounds, warm-up and noise levels go by; past it they stay at their end. 0: run.steps.", STEP},
    {"run", "seed", PARAM_INT, "1", 0, 9e15, "", "", "Every random stream follows from it.", FORK},
    {"run", "batch", PARAM_INT, "256", 1, 8192, "", "samples", "Samples an optimiser step.", FORK},
    {"run", "noise", PARAM_CHOICE, "cosine", 0, 0, SCHEDULE_CHOICES, "", "The noise schedule.", FORK},
    {"run", "log_every", PARAM_INT, "5", 1, 1e6, "", "steps", "A row of metrics.csv every so often.", STEP},
    {"run", "checkpoint_every", PARAM_INT, "500", 0, 1e8, "", "steps",
     "A checkpoint every so often; 0: only at the start and the end.", STEP},
    {"run", "eval_every", PARAM_INT, "0", 0, 1e8, "", "steps",
     "Samples are judged every so often; 0: only at the end.", STEP},
    {"run", "eval_at", PARAM_LIST, "", 1, 1e8, "", "steps",
     "Further steps at which shift is measured, samples are judged and a checkpoint is written: a sweep's rungs.", STEP},
    {"run", "eval_samples", PARAM_INT, "0", 0, 1e6, "", "samples",
     "Samples judged; 0: 4000 points or 500 pictures.", STEP},
    {"run", "budget_nfe", PARAM_REAL, "0", 0, 1e18, "", "evaluations",
     "Stop when training has cost so many network evaluations; 0: no budget.", STEP},
    {"run", "keep_checkpoints", PARAM_INT, "0", 0, 1e6, "", "checkpoints",
     "The newest checkpoints that are kept; 0: all of them.", STEP},
    {"run", "reduce", PARAM_CHOICE, "ordered", 0, 0, "ordered|fast", "",
     "How ranks add up gradients; ordered: to the bits of one process; fast: as MPI likes, other last digits.", STEP},
    {"run", "export", PARAM_TEXT, "", 0, 0, "", "",
     "The student's averaged weights go to this file when the run is done: the next run's teacher.file.", STEP},

    {"data", "name", PARAM_TEXT, NULL, 0, 0, "", "", "The data set.", FORK},
    {"data", "path", PARAM_TEXT, "", 0, 0, "", "", "Its file, or the folder of its files; empty: where the package puts them.", FORK},
    {"data", "labels", PARAM_TEXT, "", 0, 0, "", "", "File of labels, where the data have them apart.", FORK},
    {"data", "drawn", PARAM_TEXT, "", 0, 0, "", "",
     "The density of data.name = drawn: rows from the top, '/' between them, a digit a cell. :draw makes it.", FORK},
    {"data", "kernel", PARAM_REAL, "0", 0, 1e9, "the points' unit", "",
     "Deviation of the kernel round each point of one's own; 0: half of the median distance to the fifth neighbour.", FORK},
    {"data", "size", PARAM_CHOICE, "auto", 0, 0, "auto|16|28|32|48|64", "pixels",
     "Pictures become squares with sides of so many: the middle, averaged; auto: 32 for a folder, else as they are.", FORK},
    {"data", "channels", PARAM_CHOICE, "auto", 0, 0, "auto|1|3", "",
     "1: grey, 3: red, green and blue; auto: as the pictures are.", FORK},
    {"data", "conditional", PARAM_CHOICE, "auto", 0, 0, "auto|no|yes", "",
     "Tell networks the class; auto: as is usual for the data set.", FORK},
    {"data", "keep", PARAM_LIST, "", 0, 255, "", "",
     "Classes or modes the distiller may see; empty: all. Never changes teacher or judge.", FORK},
    {"data", "limit", PARAM_INT, "0", 0, 1e7, "", "samples", "Samples the distiller may see; 0: all.", FORK},

    {"net", "kind", PARAM_CHOICE, "auto", 0, 0, "auto" NET_DENOISERS(NET_CHOICE), "",
     "The student's network; auto: the teacher file's, else mlp for points, patch_unet for pictures.", FORK},
    {"net", "width", PARAM_INT, "0", 0, 4096, "", "", "Width of a layer, or of the fine level; 0: usual.", FORK},
    {"net", "depth", PARAM_INT, "0", 0, 64, "", "", "Hidden layers, or fine blocks a side; 0: usual.", FORK},
    {"net", "coarse_width", PARAM_INT, "0", 0, 4096, "", "", "Width of the coarse level; 0: usual.", FORK},
    {"net", "coarse_depth", PARAM_INT, "0", 0, 64, "", "", "Blocks with attention; 0: usual.", FORK},
    {"net", "embed", PARAM_INT, "0", 0, 4096, "", "", "Width of the time and class embedding; 0: usual.", FORK},
    {"net", "features", PARAM_INT, "0", 0, 1024, "", "", "Sinusoids of time; 0: usual.", FORK},
    {"net", "time_scale", PARAM_REAL, "0", 0, 1e5, "", "", "Fastest angular frequency of time; 0: usual.", FORK},
    {"net", "time_range", PARAM_REAL, "0", 0, 1e6, "", "", "Fastest over slowest frequency; 0: usual.", FORK},

    {"teacher", "kind", PARAM_CHOICE, "exact", 0, 0, "exact|file", "",
     "exact: the closed form of the data's law; file: a trained network.", FORK},
    {"teacher", "file", PARAM_TEXT, "", 0, 0, "", "", "Weights (safetensors), for kind = file.", FORK},
    {"teacher", "guidance", PARAM_REAL, "1", 0, 20, "", "",
     "s: x_none + s (x_class - x_none); 1, as of data without classes, is no guidance (the w form is w = s - 1).", FORK},

    {"student", "steps", PARAM_INT, "4", 1, 64, "", "steps", "N: sampling steps of the student.", FORK},
    {"student", "init", PARAM_CHOICE, "teacher", 0, 0, "teacher|pretrain|random", "",
     "teacher: its weights; pretrain: regression to the teacher on the kept data; random.", FORK},
    {"student", "pretrain_steps", PARAM_INT, "2000", 0, 1e7, "", "steps", "Regression steps.", FORK},
    {"student", "pretrain_lr", PARAM_REAL, "1e-3", 0, 1, "", "", "Their learning rate, falling to 0.", FORK},

    {"optimizer", "lr", PARAM_REAL, "1e-3", 0, 1, "", "", "Learning rate.", STEP},
    {"optimizer", "decay", PARAM_CHOICE, "linear", 0, 0, DECAY_CHOICES, "",
     "How the rate falls to 0 over the run.", STEP},
    {"optimizer", "warmup", PARAM_INT, "0", 0, 1e6, "", "steps", "Steps over which the rate rises.", STEP},
    {"optimizer", "beta1", PARAM_REAL, "0.9", 0, 0.9999, "", "", "Adam's first decay.", STEP},
    {"optimizer", "beta2", PARAM_REAL, "0.999", 0, 0.99999, "", "", "Adam's second decay.", STEP},
    {"optimizer", "weight_decay", PARAM_REAL, "0", 0, 1, "", "", "Decoupled (AdamW).", STEP},
    {"optimizer", "clip", PARAM_REAL, "1", 0, 1e6, "", "", "Largest gradient norm; 0: no clipping.", STEP},
    {"optimizer", "ema", PARAM_REAL, "0.98", 0, 0.99999, "", "",
     "Decay of the averaged weights that are sampled and measured.", STEP},

    {"source", "beta_data", PARAM_REAL, "1", 0, 1e6, "", "",
     "Prior of forward-diffused data. The three priors are normalised.", STEP},
    {"source", "beta_teacher", PARAM_REAL, "0", 0, 1e6, "", "",
     "Prior of the teacher's backward trajectories.", STEP},
    {"source", "beta_student", PARAM_REAL, "0", 0, 1e6, "", "",
     "Prior of the student's own backward trajectories.", STEP},
    {"source", "schedule", PARAM_CHOICE, "constant", 0, 0, PRIOR_CHOICES, "",
     "How the priors move while training.", STEP},
    {"source", "warmup", PARAM_REAL, "0.1", 0, 1, "", "of the run", "Data only at first.", STEP},
    {"source", "beta_floor", PARAM_REAL, "0.2", 0, 1, "", "",
     "Least share of data that a moving schedule leaves.", STEP},
    {"source", "capacity", PARAM_INT, "512", 1, 1e6, "", "roll-outs", "Size of the student's replay ring.", FORK},
    {"source", "teacher_capacity", PARAM_INT, "1024", 1, 1e6, "", "roll-outs",
     "Size of the teacher's ring; its states never go stale.", FORK},
    {"source", "max_age", PARAM_INT, "500", 1, 1e9, "", "steps", "Older student states are not drawn.", STEP},
    {"source", "refresh", PARAM_REAL, "0", 0, 1e5, "", "roll-outs",
     "Student roll-outs renewed a step; 0: as many as are drawn anew, batch * beta_student / N.", STEP},
    {"source", "refresh_every", PARAM_INT, "4", 1, 1e6, "", "steps", "They come in blocks this often.", STEP},
    {"source", "teacher_substeps", PARAM_INT, "8", 1, 1000, "", "",
     "Teacher steps a student step, in roll-outs.", FORK},
    {"source", "path_labels", PARAM_BOOL, "no", 0, 0, "", "",
     "pd, lcm: the next state of a teacher's roll-out is the label of the one before: no evaluation is spent on it.", FORK},
    {"source", "teacher_solver", PARAM_CHOICE, "ddim", 0, 0, "ddim|dpmpp", "",
     "How the teacher steps in roll-outs; dpmpp: DPM-Solver++(2M), second order.", FORK},
    {"source", "expert", PARAM_TEXT, "", 0, 0, "", "",
     "Exported weights of a few-step student: the teacher's roll-outs are then its; labels stay the teacher's.", FORK},
    {"source", "expert_steps", PARAM_INT, "0", 0, 4096, "", "steps",
     "The expert's own sampling steps, a multiple of student.steps; 0: as its file says.", FORK},
    {"source", "gate", PARAM_REAL, "0", 0, 0.95, "", "",
     "SafeDAgger: student roll-outs below this quantile of disagreement with the label are dropped; 0: none.", STEP},
    {"source", "importance", PARAM_REAL, "0", 0, 1, "", "",
     "Share of samples whose sampling step is drawn in proportion to the shift measured there.", STEP},
    {"source", "mix", PARAM_REAL, "0", 0, 1, "", "",
     "Mixed roll-in: chance that a step of a student roll-out is the teacher's.", STEP},

    {"threshold", "kind", PARAM_CHOICE, "none", 0, 0, THRESHOLD_CHOICES, "",
     "What is done to x0 estimates that leave the box.", STEP},
    {"threshold", "low", PARAM_REAL, "0", -1e6, 1e6, "", "", "The box; low = high: the data set's own.", STEP},
    {"threshold", "high", PARAM_REAL, "0", -1e6, 1e6, "", "", "The box; low = high: the data set's own.", STEP},
    {"threshold", "quantile", PARAM_REAL, "0.995", 0.5, 1, "", "", "For kind = dynamic.", STEP},
    {"threshold", "sites", PARAM_LETTERS, "TRS", 0, 0, SITE_LETTERS, "",
     "Where: T target, R teacher roll-outs, S student sampling, L student's loss, C critic.", STEP},

    {"shift", "samples", PARAM_INT, "256", 8, 4096, "", "roll-outs", "Roll-outs a measurement.", FORK},
    {"shift", "every", PARAM_INT, "0", 0, 1e8, "", "steps",
     "Measured every so often; 0: near 2.5 % of the network evaluations.", STEP},
};
/* clang-format on */

void lab_config_init(Config *config)
{
    config_init(config);
    config_add(config, shared_rows, (int)(sizeof shared_rows / sizeof *shared_rows));
    for (int i = 0; i < method_count; i++)
        config_add(config, methods[i]->params, methods[i]->n_params);
}

const ParamRow *lab_param_row(int index, const char **method)
{
    int n = (int)(sizeof shared_rows / sizeof *shared_rows);
    *method = "";
    if (index >= 0 && index < n)
        return &shared_rows[index];
    index -= n;
    for (int i = 0; i < method_count && index >= 0; index -= methods[i++]->n_params) {
        *method = methods[i]->name;
        if (index < methods[i]->n_params)
            return &methods[i]->params[index];
    }
    return NULL;
}

/* The folder of the running program, "" when unknown. */
static void program_folder(char path[1024])
{
    ssize_t n = readlink("/proc/self/exe", path, 1023);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = 0;
}

bool lab_data_folder(int index, const char *kind, char path[1024])
{
    char program[1024];
    switch (index) {
    case 0: snprintf(path, 1024, "%s", kind); return true;
    case 1:
        program_folder(program);
        snprintf(path, 1024, "%.900s/%s", program, kind);
        return true;
    case 2: /* an object-folder variant: build/VARIANT/ddil */
        program_folder(program);
        snprintf(path, 1024, "%.900s/../../%s", program, kind);
        return true;
    case 3: /* installed: PREFIX/bin/ddil beside PREFIX/share/ddil */
        program_folder(program);
        snprintf(path, 1024, "%.900s/../share/ddil/%s", program, kind);
        return true;
    case 4: snprintf(path, 1024, "%s/%s", DDIL_DATA, kind); return true;
    default: return false;
    }
}

void lab_find_asset(const char *name, char path[1024])
{
    snprintf(path, PATH_SIZE, "%s", name);
    char folder[1024];
    for (int i = 0; !file_exists(path) && lab_data_folder(i, "assets", folder); i++)
        snprintf(path, PATH_SIZE, "%.700s/%.300s", folder, name);
    if (!file_exists(path))
        snprintf(path, PATH_SIZE, "%s", name);
}

bool lab_find_preset(const char *preset, char path[1024])
{
    if (strchr(preset, '/') || strstr(preset, ".ini")) {
        snprintf(path, 1024, "%s", preset);
        return file_exists(path);
    }
    char folder[1024];
    for (int i = 0; lab_data_folder(i, "presets", folder); i++) {
        snprintf(path, 1024, "%.800s/%.200s.ini", folder, preset);
        if (file_exists(path))
            return true;
    }
    return false;
}

Status lab_config_preset(Config *config, const char *preset, Error *error)
{
    char path[1024];
    if (!lab_find_preset(preset, path))
        return fail(
            error, STATUS_BAD_INPUT,
            "preset '%s': no such preset; `ddil presets` lists them, or give the path of an "
            ".ini file",
            preset);
    return config_read_file(config, path, error);
}

static Status bad(const Config *config, const char *name, const char *what, Error *error)
{
    char where[300];
    return fail(error, STATUS_BAD_INPUT, "%s: %s = %s: %s",
                config_where(config, name, where, sizeof where), name,
                config_value(config, config_find(config, name)), what);
}

static Status check_method(const Config *config, Error *error)
{
    if (method_find(config_text(config, "run.method")))
        return STATUS_OK;
    char list[200] = "use one of";
    for (int i = 0; i < method_count; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s %s", i ? "," : "",
                 methods[i]->name);
    return bad(config, "run.method", list, error);
}

static Status check_data(const Config *config, Error *error)
{
    const char *name = config_text(config, "data.name");
    char list[200] = "use one of";
    for (int i = 0; i < dataset_kind_count; i++) {
        if (!strcmp(name, dataset_kinds[i]->name))
            return STATUS_OK;
        snprintf(list + strlen(list), sizeof list - strlen(list), "%s %s", i ? "," : "",
                 dataset_kinds[i]->name);
    }
    return bad(config, "data.name", list, error);
}

static Status check_rest(const Config *config, Error *error)
{
    double sum = config_real(config, "source.beta_data") +
                 config_real(config, "source.beta_teacher") +
                 config_real(config, "source.beta_student");
    if (sum <= 0)
        return bad(config, "source.beta_data",
                   "the three priors are all zero; give at least one a share", error);
    long judged = config_int(config, "run.eval_samples");
    if (judged > 0 && judged < 20)
        return bad(config, "run.eval_samples",
                   "too few to put an interval on; 0 (usual) or at least 20", error);
    if (config_real(config, "threshold.low") > config_real(config, "threshold.high"))
        return bad(config, "threshold.low", "must not be above threshold.high", error);
    if (!strcmp(config_text(config, "teacher.kind"), "file") &&
        !*config_text(config, "teacher.file") &&
        method_find(config_text(config, "run.method"))->needs_teacher)
        return bad(config, "teacher.file", "teacher.kind = file needs a safetensors file here",
                   error);
    return STATUS_OK;
}

Status lab_config_check(const Config *config, Error *error)
{
    Status status = config_check(config, error);
    if (!status)
        status = check_method(config, error);
    if (!status)
        status = check_data(config, error);
    return status ? status : check_rest(config, error);
}

const char *lab_class_name(const char *data, int label)
{
    for (int i = 0; i < dataset_kind_count; i++) {
        const DatasetKind *kind = dataset_kinds[i];
        if (!strcmp(kind->name, data))
            return label >= 0 && label < kind->named ? kind->class_name[label] : NULL;
    }
    return NULL;
}
