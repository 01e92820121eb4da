/* Owns the reading of studies. */
#include "engine/study/study_read.h"

#include "engine/base/number.h"
#include "engine/distill/params.h"
#include "engine/store/folder.h"
#include "engine/study/study_text.h"
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const ParamRow rows[] = {
    {"study", "title", PARAM_TEXT, "", 0, 0, "", "", "What the study asks.", APPLIES_FORK},
    {"study", "presets", PARAM_TEXT, NULL, 0, 0, "", "", "Presets, a table each, separated by commas.", APPLIES_FORK},
    {"study", "seeds", PARAM_TEXT, "1-5", 0, 0, "", "", "Seeds: 1-5 or 1,3,7.", APPLIES_FORK},
    {"study", "steps", PARAM_INT, "0", 0, 1e9, "", "steps", "Length of the runs; 0: as their presets say.", APPLIES_FORK},
    {"study", "budget_nfe", PARAM_TEXT, "0", 0, 0, "", "evaluations",
     "Network evaluations a run; the name of an arm: what that arm's run of the same preset and seed spent; 0: none.", APPLIES_FORK},
    {"study", "budget_cpu_s", PARAM_REAL, "0", 0, 1e7, "", "seconds",
     "CPU seconds of training a run, on this machine, turned into evaluations by a probe of each run before it begins; 0: none.", APPLIES_FORK},
    {"study", "metrics", PARAM_TEXT, NULL, 0, 0, "", "", "Columns, separated by commas.", APPLIES_FORK},
    {"study", "baseline", PARAM_TEXT, "", 0, 0, "", "", "The arm that differences are to; the first one when not set.", APPLIES_FORK},
    {"study", "frontier", PARAM_BOOL, "no", 0, 0, "", "", "Quality against diversity in 1, 2, 4 and 8 steps and over guidance too.", APPLIES_FORK},
};
/* clang-format on */

/* ---- Arms ---- */

static Status new_arm(Lines *lines, char *name)
{
    Study *study = lines->study;
    Error why;
    name = study_trim(name);
    if (study->arms == STUDY_ARMS)
        return lines_bad(lines, "too many arms at ", name);
    if (strlen(name) >= sizeof study->arm->name || folder_check_name(name, &why))
        return lines_bad(
            lines, "an arm's name has letters, digits, - _ . and at most 31 of them, not ", name);
    for (int i = 0; i < study->arms; i++)
        if (strcmp(study->arm[i].name, name) == 0)
            return lines_bad(lines, "this arm stands above already: ", name);
    StudyArm *arm = &study->arm[study->arms++];
    *arm = (StudyArm){.preset = "*", .expert = -1};
    strcpy(arm->name, name);
    return STATUS_OK;
}

static Status begin_arm(Lines *lines, const char *section, bool *taken)
{
    char name[64];
    *taken = strncmp(section, "arm ", 4) == 0;
    if (!*taken)
        return STATUS_OK;
    snprintf(name, sizeof name, "%.60s", section + 4);
    return new_arm(lines, name);
}

/* context: every parameter of a run, to check arms against. */
static Status arm_line(Lines *lines, char *key, char *value)
{
    StudyArm *arm = &lines->study->arm[lines->study->arms - 1];
    Error why;
    if (strcmp(key, "preset") == 0) {
        if (strlen(value) >= sizeof arm->preset || !*value)
            return lines_bad(lines, "a preset's name is missing, or too long: ", value);
        strcpy(arm->preset, value);
        return STATUS_OK;
    }
    if (strcmp(key, "expert") == 0) {
        snprintf(arm->expert_name, sizeof arm->expert_name, "%s", value);
        return STATUS_OK;
    }
    if (arm->sets == STUDY_SETS)
        return lines_bad(lines, "more parameters than an arm may set, at ", key);
    char *set = arm->set[arm->sets++];
    int n = snprintf(set, sizeof *arm->set, "%s=%s", key, value);
    if (n < 0 || (size_t)n >= sizeof *arm->set)
        return lines_bad(lines, "too long a value: ", key);
    if (config_set(lines->context, set, &why))
        return fail(lines->error, STATUS_BAD_INPUT, "%s:%d: [arm %s] %s", lines->study->file,
                    lines->line, arm->name, why.text);
    return STATUS_OK;
}

/* ---- The whole ---- */

/* Index of an arm by name, -1: none. */
static int find_arm(const Study *study, const char *name)
{
    for (int i = 0; i < study->arms; i++)
        if (strcmp(study->arm[i].name, name) == 0)
            return i;
    return -1;
}

static Status take_budget(Study *study, const Config *config, Error *error)
{
    const char *text = config_text(config, "study.budget_nfe");
    study->budget_arm = find_arm(study, text);
    bool number = number_real(text, &study->budget_nfe) && study->budget_nfe >= 0 &&
                  study->budget_nfe <= 1e18;
    if (study->budget_arm < 0 && !number)
        return study_bad_value(config, "study.budget_nfe",
                               "neither a number of evaluations nor one of the arms: ", text,
                               error);
    study->budget_cpu_s = config_real(config, "study.budget_cpu_s");
    if (study->budget_cpu_s > 0 && (study->budget_arm >= 0 || study->budget_nfe > 0))
        return study_bad_value(config, "study.budget_cpu_s",
                               "beside budget_nfe: only one of them holds", "", error);
    return STATUS_OK;
}

static Status take_experts(Study *study, Error *error)
{
    for (int i = 0; i < study->arms; i++) {
        StudyArm *arm = &study->arm[i];
        arm->expert = *arm->expert_name ? find_arm(study, arm->expert_name) : -1;
        bool bad = arm->expert == i || (arm->expert >= 0 && study->arm[arm->expert].expert_name[0]);
        if (*arm->expert_name && (arm->expert < 0 || bad))
            return fail(error, STATUS_BAD_INPUT,
                        "%s: [arm %s] expert = %s: name another arm that has no expert itself",
                        study->file, arm->name, arm->expert_name);
    }
    return STATUS_OK;
}

static Status take_presets(Study *study, const Config *config, Error *error)
{
    char bad[64];
    study->presets = study_split(config_text(config, "study.presets"), ',', STUDY_PRESETS,
                                 sizeof study->preset[0], study->preset[0], bad);
    if (study->presets < 0)
        return study_bad_value(config, "study.presets",
                               "presets are names between commas, each once, at most 16; not ", bad,
                               error);
    return study_take_lists(study, config, "study", error);
}

static Status take_study(Study *study, const Config *config, Error *error)
{
    Status status = config_check(config, error);
    if (!status)
        status = take_presets(study, config, error);
    if (!status && study->arms == 0)
        status = fail(error, STATUS_BAD_INPUT, "%s: no [arm NAME]: a study has at least one",
                      study->file);
    if (!status)
        status = take_experts(study, error);
    if (!status)
        status = take_budget(study, config, error);
    if (status)
        return status;
    const char *baseline = config_text(config, "study.baseline");
    study->baseline = *baseline ? find_arm(study, baseline) : 0;
    if (study->baseline < 0)
        return study_bad_value(config, "study.baseline", "none of the arms is called ", baseline,
                               error);
    study->steps = config_int(config, "study.steps");
    study->frontier = config_bool(config, "study.frontier");
    snprintf(study->title, sizeof study->title, "%s", config_text(config, "study.title"));
    return STATUS_OK;
}

/* ---- The file ---- */

Status study_read(Study *study, const char *path, Error *error)
{
    char *text;
    Config config, known;
    Status status = study_open(study, "studies", path, &text, error);
    if (status)
        return status;
    lab_config_init(&known);
    Lines lines = {
        .study = study, .begin = begin_arm, .take = arm_line, .context = &known, .error = error};
    status = lines_take(&lines, text);
    config_init(&config);
    config_add(&config, rows, (int)(sizeof rows / sizeof *rows));
    if (!status)
        status = config_read_text(&config, study->file, text, error);
    free(text);
    if (!status)
        status = take_study(study, &config, error);
    return status ? status : study_check_cells(study, error);
}
