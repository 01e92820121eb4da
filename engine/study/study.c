/* Owns the reading of studies. [study] is read as any configuration, so that types, ranges, unknown
 * keys and their lines are param_read.c's; the lines of arms are blanked for it and read here. */
#include "engine/study/study.h"
#include "engine/base/seeds.h"

#include "engine/base/file.h"
#include "engine/base/number.h"
#include "engine/distill/params.h"
#include "engine/store/folder.h"
#include "engine/study/cell.h"
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 18 };

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
};
/* clang-format on */

/* ---- Lists ---- */

static char *trimmed(char *text)
{
    text += strspn(text, " \t\r");
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\r", text[n - 1]))
        text[--n] = 0;
    return text;
}

/* Words between commas into rows of `size` characters; -1 and `bad` when there are too many, or one
 * is too long or stands twice. */
static int split(const char *text, int most, size_t size, char *out, char bad[64])
{
    char copy[PARAM_TEXT_SIZE], *rest = copy;
    int n = 0;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word; (word = strsep(&rest, ","));) {
        word = trimmed(word);
        snprintf(bad, 64, "%.60s", word);
        for (int i = 0; i < n; i++)
            if (strcmp(out + (size_t)i * size, word) == 0)
                return -1;
        if (n == most || !*word || strlen(word) >= size)
            return -1;
        strcpy(out + (size_t)n++ * size, word);
    }
    return n;
}

/* ---- Arms ---- */

typedef struct Reading {
    Study *study;
    Config known; /* every parameter of a run, to check arms against */
    int line;
    bool in_arm;
    Error *error;
} Reading;

static Status bad_line(const Reading *reading, const char *what, const char *text)
{
    return fail(reading->error, STATUS_BAD_INPUT, "%s:%d: %s%.80s", reading->study->file,
                reading->line, what, text);
}

static Status new_arm(Reading *reading, char *name)
{
    Study *study = reading->study;
    Error why;
    name = trimmed(name);
    if (study->arms == STUDY_ARMS)
        return bad_line(reading, "too many arms at ", name);
    if (strlen(name) >= sizeof study->arm->name || folder_check_name(name, &why))
        return bad_line(
            reading, "an arm's name has letters, digits, - _ . and at most 31 of them, not ", name);
    for (int i = 0; i < study->arms; i++)
        if (strcmp(study->arm[i].name, name) == 0)
            return bad_line(reading, "this arm stands above already: ", name);
    StudyArm *arm = &study->arm[study->arms++];
    *arm = (StudyArm){.preset = "*", .expert = -1};
    strcpy(arm->name, name);
    return STATUS_OK;
}

static Status arm_line(Reading *reading, char *text)
{
    StudyArm *arm = &reading->study->arm[reading->study->arms - 1];
    char *equals = strchr(text, '='), *value = equals ? trimmed(equals + 1) : NULL;
    Error why;
    if (!equals)
        return bad_line(reading, "expected section.key = value, not ", text);
    *equals = 0;
    text = trimmed(text);
    if (strcmp(text, "preset") == 0) {
        if (strlen(value) >= sizeof arm->preset || !*value)
            return bad_line(reading, "a preset's name is missing, or too long: ", value);
        strcpy(arm->preset, value);
        return STATUS_OK;
    }
    if (strcmp(text, "expert") == 0) {
        snprintf(arm->expert_name, sizeof arm->expert_name, "%s", value);
        return STATUS_OK;
    }
    if (arm->sets == STUDY_SETS)
        return bad_line(reading, "more parameters than an arm may set, at ", text);
    char *set = arm->set[arm->sets++];
    int n = snprintf(set, sizeof *arm->set, "%s=%s", text, value);
    if (n < 0 || (size_t)n >= sizeof *arm->set)
        return bad_line(reading, "too long a value: ", text);
    if (config_set(&reading->known, set, &why))
        return fail(reading->error, STATUS_BAD_INPUT, "%s:%d: [arm %s] %s", reading->study->file,
                    reading->line, arm->name, why.text);
    return STATUS_OK;
}

/* A line of an arm is done here and blanked; others are left for [study]. */
static Status take_line(Reading *reading, char *line)
{
    char copy[512];
    Status status = STATUS_OK;
    snprintf(copy, sizeof copy, "%s", line);
    char *text = trimmed(copy), *end = strchr(text, ']');
    if (text[0] == '[') {
        reading->in_arm = strncmp(text, "[arm ", 5) == 0;
        if (reading->in_arm && end) {
            *end = 0;
            status = new_arm(reading, text + 5);
        }
    } else if (reading->in_arm && text[0] && text[0] != '#' && text[0] != ';') {
        status = arm_line(reading, text);
    }
    if (reading->in_arm)
        memset(line, ' ', strlen(line));
    return status;
}

static Status take_arms(Reading *reading, char *text)
{
    Status status = STATUS_OK;
    for (char *line = text, *end; *line && !status; line = end) {
        end = line + strcspn(line, "\n");
        char ended = *end;
        *end = 0;
        reading->line++;
        status = take_line(reading, line);
        *end = ended;
        end += ended == '\n';
    }
    return status;
}

/* ---- The whole ---- */

static Status bad_value(const Config *config, const char *key, const char *what, const char *text,
                        Error *error)
{
    char where[300];
    config_where(config, key, where, sizeof where);
    return fail(error, STATUS_BAD_INPUT, "%s: %s%.200s", where, what, text);
}

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
        return bad_value(config, "study.budget_nfe",
                         "neither a number of evaluations nor one of the arms: ", text, error);
    study->budget_cpu_s = config_real(config, "study.budget_cpu_s");
    if (study->budget_cpu_s > 0 && (study->budget_arm >= 0 || study->budget_nfe > 0))
        return bad_value(config, "study.budget_cpu_s", "beside budget_nfe: only one of them holds",
                         "", error);
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

static Status take_lists(Study *study, const Config *config, Error *error)
{
    char bad[64];
    study->presets = split(config_text(config, "study.presets"), STUDY_PRESETS,
                           sizeof study->preset[0], study->preset[0], bad);
    if (study->presets < 0)
        return bad_value(config, "study.presets",
                         "presets are names between commas, each once, at most 16; not ", bad,
                         error);
    study->metrics = split(config_text(config, "study.metrics"), STUDY_METRICS,
                           sizeof study->metric[0], study->metric[0], bad);
    if (study->metrics < 0)
        return bad_value(config, "study.metrics",
                         "metrics are names between commas, each once, at most 24; not ", bad,
                         error);
    Error why;
    if (seeds_read(config_text(config, "study.seeds"), STUDY_SEEDS, study->seed, &study->seeds,
                   &why))
        return bad_value(config, "study.seeds", "", why.text, error);
    return STATUS_OK;
}

static Status take_study(Study *study, const Config *config, Error *error)
{
    Status status = config_check(config, error);
    if (!status)
        status = take_lists(study, config, error);
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
        return bad_value(config, "study.baseline", "none of the arms is called ", baseline, error);
    study->steps = config_int(config, "study.steps");
    snprintf(study->title, sizeof study->title, "%s", config_text(config, "study.title"));
    for (int i = 0; i < study->metrics; i++)
        if (!cell_name_known(study->metric[i]))
            return bad_value(config, "study.metrics",
                             "no such metric (ratio.I, paired.I, shift, sw2, modes, frechet, "
                             "coverage, ...): ",
                             study->metric[i], error);
    return STATUS_OK;
}

/* Could each cell be run? */
static Status check_cells(const Study *study, Error *error)
{
    Error why;
    char name[256];
    for (int cell = 0; cell < study->presets * study->arms; cell++) {
        int preset = cell / study->arms, arm = cell % study->arms;
        Config config;
        if (study_config(study, preset, arm, 0, &(CellNeeds){1e6, NULL}, &config, &why))
            return fail(error, STATUS_BAD_INPUT, "%s: %s, arm %s: %.300s", study->file,
                        study->preset[preset], study->arm[arm].name, why.text);
        int n = snprintf(name, sizeof name, "%s-%s-%s-s%ld", study->name, study->preset[preset],
                         study->arm[arm].name, study->seed[study->seeds - 1]);
        if (n >= NAME_SIZE - 8)
            return fail(error, STATUS_BAD_INPUT,
                        "%s: \"%s\" is too long for a run's name (%d of %d characters): shorten "
                        "the file's name or the arm's",
                        study->file, name, n, NAME_SIZE - 9);
    }
    return STATUS_OK;
}

/* "paper-table": of the file. */
static void take_name(Study *study)
{
    const char *slash = strrchr(study->file, '/'), *base = slash ? slash + 1 : study->file;
    int n = (int)strcspn(base, ".");
    snprintf(study->name, sizeof study->name, "%.*s", n, base);
}

/* The file itself, or the one of that name that is shipped. */
static void find_file(Study *study, const char *path)
{
    char folder[1024], name[300];
    snprintf(study->file, sizeof study->file, "%s", path);
    snprintf(name, sizeof name, "studies/%.200s.ini", path);
    for (int i = 0; !file_exists(study->file) && lab_data_folder(i, "presets", folder); i++) {
        char found[PATH_SIZE];
        file_join(found, folder, name);
        if (file_exists(found) && strlen(found) < sizeof study->file)
            strcpy(study->file, found);
    }
}

Status study_read(Study *study, const char *path, Error *error)
{
    char *text;
    size_t size;
    Config config;
    memset(study, 0, sizeof *study);
    study->budget_arm = -1;
    find_file(study, path);
    take_name(study);
    Reading reading = {.study = study, .error = error};
    lab_config_init(&reading.known);
    Status status = folder_check_name(study->name, error);
    if (!status)
        status = file_read(study->file, FILE_LIMIT, &text, &size, error);
    if (status)
        return status;
    status = take_arms(&reading, text);
    config_init(&config);
    config_add(&config, rows, (int)(sizeof rows / sizeof *rows));
    if (!status)
        status = config_read_text(&config, study->file, text, error);
    free(text);
    if (!status)
        status = take_study(study, &config, error);
    return status ? status : check_cells(study, error);
}

/* ---- Cells ---- */

bool study_waits(const Study *study, int arm, int other)
{
    bool budget = other == study->budget_arm && arm != other;
    return budget || (other == study->arm[arm].expert && other >= 0);
}

/* Of a group of seeds the arm has no name. */
static int put_name(const Study *study, int preset, int arm, int seed, char *out, size_t size)
{
    if (!study->arm[arm].name[0])
        return snprintf(out, size, "%s-s%ld", study->name, study->seed[seed]);
    return snprintf(out, size, "%s-%s-%s-s%ld", study->name, study->preset[preset],
                    study->arm[arm].name, study->seed[seed]);
}

void study_run_name(const Study *study, int preset, int arm, int seed, char name[NAME_SIZE])
{
    int n = put_name(study, preset, arm, seed, name, NAME_SIZE);
    must(n > 0 && n < NAME_SIZE);
}

/* "*-ddil" of ring-pd is ring-pd-ddil. */
static void preset_of(const Study *study, int preset, int arm, char out[400])
{
    const char *pattern = study->arm[arm].preset, *star = strchr(pattern, '*');
    if (star)
        snprintf(out, 400, "%.*s%s%s", (int)(star - pattern), pattern, study->preset[preset],
                 star + 1);
    else
        snprintf(out, 400, "%s", pattern);
}

static Status set_number(Config *config, const char *key, double value, Error *error)
{
    char text[96];
    snprintf(text, sizeof text, "%s=%.17g", key, value);
    return config_set(config, text, error);
}

static Status set_expert(Config *config, const char *path, Error *error)
{
    char text[PATH_SIZE + 16];
    snprintf(text, sizeof text, "source.expert=%s", path);
    return config_set(config, text, error);
}

Status study_config(const Study *study, int preset, int arm, int seed, const CellNeeds *needs,
                    Config *config, Error *error)
{
    enum { STEPS_OF_A_BUDGET = 100000000 }; /* never the end of a run with a budget */
    char name[400];
    preset_of(study, preset, arm, name);
    lab_config_init(config);
    bool equal = study->budget_arm >= 0 && study_waits(study, arm, study->budget_arm);
    bool given = equal || study->budget_cpu_s > 0;
    double budget = given ? needs->nfe : study->budget_nfe;
    Status status = lab_config_preset(config, name, error);
    if (!status && study->steps)
        status = set_number(config, "run.steps", (double)study->steps, error);
    if (!status && budget > 0)
        status = set_number(config, "run.budget_nfe", budget, error);
    if (!status && budget > 0)
        status = set_number(config, "run.steps", STEPS_OF_A_BUDGET, error);
    for (int i = 0; i < study->arm[arm].sets && !status; i++)
        status = config_set(config, study->arm[arm].set[i], error);
    if (!status && needs->expert)
        status = set_expert(config, needs->expert, error);
    if (!status)
        status = set_number(config, "run.seed", (double)study->seed[seed], error);
    return status ? status : lab_config_check(config, error);
}
