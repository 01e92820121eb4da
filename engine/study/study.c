/* Owns the cells of a study: their names and configurations. */
#include "engine/study/study.h"

#include "engine/distill/params.h"
#include "engine/study/cell.h"
#include <stdlib.h>
#include <string.h>

bool study_waits(const Study *study, int arm, int other)
{
    bool budget = other == study->budget_arm && arm != other;
    return budget || (other == study->arm[arm].expert && other >= 0);
}

/* Of a group of seeds the arm has no name; a sweep has one preset. */
int study_put_name(const Study *study, int preset, int arm, int seed, char *out, size_t size)
{
    bool of_preset = study->arm[arm].name[0] && !study->sweep;
    return snprintf(out, size, "%s%s%s%s%s-s%ld", study->name, of_preset ? "-" : "",
                    of_preset ? study->preset[preset] : "", study->arm[arm].name[0] ? "-" : "",
                    study->arm[arm].name, study->seed[seed]);
}

void study_run_name(const Study *study, int preset, int arm, int seed, char name[NAME_SIZE])
{
    int n = study_put_name(study, preset, arm, seed, name, NAME_SIZE);
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

/* Every run is judged where it may be stopped, and its schedules go by its whole length. */
static Status set_rungs(const Study *study, Config *config, Error *error)
{
    char text[PARAM_TEXT_SIZE] = "run.eval_at=";
    long last = study->rung[study->rungs - 1], steps = config_int(config, "run.steps");
    for (int i = 0; i < study->rungs; i++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%ld", i ? "," : "", study->rung[i]);
    }
    if (last >= steps)
        return fail(error, STATUS_BAD_INPUT, "the rung at step %ld is not before its end, step %ld",
                    last, steps);
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
    if (!status && study->rungs > 0)
        status = set_rungs(study, config, error);
    if (!status && needs->expert)
        status = set_expert(config, needs->expert, error);
    if (!status)
        status = set_number(config, "run.seed", (double)study->seed[seed], error);
    return status ? status : lab_config_check(config, error);
}

static Status check_name(const Study *study, int preset, int arm, Error *error)
{
    char name[2 * STUDY_NAME_SIZE];
    int n = study_put_name(study, preset, arm, study->seeds - 1, name, sizeof name);
    if (n < NAME_SIZE - 8)
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT,
                "%s: \"%s\" is too long for a run's name (%d of %d characters): shorten "
                "the file's name or the arm's",
                study->file, name, n, NAME_SIZE - 9);
}

/* Is a column of the shift asked for that no student of the preset has? */
static Status check_steps(const Study *study, int preset, int steps, Error *error)
{
    for (int i = 0; i < study->metrics; i++)
        if (cell_name_step(study->metric[i]) > steps)
            return fail(error, STATUS_BAD_INPUT,
                        "%s: %s: its students take %d sampling step%s, there is no %s", study->file,
                        study->preset[preset], steps, steps == 1 ? "" : "s", study->metric[i]);
    return STATUS_OK;
}

static Status check_preset(const Study *study, int preset, Error *error)
{
    Error why;
    int steps = 0;
    Status status = STATUS_OK;
    for (int arm = 0; arm < study->arms && !status; arm++) {
        Config config;
        if (study_config(study, preset, arm, 0, &(CellNeeds){1e6, NULL}, &config, &why))
            return fail(error, STATUS_BAD_INPUT, "%s: %s, arm %s: %.300s", study->file,
                        study->preset[preset], study->arm[arm].name, why.text);
        int own = (int)config_int(&config, "student.steps");
        steps = own > steps ? own : steps;
        status = check_name(study, preset, arm, error);
    }
    return status ? status : check_steps(study, preset, steps, error);
}

Status study_check_cells(const Study *study, Error *error)
{
    Status status = STATUS_OK;
    for (int preset = 0; preset < study->presets && !status; preset++)
        status = check_preset(study, preset, error);
    return status;
}
