/* Owns the reading of sweeps: the grid, the draws, and who stays at a rung. */
#include "engine/study/sweep.h"

#include "engine/base/number.h"
#include "engine/base/rng.h"
#include "engine/distill/params.h"
#include "engine/measure/eval.h"
#include "engine/study/study_text.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FORK APPLIES_FORK

/* clang-format off */
static const ParamRow rows[] = {
    {"sweep", "title", PARAM_TEXT, "", 0, 0, "", "", "What the sweep asks.", FORK},
    {"sweep", "preset", PARAM_TEXT, NULL, 0, 0, "", "", "The preset that is varied.", FORK},
    {"sweep", "search", PARAM_CHOICE, "grid", 0, 0, "grid|random", "", "Every combination, or draws.", FORK},
    {"sweep", "trials", PARAM_INT, "0", 0, STUDY_ARMS, "", "", "Draws of a random search.", FORK},
    {"sweep", "draw", PARAM_INT, "1", 0, 9e15, "", "", "Seed of the draws.", FORK},
    {"sweep", "seeds", PARAM_TEXT, "1", 0, 0, "", "", "Seeds of each trial: 1-5 or 1,3,7.", FORK},
    {"sweep", "steps", PARAM_INT, "0", 0, 1e8, "", "steps", "Length of the runs; 0: as the preset says.", FORK},
    {"sweep", "rungs", PARAM_LIST, "", 1, 1e8, "", "steps", "Steps at which only the best stay; empty: all run whole.", FORK},
    {"sweep", "keep", PARAM_INT, "3", 2, 100, "", "", "One trial in so many goes on past a rung.", FORK},
    {"sweep", "metrics", PARAM_TEXT, NULL, 0, 0, "", "", "Columns, separated by commas; the first one ranks.", FORK},
    {"sweep", "better", PARAM_CHOICE, "auto", 0, 0, "auto|less|more", "", "Of the first metric; auto: as is usual for it.", FORK},
};
/* clang-format on */

/* ---- What is varied ---- */

enum { AXES = 16, VALUES = 64, VALUE_SIZE = 96 };

typedef struct Axis {
    char name[64];
    int line;
    int values; /* 0: a range */
    char value[VALUES][VALUE_SIZE];
    double low, high;
    bool log, whole;
} Axis;

typedef struct Space {
    int axes;
    Axis axis[AXES];
    Config known; /* every parameter of a run, to check values against */
} Space;

static Status begin(Lines *lines, const char *section, bool *taken)
{
    (void)lines;
    *taken = strcmp(section, "parameters") == 0;
    return STATUS_OK;
}

/* "" is the empty value. */
static const char *plain_value(const char *value) { return strcmp(value, "\"\"") ? value : ""; }

/* Is it a value of the parameter? */
static Status try_value(Lines *lines, const Axis *axis, const char *value)
{
    Space *space = lines->context;
    char text[sizeof axis->name + VALUE_SIZE + 2];
    Error why;
    snprintf(text, sizeof text, "%s=%s", axis->name, plain_value(value));
    if (config_set(&space->known, text, &why))
        return fail(lines->error, STATUS_BAD_INPUT, "%s:%d: %s", lines->study->file, lines->line,
                    why.text);
    return STATUS_OK;
}

/* "0.1 .. 0.6", "1e-4 .. 1e-2 log" */
static Status take_range(Lines *lines, Axis *axis, char *value, char *dots)
{
    Space *space = lines->context;
    *dots = 0;
    char *low = study_trim(value), *high = study_trim(dots + 2), *space_at = strchr(high, ' ');
    axis->log = space_at && strcmp(study_trim(space_at), "log") == 0;
    if (axis->log)
        *space_at = 0;
    Status status = try_value(lines, axis, low);
    if (!status)
        status = try_value(lines, axis, high);
    if (status)
        return status;
    ParamType type = space->known.row[config_find(&space->known, axis->name)]->type;
    axis->whole = type == PARAM_INT;
    bool good = number_real(low, &axis->low) && number_real(high, &axis->high) &&
                (type == PARAM_INT || type == PARAM_REAL) && axis->low < axis->high &&
                (!axis->log || axis->low > 0);
    char text[80];
    snprintf(text, sizeof text, "%.24s .. %.24s%s", low, high, axis->log ? " log" : "");
    return good ? STATUS_OK
                : lines_bad(lines, "a range is of numbers, LOW .. HIGH, above 0 with log; not ",
                            text);
}

static Status take_values(Lines *lines, Axis *axis, const char *value)
{
    char bad[64];
    Status status = STATUS_OK;
    axis->values =
        study_split(value, strchr(value, '|') ? '|' : ',', VALUES, VALUE_SIZE, axis->value[0], bad);
    if (axis->values < 0)
        return lines_bad(lines, "values stand between commas (or |), each once, at most 64; not ",
                         bad);
    for (int i = 0; i < axis->values && !status; i++)
        status = try_value(lines, axis, axis->value[i]);
    return status;
}

static Status check_axis(const Lines *lines, const char *name)
{
    const Space *space = lines->context;
    static const char *const taken[][2] = {
        {"run.seed", "run.seed: seeds = in [sweep] says that"},
        {"run.eval_at", "run.eval_at: rungs = in [sweep] says that"},
        {"run.method", "run.method: the preset's, and a sweep is of one; write one for each"},
    };
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcmp(name, taken[i][0]) == 0)
            return lines_bad(lines, "", taken[i][1]);
    for (int i = 0; i < space->axes; i++)
        if (strcmp(space->axis[i].name, name) == 0)
            return lines_bad(lines, "this parameter stands above already: ", name);
    if (space->axes == AXES || strlen(name) >= sizeof space->axis->name)
        return lines_bad(lines, "more parameters than a sweep may vary, at ", name);
    return STATUS_OK;
}

static Status take_axis(Lines *lines, char *key, char *value)
{
    Space *space = lines->context;
    Status status = check_axis(lines, key);
    if (status)
        return status;
    Axis *axis = &space->axis[space->axes++];
    char *dots = strstr(value, "..");
    *axis = (Axis){.line = lines->line};
    strcpy(axis->name, key);
    return dots ? take_range(lines, axis, value, dots) : take_values(lines, axis, value);
}

/* ---- Trials ---- */

static Status set_trial(Study *sweep, int trial, const Axis *axis, const char *value, Error *error)
{
    StudyArm *arm = &sweep->arm[trial];
    char *set = arm->set[arm->sets++];
    int n = snprintf(set, sizeof arm->set[0], "%s=%s", axis->name, plain_value(value));
    if (n < (int)sizeof arm->set[0])
        return STATUS_OK;
    return fail(error, STATUS_BAD_INPUT, "%s:%d: too long a value", sweep->file, axis->line);
}

/* The value of one draw, to four figures. */
static void draw(const Axis *axis, uint64_t seed, int trial, int number, char value[VALUE_SIZE])
{
    Rng rng = rng_at(seed, STREAM_SWEEP, (uint64_t)trial << 8 | (uint64_t)number);
    if (axis->values) {
        strcpy(value, axis->value[rng_below(&rng, (uint32_t)axis->values)]);
        return;
    }
    double u = rng_uniform(&rng), span = axis->high - axis->low + axis->whole;
    double x = axis->log ? axis->low * pow((axis->high + axis->whole) / axis->low, u)
                         : axis->low + span * u;
    if (axis->whole)
        snprintf(value, VALUE_SIZE, "%.0f", fmin(floor(x), axis->high));
    else
        snprintf(value, VALUE_SIZE, "%.4g", x);
}

static double count_grid(const Space *space)
{
    double n = 1;
    for (int i = 0; i < space->axes; i++)
        n *= space->axis[i].values;
    return n;
}

static Status check_space(const Study *sweep, const Space *space, bool random, Error *error)
{
    if (space->axes == 0)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: the grid is empty: [parameters] names nothing to vary, as in "
                    "optimizer.lr = 1e-4, 1e-3",
                    sweep->file);
    for (int i = 0; i < space->axes && !random; i++)
        if (space->axis[i].values == 0)
            return fail(error, STATUS_BAD_INPUT,
                        "%s:%d: a range has no grid: write its values, or search = random",
                        sweep->file, space->axis[i].line);
    if (!random && count_grid(space) > STUDY_ARMS)
        return fail(error, STATUS_BAD_INPUT,
                    "%s: %.4g combinations, at most %d: fewer values, or search = random",
                    sweep->file, count_grid(space), STUDY_ARMS);
    return STATUS_OK;
}

/* Which value of an axis a trial of the grid has: the last axis moves first. */
static const char *grid_value(const Space *space, int trial, int number)
{
    long rest = trial;
    for (int i = space->axes - 1; i > number; i--)
        rest /= space->axis[i].values;
    return space->axis[number].value[rest % space->axis[number].values];
}

/* trials: of a random search, 0 of a grid. */
static Status make_trial(Study *sweep, const Space *space, int trial, int trials, uint64_t seed,
                         Error *error)
{
    StudyArm *arm = &sweep->arm[trial];
    Status status = STATUS_OK;
    *arm = (StudyArm){.preset = "*", .expert = -1};
    snprintf(arm->name, sizeof arm->name, sweep->arms > 99 ? "%03d" : "%02d", trial + 1);
    for (int i = 0; i < space->axes && !status; i++) {
        char value[VALUE_SIZE];
        if (trials > 0)
            draw(&space->axis[i], seed, trial, i, value);
        else
            strcpy(value, grid_value(space, trial, i));
        status = set_trial(sweep, trial, &space->axis[i], value, error);
    }
    return status;
}

static Status make_trials(Study *sweep, const Space *space, int trials, uint64_t seed, Error *error)
{
    Status status = STATUS_OK;
    sweep->arms = trials > 0 ? trials : (int)count_grid(space);
    for (int trial = 0; trial < sweep->arms && !status; trial++)
        status = make_trial(sweep, space, trial, trials, seed, error);
    return status;
}

/* ---- The whole ---- */

static Status take_rungs(Study *sweep, const Config *config, Error *error)
{
    enum { MOST = 128 };
    int rung[MOST], n = config_list(config, "sweep.rungs", rung, MOST);
    for (int i = 0; i < n && i < STUDY_RUNGS; i++)
        sweep->rung[i] = rung[i];
    for (int i = 1; i < n; i++)
        if (rung[i] <= rung[i - 1])
            n = MOST;
    if (n > STUDY_RUNGS)
        return study_bad_value(config, "sweep.rungs", "rungs are rising steps, at most 8: ",
                               config_text(config, "sweep.rungs"), error);
    sweep->rungs = n;
    sweep->keep = (int)config_int(config, "sweep.keep");
    return STATUS_OK;
}

static Status take_metrics(Study *sweep, const Config *config, Error *error)
{
    Status status = study_take_lists(sweep, config, "sweep", error);
    int better = config_choice(config, "sweep.better");
    sweep->more = better == 2 || (better == 0 && eval_more_is_better(sweep->metric[0]));
    return status;
}

static Status take_sweep(Study *sweep, const Config *config, const Space *space, Error *error)
{
    bool random = config_choice(config, "sweep.search") == 1;
    int trials = (int)config_int(config, "sweep.trials");
    Status status = take_metrics(sweep, config, error);
    if (!status)
        status = take_rungs(sweep, config, error);
    if (!status)
        status = check_space(sweep, space, random, error);
    if (!status && random != (trials > 0))
        status = study_bad_value(config, "sweep.trials",
                                 random ? "search = random draws so many: 1 to 256"
                                        : "only search = random draws; a grid is all combinations",
                                 "", error);
    if (status)
        return status;
    sweep->sweep = true;
    sweep->presets = 1;
    sweep->steps = config_int(config, "sweep.steps");
    snprintf(sweep->title, sizeof sweep->title, "%s", config_text(config, "sweep.title"));
    snprintf(sweep->preset[0], sizeof sweep->preset[0], "%.199s",
             config_text(config, "sweep.preset"));
    return make_trials(sweep, space, trials, (uint64_t)config_int(config, "sweep.draw"), error);
}

Status sweep_read(Study *sweep, const char *path, Error *error)
{
    char *text;
    Config config;
    Status status = study_open(sweep, "sweeps", path, &text, error);
    if (status)
        return status;
    Space *space = need(calloc(1, sizeof *space));
    lab_config_init(&space->known);
    Lines lines = {
        .study = sweep, .begin = begin, .take = take_axis, .context = space, .error = error};
    status = lines_take(&lines, text);
    config_init(&config);
    config_add(&config, rows, (int)(sizeof rows / sizeof *rows));
    if (!status)
        status = config_read_text(&config, sweep->file, text, error);
    if (!status)
        status = config_check(&config, error);
    if (!status)
        status = take_sweep(sweep, &config, space, error);
    free(space);
    free(text);
    return status ? status : study_check_cells(sweep, error);
}

/* ---- Rungs ---- */

int sweep_stay(int n, int keep) { return (n + keep - 1) / keep; }

void sweep_rank(int n, const double *value, bool more, int *order)
{
    for (int i = 0; i < n; i++) {
        int at = i;
        for (; at > 0; at--) {
            double before = value[order[at - 1]];
            bool worse = more ? before < value[i] : before > value[i];
            if (!worse && !(isnan(before) && !isnan(value[i])))
                break;
            order[at] = order[at - 1];
        }
        order[at] = i;
    }
}
